"""The smallest pieces a document is cut into, and how strong the joint before each of them is."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b

from core.retrieval.types import Block, Document

TokenCount = Callable[[str], int]

HEADING = 40
"""The strength of the joint before a heading of the sixth level; each level up is one more."""
BLOCK = 20
DEFINITION = 22
PARAGRAPH = 14
SENTENCE = 10
LINE = 6
WORD = 2
NEVER = -1
"""Between a heading and what it heads."""

_SMALL = 60
"""Tokens up to which a paragraph is not looked into for sentences."""
# It begins with what it consumes: a pattern that only looks behind is tried at every letter.
_SENTENCE = re.compile(
    r"[.!?…。！？\n](?:(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]?[^\Wa-z_])|(?<=[。！？])|(?<=\n)\n+)"
)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_LINES = re.compile(r"\n")
_COMMAS = frozenset(",;:、，")


def estimate(text: str) -> int:
    """How many tokens a text has about: what models of several families need for German, English and code.

    >>> estimate("A quick brown fox jumps over the lazy dog.")
    12
    """
    wide = 0 if text.isascii() else len(text.encode("utf-8", "surrogatepass")) - len(text)
    return int(len(text) * 0.28 + wide * 0.35) + (1 if text else 0)


class Piece:
    """A stretch of one block that is not cut any further."""

    __slots__ = ("digest", "first", "head", "kind", "line", "line_end", "page", "path", "strength", "text",
                 "tokens", "whole")  # fmt: skip

    def __init__(
        self,
        block: Block,
        text: str,
        tokens: int,
        path: tuple[str, ...],
        strength: int,
        line: int | None,
        *,
        first: bool,
        whole: int,
        head: str,
    ) -> None:
        self.kind = block.kind
        self.text = text
        self.tokens = tokens
        self.path = path
        self.strength = strength
        """Of the joint before it."""
        self.line = line
        self.line_end = None if line is None else line + text.rstrip().count("\n")
        self.page = block.page
        self.first = first
        """Whether it begins its block."""
        self.whole = whole
        """The tokens of its block where that had better stay whole, else 0."""
        self.head = head
        self.digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def pieces(document: Document, tokens: TokenCount, most: int) -> list[Piece]:
    """Break a document into pieces of at most *most* tokens each, keeping every character of its text."""
    found: list[Piece] = []
    path: list[tuple[int, str]] = []
    names: tuple[str, ...] = ()
    above = 0
    for block in document.blocks:
        if block.kind == "heading":
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, _short(block.text)))
            names = tuple(name for _, name in path)
            if names[0] == _short(document.title):
                names = names[1:]
            strength = NEVER if above and above < block.level else HEADING + 7 - min(6, block.level)
            above = block.level
            text = f"{'#' * min(6, max(1, block.level))} {block.text}"
        else:
            strength = (
                NEVER if above else DEFINITION if block.within[:1] and len(block.within) == 1 else BLOCK
            )
            above = 0
            text = block.text
        _broken(
            block,
            text,
            (*names, *map(_short, block.within)) if block.within else names,
            strength,
            tokens,
            most,
            found,
        )
    return found


def _broken(
    block: Block,
    text: str,
    path: tuple[str, ...],
    strength: int,
    tokens: TokenCount,
    most: int,
    found: list[Piece],
) -> None:
    """Add the pieces of one block."""
    count = tokens(text)
    line = block.line
    stays = count if block.kind in ("code", "table", "list") else 0
    small = min(_SMALL, most // 2)
    if count <= small:
        found.append(Piece(block, text, count + 1, path, strength, line, first=True, whole=stays, head=""))
        return
    head = ""
    if block.kind == "table":
        top = text.partition("\n")[0].strip()
        head = top if len(top) <= 200 else ""
    before: Piece | None = None
    for piece, joint in _steps(text, block.kind, tokens, small, most):
        if piece.isspace():
            # Nothing to read: it only keeps apart what stands around it.
            if before is not None and not before.text[-1:].isspace():
                before.text += "\n" if "\n" in piece else " "
        else:
            first = before is None
            joint = strength if first else joint
            before = Piece(
                block,
                piece,
                tokens(piece) + 1,
                path,
                joint,
                line,
                first=first,
                whole=stays,
                head="" if first else head,
            )
            found.append(before)
        if line is not None:
            line += piece.count("\n")


def _steps(text: str, kind: str, tokens: TokenCount, small: int, most: int) -> list[tuple[str, int]]:
    """Break a long block at its own kind of joints, and what is still too long at weaker ones."""
    if kind == "code":
        ways: tuple[tuple[re.Pattern[str], int], ...] = ((_PARAGRAPHS, PARAGRAPH), (_LINES, LINE))
    elif kind in ("table", "list"):
        ways = ((_LINES, SENTENCE), (_SENTENCE, LINE))
    else:
        ways = ((_SENTENCE, SENTENCE), (_LINES, LINE))
    parts = [(text, 0)]
    for number, (pattern, strength) in enumerate(ways):
        limit = small if number == 0 else most // 3
        if number == 0 or any(tokens(part) > limit for part, _ in parts):
            parts = [
                one
                for part, joint in parts
                for one in (_at(part, pattern, joint, strength) if tokens(part) > limit else [(part, joint)])
            ]
    room = max(1, most // 2)
    return [
        one
        for part, joint in parts
        for some, before in (_words(part, joint, room * 2) if tokens(part) > room else [(part, joint)])
        for one in _characters(some, before, tokens, room)
    ]


def _at(text: str, pattern: re.Pattern[str], joint: int, strength: int) -> list[tuple[str, int]]:
    """Break a text at a pattern, each piece keeping the white space behind it."""
    ends = [found.end() for found in pattern.finditer(text)]
    if not ends:
        return [(text, joint)]
    if ends[-1] < len(text):
        ends.append(len(text))
    found: list[tuple[str, int]] = []
    begin = 0
    for end in ends:
        found.append((text[begin:end], strength))
        begin = end
    found[0] = (found[0][0], joint)
    return found


def _words(text: str, joint: int, step: int) -> list[tuple[str, int]]:
    """Break a text between words: they are too small to be pieces, so each is as long as a step allows."""
    found: list[tuple[str, int]] = []
    begin = 0
    while len(text) - begin > step:
        end = begin + step
        while end > begin and not _is_between_words(text, end):
            end -= 1
        if end == begin:
            end = begin + step + 1
            while end < len(text) and not _is_between_words(text, end):
                end += 1
        if end == len(text):
            break
        found.append((text[begin:end], WORD if found else joint))
        begin = end
    found.append((text[begin:], WORD if found else joint))
    return found


def _is_between_words(text: str, at: int) -> bool:
    """Whether a word, or the white space behind one, ends here."""
    before = text[at - 1]
    return not text[at].isspace() and (before.isspace() or before in _COMMAS)


def _characters(text: str, joint: int, tokens: TokenCount, room: int) -> list[tuple[str, int]]:
    """Break what has no joints at all, a line of a megabyte for instance."""
    count = tokens(text)
    if count <= room * 2:
        return [(text, joint)]
    step = max(1, int(len(text) * room / count))
    return [(text[at : at + step], joint if at == 0 else 0) for at in range(0, len(text), step)]


def _short(name: str) -> str:
    return name if len(name) <= 120 else name[:119].rstrip() + "…"


def context(title: str, path: tuple[str, ...], most: int, tokens: TokenCount, head: str = "") -> str:
    """What is put before a unit: title and headings, shortened in the middle, and the head of its table."""
    names = [_short(title), *path]
    while len(names) > 2 and tokens(" > ".join(names)) > most:
        del names[1]
    line = " > ".join(names)
    if tokens(line) > most:
        line = line[: most * 3]
    return f"{line}\n{head}" if head else line
