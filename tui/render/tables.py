"""The source of tables: cells of a row, alignments of a delimiter line, widths of columns."""

from __future__ import annotations

import re

_DELIMITER = re.compile(r"[-:|][-:|\s]*$")
_COLUMN = re.compile(r":?-+:?$")


def split_row(line: str) -> list[tuple[int, str]]:
    """Return the cells of a row, each with its place in the line; a pipe after a backslash is text."""
    cells: list[tuple[int, str]] = []
    start = len(line) - len(line.lstrip())
    line = line.rstrip()
    escaped = False
    for at in range(start, len(line)):
        if line[at] == "|" and not escaped:
            cells.append((start, line[start:at]))
            start = at + 1
        escaped = line[at] == "\\"
    cells.append((start, line[start:]))
    if not cells[0][1]:
        cells.pop(0)
    if cells and not cells[-1][1]:
        cells.pop()
    return [(at + len(cell) - len(cell.lstrip()), cell.strip()) for at, cell in cells]


def alignments(line: str) -> tuple[str, ...]:
    """Return the alignment of each column of a delimiter line ("l", "r", "c" or ""), or nothing."""
    if len(line) < 2 or not _DELIMITER.match(line) or (line[0] == "-" and line[1] in " \t"):
        return ()
    columns = [column.strip() for column in line.split("|")]
    if columns and not columns[0]:
        columns.pop(0)
    if columns and not columns[-1]:
        columns.pop()
    if not all(_COLUMN.match(column) for column in columns):
        return ()
    return tuple(_alignment(column) for column in columns)


def _alignment(column: str) -> str:
    if column.endswith(":"):
        return "c" if column.startswith(":") else "r"
    return "l" if column.startswith(":") else ""


def fit(natural: list[int], room: int) -> list[int]:
    """Share the room among columns: narrow ones get what they need, wide ones the same share of the rest."""
    natural = [max(1, width) for width in natural]
    if sum(natural) <= room:
        return natural
    widths = [0] * len(natural)
    left, open_columns = room, sorted(range(len(natural)), key=lambda column: natural[column])
    for done, column in enumerate(open_columns):
        share = left // (len(open_columns) - done)
        widths[column] = max(1, min(natural[column], share))
        left -= widths[column]
    return widths
