"""A pane of a real tmux that is sent bytes as they are, and is then asked what stands in it."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

from tests.fakes.emulator import Cell, Emulator
from tests.fakes.tmux import Tmux
from tests.tui.terminal.page_sessions import Pages
from tests.tui.terminal.sessions import Session, Use
from tui.terminal.cells import odd


class Pane:
    """Shows what it is fed; the tty between is raw, so that nothing is added to it."""

    def __init__(self, directory: Path, columns: int, rows: int) -> None:
        fifo = directory / "bytes"
        os.mkfifo(fifo)
        # For writing alone the end could not be opened before somebody reads.
        self._into = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        reader = ["sh", "-c", 'stty raw -echo; exec cat "$1"', "sh", str(fifo)]
        self._tmux = Tmux(directory, reader, columns=columns, rows=rows)
        self._size = columns, rows
        self._marks = 0
        self.feed("\x1b[?1049h\x1b[?7l")
        self._shown()

    def close(self) -> None:
        """End tmux and what runs in it."""
        self._tmux.close()
        os.close(self._into)

    def feed(self, data: str) -> None:
        """Send bytes to the pane."""
        rest = data.encode()
        while rest:
            # A pane that died reads no more, and this end of it would never be told.
            assert select.select([], [self._into], [], 20)[1], "the pane takes nothing any more"
            rest = rest[os.write(self._into, rest[: select.PIPE_BUF]) :]

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._size = columns, rows
        self._tmux("resize-window", "-t", "main", "-x", str(columns), "-y", str(rows))

    def spoil(self) -> None:
        """Fill the screen with rubbish."""
        columns, rows = self._size
        rubbish = "".join(f"\x1b[{y + 1}H" + "~" * columns for y in range(rows))
        self.feed(f"\x1b[0;31m{rubbish}\x1b[m")

    def cells(self) -> list[list[Cell]]:
        """What stands in the pane now that everything has reached it."""
        drawn = Emulator(*self._size)
        drawn.feed("\x1b[?7l" + self._shown().replace("\n", "\r\n"))
        return drawn.cells()

    def _shown(self) -> str:
        # The title is set after all that was sent before it.
        self._marks += 1
        mark = f"mark {self._marks}"
        self.feed(f"\x1b]2;{mark}\x07")
        deadline = time.monotonic() + 20
        asked = ["display-message", "-p", "-t", "main", "#{pane_title}", ";"]
        while True:
            title, _, shown = self._tmux(*asked, "capture-pane", "-e", "-N", "-p", "-t", "main").partition(
                "\n"
            )
            if title == mark:
                return shown.removesuffix("\n")
            assert time.monotonic() < deadline, f"the pane never came to {mark}"


class InPane(Use):
    """Every byte goes to a pane of tmux too."""

    pane: Pane

    def feed(self, data: str) -> None:
        """The emulator and the pane take what was written."""
        super().feed(data)
        self.pane.feed(data)

    def spoil(self) -> None:
        """Both terminals are written to by somebody else."""
        super().spoil()
        self.pane.spoil()

    def resized(self, columns: int, rows: int) -> None:
        """Both windows have another size."""
        super().resized(columns, rows)
        self.pane.resize(columns, rows)

    async def compare(self, after: str) -> None:
        """The pane shows what the emulator shows, and that is what Textual would have drawn."""
        await super().compare(after)
        for y, (row, other) in enumerate(zip(self.pane.cells(), self.emulator.cells(), strict=True)):
            if row == other or any(odd(cell.data) for cell in other):
                continue
            x = next(x for x in range(len(row)) if row[x] != other[x])
            raise AssertionError(
                f"after {after}: row {y} column {x} has {row[x]} in tmux instead of {other[x]}"
            )


class SampleInPane(InPane, Session):
    """The sample app in tmux."""


class PagesInPane(InPane, Pages):
    """The program in tmux."""
