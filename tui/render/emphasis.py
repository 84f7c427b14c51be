"""Emphasis and strikethrough: which runs of marks belong together."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from .palette import EM, STRIKE, STRONG

PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class Node:
    """A stretch of text and how it is shown; marks that were used up show nothing."""

    __slots__ = ("end", "flags", "start", "text")

    def __init__(self, text: str, start: int, end: int, flags: int = 0) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.flags = flags


class Delimiter:
    """A run of marks that may open or close emphasis, and how many of them are left."""

    __slots__ = ("can_close", "can_open", "character", "count", "length", "node")

    def __init__(self, character: str, count: int, node: int, *, can_open: bool, can_close: bool) -> None:
        self.character = character
        self.count = self.length = count
        self.node = node
        self.can_open = can_open
        self.can_close = can_close


@lru_cache(maxsize=2048)
def _kind(character: str) -> int:
    """Return 0 for a letter, 1 for white space, 2 for punctuation."""
    if not character or character.isspace():
        return 1
    if character in PUNCTUATION or unicodedata.category(character)[0] in "PS":
        return 2
    return 0


def delimiter(text: str, at: int, node: int) -> tuple[Delimiter | None, int]:
    """Read the run of marks at *at*: what it may do, if anything, and where it ends."""
    character = text[at]
    end = at + 1
    while end < len(text) and text[end] == character:
        end += 1
    count = end - at
    if character == "~" and count < 2:
        return None, end
    before, after = _kind(text[at - 1 : at]), _kind(text[end : end + 1])
    left = after != 1 and (after != 2 or before != 0)
    right = before != 1 and (before != 2 or after != 0)
    if character == "_":
        opens, closes = left and (not right or before == 2), right and (not left or after == 2)
    else:
        opens, closes = left, right
    if not opens and not closes:
        return None, end
    return Delimiter(character, count, node, can_open=opens, can_close=closes), end


Reach = tuple[int, int, int]
"""A flag and the nodes it covers: from, to, flag."""


def emphasise(nodes: list[Node], delimiters: list[Delimiter], bottom: int, reaches: list[Reach]) -> None:
    """Match closing runs with opening ones, innermost first, from the delimiter at *bottom* on."""
    floors: dict[tuple[str, bool, int], int] = {}
    index = bottom
    while index < len(delimiters):
        closer = delimiters[index]
        least = 2 if closer.character == "~" else 1
        if not closer.can_close or closer.count < least:
            index += 1
            continue
        key = (closer.character, closer.can_open, closer.length % 3)
        floor = floors.get(key, -1)
        at = index - 1
        while at >= bottom and delimiters[at].node > floor and not _match(delimiters[at], closer):
            at -= 1
        if at < bottom or delimiters[at].node <= floor:
            floors[key] = closer.node - 1
            if closer.can_open:
                index += 1
            else:
                del delimiters[index]
            continue
        opener = delimiters[at]
        reaches.append(_pair(nodes, opener, closer))
        del delimiters[at + 1 : index]
        index = at + 1
        if opener.count == 0:
            del delimiters[at]
            index -= 1
        if closer.count == 0:
            del delimiters[index]


def _pair(nodes: list[Node], opener: Delimiter, closer: Delimiter) -> Reach:
    used = 2 if opener.count >= 2 and closer.count >= 2 else 1
    flag = STRIKE if closer.character == "~" else STRONG if used == 2 else EM
    opener.count -= used
    closer.count -= used
    left, right = nodes[opener.node], nodes[closer.node]
    left.text, left.end = left.text[used:], left.end - used
    right.text, right.start = right.text[used:], right.start + used
    return opener.node + 1, closer.node, flag


def _match(opener: Delimiter, closer: Delimiter) -> bool:
    if opener.character != closer.character or not opener.can_open:
        return False
    if closer.character == "~":
        return opener.count >= 2
    if (opener.can_close or closer.can_open) and (opener.length + closer.length) % 3 == 0:
        return opener.length % 3 == 0 and closer.length % 3 == 0
    return True


def apply(nodes: list[Node], reaches: list[Reach]) -> None:
    """Give every node the flags that reach it, in one pass however deep they are nested."""
    changes: dict[int, list[tuple[int, int]]] = {}
    for start, end, flag in reaches:
        changes.setdefault(start, []).append((flag, 1))
        changes.setdefault(end, []).append((flag, -1))
    open_now = {STRONG: 0, EM: 0, STRIKE: 0}
    flags = 0
    for index, node in enumerate(nodes):
        if index in changes:
            for flag, step in changes[index]:
                open_now[flag] += step
            flags = sum([flag for flag, count in open_now.items() if count])
        node.flags |= flags
