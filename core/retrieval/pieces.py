"""The smallest pieces a document is cut into, and how strong the joint before each of them is."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from core.retrieval.types import Block, BlockKind, Document

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
_WHOLE = frozenset({"code", "table", "list"})
# It begins with what it consumes: a pattern that only looks behind is tried at every letter.
_SENTENCE = re.compile(
    r"[.!?…。！？\n](?:(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]?[^\Wa-z_])|(?<=[。！？])|(?<=\n)\n+)"
)
# The same where nothing but full stops ends sentences: a single letter is found many times as soon.
_STOP = re.compile(r"\.[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]?[^\Wa-z_])")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_LINES = re.compile(r"\n")
_NUMBERED = re.compile(r"(?<![^\W_])(?=[\da-f]*\d)[\da-f]{4,}(?![^\W_])")
"""Numbers of any kind, the sums that files are named by among them."""
_WORDS = re.compile(r"[^\W_]+")
_GENERIC = frozenset(
    {
        "copy", "data", "datei", "doc", "document", "dokument", "download", "entry", "file", "image", "img",
        "item", "kopie", "md", "neu", "new", "noname", "note", "notes", "notiz", "page", "part", "pdf",
        "record", "sample", "scan", "seite", "teil", "temp", "test", "text", "tmp", "txt", "unbenannt",
        "unknown", "untitled",
    }
)  # fmt: skip
"""What files are called that nobody named."""
_BETWEEN = re.compile(r"[\s,;:、，](?=\S)")
_LAST_BETWEEN = re.compile(rf"(?s:.*){_BETWEEN.pattern}")
"""Between words: where a word, or the white space behind one, ends."""


def estimate(text: str) -> int:
    """How many tokens a text has about: what models of several families need for German, English and code.

    >>> estimate("A quick brown fox jumps over the lazy dog.")
    12
    """
    if text.isascii():
        return int(len(text) * 0.28) + 1 if text else 0
    wide = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return int(len(text) * 0.28 + wide * 0.35) + 1


class Piece(msgspec.Struct, gc=False):
    """A stretch of one block that is not cut any further."""

    kind: BlockKind
    text: str
    tokens: int
    path: tuple[str, ...]
    strength: int
    """Of the joint before it."""
    line: int | None
    line_end: int | None
    page: int | None
    first: bool
    """Whether it begins its block."""
    whole: int
    """The tokens of its block where that had better stay whole, else 0."""
    head: str = ""
    words: str = ""
    """Its text as it was found, once white space was put behind that: it changes no joint."""
    known: bytes = b""

    @property
    def digest(self) -> bytes:
        """What decides between joints of one strength; of most pieces nobody asks for it."""
        if not self.known:
            words = (self.words or self.text).encode("utf-8", "surrogatepass")
            self.known = blake2b(words, digest_size=8).digest()
        return self.known


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
    line, kind, page = block.line, block.kind, block.page
    stays = count if kind in _WHOLE else 0
    small = min(_SMALL, most // 2)
    if count <= small:
        end = line + text.rstrip().count("\n") if line is not None and "\n" in text else line
        found.append(Piece(kind, text, count + 1, path, strength, line, end, page, True, stays))
        return
    head = ""
    if kind == "table":
        top = text.partition("\n")[0].strip()
        head = top if len(top) <= 200 else ""
    before: Piece | None = None
    for piece, joint, weight in _steps(text, count, kind, tokens, most):
        lines = piece.count("\n")
        if piece.isspace():
            # Nothing to read: it only keeps apart what stands around it.
            if before is not None and not before.text[-1:].isspace():
                before.words = before.text
                before.text += "\n" if lines else " "
        else:
            first = before is None
            before = Piece(
                kind,
                piece,
                (weight if weight >= 0 else tokens(piece)) + 1,
                path,
                strength if first else joint,
                line,
                line + piece.rstrip().count("\n") if line is not None and lines else line,
                page,
                first,
                stays,
                "" if first else head,
            )
            found.append(before)
        if line is not None:
            line += lines


def _steps(
    text: str, count: int, kind: BlockKind, tokens: TokenCount, most: int
) -> list[tuple[str, int, int]]:
    """Break a block at its own kind of joints, and what is still too long at weaker ones.

    Each part comes with the strength of the joint before it and its tokens.
    """
    if kind == "code":
        ways: tuple[tuple[re.Pattern[str], int], ...] = ((_PARAGRAPHS, PARAGRAPH), (_LINES, LINE))
    elif kind in ("table", "list"):
        ways = ((_LINES, SENTENCE), (_SENTENCE, LINE))
    else:
        stops = text.isascii() and not ("!" in text or "?" in text or "\n\n" in text)
        ways = ((_STOP if stops else _SENTENCE, SENTENCE), (_LINES, LINE))
    (pattern, strength), (weaker, weak) = ways
    parts = _at((text, 0, count), pattern, strength, tokens)
    limit, room = most // 3, max(1, most // 2)
    if all(part[2] <= limit for part in parts):
        return parts
    parts = [
        one for part in parts for one in (_at(part, weaker, weak, tokens) if part[2] > limit else (part,))
    ]
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


def says_something(title: str) -> bool:
    """Whether a title is more than a number: that would only stand in the way in front of every unit."""
    words = _WORDS.findall(_NUMBERED.sub(" ", title.casefold()))
    return any(not word.isdecimal() and word not in _GENERIC for word in words)


def _short(name: str) -> str:
    return name if len(name) <= 120 else name[:119].rstrip() + "…"


def context(title: str, path: tuple[str, ...], most: int, tokens: TokenCount, head: str = "") -> str:
    """What is put before a unit: title and headings, shortened in the middle, and the head of its table."""
    names = [_short(title), *path] if says_something(title) else list(path)
    while len(names) > 2 and tokens(" > ".join(names)) > most:
        del names[1]
    line = " > ".join(names)
    if tokens(line) > most:
        line = line[: most * 3]
    return f"{line}\n{head}" if head else line
