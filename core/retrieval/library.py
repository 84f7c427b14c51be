"""What the library shows of itself: spaces, their documents, what a search found, and the events.

    waiting ──▶ ready          the document can be searched
       ▲   └──▶ failed         it could not be read; its sentence says why
       └─────── changed on the disk, or read in another way

A document that was ready and cannot be read any more keeps its earlier text until it is removed.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, NamedTuple

import msgspec

from core.bus import Event, StateEvent
from core.retrieval.narrowing import EVERYTHING, Narrow
from core.retrieval.types import Passage, Place, Section, SpaceScore, Unit

MOST_TEXT = 32 * 2**20
"""Characters of a text that no file holds."""

DocumentState = Literal["waiting", "ready", "failed"]
DOCUMENT_STATES: tuple[DocumentState, ...] = ("waiting", "ready", "failed")

Mode = Literal["none", "chosen", "auto"]
"""What a chat's questions are looked up in: nothing, the spaces that were chosen, or those that match."""

Method = Literal["score", "rank"]
"""How the two ways of searching are put together: by their scores, or by their ranks."""

NOTHING_FITS = "No space fits the question, so none was used."
SMALL_TALK = "Small talk: no space was used."
"""What a search notes that found nothing to look in: so it goes with small talk, and is no trouble."""

