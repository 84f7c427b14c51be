"""A row of a terminal as cells: what stands in each, and the pen it is drawn with.

Cells are as wide as Rich says, because Textual lays out with Rich. Where terminals are known to
disagree (emoji made of several code points, emoji younger than the terminal), the glyph is called *odd*
and its row is written with care.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import split_graphemes

# Everything a terminal could obey or hide instead of show. What comes from outside has been made
# harmless long before; this is the last door.
_NEVER = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_JOINERS = re.compile("[\u00ad\u200b-\u200d\ufe00-\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
# Emoji that came after 2017: many terminals still think they are narrow.
_YOUNG = re.compile(
    "[\U0001f6d5-\U0001f6df\U0001f6f7-\U0001f6ff\U0001f7e0-\U0001f7ff\U0001f90c-\U0001f90f\U0001f93f"
    "\U0001f94d-\U0001f97f\U0001f998-\U0001fbff]"
)
# One cell each in every terminal, and together almost all text there is.
_NARROW = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0xAD), *range(0xAE, 0x300)))) | frozenset(
    map(chr, (*range(0x370, 0x483), *range(0x2010, 0x2028), *range(0x2500, 0x25FD), *range(0x2800, 0x2900)))
)
only_narrow = _NARROW.issuperset


@lru_cache(maxsize=4096)
def glyphs(text: str) -> tuple[tuple[str, ...], bool]:
    """Split a text into cells, "" being the right half of a wide glyph; tell whether a glyph is odd."""
    cells: list[str] = []
    strange = False
    for start, end, width in _pairs(text, split_graphemes(text)[0]):
        shown = _NEVER.sub("", text[start:end])
        if width:
            cells += [shown or " ", *[""] * (width - 1)]
        elif shown and cells:
            # A mark without a base of its own belongs to what stands before it.
            lead = max(index for index, cell in enumerate(cells) if cell)
            cells[lead] += shown
        strange = strange or odd(shown)
    return tuple(cells), strange


def _pairs(text: str, spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join the two letters of a flag: apart they would be drawn as letters."""
    joined: list[tuple[int, int, int]] = []
    open_flag = False
    for start, end, width in spans:
        letter = end - start == 1 and "\U0001f1e6" <= text[start] <= "\U0001f1ff"
        if letter and open_flag:
            first, _, before = joined[-1]
            joined[-1] = (first, end, before + width)
            open_flag = False
        else:
            joined.append((start, end, width))
            open_flag = letter
    return joined


@lru_cache(maxsize=4096)
def odd(glyph: str) -> bool:
    """Tell whether terminals disagree about the width of a glyph."""
    if len(glyph) > 1 and not all(map(unicodedata.combining, glyph[1:])):
        return True
    return bool(_JOINERS.search(glyph) or _YOUNG.search(glyph))


class Row:
    """The cells of one row: glyphs and pens side by side, for comparing at the speed of C."""

    __slots__ = ("glyphs", "odd", "pens")

    def __init__(self, glyphs: list[str], pens: list[int], *, odd: bool = False) -> None:
        self.glyphs = glyphs
        self.pens = pens
        self.odd = odd

    @classmethod
    def blank(cls, width: int) -> Row:
        """An empty row, as the terminal makes it when it scrolls."""
        return cls([" "] * width, [0] * width)

    def copy(self) -> Row:
        """The same cells, to be changed apart."""
        return Row(self.glyphs[:], self.pens[:], odd=self.odd)

    def same(self, other: Row | None) -> bool:
        """Tell whether nothing differs."""
        return other is not None and self.glyphs == other.glyphs and self.pens == other.pens

    def put(self, x: int, glyphs: list[str], pens: list[int], *, odd_ones: bool) -> None:
        """Write cells over what stands at *x*; what does not fit is cut."""
        room = len(self.glyphs) - x
        if len(glyphs) > room:
            glyphs, pens = glyphs[:room], pens[:room]
        end = x + len(glyphs)
        row = self.glyphs
        # Half a wide glyph is nothing: terminals blank the half that is left.
        if x and x < end and row[x] == "":
            self._blank_lead(x - 1)
        if end < len(row) and row[end] == "":
            self._blank_tail(end)
        row[x:end] = glyphs
        self.pens[x:end] = pens
        if end == len(row) and glyphs and wide(glyphs[-1]):
            row[-1] = " "
        if odd_ones:
            self.odd = True
        elif self.odd:
            self.odd = any(map(odd, row))

    def _blank_lead(self, x: int) -> None:
        while x and self.glyphs[x] == "":
            self.glyphs[x] = " "
            x -= 1
        self.glyphs[x] = " "

    def _blank_tail(self, x: int) -> None:
        while x < len(self.glyphs) and self.glyphs[x] == "":
            self.glyphs[x] = " "
            x += 1


@lru_cache(maxsize=1024)
def wide(glyph: str) -> bool:
    """Tell whether a glyph takes more than one cell."""
    return bool(glyph) and not only_narrow(glyph) and len(glyphs(glyph)[0]) > 1
