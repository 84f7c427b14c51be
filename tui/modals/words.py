"""A text to read: scrolls, and closes."""

from __future__ import annotations

from collections.abc import Sequence

from tui.modals.reader import Reader
from tui.render.pieces import Pieces


class Words(Reader):
    """Lines under a title, as many as there are."""

    def __init__(self, title: str, lines: Sequence[Pieces]) -> None:
        super().__init__(title, "↑↓ read · esc back")
        self._lines = lines

    def lines(self) -> Sequence[Pieces]:
        """Return what it was given."""
        return self._lines
