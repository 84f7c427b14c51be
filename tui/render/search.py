"""Words found in the source of a conversation, and where they show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .leaf import Line
from .places import Piece
from .types import Turn

Mark = tuple[int, int, int]
"""A stretch of a row's text and the style flag it is shown with."""


class Hit(NamedTuple):
    """One place where the words stand in the source of a turn."""

    turn: int
    piece: Piece
    start: int
    end: int


def pattern(words: str) -> re.Pattern[str] | None:
    """Return what finds the words whatever their case, over line ends and marks of emphasis."""
    parts = [re.escape(part) for part in words.split()]
    if not parts:
        return None
    return re.compile(r"[*_~`]*[\s>|]+[*_~`]*".join(parts), re.IGNORECASE)


def hits(turns: Iterable[Turn], words: str) -> list[Hit]:
    """Return every place, in reading order."""
    wanted = pattern(words)
    if wanted is None:
        return []
    found: list[Hit] = []
    for turn in turns:
        for piece, text in texts(turn):
            found.extend(Hit(turn.id, piece, *match.span()) for match in wanted.finditer(text))
    return found


def texts(turn: Turn) -> Iterator[tuple[Piece, str]]:
    """Return the sources of a turn in the order they are shown."""
    if turn.thinking:
        yield Piece.THOUGHT, turn.thinking
    if turn.speaker != "note":
        yield Piece.BODY, turn.text


def marks(line: Line, start: int, end: int, flag: int) -> list[Mark]:
    """Return where a stretch of the source shows in a row."""
    found: list[Mark] = []
    at = 0
    for text, _, begin, stop in line.runs:
        if begin >= 0 and begin < end and start < stop:
            if stop - begin == len(text):
                found.append((at + max(0, start - begin), at + min(len(text), end - begin), flag))
            else:
                found.append((at, at + len(text), flag))
        at += len(text)
    return found
