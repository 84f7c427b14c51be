"""reStructuredText: titles by their underlines, literal blocks as code, tables as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.retrieval.extract.build import Builder
from core.retrieval.extract.plain import paragraphs
from core.retrieval.extract.text import clean, decode

_ADORN = re.compile(r"([=\-`:'\"~^_*+#<>.!$%&(),/;?@\[\\\]{|}])\1{2,}[ \t]*$")
_CODE = re.compile(r"([ \t]*)\.\. (?:code-block|code|sourcecode|highlight)::[ \t]*(\S*)")
_TABLE = re.compile(r"[ \t]*(?:\+[-=+]+\+|=+(?: +=+)+)[ \t]*$")


def read_rst(data: bytes, builder: Builder) -> None:
    """Read a reStructuredText file."""
    text, note = decode(data)
    builder.note(note)
    lines = clean(text).split("\n")
    styles: list[str] = []
    at = began = 0

    def flush(end: int) -> None:
        if end > began:
            paragraphs("\n".join(lines[began:end]), builder, line=began + 1)

    while at < len(lines):
        after = _title(lines, at, styles, builder, flush) or _code(lines, at, builder, flush)
        after = after or _table(lines, at, builder, flush)
        if after:
            at = began = after
        else:
            at += 1
    flush(len(lines))
    builder.title = next((b.text for b in builder.blocks if b.kind == "heading"), "")


def _title(
    lines: list[str], at: int, styles: list[str], builder: Builder, flush: Callable[[int], None]
) -> int:
    """A title with its adornment; the number of the line after it, 0 when it is none."""
    under, over = at + 1, ""
    words = lines[at].rstrip()
    if _ADORN.match(words) and at + 2 < len(lines) and lines[at + 2].rstrip() == words:
        over, under, words = words[0], at + 2, lines[at + 1].strip()
    if not words or words[0].isspace() or under >= len(lines) or _ADORN.match(words):
        return 0
    line = lines[under].rstrip()
    if not _ADORN.match(line) or len(line) < min(len(words), 4):
        return 0
    style = over + line[0]
    if style not in styles:
        styles.append(style)
    flush(at)
    level = min(6, styles.index(style) + 1)
    builder.add("heading", words, level=level, line=at + 1 + bool(over), cleaned=True)
    return under + 1


def _code(lines: list[str], at: int, builder: Builder, flush: Callable[[int], None]) -> int:
    """A literal block; the number of the line after it, 0 when none begins here."""
    found = _CODE.match(lines[at])
    literal = not found and lines[at].rstrip().endswith("::") and not lines[at].lstrip().startswith("..")
    if not found and not literal:
        return 0
    depth = len(found[1]) if found else len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) > depth):
        end += 1
    while end > at + 1 and not lines[end - 1].strip():
        end -= 1
    if end == at + 1:
        return 0
    flush(at + literal)
    begin = at if found else at + 1
    while not lines[begin].strip():
        begin += 1
    language = found[2].lower() if found else ""
    builder.add("code", "\n".join(lines[begin:end]), line=begin + 1, language=language, cleaned=True)
    return end


def _table(lines: list[str], at: int, builder: Builder, flush: Callable[[int], None]) -> int:
    """A grid or a simple table; the number of the line after it, 0 when none begins here."""
    if not _TABLE.match(lines[at]):
        return 0
    end = at + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    flush(at)
    builder.add("table", "\n".join(lines[at:end]), line=at + 1, cleaned=True)
    return end


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
