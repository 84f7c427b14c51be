"""A text to read: scrolls, and closes."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from tui.modals.base import Dialog, frame
from tui.render.pieces import Pieces
from tui.widgets.detail import Detail


class Words(Dialog[None]):
    """Lines under a title, as many as there are."""

    def __init__(self, title: str, lines: Sequence[Pieces]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with Vertical(classes="dialog -wide -tall") as box:
            frame(box, self._title, "↑↓ read · esc back")
            with VerticalScroll():
                yield Detail()

    def on_mount(self) -> None:
        """Write it down."""
        self.query_one(VerticalScroll).focus()
        self.query_one(Detail).say(self._lines)
