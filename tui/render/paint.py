"""Rows become strips: coloured, with a margin, filled to the width, kept until something differs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment
from textual.strip import Strip

from .cells import width_of
from .glyphs import Glyphs
from .leaf import Line
from .palette import Palette, Role

MARGIN: Final = 2
"""Cells left of every row; the cursor's bar stands in the first."""
RIGHT: Final = 2
"""Cells right of every row; the scroll bar stands in the last."""


class Painter:
    """Paints rows for one palette and one width."""

    def __init__(self, palette: Palette, width: int, glyphs: Glyphs) -> None:
        self._palette = palette
        self._width = width
        self._room = max(0, width - MARGIN - 1)
        self._margin = Segment(" " * MARGIN, palette[Role.TEXT])
        self._marked = Segment(glyphs.cursor + " " * (MARGIN - 1), palette[Role.ACCENT])
        self._bars = (Segment(" ", palette[Role.TEXT]), Segment(glyphs.thumb, palette[Role.FAINT]))
        self._spaces = [Segment(" " * count, palette[Role.TEXT]) for count in range(width + 1)]
        self._blanks = tuple(Strip([self._spaces[max(0, width - 1)], bar], width) for bar in self._bars)

    def blank(self, *, thumb: bool) -> Strip:
        """Return an empty row, beside the scroll bar's thumb or not."""
        return self._blanks[thumb]

    def strip(self, line: Line, *, thumb: bool) -> Strip:
        """Return a row as a strip, beside the scroll bar's thumb or not; each is made once."""
        if not line.runs:
            return self._blanks[thumb]
        kept = line.painted
        if not isinstance(kept, _Painted) or kept.painter is not self:
            kept = line.painted = _Painted(self)
        strip = kept.strips[thumb]
        if strip is None:
            strip = kept.strips[thumb] = self._make(line, self._margin, self._bars[thumb])
        return strip

    def marked(
        self, line: Line, marks: Iterable[tuple[int, int, int]], *, cursor: bool, thumb: bool
    ) -> Strip:
        """Return a row with cells *start* to *end* of its text in other styles, and the cursor's bar."""
        pieces = [(run[0], run[1]) for run in line.runs]
        for start, end, flag in marks:
            pieces = _flagged(pieces, start, end, flag)
        runs = [(text, style, -1, -1) for text, style in pieces]
        return self._make(Line(runs), self._marked if cursor else self._margin, self._bars[thumb])

    def _make(self, line: Line, margin: Segment, bar: Segment) -> Strip:
        palette = self._palette
        segments = [margin]
        used = 0
        for text, style, _, _ in line.runs:
            segments.append(Segment(text, palette[style]))
            used += width_of(text)
        if used > self._room:
            cut = Strip(segments, MARGIN + used).crop(0, self._width - 1)
            return Strip([*cut, bar], self._width)
        if used < self._room:
            segments.append(self._spaces[self._room - used])
        segments.append(bar)
        return Strip(segments, self._width)


class _Painted:
    """What a painter has made of a row."""

    __slots__ = ("painter", "strips")

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.strips: list[Strip | None] = [None, None]  # without and with the thumb beside it


def _flagged(pieces: list[tuple[str, int]], start: int, end: int, flag: int) -> list[tuple[str, int]]:
    """Add a flag to the characters from *start* to *end*."""
    result: list[tuple[str, int]] = []
    at = 0
    for text, style in pieces:
        low, high = max(start - at, 0), min(end - at, len(text))
        if low >= high:
            result.append((text, style))
        else:
            for part, flagged in ((text[:low], style), (text[low:high], style | flag), (text[high:], style)):
                if part:
                    result.append((part, flagged))
        at += len(text)
    return result
