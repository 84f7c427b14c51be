"""Rows that only moved up or down: found by their text, scrolled by the terminal itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import ne
from typing import NamedTuple

from tui.terminal.cells import Row

LEAST_ROWS = 4
"""Fewer changed rows are written anew; scrolling them would cost as much."""

_REGION = 14
"""Bytes to set a scroll region, move into it and leave it again."""

_TO_A_ROW = 8
"""Bytes to move the cursor to a row."""

_TO_A_PEN = 10
"""Bytes to change the pen, or to come back to a row for another one."""


class Shift(NamedTuple):
    """Rows *top* to *bottom* move up by *by* rows, or down when it is negative."""

    top: int
    bottom: int
    by: int


def find(
    wanted: Sequence[Row],
    shown: Sequence[Row | None],
    changed: Sequence[int],
    touched: Mapping[int, tuple[int, int]],
) -> Shift | None:
    """Tell whether moving rows on the terminal leaves less to write than writing them."""
    if len(changed) < LEAST_ROWS:
        return None
    window = Counter(touched[y] for y in changed).most_common(1)[0][0]
    rows = [y for y in changed if touched[y] == window and shown[y] is not None]
    by, matched = _votes(wanted, shown, rows, window)
    if len(matched) < 2:
        return None
    shift = Shift(min(min(y, y + by) for y in matched), max(max(y, y + by) for y in matched), by)
    return shift if _saves(shift, wanted, shown) else None


def _votes(
    wanted: Sequence[Row], shown: Sequence[Row | None], rows: Sequence[int], window: tuple[int, int]
) -> tuple[int, list[int]]:
    """The distance that explains most rows, and the rows it explains."""
    part = slice(*window)
    before: dict[str, list[int]] = {}
    for y in rows:
        row = shown[y]
        if row is not None and (text := "".join(row.glyphs[part])).strip():
            before.setdefault(text, []).append(y)
    votes: Counter[int] = Counter()
    places: dict[int, list[int]] = {}
    for y in rows:
        for old in before.get("".join(wanted[y].glyphs[part]), ()):
            if old != y:
                votes[old - y] += 1
                places.setdefault(old - y, []).append(y)
    if not votes:
        return 0, []
    by = max(votes, key=lambda distance: (votes[distance], -abs(distance)))
    return by, places[by]


def _saves(shift: Shift, wanted: Sequence[Row], shown: Sequence[Row | None]) -> bool:
    """Compare what is left to write after the move with what there is to write without."""
    plain = moved = 0
    for y in range(shift.top, shift.bottom + 1):
        plain += _price(wanted[y], shown[y])
        source = y + shift.by
        after = shown[source] if shift.top <= source <= shift.bottom else None
        moved += _price(wanted[y], after)
    return moved + abs(shift.by) + _REGION < plain


def _price(row: Row, other: Row | None) -> int:
    """About how many bytes turn one row into another."""
    if other is not None and row.same(other):
        return 0
    changes: int = sum(map(ne, row.pens, row.pens[1:]))
    if other is None:
        return len(row.glyphs) - row.glyphs.count(" ") + (changes + 1) * _TO_A_PEN + _TO_A_ROW
    if row.odd or other.odd:
        return len(row.glyphs) + changes * _TO_A_PEN + _TO_A_ROW
    # Which cells change matters less than how many; pens count when the text stays.
    glyphs: int = sum(map(ne, row.glyphs, other.glyphs))
    pens: int = sum(map(ne, row.pens, other.pens))
    cells = max(glyphs, pens)
    return cells + min(changes, cells) * _TO_A_PEN + _TO_A_ROW
