"""Words to read in a dialog: it scrolls, and is as tall as they are."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail


class Reader(Dialog[None]):
    """One text under a title; what it says is up to its children."""

    def __init__(self, title: str, keys: str, *, wide: bool = True) -> None:
        super().__init__()
        self._title = title
        self._keys = keys
        self._wide = wide

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes=f"dialog -tall{' -wide' if self._wide else ''}") as box:
            frame(box, self._title, self._keys)
            with VerticalScroll():
                yield Detail()

    def lines(self) -> Sequence[Pieces]:
        """What there is to read."""
        return ()

    def on_mount(self) -> None:
        """Write it down."""
        self.query_one(VerticalScroll).focus()
        self.say(self.lines())

    def say(self, lines: Sequence[Pieces]) -> None:
        """Show these lines in place of the others."""
        self.query_one(Detail).say(lines)
        self._fit_words()

    def on_resize(self) -> None:
        """The words may wrap otherwise now."""
        self._fit_words()

    def _fit_words(self) -> None:
        self.fit(self.query_one(Detail).rows_at(self.room()))
