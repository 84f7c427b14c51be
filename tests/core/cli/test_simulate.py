from __future__ import annotations

import io
from typing import Any

import pytest

from core.cli.arguments import parse
from core.cli.context import Context
from core.cli.output import Output
from core.cli.simulate import simulator
from core.cli.verbs import GLOBALS, VERBS
from core.errors import UsageError
from core.ollama.address import Address
from core.ollama.client import Ollama
from core.simulator.faults import KINDS
from tests.core.cli.running import leitstand


def context(*argv: str) -> Context:
    values = parse(("simulate", *argv), VERBS, GLOBALS).values
    return Context(values, Output(io.StringIO(), io.StringIO()), {}, lambda _: [])


async def test_the_version_asked_for_is_the_version_said() -> None:
    ollama = Ollama(Address(), transport=simulator(context("--version", "0.5.0")).transport())
    assert await ollama.version() == "0.5.0"
    await ollama.close()


async def test_faults_happen_in_their_order() -> None:
    made = simulator(
        context("--fault", "status@version:status=500,text=first", "--fault", "status@version:text=2nd")
    )
    ollama = Ollama(Address(), transport=made.transport())
    for said in ("first", "2nd"):
        with pytest.raises(Exception, match=said):
            await ollama.version()
    assert await ollama.version()
    await ollama.close()


@pytest.mark.parametrize(
    ("argv", "pace"),
    [
        ((), {"instant": False}),
        (("--instant",), {"instant": True}),
        (("--rate", "12.5"), {"instant": False, "rate": 12.5}),
    ],
)
def test_the_pace_is_as_asked(argv: tuple[str, ...], pace: dict[str, Any]) -> None:
    found = simulator(context(*argv)).server.pace
    assert {name: getattr(found, name) for name in pace} == pace


@pytest.mark.parametrize(
    ("host", "strict"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("gpubox", False)],
)
def test_a_server_for_others_is_not_strict_about_names(host: str, strict: bool) -> None:
    assert simulator(context("--host", host)).server.setup.loopback is strict


def test_two_paces_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="--instant"):
        simulator(context("--instant", "--rate", "3"))


@pytest.mark.parametrize(
    "argv",
    [("--fault", "nonsense"), ("--rate", "0"), ("--rate", "nan"), ("--rate", "x"), ("--host", "256.0.0.1")],
)
def test_what_cannot_be_simulated_is_wrong_usage(argv: tuple[str, ...]) -> None:
    ended = leitstand("simulate", "--port", "0", *argv)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("leitstand: ")


def test_help_names_every_fault() -> None:
    told = " ".join(leitstand("simulate", "--help").out.split())
    assert all(f"{kind} {meaning}" in told for kind, meaning in KINDS.items())
