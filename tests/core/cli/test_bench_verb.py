from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.simulator import INSTANT, Script, Setup, Simulator
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import embedder, sized


class Server:
    """A server and the commands that talk to it."""

    def __init__(self, simulator: Simulator, address: str, home: Path) -> None:
        self.simulator, self.address, self.home = simulator, address, home

    def run(self, *argv: str) -> Ended:
        return leitstand("bench", *argv, "--host", self.address, home=self.home)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    installed = (sized("tiny", 1), sized("middle", 8), embedder())
    simulator = Simulator(Setup(installed=installed), pace=INSTANT)
    with simulated(simulator) as address:
        yield Server(simulator, address, tmp_path)


def test_a_benchmark_ends_with_its_figures_and_is_kept(server: Server) -> None:
    told = server.run("middle", "tiny", "--repeats", "3", "--json").out.splitlines()
    ended = [line for line in map(json.loads, told) if line.get("done")]
    assert [line["name"] for line in ended] == ["middle:latest", "tiny:latest"]
    # As fast as the stand-in is, or slower while this machine is busy.
    assert 1 < ended[0]["speed"]["median"] < 27.6
    assert (ended[0]["rounds"], ended[0]["change"]["verdict"]) == (3, "first")
    people = server.run("middle", "--repeats", "3").out
    assert "in 3 rounds" in people
    assert re.search(r"tok/s on \d{4}-", people)
    table = server.run().out.splitlines()
    assert len(table) == 2
    assert "fastest" in table[0]


def test_wrong_wishes_are_refused(server: Server) -> None:
    for argv, code in (
        (("vectors",), 1),
        (("middle", "nobody"), 1),
        (("middle", "--repeats", "0"), 2),
        (("--detach",), 2),
    ):
        assert server.run(*argv).code == code, argv
    assert server.run("--history").out.startswith("Nothing was measured")


def test_ctrl_c_ends_it_and_keeps_what_was_measured(server: Server) -> None:
    for _ in range(5):
        server.simulator.next(Script.saying("word"), model="middle:latest")
    server.simulator.next(Script(), model="middle:latest")
    command = [sys.executable, "-m", "tui", "bench", "middle", "--json", "--host", server.address]
    process = subprocess.Popen(
        command,
        env={**os.environ, "LEITSTAND_HOME": str(server.home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("percent") == 40:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    kept, error = map(json.loads, rest.splitlines()[-2:])
    assert error["error"]["code"] == "cancelled"
    assert kept["rounds"] == 2
    [history] = server.run("--history", "middle", "--json").json
    assert (history["rounds"], history["wanted"]) == (2, 5)
