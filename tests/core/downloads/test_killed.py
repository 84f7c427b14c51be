"""kill -9 at any moment: no download is lost or doubled, no installed model is harmed."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from core.simulator import Pace, Setup, Simulator
from core.simulator.packages import build
from core.simulator.shelf import named
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import sized

NAMES = ("one", "two", "tiny")
FAST = Pace(pull=4e9, verify=1e11, tick=0.01)
"""A download takes half a second."""


def victim(home: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.downloads.victim", str(home), address, *NAMES]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed_again_and_again(home: Path, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    simulator = Simulator(
        Setup(installed=(sized("tiny", 1),), pullable=(sized("one", 2), sized("two", 2), sized("tiny", 1))),
        pace=FAST,
    )
    newer = build(sized("tiny", 2, base="newer"))
    simulator.server.registry.offer(newer, "tiny")
    shelf = simulator.server.shelf
    with simulated(simulator) as address:
        for _ in range(kills):
            process = victim(home, address)
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 30)):
                if not process.stdout.readline():
                    break  # it was done before
            process.kill()
            process.wait()
            process.stdout.close()
            assert shelf.find(named("tiny")) is not None
        last = victim(home, address)
        out, _ = last.communicate(timeout=60)
        assert last.returncode == 0
    ended = [line.split() for line in out.splitlines() if line.startswith("over ")]
    assert sorted(name for _, name, _ in ended) == sorted(f"{name}:latest" for name in NAMES)
    assert {state for _, _, state in ended} == {"done"}
    for name in NAMES:
        model = shelf.find(named(name))
        assert model is not None
        assert all(layer.digest in shelf.blobs for layer in model.package.blobs)
    tiny = shelf.find(named("tiny"))
    assert tiny is not None
    assert tiny.package.digest == newer.digest
    database = sqlite3.connect(home / "leitstand.db")
    unfinished, left = database.execute(
        "SELECT (SELECT count(*) FROM job WHERE finished IS NULL), (SELECT count(*) FROM download)"
    ).fetchone()
    database.close()
    assert (unfinished, left) == (0, 0)


def test_a_killed_process_loses_doubles_and_harms_nothing(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path, seed=0, kills=3)
