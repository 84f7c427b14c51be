"""Covers a page for which the window is too small; what is below it stays as it is."""

from __future__ import annotations

from textual.strip import Strip

from tui.render.pieces import Pieces, strip
from tui.widgets.inked import Inked


class Small(Inked):
    """A few rows in short, over the whole window; told what to say."""

    DEFAULT_CSS = """
    Small { layer: above; width: 100%; height: 100%; display: none; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Pieces] = []

    def put(self, rows: list[Pieces]) -> None:
        """Show these rows."""
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint a row; below the last there is nothing."""
        return strip(self._rows[y] if y < len(self._rows) else (), self.inks, self.size.width)
