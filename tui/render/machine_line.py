"""The cells that the gauges are drawn with: lines of text in inks, bars, and graphs of several lines.

A hue is an ink, or two of them where one cell shows two colours: what is drawn, and what lies under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from tui.render import gauges
from tui.theme import Ink

Hue = Ink | tuple[Ink, Ink]
Dab = tuple[str, Hue]
Row = list[Dab]

PARTS: tuple[Ink, ...] = ("accent", "text", "key", "strong")
"""What the parts of a stacked bar are painted with, in turn: neighbours differ in every theme."""

_TRACK = "░"


def width_of(row: Sequence[Dab]) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(text) for text, _ in row)


def fitted(row: Sequence[Dab], width: int) -> Row:
    """Return the line in exactly *width* cells, ending in … when something is missing."""
    missing = max(width, 0) - width_of(row)
    if missing >= 0:
        return [*row, (" " * missing, "text")] if missing else list(row)
    kept: Row = []
    room = width
    rest = list(row)
    while rest and cell_len(rest[0][0]) <= room - 1:
        kept.append(rest.pop(0))
        room -= cell_len(kept[-1][0])
    if room < 1:
        return kept
    (text, hue), *after = rest
    if not any(more.strip() for more, _ in after) and cell_len(text.rstrip()) <= room:
        return [*kept, (set_cell_size(text, room), hue)]
    return [*kept, (set_cell_size(text, room - 1) + "…", hue)]


def sides(left: Sequence[Dab], right: Sequence[Dab], width: int) -> Row:
    """Put *right* at the right edge; the left side is cut when both do not fit."""
    taken = width_of(right)
    if taken >= width:
        return fitted(right, width)
    return [*fitted(left, width - taken), *right]


def beside(blocks: Sequence[Sequence[Row]], widths: Sequence[int]) -> list[Row]:
    """Put blocks of lines beside each other, each in its own width."""
    height = max((len(block) for block in blocks), default=0)
    lines: list[Row] = []
    for index in range(height):
        line: Row = []
        for block, width in zip(blocks, widths, strict=True):
            line += fitted(block[index] if index < len(block) else (), width)
        lines.append(line)
    return lines


def flow(groups: Iterable[Sequence[Dab]], width: int, lines: int, *, indent: str = " ") -> list[Row]:
    """Fill up to *lines* lines with groups that stay whole; what finds no room is left out."""
    rows: list[Row] = []
    for group in groups:
        if rows and group and width_of(rows[-1]) + 3 + width_of(group) < width:
            rows[-1] += [("   ", "text"), *group]
        elif group and len(rows) < lines:
            rows.append([(indent, "text"), *group])
    return rows


def prose(text: str, width: int, ink: Ink) -> list[Row]:
    """Break a sentence into lines between its words."""
    lines = [""]
    for word in text.split():
        if lines[-1] and cell_len(lines[-1]) + cell_len(word) + 3 > width:
            lines.append("")
        lines[-1] += f" {word}"
    return [[(line, ink)] for line in lines]


def bar(share: float | None, width: int, ink: Ink, *, ascii_only: bool) -> Row:
    """Draw a share from 0 to 1 on its track."""
    drawn = gauges.bar(share, width, ascii_only=ascii_only)
    if share is None:
        return [(drawn, "rule")]
    full = drawn.rstrip(" .")
    rest = len(drawn) - len(full)
    return [(full, ink), (("." if ascii_only else _TRACK) * rest, "rule")]


def stack(parts: Sequence[tuple[float, Ink]], width: int, *, ascii_only: bool) -> Row:
    """Draw shares of one whole behind each other on their track."""
    runs = gauges.stacked([share for share, _ in parts], width, ascii_only=ascii_only)
    row: Row = []
    for run in runs:
        if run.front is None:
            row.append((run.text if ascii_only else _TRACK * len(run.text), "rule"))
        elif run.back is None:
            row.append((run.text, parts[run.front][1]))
        else:
            row.append((run.text, (parts[run.front][1], parts[run.back][1])))
    return row


def graph(
    values: Sequence[float | None],
    peaks: Sequence[float | None] | None,
    width: int,
    height: int,
    *,
    high: float | None,
    ink: Ink,
    ascii_only: bool,
) -> list[Row]:
    """Draw values over time: a bright crest on a quiet body, and above it the peaks as marks of their own."""
    if not any(value is not None for value in values):
        return [[] for _ in range(height)]
    front = gauges.graph(values, width, height, high=high, ascii_only=ascii_only)
    if ascii_only:
        return [[(line, ink)] for line in front]
    if height == 1:
        return [[(front[0], ink)]]
    back = front if peaks is None else gauges.graph(peaks, width, height, high=high)
    lines: list[Row] = []
    above = front_above = " " * width
    for line, marks in zip(front, back, strict=True):
        cells = zip(line, front_above, marks, above, strict=True)
        lines.append(_joined([_cell(*cell, ink) for cell in cells]))
        front_above, above = line, marks
    return lines


def _cell(value: str, over: str, peak: str, over_peak: str, ink: Ink) -> Dab:
    if value != " ":
        return (value, ink if over == " " else "rule")
    return (peak, "dim") if over_peak == " " else (" ", "rule")


def _joined(cells: Sequence[Dab]) -> Row:
    row: Row = []
    for text, hue in cells:
        if row and (row[-1][1] == hue or text == " "):
            row[-1] = (row[-1][0] + text, row[-1][1])
        else:
            row.append((text, hue))
    return row
