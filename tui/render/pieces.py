"""A line as pieces of text with inks: laid out to a width in cells, turned into a strip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.theme import Ink

Piece = tuple[str, Ink]
Pieces = Sequence[Piece]


def width_of(pieces: Pieces) -> int:
    """Return how many cells the pieces take."""
    return sum(cell_len(text) for text, _ in pieces)


def cut(pieces: Pieces, width: int) -> list[Piece]:
    """Return as much as fits into *width* cells, ending in … when something is missing."""
    if width_of(pieces) <= width:
        return list(pieces)
    kept: list[Piece] = []
    room = width - 1
    for text, ink in pieces:
        length = cell_len(text)
        if length <= room:
            kept.append((text, ink))
            room -= length
            continue
        kept.append((set_cell_size(text, max(room, 0)).rstrip() + "…", ink))
        break
    return kept if width > 0 else []


def spread(left: Pieces, right: Pieces, width: int) -> list[Piece]:
    """Put *right* at the right edge and cut *left* when both do not fit."""
    right_width = width_of(right)
    if right_width >= width:
        return cut(right, width)
    fitted = cut(left, width - right_width - (1 if right else 0))
    gap = width - right_width - width_of(fitted)
    return [*fitted, (" " * gap, "text"), *right]


def packed(groups: Iterable[Pieces], width: int, *, gap: int = 3) -> list[Pieces]:
    """Lay groups out side by side, and on further lines where one has no room: none is broken apart."""
    lines: list[list[Piece]] = []
    for group in groups:
        if lines and width_of(lines[-1]) + gap + width_of(group) <= width:
            lines[-1] += [(" " * gap, "dim"), *group]
        else:
            lines.append(cut(group, width))
    return [*lines]


def column(text: str, width: int, *, right: bool = False) -> str:
    """Return *text* in exactly *width* cells, cut with … when it is longer."""
    length = cell_len(text)
    if length > width:
        return (
            set_cell_size(set_cell_size(text, max(width - 1, 0)).rstrip() + "…", width) if width > 0 else ""
        )
    padding = " " * (width - length)
    return padding + text if right else text + padding


def strip(pieces: Pieces, inks: Mapping[Ink, Style], width: int, *, over: Style | None = None) -> Strip:
    """Paint the pieces into a strip of exactly *width* cells; *over* tints the whole line."""
    segments = [Segment(text, inks[ink] + over if over else inks[ink]) for text, ink in pieces if text]
    blank = inks["text"] + over if over else inks["text"]
    return Strip(segments).adjust_cell_length(width, blank)
