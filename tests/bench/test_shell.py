"""The shell's weight: first picture, memory and idling, beside the smallest Textual app there is."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.terminal import Terminal

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
BARE = [
    sys.executable,
    "-c",
    """
from textual.app import App
from textual.widgets import Label

class Bare(App):
    def compose(self):
        yield Label("ready")

Bare().run()
""",
]
RUNS = 5


class Paint(NamedTuple):
    """What a first picture cost."""

    wall: float
    cpu: float
    memory: float


def leitstand(*arguments: str) -> list[str]:
    """The real command, as installed."""
    return [str(Path(sys.executable).with_name("leitstand")), *arguments]


def first_paint(command: list[str], wanted: str, environment: dict[str, str]) -> Paint:
    """Start a program in a pty and stop the watch when its first picture is there."""
    started = time.monotonic()
    with Terminal(command, environment=environment) as terminal:
        terminal.until(wanted)
        cpu, memory = terminal.cpu(), resident(terminal.pid)
        wall = terminal.records[-1][0] - started
    return Paint(wall, cpu, memory)


def resident(pid: int) -> float:
    """Megabytes a process holds in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no memory of its own")


def test_the_first_picture_costs_little_more_than_a_bare_app(tmp_path: Path) -> None:
    environment = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:9"}
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(first_paint(BARE, "ready", environment))
        ours.append(first_paint(leitstand(), "Leitstand", environment))
    rows = {
        name: statistics.median(getattr(p, name) for p in ours)
        / statistics.median(getattr(p, name) for p in bare)
        for name in Paint._fields
    }
    print("\nfirst paint, ours / bare Textual (medians of 5)")
    for name, ratio in rows.items():
        print(f"  {name:<7} × {ratio:.2f}   {[round(getattr(p, name), 3) for p in ours]}")
    assert rows["cpu"] <= 1.6
    assert rows["memory"] <= 1.3


def test_an_idle_shell_costs_next_to_nothing(tmp_path: Path) -> None:
    environment = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:9"}
    with Terminal(leitstand(), environment=environment) as terminal:
        terminal.until("unavailable")
        terminal.settle(1.0)
        before, mark = terminal.cpu(), terminal.mark()
        terminal.watch(30)
        share, rate = (terminal.cpu() - before) / 30, len(terminal.since(mark)) / 30
    print(f"\nidle: {share:.2%} of a core, {rate:.0f} bytes/s")
    assert share < 0.01
    assert rate < 200
