"""Bars in eighths and sparklines, as plain text: the same value is always the same picture.

A value that is not known is drawn as such, never as an empty bar. Whatever happens, a picture has
exactly the asked width. Everything exists in ASCII too.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Literal, NamedTuple

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS = " ._-=+*#@"

Level = Literal["unknown", "fine", "warn", "bad"]


class Run(NamedTuple):
    """Cells of one pair of colours: *front* draws the ink, *back* lies under it; None is the empty track."""

    text: str
    front: int | None
    back: int | None


def _share(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return min(max(value, 0.0), 1.0)


def level(value: float | None, warn: float, bad: float) -> Level:
    """Say which of the three states a value is in; *bad* below *warn* means that less is worse."""
    if value is None or not isfinite(value):
        return "unknown"
    if bad < warn:
        value, warn, bad = -value, -warn, -bad
    if value >= bad:
        return "bad"
    return "warn" if value >= warn else "fine"


def bar(share: float | None, width: int, *, ascii_only: bool = False) -> str:
    """Draw a share from 0 to 1; something is never drawn as nothing, not quite all never as all."""
    width = max(width, 0)
    known = _share(share)
    if known is None:
        return ("?" if ascii_only else "╌") * width
    steps = 1 if ascii_only else 8
    full = width * steps
    filled = round(known * full)
    if 0 < known < 1 and full > 1:
        filled = min(max(filled, 1), full - 1)
    if ascii_only:
        return ("#" * filled).ljust(width, ".")
    whole, part = divmod(filled, 8)
    return ("█" * whole + (_EIGHTHS[part] if part else "")).ljust(width)


def stacked(shares: Sequence[float | None], width: int, *, ascii_only: bool = False) -> list[Run]:
    """Draw several shares of one whole behind each other.

    *front* and *back* of a run are positions in *shares*. A part too small to be seen still gets the
    smallest step, at the cost of the largest, so that every part of the legend is in the bar.
    """
    width = max(width, 0)
    steps = 1 if ascii_only else 8
    lengths = _lengths([_share(share) or 0.0 for share in shares], width * steps)
    owners: list[int | None] = [index for index, length in enumerate(lengths) for _ in range(length)]
    owners += [None] * (width * steps - len(owners))
    cells = [
        _cell(owners[start : start + steps], ascii_only=ascii_only)
        for start in range(0, width * steps, steps)
    ]
    return _joined(cells)


def _lengths(shares: list[float], room: int) -> list[int]:
    """Whole steps for each share, together never more than *room*."""
    total = sum(shares)
    scale = room / total if total > 1 else float(room)
    ends = [round(sum(shares[: index + 1]) * scale) for index in range(len(shares))]
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    for index, share in enumerate(shares):
        if share > 0 and lengths[index] == 0:
            largest = max(range(len(lengths)), key=lengths.__getitem__)
            if lengths[largest] > 1:
                lengths[largest] -= 1
            elif sum(lengths) == room:
                continue
            lengths[index] = 1
    return lengths


def _cell(owners: list[int | None], *, ascii_only: bool) -> Run:
    first = owners[0]
    if ascii_only:
        return Run("." if first is None else _letter(first), first, None)
    if first is None:
        return Run(" ", None, None)
    size = next((index for index, owner in enumerate(owners) if owner != first), 8)
    # One cell shows two colours: what comes third within it is the second's.
    return Run(_EIGHTHS[size], first, owners[size] if size < 8 else None)


def _letter(index: int) -> str:
    return chr(ord("A") + index % 26)


def _joined(cells: list[Run]) -> list[Run]:
    runs: list[Run] = []
    for cell in cells:
        if runs and runs[-1][1:] == cell[1:]:
            runs[-1] = Run(runs[-1].text + cell.text, cell.front, cell.back)
        else:
            runs.append(cell)
    return runs


def sparkline(
    values: Sequence[float | None],
    width: int,
    *,
    low: float = 0.0,
    high: float | None = None,
    ascii_only: bool = False,
) -> str:
    """Draw the newest values at the right edge, a column each; gaps stay gaps.

    More values than columns are shown by the highest of each group, so that a peak is never lost.
    Without *high* the highest value shown fills the height.
    """
    width = max(width, 0)
    columns = _columns(values, width)
    known = [value for value in columns if value is not None]
    top = high if high is not None else max(known, default=low)
    heights = _ASCII_HEIGHTS if ascii_only else _HEIGHTS
    return "".join(_column(value, low, top, heights) for value in columns).rjust(width)


def _columns(values: Sequence[float | None], width: int) -> list[float | None]:
    """The values of each column. Groups end at the newest value, so that the line moves as a whole."""
    if width == 0 or not values:
        return []
    group = -(-len(values) // width)
    columns: list[float | None] = []
    for end in range(len(values), 0, -group):
        known = [v for v in values[max(end - group, 0) : end] if v is not None and isfinite(v)]
        columns.append(max(known, default=None))
    return columns[::-1]


def _column(value: float | None, low: float, top: float, heights: str) -> str:
    if value is None:
        return heights[0]
    span = top - low
    share = min(max((value - low) / span, 0.0), 1.0) if span > 0 else 0.0
    # The lowest value still leaves a mark: an empty column means that nothing is known.
    return heights[1 + round(share * 7)]


def graph(
    values: Sequence[float | None],
    width: int,
    height: int,
    *,
    low: float = 0.0,
    high: float | None = None,
    ascii_only: bool = False,
) -> list[str]:
    """Draw a sparkline of several lines, top line first."""
    width, height = max(width, 0), max(height, 0)
    columns = _columns(values, width)
    known = [value for value in columns if value is not None]
    top = high if high is not None else max(known, default=low)
    heights = _ASCII_HEIGHTS if ascii_only else _HEIGHTS
    lines = []
    for line in reversed(range(height)):
        cells = [_tall(value, low, top, line, height, heights) for value in columns]
        lines.append("".join(cells).rjust(width))
    return lines


def _tall(value: float | None, low: float, top: float, line: int, height: int, heights: str) -> str:
    if value is None:
        return heights[0]
    span = top - low
    share = min(max((value - low) / span, 0.0), 1.0) if span > 0 else 0.0
    filled = 1 + round(share * (height * 8 - 1))
    return heights[min(max(filled - line * 8, 0), 8)]
