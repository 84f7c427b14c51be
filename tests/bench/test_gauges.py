"""What a pane with the gauges costs that stays open for days: processor time, and bytes to the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


@contextmanager
def pane(home: Path, kind: str, rows: int = 40, columns: int = 120) -> Iterator[Terminal]:
    """The page Gauges on a machine with one GPU."""
    command = [sys.executable, "-m", "tests.bench.pane", kind, str(home)]
    with Terminal(command, rows=rows, columns=columns, directory=ROOT) as terminal:
        terminal.until("tok/s", within=40)
        terminal.watch(4)  # imports, the first pictures and toasts are not what a pane costs that stays open
        yield terminal


def cost(terminal: Terminal, seconds: float = SECONDS) -> tuple[float, float]:
    """The share of a core and the bytes a second."""
    cpu, mark = terminal.cpu(), terminal.mark()
    terminal.watch(seconds)
    return (terminal.cpu() - cpu) / seconds, len(terminal.since(mark)) / seconds


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("kind", "size", "most"),
    [
        pytest.param("moving", (40, 120), 1500, id="moving"),
        pytest.param("still", (40, 120), 200, id="still"),
        pytest.param("moving", (10, 80), 1500, id="ten lines, moving"),
    ],
)
def test_an_open_page_is_cheap(
    tmp_path: Path, kind: str, size: tuple[int, int], most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pane(tmp_path, kind, *size) as terminal:
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  {size[1]}x{size[0]} {kind:7} {share:.2%} of a core, {rate:.0f} bytes/s (at most {most})")
    assert share <= 0.02
    assert rate <= most


@pytest.mark.timeout(180)
@pytest.mark.parametrize("zooms", [pytest.param("[", id="1 m"), pytest.param("]", id="1 h")])
def test_so_is_every_zoom(tmp_path: Path, zooms: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pane(tmp_path, "moving") as terminal:
        terminal.send(zooms)
        terminal.watch(2)
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  zoom {zooms} {share:.2%} of a core, {rate:.0f} bytes/s")
    assert share <= 0.02
    assert rate <= 1500


@pytest.mark.timeout(180)
def test_a_hidden_page_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pane(tmp_path, "moving") as terminal:
        terminal.send("\x1b[20~")  # f9
        terminal.until("configuration")
        terminal.watch(4)
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  hidden {share:.2%} of a core, {rate:.0f} bytes/s")
    assert share <= 0.01
    assert rate <= 60  # the status line shows the memory
