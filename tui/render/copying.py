"""What a selection means in the source: never a border, a drawn bullet or a wrapped line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .blocks import TurnBlock
from .leaf import Kind, Leaf, Line
from .markdown import Document
from .places import Piece
from .stack import Stack

_FAR = 1 << 30


class _Part(NamedTuple):
    """What is selected of one text: the runs that show, and how much of each is selected."""

    document: Document
    runs: list[tuple[int, int, int, int]]
    """Start and end in the source, start and end of what is selected of it."""


def source_between(stack: Stack, start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the source between two places, each a row and a character of its text."""
    (top, left), (bottom, right) = start, end
    parts: list[str] = []
    first, _ = stack.at(max(0, top))
    last, _ = stack.at(min(bottom, max(0, stack.height - 1)))
    for index in range(first, min(last, len(stack) - 1) + 1):
        begin = stack.top_of(index)
        if top < begin and stack.top_of(index + 1) <= bottom:
            parts.append(stack.turn(index).text)
            continue
        low, high = max(top, begin) - begin, min(bottom + 1, stack.top_of(index + 1)) - begin
        edges = left if top >= begin else 0, right if bottom < stack.top_of(index + 1) else _FAR
        parts.extend(_of_turn(stack.block(index), low, high, edges))
    return "\n\n".join(parts)


def _of_turn(turn: TurnBlock, low: int, high: int, edges: tuple[int, int]) -> list[str]:
    """Return the source of some rows of a turn, or the words of its header when only those are selected."""
    turn.settle(low, high)
    found: dict[Piece, _Part] = {}
    words: list[str] = []
    # A row more at each end: what stands around the selection says which marks belong to it.
    for row in range(max(0, low - 1), high + 1):
        for line in turn.rows(row, row + 1):
            cut = edges[0] if row == low else 0, edges[1] if row == high - 1 else _FAR
            if not low <= row < high:
                cut = 0, 0
            place = turn.find(row)
            if place.document is None:
                words.append(line.text[cut[0] : cut[1]])
            else:
                part = found.setdefault(place.piece, _Part(place.document, []))
                part.runs.extend(_selected(line, *cut))
    parts = [text for part in found.values() if (text := _source(part))]
    said = "\n".join(words).strip()
    return parts or ([said] if said else [])


def _selected(line: Line, left: int, right: int) -> Iterator[tuple[int, int, int, int]]:
    at = 0
    for text, _, start, end in line.runs:
        low, high = max(left - at, 0), min(right - at, len(text))
        at += len(text)
        if start < 0:
            continue
        if low >= high:
            yield start, end, start, start
        elif end - start == len(text):
            yield start, end, start + low, start + high
        else:
            yield start, end, start, end


def _source(part: _Part) -> str:
    """Return the source of what is selected, with the marks of emphasis, link or heading at its edges."""
    runs, source = part.runs, part.document.source
    chosen = [number for number, run in enumerate(runs) if run[2] < run[3]]
    if not chosen:
        return ""
    first, last = chosen[0], chosen[-1]
    low, high = runs[first][2], runs[last][3]
    if first < last:  # within one run the marks around it are not meant
        if low == runs[first][0]:
            before = runs[first - 1][1] if first else 0
            low -= len(source[before:low].rpartition("\n")[2]) if before < low else 0
        if high == runs[last][1]:
            after = runs[last + 1][0] if last + 1 < len(runs) else len(source)
            high += len(source[high:after].partition("\n")[0]) if after > high else 0
    return source[low:high].rstrip("\n")


def block_source(document: Document, first: int, last: int) -> str:
    """Return the source of some leaves; of a lone piece of code only what is between its fences."""
    leaves = document.leaves[first : last + 1]
    if not leaves:
        return ""
    if len(leaves) == 1 and leaves[0].kind in (Kind.FENCE, Kind.CODE):
        return code_of(leaves[0])
    return document.source[leaves[0].start : leaves[-1].end].rstrip()


def code_of(leaf: Leaf) -> str:
    """Return the code of a fence as it would stand in a file."""
    return "\n".join([text for _, text in leaf.lines]).rstrip("\n") + "\n"


def last_code(document: Document) -> str:
    """Return the code of the last fence of a text, or nothing."""
    fences = [leaf for leaf in document.leaves if leaf.kind is Kind.FENCE]
    return code_of(fences[-1]) if fences else ""
