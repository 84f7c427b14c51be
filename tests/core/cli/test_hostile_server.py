"""A server whose models, version and errors try everything on a terminal: listed, looked up, completed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.running import leitstand
from tests.core.cli.servers import answering, reply, serving
from tests.fakes.hostile import CORPUS, assert_harmless

NAMES = tuple(
    f"evil{number}{' '.join(CORPUS[at : at + 9])}:1b" for number, at in enumerate(range(0, len(CORPUS), 9))
)
EVIL = " ".join(CORPUS)
ABOUT = {
    "family": EVIL,
    "families": [EVIL],
    "format": EVIL,
    "parameter_size": EVIL,
    "quantization_level": EVIL,
}
VERBS = (
    ("models", "list"),
    ("models", "show", NAMES[0]),
    ("models", "show", "evil"),
    ("models", "fit", NAMES[1]),
    ("models", "unload", "--all"),
    ("models", "default"),
    ("status",),
    ("status", "--oneline"),
    ("status", "--oneline", "--format", "{mark} {models} {queue}"),
    ("doctor",),
    ("route", "Write a Python function"),
    ("ask", "hello", "--model", NAMES[0]),
    ("gauges",),
    ("__complete", "models", "show", "e"),
    ("__complete", "models", "unload", ""),
    ("__complete", "ask", "--model", "evil0"),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Such a server."""
    models = [
        {
            "name": name,
            "model": name,
            "modified_at": "2026-01-01T00:00:00Z",
            "expires_at": "2030-01-01T00:00:00Z",
            "size": 1_000_000_000,
            "size_vram": 500_000_000,
            "context_length": 4096,
            "digest": f"{number:064x}",
            "details": ABOUT,
        }
        for number, name in enumerate(NAMES)
    ]
    shown = {
        "details": ABOUT,
        "template": EVIL,
        "license": EVIL,
        "system": EVIL,
        "parameters": EVIL,
        "capabilities": ["completion", EVIL],
        "model_info": {"general.architecture": EVIL, EVIL: EVIL},
    }
    failure = json.dumps({"error": EVIL}).encode()
    replies = {
        "/api/version": reply(json.dumps({"version": f"0.33.0{EVIL}"}).encode()),
        "/api/tags": reply(json.dumps({"models": models}).encode()),
        "/api/ps": reply(json.dumps({"models": models}).encode()),
        "/api/show": reply(json.dumps(shown).encode()),
        **{
            f"/api/{path}": reply(failure, status="500 Internal Server Error")
            for path in ("chat", "generate", "embed")
        },
    }
    with serving(answering(replies)) as port:
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    "verb", VERBS, ids=lambda verb: " ".join(verb)[:24].encode("ascii", "replace").decode()
)
def test_what_such_a_server_says_is_printed_and_never_obeyed(
    verb: tuple[str, ...], address: str, tmp_path: Path
) -> None:
    for end in ((), ("--json",)):
        if end and (verb[0] == "__complete" or "--oneline" in verb):
            continue
        ended = leitstand(*verb, *end, home=tmp_path, environment={"OLLAMA_HOST": address}, terminal=True)
        said = ended.out + ended.err
        assert said or verb[0] == "__complete"
        assert_harmless(said.encode())
        if verb[:2] in {("models", "list"), ("status",), ("__complete", "models")}:
            assert "evil0" in said


def test_nor_are_there_ends_of_lines_or_columns_of_its_own_in_a_completion(
    address: str, tmp_path: Path
) -> None:
    offered = leitstand(
        "__complete", "models", "show", "evil", home=tmp_path, environment={"OLLAMA_HOST": address}
    )
    for line in offered.out.splitlines():
        assert line.startswith("evil"), line
        assert line.count("\t") <= 1
