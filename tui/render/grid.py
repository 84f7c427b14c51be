"""Tables laid out: columns that fit, cells that wrap.

While a table grows its columns keep the widths its first rows asked for, so that a new row costs one
row; when it has ended it is laid out once more with what all its rows need.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .cells import DECORATION, Run, cut_rows, joined, rows_of, width_of
from .inline import Content, parse
from .leaf import Leaf, Line, Setting, prefixes, replace_tail
from .palette import INLINE_CODE, STRONG, Role
from .tables import fit, split_row

_SAMPLE: Final = 5
_LEAST_COLUMN: Final = 4


class _Cell(NamedTuple):
    runs: list[Run]
    text: str
    width: int


class Grid:
    """The layout of one table."""

    __slots__ = ("_cells", "_links", "_room", "_source", "_starts", "_whole", "_width", "_widths")

    def __init__(self) -> None:
        self._source: list[tuple[int, str]] = []
        self._cells: list[list[_Cell]] = []
        self._starts: list[int] = []  # the row each source row begins at
        self._links: list[int] = []  # links there were before each source row
        self._widths: list[int] = []
        self._width = self._room = 0
        self._whole = False

    def sync(self, leaf: Leaf, rows: list[Line], width: int, setting: Setting) -> int:
        """Bring the rows up to date and return the first that was made anew."""
        first, rest, room = prefixes(leaf, width, setting)
        self._room = room
        lines = [leaf.lines[0], *leaf.lines[2:]]
        same = len(self._source)
        while same and (same > len(lines) or self._source[same - 1] != lines[same - 1]):
            same -= 1
        # A row before the last never changes, so it is enough to look back from the end.
        self._source[same:] = lines[same:]
        del self._cells[same:]
        del leaf.targets[self._links[same] if same < len(self._links) else len(leaf.targets) :]
        del self._links[same:]
        for index in range(same, len(lines)):
            self._links.append(len(leaf.targets))
            self._cells.append(_cells(lines[index], leaf, setting, header=index == 0))
        widths = self._fit(leaf, room, len(setting.glyphs.column))
        if widths != self._widths or width != self._width or len(self._starts) < same:
            self._widths, self._width, same = widths, width, 0
        start = self._starts[same] if same < len(self._starts) else (len(rows) if same else 0)
        del self._starts[same:]
        fresh: list[list[Run]] = []
        for index in range(same, len(lines)):
            self._starts.append(start + len(fresh))
            fresh.extend(self._row(index, leaf, setting))
            if index == 0 and widths:
                fresh.append(_rule(widths, setting))
        framed = [joined((first if start + at == 0 else rest) + row) for at, row in enumerate(fresh)]
        return replace_tail(rows, start, framed)

    def _fit(self, leaf: Leaf, room: int, gap: int) -> list[int]:
        """Return the width of each column, or nothing when so many columns cannot stand side by side."""
        count = len(leaf.aligns)
        room -= gap * (count - 1)
        if room < _LEAST_COLUMN * count:
            return []
        whole = leaf.closed
        if not whole and len(self._cells) > _SAMPLE and self._widths and not self._whole:
            return self._widths if sum(self._widths) <= room else self._natural(_SAMPLE, room)
        self._whole = whole
        return self._natural(len(self._cells) if whole else _SAMPLE, room)

    def _natural(self, rows: int, room: int) -> list[int]:
        columns = zip(*self._cells[:rows], strict=True)
        return fit([max(cell.width for cell in column) for column in columns], room)

    def _row(self, index: int, leaf: Leaf, setting: Setting) -> list[list[Run]]:
        cells, widths = self._cells[index], self._widths
        if not widths:
            return self._record(index, setting)
        columns = [
            cut_rows(cell.runs, rows_of(cell.text, width)) for cell, width in zip(cells, widths, strict=True)
        ]
        height = max(len(column) for column in columns)
        rows: list[list[Run]] = []
        gap: Run = (setting.glyphs.column, Role.FAINT, DECORATION, DECORATION)
        for at in range(height):
            row: list[Run] = []
            for number, (column, width) in enumerate(zip(columns, widths, strict=True)):
                if number:
                    row.append(gap)
                piece = column[at] if at < len(column) else []
                left = width - sum([width_of(run[0]) for run in piece])
                align = leaf.aligns[number]
                before = left if align == "r" else left // 2 if align == "c" else 0
                row.extend(_spaces(before))
                row.extend(piece)
                if number < len(widths) - 1:
                    row.extend(_spaces(left - before))
            rows.append(row)
        return rows

    def _record(self, index: int, setting: Setting) -> list[list[Run]]:
        """Return a row as lines of "column: value": for more columns than fit side by side."""
        rows: list[list[Run]] = []
        if index == 0:
            rows.append([run for cell in self._cells[0] for run in (*cell.runs, *_spaces(2))])
        else:
            rows.append([(setting.glyphs.rule, Role.FAINT, DECORATION, DECORATION)])
            for header, cell in zip(self._cells[0], self._cells[index], strict=True):
                name = [(text, style, DECORATION, DECORATION) for text, style, _, _ in header.runs]
                rows.append([*name, (": ", Role.DIM, DECORATION, DECORATION), *cell.runs])
        wrapped: list[list[Run]] = []
        for row in rows:
            wrapped.extend(cut_rows(row, rows_of("".join([run[0] for run in row]), self._room)))
        return wrapped


def _cells(line: tuple[int, str], leaf: Leaf, setting: Setting, *, header: bool) -> list[_Cell]:
    at, text = line
    found = split_row(text)[: len(leaf.aligns)]
    style = setting.base | STRONG if header else setting.base
    cells: list[_Cell] = []
    for place, cell in found:
        inline = parse(Content([(at + place, cell)]), style, setting.references, leaf.targets)
        leaf.missing |= inline.missing
        runs = _bare_pipes(inline.runs) if "\\|" in cell else inline.runs
        shown = "".join([run[0] for run in runs])
        width = max([width_of(row) for row in shown.split("\n")])
        cells.append(_Cell(runs, shown, width))
    return cells + [_Cell([], "", 0)] * (len(leaf.aligns) - len(cells))


def _bare_pipes(runs: list[Run]) -> list[Run]:
    """Drop the backslash that keeps a pipe in code from ending the cell."""
    result: list[Run] = []
    for run in runs:
        text, style, start, _ = run
        if not style & INLINE_CODE or "\\|" not in text:
            result.append(run)
            continue
        pieces = text.split("\\|")
        for index, piece in enumerate(pieces):
            if index:
                result.append(("|", style, start, start + 2))
                start += 2
            if piece:
                result.append((piece, style, start, start + len(piece)))
            start += len(piece)
    return result


def _rule(widths: list[int], setting: Setting) -> list[Run]:
    glyphs = setting.glyphs
    text = glyphs.cross.join(glyphs.rule * width for width in widths)
    return [(text, Role.FAINT, DECORATION, DECORATION)]


def _spaces(count: int) -> list[Run]:
    return [(" " * count, Role.TEXT, DECORATION, DECORATION)] if count > 0 else []
