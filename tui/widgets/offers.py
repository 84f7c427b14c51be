"""What could be meant by what is being typed: a few rows over the composer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual.strip import Strip

from tui.render.pieces import Piece, column, cut, strip
from tui.widgets.inked import Inked

MOST = 8


class Offer(msgspec.Struct, frozen=True):
    """One completion: the text it puts in, and a word about it."""

    text: str
    about: str = ""
    label: str = ""
    """What is shown; the text itself when empty."""


class Offers(Inked):
    """A short list that appears while something can be completed."""

    DEFAULT_CSS = """
    Offers { height: auto; width: 1fr; background: $background; display: none; }
    """

    def __init__(self, *, id: str | None = None, free: bool = False) -> None:
        super().__init__(id=id)
        self._offers: Sequence[Offer] = ()
        self._first = -1 if free else 0
        """Where the cursor is before it is moved: with *free* on none of them."""
        self._cursor = self._first

    @property
    def selected(self) -> Offer | None:
        """The offer that Enter or Tab takes."""
        return self._offers[max(self._cursor, 0)] if self._offers else None

    @property
    def chosen(self) -> Offer | None:
        """The offer that the cursor is on."""
        return self.selected if self._cursor >= 0 else None

    def leave(self) -> None:
        """Choose none, or the first where one always is."""
        self._cursor = self._first
        self.refresh()

    def put(self, offers: Sequence[Offer]) -> None:
        """Offer these; none hides the list."""
        offers = tuple(offers)[:MOST]
        if offers == self._offers:
            return
        self._offers, self._cursor = offers, self._first
        self.display = bool(offers)
        self.styles.height = max(1, len(offers))
        self.refresh()

    def move(self, step: int) -> None:
        """Select another offer, around the ends."""
        if self._offers:
            at = self._cursor if self._cursor >= 0 or step > 0 else 0
            self._cursor = (at + step) % len(self._offers)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one offer."""
        width = self.size.width
        if y >= len(self._offers):
            return Strip.blank(width, self.inks["text"])
        offer, chosen = self._offers[y], y == self._cursor
        alone = not any(one.about for one in self._offers)
        room = max(8, width - 3) if alone else min(32, max(8, width // 2))
        pieces: list[Piece] = [
            ("▌" if chosen else " ", "mark"),
            (column(offer.label or offer.text, room), "accent" if chosen else "text"),
            (f"  {offer.about}", "dim"),
        ]
        over = self.inks["selected"] if chosen else None
        return strip(cut(pieces, width), self.inks, width, over=over)
