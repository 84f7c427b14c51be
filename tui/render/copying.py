"""What a selection means in the source: never a border, a drawn bullet or a wrapped line."""

from __future__ import annotations

from .blocks import Piece
from .leaf import Kind, Leaf, Line
from .markdown import Document
from .stack import Stack

_FAR = 1 << 30


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
        turn = stack.block(index)
        low, high = max(top, begin), min(bottom + 1, begin + turn.size)
        turn.settle(low - begin, high - begin)
        spans: dict[Piece, tuple[int, int]] = {}
        words: list[str] = []
        for row in range(low, high):
            line = turn.rows(row - begin, row - begin + 1)
            if not line:
                continue
            found = turn.find(row - begin)
            edges = left if row == top else 0, right if row == bottom else _FAR
            if found.document is None:
                words.append(line[0].text[edges[0] : edges[1]])
                continue
            span = _span(line[0], *edges)
            if span is not None:
                old = spans.get(found.piece, span)
                spans[found.piece] = min(old[0], span[0]), max(old[1], span[1])
        for piece, (low_source, high_source) in spans.items():
            document = turn.document(piece)
            if document is not None:
                parts.append(document.source[low_source:high_source])
        if not spans and (said := "\n".join(words).strip()):
            parts.append(said)
    return "\n\n".join(parts)


def _span(line: Line, left: int, right: int) -> tuple[int, int] | None:
    """Return the stretch of source that shows between two characters of a row."""
    low, high = _FAR, -1
    at = 0
    for text, _, start, end in line.runs:
        first, last = max(left - at, 0), min(right - at, len(text))
        if start >= 0 and first < last:
            same = end - start == len(text)
            low = min(low, start + first if same else start)
            high = max(high, start + last if same else end)
        at += len(text)
    return None if high < 0 else (low, high)


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
