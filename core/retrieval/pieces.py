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
_BETWEEN = re.compile(r"[\s,;:、，](?=\S)")
_LAST_BETWEEN = re.compile(rf"(?s:.*){_BETWEEN.pattern}")
"""Between words: where a word, or the white space behind one, ends."""


def estimate(text: str) -> int:
    """How many tokens a text has about: what models of several families need for German, English and code.

    >>> estimate("A quick brown fox jumps over the lazy dog.")
    12
    """
    wide = 0 if text.isascii() else len(text.encode("utf-8", "surrogatepass")) - len(text)
    return int(len(text) * 0.28 + wide * 0.35) + (1 if text else 0)


class Piece:
    """A stretch of one block that is not cut any further."""

    __slots__ = ("_digest", "first", "head", "kind", "line", "line_end", "page", "path", "strength", "text",
                 "tokens", "whole", "words")  # fmt: skip

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
        self.line_end = line + text.rstrip().count("\n") if line is not None and "\n" in text else line
        self.page = block.page
        self.first = first
        """Whether it begins its block."""
        self.whole = whole
        """The tokens of its block where that had better stay whole, else 0."""
        self.head = head
        self.words = text
        """Its text as it was found: white space that is put behind it later changes no joint."""
        self._digest = b""

    @property
    def digest(self) -> bytes:
        """What decides between joints of one strength; of most pieces nobody asks for it."""
        if not self._digest:
            self._digest = blake2b(self.words.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return self._digest


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
    for piece, joint, weight in _steps(text, count, block.kind, tokens, small, most):
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
                (weight if weight >= 0 else tokens(piece)) + 1,
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


def _steps(
    text: str, count: int, kind: str, tokens: TokenCount, small: int, most: int
) -> list[tuple[str, int, int]]:
    """Break a long block at its own kind of joints, and what is still too long at weaker ones.

    Each part comes with the strength of the joint before it and its tokens.
    """
    if kind == "code":
        ways: tuple[tuple[re.Pattern[str], int], ...] = ((_PARAGRAPHS, PARAGRAPH), (_LINES, LINE))
    elif kind in ("table", "list"):
        ways = ((_LINES, SENTENCE), (_SENTENCE, LINE))
    else:
        ways = ((_SENTENCE, SENTENCE), (_LINES, LINE))
    parts = [(text, 0, count)]
    for number, (pattern, strength) in enumerate(ways):
        limit = small if number == 0 else most // 3
        parts = [
            one
            for part in parts
            for one in (_at(part, pattern, strength, tokens) if part[2] > limit else (part,))
        ]
    room = max(1, most // 2)
    return [
        one
        for part in parts
        for some in (_words(part, room * 2, tokens) if part[2] > room else (part,))
        for one in (_characters(some, room) if some[2] > room * 2 else (some,))
    ]


def _at(
    part: tuple[str, int, int], pattern: re.Pattern[str], strength: int, tokens: TokenCount
) -> list[tuple[str, int, int]]:
    """Break a part at a pattern, each piece keeping the white space behind it."""
    text, joint, _ = part
    ends = [found.end() for found in pattern.finditer(text)]
    if not ends:
        return [part]
    if ends[-1] < len(text):
        ends.append(len(text))
    found: list[tuple[str, int, int]] = []
    begin = 0
    for end in ends:
        some = text[begin:end]
        found.append((some, strength if begin else joint, tokens(some)))
        begin = end
    return found


def _words(part: tuple[str, int, int], step: int, tokens: TokenCount) -> list[tuple[str, int, int]]:
    """Break a part between words: they are too small to be pieces, so each is as long as a step allows."""
    text, joint, _ = part
    found: list[tuple[str, int, int]] = []
    begin = 0
    while len(text) - begin > step:
        between = _LAST_BETWEEN.match(text, begin, begin + step + 1) or _BETWEEN.search(text, begin + step)
        end = between.end() if between is not None else len(text)
        if end == len(text):
            break
        some = text[begin:end]
        found.append((some, WORD if found else joint, tokens(some)))
        begin = end
    if not found:
        return [part]
    some = text[begin:]
    found.append((some, WORD, tokens(some)))
    return found


def _characters(part: tuple[str, int, int], room: int) -> list[tuple[str, int, int]]:
    """Break what has no joints at all, a line of a megabyte for instance."""
    text, joint, count = part
    step = max(1, int(len(text) * room / count))
    return [(text[at : at + step], joint if at == 0 else 0, -1) for at in range(0, len(text), step)]


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
