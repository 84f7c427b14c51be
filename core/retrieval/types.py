"""What a document becomes on its way into a space, and what a search finds in it.

    file ─ extract ─▶ Document (blocks) ─ chunk ─▶ Section (what a model reads)
                                                      └▶ Unit (what is embedded and searched)

A section is 400–600 tokens at natural boundaries; its units are 120–250 tokens each. Sections stand in
SQLite with the documents; units stand in the space's own table of the index. Positions count from 1 and
speak of the source as a person opens it: pages where it has pages, lines where it has lines.

What there are thousands of is left alone by the collector of cycles: it holds nothing that could hold it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

BlockKind = Literal["heading", "prose", "list", "table", "code"]
"""A list, a table and a code fence stay whole while they fit."""


class Block(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A piece of a document with a shape of its own, in reading order."""

    kind: BlockKind
    text: str
    level: int = 0
    """How deep a heading is: 1 is the topmost."""
    page: int | None = None
    line: int | None = None
    """Where it begins."""
    language: str = ""
    """The programming language of code, where it is known."""
    within: tuple[str, ...] = ()
    """What it stands in beside its headings, the outermost first: the class and the function around a
    piece of code, the head of the table that a row belongs to."""


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A source as it was read: text only, harmless to show, whatever its format was."""

    title: str
    media: str
    """The name of the extractor that read it: "markdown", "pdf", "code" …"""
    blocks: tuple[Block, ...]
    pages: int | None = None
    notes: tuple[str, ...] = ()
    """What could not be read, one sentence each; the rest of it was."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Where a text stands in its source."""

    page: int | None = None
    page_end: int | None = None
    line: int | None = None
    line_end: int | None = None


class Section(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a model is given to read: one stretch of a document under one heading."""

    key: str
    """Stable: the same text under the same heading of the same document keeps it over edits."""
    ord: int
    heading: tuple[str, ...]
    """The headings above it, the topmost first; the document's title is not among them."""
    text: str
    place: Place = Place()
    tokens: int = 0


class Unit(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What is embedded and searched: a stretch of one section."""

    key: str
    """Stable like a section's: an unchanged unit keeps its vector."""
    section: str
    """The key of its section."""
    ord: int
    """Its place in the document."""
    text: str
    """As it stands in the source."""
    start: int
    end: int
    """Where it stands in the text of its section."""
    context: str = ""
    """Title and headings: put before the text where it is embedded and searched, never shown as its text."""
    place: Place = Place()
    tokens: int = 0

    @property
    def searchable(self) -> str:
        """The text that is embedded and searched."""
        return f"{self.context}\n{self.text}" if self.context else self.text


class Cut(msgspec.Struct, frozen=True):
    """A document cut into sections and units."""

    sections: tuple[Section, ...]
    units: tuple[Unit, ...]


class Row(msgspec.Struct, frozen=True, gc=False):
    """A unit as it stands in the index of a space."""

    key: str
    document: str
    section: str
    ord: int
    revision: int
    """Counts the versions of a document: rows of an older one are dropped once the new ones are in."""
    text: str
    """What is searched: the unit's `searchable`."""
    media: str = ""
    changed: float = 0.0
    """When the source was changed last: what a filter by date looks at."""
    vector: bytes | None = None
    """Of unit length, 32-bit floats, little endian; None while nobody could embed it."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which documents to search; what is empty does not restrict."""

    documents: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None


EVERYTHING = Filter()


class Hit(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A unit that a search found in the index, with what each way of searching says of it."""

    key: str
    document: str
    section: str
    ord: int
    score: float
    """The fused score: 0..1, comparable within one search."""
    cosine: float | None = None
    bm25: float | None = None


class Passage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A section that goes to the model, with the number it is cited by."""

    number: int
    space: str
    document: str
    title: str
    heading: tuple[str, ...]
    text: str
    place: Place
    score: float
    """Compares it with the others of this search; the best may have 1 where nothing fits."""
    section: str = ""
    found: tuple[tuple[int, int], ...] = ()
    """The stretches of the text that were found: what is highlighted when it is opened."""
    source: str = ""
    """Where the document came from: a path, or what it was called when it was pasted."""
    cosine: float | None = None
    """How near its nearest unit is to the question; None: it was not found by meaning."""
    bm25: float | None = None
    """How well the best of its units matches by words; None: it was not found by them."""


class SpaceScore(msgspec.Struct, frozen=True):
    """How well a space matches a question."""

    space: str
    percent: float
    """Calibrated over the spaces that were looked at: of those with 80 %, four of five are right."""
    cosine: float | None = None
    searched: bool = False