COLOURS = ("", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink")
"""What a space may be marked with; the theme knows what they look like."""


class Space(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A collection of documents that is searched on its own, as it is now."""

    id: int
    name: str
    description: str = ""
    colour: str = ""
    language: str = ""
    """What its words are searched in, such as "german"; empty: found out."""
    chat_id: int | None = None
    """The only chat that sees it; None: every chat may."""
    model: str = ""
    """Who is to make its vectors; empty: the default of the settings."""
    made_by: str = ""
    """Who made those it has; empty: it has none, and is searched by its words alone."""
    digest: str = ""
    """Of that model: another version of it makes other vectors."""
    dimension: int | None = None
    stale: bool = False
    """Another model, or another version of it, is to make its vectors: a re-index is due."""
    documents: int = 0
    waiting: int = 0
    failed: int = 0
    chunks: int = 0
    embedded: int = 0
    """How many of the chunks have a vector; the others are found by their words."""
    bytes: int = 0
    """Of the sources, as they were read."""
    roots: tuple[str, ...] = ()
    """The files and folders it was read from."""
    watched: tuple[str, ...] = ()
    """Those among them that are looked through again by themselves."""
    job: int | None = None
    """The job that works on it now, or waits to."""
    note: str = ""
    """What keeps it from being complete, as one sentence."""
    created: float = 0.0
    updated: float = 0.0
    deleted_at: float | None = None


Spaces = tuple[Space, ...]


class LibraryDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document of a space, as lists show it."""

    id: str
    space: int
    title: str
    source: str
    """Its path, or what it was called when it was pasted."""
    kind: Literal["file", "text"] = "file"
    media: str = ""
    state: DocumentState = "waiting"
    error: str = ""
    """Why it could not be read, as one sentence."""
    notes: tuple[str, ...] = ()
    size: int = 0
    modified: float = 0.0
    pages: int | None = None
    sections: int = 0
    chunks: int = 0
    embedded: int = 0
    revision: int = 0
    created: float = 0.0
    updated: float = 0.0


class DocumentPage(msgspec.Struct, frozen=True):
    """Some of a space's documents."""

    documents: tuple[LibraryDocument, ...]
    total: int
    more: bool


class OpenDocument(msgspec.Struct, frozen=True):
    """A document as it is read, in its sections."""

    document: LibraryDocument
    space: Space
    sections: tuple[Section, ...]
    units: tuple[Unit, ...]
    """What is searched: stretches of the sections."""
    total: int = 0
    """How many sections it has in all."""
    skip: int = 0
    """How many stand before the first of these."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One chunk that a search looked at, with what each way of searching said of it."""

    space: str
    document: str
    title: str
    heading: tuple[str, ...] = ()
    snippet: str = ""
    score: float = 0.0
    cosine: float | None = None
    bm25: float | None = None
    number: int | None = None
    """The passage it became, or became a part of."""
    before: int | None = None
    """Its place before a model put them in order; None where none did."""
    left_out: str = ""
    """Why it did not become one, as a few words."""


class Reranking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a model put the best passages in order."""

    model: str
    order: tuple[int, ...] = ()
    """Their places before, in the order they have now; empty: it gave none, and they stayed as they were."""
    seconds: float = 0.0


class Inspection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a search came to its passages."""

    question: str
    query: str
    """What was searched for; a follow-up takes the question before along."""
    method: Method = "score"
    narrow: Narrow = EVERYTHING
    """Which documents it kept to."""
    documents: int | None = None
    """How many those are; None where it kept to nothing."""
    reranked: Reranking | None = None
    candidates: tuple[Candidate, ...] = ()
    seconds: dict[str, float] = {}
    """How long each step took."""


class Weight(NamedTuple):
    """How much room passages take before a question."""

    tokens: int = 0
    """At most so many, and about so many when much is found."""
    share: int = 100
    """Percent of a model's context that they take at most: fewer go along to a short one."""


class Searched(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a search found, numbered, the best first."""

    passages: tuple[Passage, ...] = ()
    spaces: tuple[SpaceScore, ...] = ()
    """Every space that was looked at, the best first."""
    notes: tuple[str, ...] = ()
    """What a person should know about it: by words only, nothing found …"""
    inspection: Inspection | None = None


class Choice(msgspec.Struct, frozen=True):
    """What the questions of a chat are looked up in."""

    mode: Mode = "auto"
    spaces: tuple[int, ...] = ()
    narrow: Narrow = EVERYTHING
    """Which of their documents; those that belong to the chat alone are always among them."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a space's index is."""

    space: int
    documents: int
    chunks: int
    embedded: int
    rows: int
    """Chunks in the index; other than *chunks* while something is being written, or to be mended."""
    bytes: int
    """On the disk."""
    sound: bool
    sentences: tuple[str, ...] = ()
    """What is wrong or missing, and what to do."""


IngestPhase = Literal["waiting", "scanning", "reading", "finishing", "done", "held", "failed", "cancelled"]


class Ingest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Reading into a space, or building its index anew, as it is now."""

    job: int
    space: int
    title: str = ""
    phase: IngestPhase = "waiting"
    documents: int = 0
    """How many are to be read or were."""
    done: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    kept_out: int = 0
    """Files that were taken out of the space and so are not read again before they are named."""
    anew: bool = False
    """No files are read: the index is built anew from what was read before."""
    chunks: int = 0
    bytes: int = 0
    total_bytes: int = 0
    speed: float | None = None
    """Bytes of documents a second."""
    eta: float | None = None
    current: str = ""
    """What is being read."""
    words_only: str = ""
    """Why no vectors are made, as a sentence; empty when they are."""
    error: str = ""
    created: float = 0.0
    finished: float | None = None

    @property
    def unfinished(self) -> bool:
        """Whether something is still to come."""
        return self.phase not in ("done", "failed", "cancelled")


class SpaceChanged(StateEvent, frozen=True, tag=True):
    """A space is new, changed, or was deleted."""

    space: Space

    @property
    def topic(self) -> Hashable:
        """One topic a space."""
        return (SpaceChanged, self.space.id)


class SpacesChanged(StateEvent, frozen=True, tag=True):
    """Spaces are gone: whoever lists them should read again."""


class DocumentChanged(StateEvent, frozen=True, tag=True):
    """A document is new or moved on."""

    document: LibraryDocument

    @property
    def topic(self) -> Hashable:
        """One topic a document."""
        return (DocumentChanged, self.document.id)


class DocumentsChanged(Event, frozen=True, tag=True):
    """Many documents of a space changed, or some are gone: whoever lists them should read again."""

    space: int

    @property
    def topic(self) -> Hashable:
        """One topic a space."""
        return (DocumentsChanged, self.space)

    def merge(self, newer: Event) -> Event | None:
        """Once is enough."""
        return newer if isinstance(newer, DocumentsChanged) else None


class IngestProgress(StateEvent, frozen=True, tag=True):
    """An ingest moved on."""

    ingest: Ingest

    @property
    def topic(self) -> Hashable:
        """One topic an ingest."""
        return (IngestProgress, self.ingest.job)


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passage that an answer was given from, as it is shown under the answer; its text is kept apart."""

    number: int
    space: str
    document: str
    title: str
    heading: tuple[str, ...] = ()
    place: Place = Place()
    score: float = 0.0
    section: str = ""
    source: str = ""
    snippet: str = ""
    cosine: float | None = None
    bm25: float | None = None


class Sources(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer was given from; kept with it."""

    mode: Mode = "auto"
    narrow: Narrow = EVERYTHING
    """Which documents were kept to."""
    spaces: tuple[SpaceScore, ...] = ()
    """Which spaces were looked at, how well each matched, and which were searched."""
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    """Small talk, nothing found, by words only …"""
    cited: tuple[int, ...] = ()
    """The numbers the answer names, once it is over."""
    unknown: tuple[int, ...] = ()
    """Numbers it names that no passage has: those are not sources."""
    uncited: int = 0
    """How many of its sentences stand in paragraphs that name no passage."""
    hint: str = ""
    """What would answer better from documents, when this model is not made for it."""
    seconds: float = 0.0
    """How long looking things up took."""
