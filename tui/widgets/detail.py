"""A few paragraphs beside or below a list: about the selected row."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.render.pieces import Pieces
from tui.theme import Ink

_STYLES: dict[Ink, str] = {
    "mark": "bold $ink-accent",
    "find": "$ink-find-text on $ink-find-back",
}
"""The inks that are more than a colour."""

_MARGIN = 2


class Detail(Static):
    """Wrapped lines of inked text; told what to say, painted when it changes."""

    DEFAULT_CSS = """
    Detail { height: auto; width: 1fr; padding: 0 2; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._said: Sequence[Pieces] | None = None
        self._content = Content("")

    def say(self, lines: Sequence[Pieces]) -> None:
        """Show these lines."""
        if lines != self._said:
            self._said = lines
            parts = [
                Content.assemble(*((text, _STYLES.get(ink, f"$ink-{ink}")) for text, ink in line))
                for line in lines
            ]
            self._content = Content("\n").join(parts)
            self.update(self._content)

    def rows_at(self, columns: int) -> int:
        """How many rows it takes in so many columns, its margins among them."""
        return self._content.get_height({}, max(columns - 2 * _MARGIN, 1))
