"""What every reader fills: blocks in reading order, made harmless on their way in, and counted."""

from __future__ import annotations

import re

from core.errors import Unreadable
from core.retrieval.extract.text import clean
from core.retrieval.types import Block, BlockKind, Document

MOST_TEXT = 32 * 2**20
"""Characters that one document may give: a few thousand pages, and no bomb."""

_SPACES = re.compile(r"[ \t\xa0\u2000-\u200a\u202f\u205f\u3000]+")
_AROUND = re.compile(r" ?\n ?")
_BLANK = re.compile(r"\n{3,}")


class Builder:
    """Collects the blocks of one document."""

    def __init__(self, media: str) -> None:
        self.media = media
        self.title = ""
        self.pages: int | None = None
        self.blocks: list[Block] = []
        self.notes: list[str] = []
        self._size = 0

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        page: int | None = None,
        line: int | None = None,
        language: str = "",
        within: tuple[str, ...] = (),
        cleaned: bool = False,
    ) -> None:
        """Take a block; an empty one is none. *cleaned* says that the whole text was made harmless."""
        if not cleaned:
            text = clean(text)
        if kind == "heading":
            text = " ".join(text.split())
        if not text or text.isspace():
            return
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise Unreadable(
                f"It holds more than {MOST_TEXT // 2**20} million characters of text.",
                "Split it and add the parts.",
            )
        self.blocks.append(Block(kind, text, level, page, line, language, within))

    def note(self, sentence: str) -> None:
        """Say something that could not be read, once, and no more than a few of them."""
        if sentence and sentence not in self.notes and len(self.notes) < 20:
            self.notes.append(sentence)

    def _called(self, name: str) -> str:
        """What a document without a title is called: of code and data the ending is a part of the name."""
        return whole_name(name) if self.media in ("code", "csv", "json") else stem(name)

    def done(self, name: str) -> Document:
        """Return the document; one without a word in it was not read."""
        if not self.blocks:
            raise Unreadable("It holds no text.")
        return Document(
            title=titled(self.title) or titled(self._called(name)) or "Untitled",
            media=self.media,
            blocks=tuple(self.blocks),
            pages=self.pages,
            notes=tuple(self.notes),
        )


def whole_name(name: str) -> str:
    """The name of a file without its folders."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def titled(text: str, limit: int = 200) -> str:
    """A title: one line, and not a long one."""
    line = " ".join(clean(text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def stem(name: str) -> str:
    """The name of a file without its folders and its ending."""
    base = whole_name(name)
    dot = base.rfind(".")
    return base[:dot] if dot > 0 else base


def ending(name: str) -> str:
    """The ending of a file's name in small letters, without the dot."""
    base = name.replace("\\", "/").rpartition("/")[2]
    dot = base.rfind(".")
    return base[dot + 1 :].lower() if dot >= 0 else ""


def flowing(text: str) -> str:
    """Text of a format where white space means nothing: one blank between words, line breaks kept."""
    return _BLANK.sub("\n\n", _AROUND.sub("\n", _SPACES.sub(" ", text))).strip()


def row(cells: list[str]) -> str:
    """A row of a table as one line of text, its empty end cut off."""
    words = [" ".join(cell.split()) for cell in cells]
    while words and not words[-1]:
        words.pop()
    return " | ".join(words)
