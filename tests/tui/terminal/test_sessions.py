"""Random use of the sample app and of the program: what stands on the terminal is what a full drawing shows.

The terminal is an emulator, and in the tests with tmux a pane besides, which gets the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.tmux import needs_tmux
from tests.tui.terminal.page_sessions import Pages, program
from tests.tui.terminal.panes import PagesInPane, Pane, SampleInPane
from tests.tui.terminal.sessions import Session, Use, quick
from tui.terminal.options import TerminalOptions

STEPS = 12
IN_TMUX = (
    TerminalOptions(frames=1000, erases=False),
    TerminalOptions(frames=1000, erases=False, scroll_regions=False),
)
"""As it is in a pane that is as wide as the window, and in a split one."""


@contextmanager
def pane(directory: Path, session: type[Use]) -> Iterator[Pane]:
    """A pane as large as the session begins."""
    directory.mkdir()
    opened = Pane(directory, *session.sizes[0])
    try:
        yield opened
    finally:
        opened.close()


async def run(session: Use, monkeypatch: pytest.MonkeyPatch, steps: int = STEPS) -> Use:
    """Use it for a while."""
    with quick(monkeypatch):
        await session.run(steps)
    assert session.compared > 40
    assert session.overlooked <= 0.1 * session.compared
    return session


async def sample(seed: int, monkeypatch: pytest.MonkeyPatch) -> Use:
    """The sample app."""
    return await run(Session(seed), monkeypatch)


async def pages(seed: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """The program."""
    async with program(Pages, seed, home) as session:
        return await run(session, monkeypatch)


async def sample_in_tmux(seed: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """The sample app in a pane."""
    session = SampleInPane(seed, IN_TMUX[seed % 2])
    with pane(home, SampleInPane) as session.pane:
        return await run(session, monkeypatch)


async def pages_in_tmux(seed: int, home: Path, monkeypatch: pytest.MonkeyPatch, steps: int = STEPS) -> Use:
    """The program in a pane."""
    async with program(PagesInPane, seed, home, IN_TMUX[seed % 2]) as session:
        with pane(home / "tmux", PagesInPane) as session.pane:
            return await run(session, monkeypatch, steps)


@pytest.mark.parametrize("seed", range(8))
async def test_a_random_session_shows_what_a_full_drawing_would(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sample(seed, monkeypatch)


@needs_tmux
async def test_a_pane_of_tmux_shows_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await sample_in_tmux(1, tmp_path / "tmux", monkeypatch)


@needs_tmux
async def test_so_does_a_pane_with_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await pages_in_tmux(0, tmp_path / "home", monkeypatch, steps=6)


def report(kind: str, used: list[Use]) -> None:
    """Say what was proved."""
    compared, written = sum(use.compared for use in used), sum(use.bytes for use in used)
    overlooked = sum(use.overlooked for use in used)
    sys.stdout.write(
        f"\n{len(used)} sessions {kind}: {compared} rows compared, no cell differs; {written} bytes written;"
        f" {overlooked} rows that Textual alone would have left old\n"
    )


@pytest.mark.bench
@pytest.mark.timeout(3600)
async def test_five_hundred_random_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = [await sample(seed, monkeypatch) for seed in range(1000, 1440)]
    report("of the sample app", used)
    used = [await pages(seed, tmp_path / str(seed), monkeypatch) for seed in range(1440, 1500)]
    report("of the program", used)


@needs_tmux
@pytest.mark.bench
@pytest.mark.timeout(3600)
async def test_five_hundred_random_sessions_in_tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = [await sample_in_tmux(seed, tmp_path / str(seed), monkeypatch) for seed in range(2000, 2440)]
    report("of the sample app in tmux", used)
    used = [await pages_in_tmux(seed, tmp_path / str(seed), monkeypatch) for seed in range(2440, 2500)]
    report("of the program in tmux", used)
