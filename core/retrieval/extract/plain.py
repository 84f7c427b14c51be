"""Plain text: paragraphs between blank lines, each with the line it begins on."""

from __future__ import annotations

import re

from core.retrieval.extract.build import Builder
from core.retrieval.extract.text import clean, decode

_BULLET = re.compile(r"[ \t]*(?:[-*+•–]|\d{1,3}[.)])[ \t]+\S")

_TIME = re.compile(r"\W*\d{1,4}[-/.:]\d{1,2}[-/.:]\d|\W*[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d")


def read_plain(data: bytes, builder: Builder) -> None:
    """Read a text without a format."""
    text, note = decode(data)
    builder.note(note)
    paragraphs(clean(text), builder)
    first = next((block.text.partition("\n")[0].strip() for block in builder.blocks), "")
    # What a log says first with its time is no title.
    if (
        0 < len(first) <= 100
        and not _TIME.match(first)
        and first[-1] not in ".,;:!?"
        and any(char.isalpha() for char in first)
    ):
        builder.title = first


def paragraphs(text: str, builder: Builder, *, line: int = 1, page: int | None = None) -> None:
    """Add the paragraphs of a text that has been made harmless; *line* is the number of its first line."""
    gathered: list[str] = []
    began = line
    for number, one in enumerate(text.split("\n"), line):
        if one and not one.isspace():
            if not gathered:
                began = number
            gathered.append(one)
        elif gathered:
            _paragraph(gathered, builder, began, page)
            gathered = []
    if gathered:
        _paragraph(gathered, builder, began, page)


def _paragraph(lines: list[str], builder: Builder, line: int, page: int | None) -> None:
    kind = "list" if sum(1 for one in lines if _BULLET.match(one)) * 2 > len(lines) else "prose"
    builder.add(kind, "\n".join(lines), line=line, page=page, cleaned=True)  # type: ignore[arg-type]
