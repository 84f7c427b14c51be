"""What should be on the terminal and what is; a frame is the bytes between the two.

    painter = Painter(120, 40)
    painter.put(y, x, glyphs, pens, odd_ones=False)     # as often as there is something new
    written = painter.frame(cursor)                     # when the terminal is ready for it

Pictures that were never sent are never missed: a frame leads from what was sent last to what is wanted
now. `forget` makes the next frame a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tui.terminal import shift
from tui.terminal.cells import Row, odd
from tui.terminal.pens import Pens

_BRIDGE = 4
"""Unchanged cells of the same pen that are cheaper to write again than to jump over."""


_ERASE_FROM = 8
"""Blanks in a row that are shorter to erase than to write."""

_FEW = 1_500
"""Runs up to which their order is worth a thought."""

_MOVE = 7
"""Bytes to go to another place."""


Run = tuple[int, int, int, int]
"""Cells of one row drawn with one pen: row, first column, end, pen."""


class Painter:
    """Holds the picture and the terminal's copy of it."""

    def __init__(
        self, width: int = 0, height: int = 0, *, scroll_regions: bool = True, erases: bool = True
    ) -> None:
        self.pens = Pens()
        self.scroll_regions = scroll_regions
        self.erases = erases
        self.width = width
        self.height = height
        self._wanted = [Row.blank(width) for _ in range(height)]
        self._shown: list[Row | None] = [None] * height
        self._touched: dict[int, tuple[int, int]] = {}
        self.cursor: tuple[int, int] | None = None
        """Where the terminal has its cursor; None when that is not known."""
        self._out: list[str] = []
        self._x = self._y = -1
        self._pen = 0
        self.forget()

    @property
    def pending(self) -> bool:
        """Tell whether anything may have changed since the last frame."""
        return bool(self._touched)

    def begin(self, width: int, height: int) -> None:
        """Begin an empty picture, perhaps of another size; all of it is to be put again."""
        self.pens = Pens()
        self.width, self.height = width, height
        self._wanted = [Row.blank(width) for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Take nothing on the terminal for granted: the next frame writes every cell."""
        self._shown = [None] * self.height
        self._touched = dict.fromkeys(range(self.height), (0, self.width))
        self.cursor = None
        self._pen = -1

    def put(self, y: int, x: int, glyphs: list[str], pens: list[int], *, odd_ones: bool) -> None:
        """Want these cells there."""
        if not (0 <= y < self.height and 0 <= x < self.width and glyphs):
            return
        self._wanted[y].put(x, glyphs, pens, odd_ones=odd_ones)
        end = min(x + len(glyphs), self.width)
        first, last = self._touched.get(y, (x, end))
        self._touched[y] = (min(first, x), max(last, end))

    def frame(self, cursor: tuple[int, int]) -> str:
        """Everything the terminal needs to show the picture, with its cursor at column and row."""
        self._out = []
        self._x, self._y = self.cursor or (-1, -1)
        if self._pen < 0:
            self._out.append("\x1b[m")
            self._pen = 0
        changed = sorted(y for y in self._touched if not self._wanted[y].same(self._shown[y]))
        if changed and self.scroll_regions:
            move = shift.find(self._wanted, self._shown, changed, self._touched)
            if move is not None:
                self._scroll(move)
                changed = sorted(
                    y
                    for y in {*changed, *range(move.top, move.bottom + 1)}
                    if not self._wanted[y].same(self._shown[y])
                )
        self._write_rows(changed)
        self._touched.clear()
        if self.pens.linked(self._pen):
            self._use(0)  # a link left open would swallow whatever is written next
        if (self._x, self._y) != cursor:
            self._go(*cursor)
        self.cursor = cursor
        return "".join(self._out)

    # moving

    def _scroll(self, move: shift.Shift) -> None:
        top, bottom, by = move
        whole = top == 0 and bottom == self.height - 1
        if not whole:
            self._out.append(f"\x1b[{top + 1};{bottom + 1}r")
        self._out.append(f"\x1b[{bottom + 1}H" + "\n" * by if by > 0 else f"\x1b[{top + 1}H" + "\x1bM" * -by)
        if not whole:
            self._out.append("\x1b[r")
        self._x = self._y = -1
        part = self._shown[top : bottom + 1]
        # Rows that come in have the colour of the pen in some terminals and none in others.
        fresh: list[Row | None] = [None] * abs(by)
        self._shown[top : bottom + 1] = part[by:] + fresh if by > 0 else fresh + part[:by]

    def _go(self, x: int, y: int) -> None:
        """Move the cursor there in as few bytes as it takes."""
        if y == self._y and x == self._x:
            return
        if y == self._y and 0 <= self._x < x:
            self._out.append(f"\x1b[{x - self._x}C" if x - self._x > 1 else "\x1b[C")
        elif y == self._y and x == self._x - 1:
            self._out.append("\x1b[D")
        elif y == self._y and self._x >= 0:
            self._out.append(f"\x1b[{x + 1}G" if x else "\r")
        elif x == 0 and y == self._y + 1 and self._y >= 0:
            self._out.append("\r\n")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._x, self._y = x, y

    def _use(self, pen: int) -> None:
        if pen != self._pen:
            self._out.append(self.pens.change(self._pen, pen))
            self._pen = pen

    # writing

    def _write_rows(self, changed: list[int]) -> None:
        runs: list[Run] = []
        for y in changed:
            row, old = self._wanted[y], self._shown[y]
            if row.odd or (old is not None and old.odd):
                self._write_odd_row(y, row)
            else:
                for start, end in _spans(row, old):
                    runs += _runs(row, y, start, end)
            self._shown[y] = row.copy()
        if len(runs) <= _FEW:
            runs = min(runs, self._by_pen(runs), key=self._cost)
        for y, start, end, pen in runs:
            self._go(start, y)
            self._use(pen)
            self._text(self._wanted[y], start, end)

    def _by_pen(self, runs: list[Run]) -> list[Run]:
        """The same runs with each pen taken up once, the one in hand first: colours are long, moves short."""
        order = {self._pen: 0}
        for run in runs:
            order.setdefault(run[3], len(order))
        return sorted(runs, key=lambda run: order[run[3]])

    def _cost(self, runs: list[Run]) -> int:
        """About how many bytes it takes to write runs in this order, beside their text."""
        cost, pen, place = 0, self._pen, (-1, -1)
        for y, start, end, wanted in runs:
            cost += len(self.pens.change(pen, wanted)) + (_MOVE if (y, start) != place else 0)
            pen, place = wanted, (y, end)
        return cost

    def _text(self, row: Row, start: int, end: int) -> None:
        text = "".join(row.glyphs[start:end])
        if self.erases and self.pens.erases(self._pen):
            words = text.rstrip(" ")
            blanks = len(text) - len(words)
            if blanks >= _ERASE_FROM:
                self._out.append(f"{words}\x1b[K" if end == self.width else f"{words}\x1b[{blanks}X")
                self._x = end - blanks  # erasing moves nothing
                return
        self._out.append(text)
        # Behind the last column terminals stand in different places.
        self._x = end if end < self.width else -1

    def _write_odd_row(self, y: int, row: Row) -> None:
        """Write a whole row so that a glyph of disputed width moves nothing but itself."""
        x = 0
        while x < self.width:
            end = x
            while end < self.width and not odd(row.glyphs[end]):
                end += 1
            if end > x:
                for _, start, stop, pen in _runs(row, y, x, end):
                    self._go(start, y)
                    self._use(pen)
                    self._text(row, start, stop)
            if end < self.width:
                width = 1
                while end + width < self.width and row.glyphs[end + width] == "":
                    width += 1
                self._go(end, y)
                self._use(row.pens[end])
                # Blanks first: a terminal that finds it narrower must not keep an old cell beside it.
                self._out.append(" " * width)
                self._x = -1
                self._absolute(end, y)
                self._out.append(row.glyphs[end])
                self._x = self._y = -1
                end += width
            x = end
        self._x = self._y = -1

    def _absolute(self, x: int, y: int) -> None:
        self._out.append(f"\x1b[{y + 1};{x + 1}H")
        self._x, self._y = x, y


def _runs(row: Row, y: int, start: int, end: int) -> Iterator[Run]:
    """The parts of a stretch that are drawn with one pen each."""
    for pen, cells in groupby(row.pens[start:end]):
        stop = start + sum(1 for _ in cells)
        yield y, start, stop, pen
        start = stop


def _spans(row: Row, old: Row | None) -> Iterator[tuple[int, int]]:
    """The stretches of cells that differ, joined where that is cheaper."""
    width = len(row.glyphs)
    if old is None:
        yield 0, width
        return
    start = end = -1
    pens = row.pens
    for x, (new_glyph, old_glyph, new_pen, old_pen) in enumerate(
        zip(row.glyphs, old.glyphs, pens, old.pens, strict=True)
    ):
        if new_glyph == old_glyph and new_pen == old_pen:
            continue
        if start >= 0 and x - end <= _BRIDGE and pens[end - 1 : x] == [pens[end - 1]] * (x - end + 1):
            end = x + 1
        else:
            if start >= 0:
                yield _whole(row, start, end)
            start, end = x, x + 1
    if start >= 0:
        yield _whole(row, start, end)


def _whole(row: Row, start: int, end: int) -> tuple[int, int]:
    """Widen a stretch to whole glyphs."""
    while start and row.glyphs[start] == "":
        start -= 1
    while end < len(row.glyphs) and row.glyphs[end] == "":
        end += 1
    return start, end
