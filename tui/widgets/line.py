"""One line of the chrome: told its pieces, painted only when they change."""

from __future__ import annotations

from textual.strip import Strip

from tui.render.pieces import Pieces, spread, strip
from tui.widgets.inked import Inked


class Line(Inked):
    """A single row of text with something at the left and something at the right."""

    DEFAULT_CSS = """
    Line { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: Pieces = ()
        self._right: Pieces = ()

    def put(self, left: Pieces, right: Pieces = ()) -> None:
        """Show these pieces; nothing is painted when they are what is shown already."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    @property
    def plain(self) -> str:
        """What the line says, for tests and screen readers."""
        return "".join(text for text, _ in spread(self._left, self._right, self.size.width or 200)).rstrip()

    def pieces(self, width: int) -> Pieces:
        """Return the line laid out to *width* cells; subclasses choose what to leave out."""
        return spread(self._left, self._right, width)

    def render_line(self, y: int) -> Strip:
        """Paint the one row there is."""
        width = self.size.width
        return strip(self.pieces(width), self.inks, width)
