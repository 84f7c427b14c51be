"""Rows become strips: coloured, with a margin, filled to the width, kept until something differs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment
from textual.strip import Strip

from .cells import width_of
from .leaf import Line
from .palette import Palette, Role

MARGIN: Final = 2
"""Cells left of every row; the cursor's bar stands in the first."""
RIGHT: Final = 1
"""Cells right of every row."""


class Painter:
    """Paints rows for one palette and one width."""

    def __init__(self, palette: Palette, width: int, bar: str) -> None:
        self._palette = palette
        self._width = width
        self._room = max(0, width - MARGIN)
        self._margin = Segment(" " * MARGIN, palette[Role.TEXT])
        self._marked = Segment(bar + " " * (MARGIN - 1), palette[Role.ACCENT])
        self.blank = Strip([Segment(" " * width, palette[Role.TEXT])], width)
        self._spaces = [Segment(" " * count, palette[Role.TEXT]) for count in range(width + 1)]

    def strip(self, line: Line) -> Strip:
        """Return a row as a strip; it is made once."""
        kept = line.painted
        if type(kept) is tuple and kept[0] is self:
            strip: Strip = kept[1]
            return strip
        strip = self._make(line, self._margin) if line.runs else self.blank
        line.painted = (self, strip)
        return strip

    def marked(self, line: Line, marks: Iterable[tuple[int, int, int]], *, cursor: bool) -> Strip:
        """Return a row with cells *start* to *end* of its text in other styles, and the cursor's bar."""
        pieces = [(run[0], run[1]) for run in line.runs]
        for start, end, flag in marks:
            pieces = _flagged(pieces, start, end, flag)
        runs = [(text, style, -1, -1) for text, style in pieces]
        return self._make(Line(runs), self._marked if cursor else self._margin)

    def _make(self, line: Line, margin: Segment) -> Strip:
        palette = self._palette
        segments = [margin]
        used = 0
        for text, style, _, _ in line.runs:
            segments.append(Segment(text, palette[style]))
            used += width_of(text)
        if used < self._room:
            segments.append(self._spaces[self._room - used])
        strip = Strip(segments, MARGIN + max(used, self._room))
        return strip.crop(0, self._width) if used > self._room else strip


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
