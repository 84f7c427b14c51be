"""What reading into a space needs of the others: a reader of files, a maker of vectors, an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from core.retrieval.types import Cut, Document, Filter, Hit, Row


class Reading(Protocol):
    """A document and what it was cut into."""

    @property
    def document(self) -> Document:
        """As it was read."""
        ...

    @property
    def cut(self) -> Cut:
        """Its sections and units."""
        ...

    @property
    def digest(self) -> str:
        """Of the bytes that were read; empty where nobody counted."""
        ...


class Reader(Protocol):
    """Reads and cuts documents in a process of its own; raises Unreadable with the sentence for one."""

    async def sections(self, source: Path | bytes, name: str = "", *, document_id: str) -> Reading:
        """Read a file, or what is none, and cut it."""
        ...

    async def close(self) -> None:
        """End the process."""
        ...


class Embedder(Protocol):
    """One model on one server."""

    model: str
    digest: str
    dimension: int

    @property
    def stamp(self) -> str:
        """Names what made the vectors: they are comparable only where this is the same."""
        ...

    async def identify(self) -> None:
        """Ask the server which file the model is, and how long its vectors are."""
        ...

    async def documents(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of texts that may answer questions; None for one that has none."""
        ...

    async def query(self, text: str) -> bytes:
        """The vector of a question."""
        ...

    async def queries(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of questions."""
        ...


class Standing(Protocol):
    """What the index holds of one document."""

    @property
    def revisions(self) -> tuple[int, ...]:
        """More than one while a change was interrupted."""
        ...

    @property
    def rows(self) -> int:
        """How many units of all revisions."""
        ...

    @property
    def embedded(self) -> int:
        """How many of them have a vector."""
        ...


class Stats(Protocol):
    """How a space stands in the index."""

    @property
    def rows(self) -> int:
        """Units."""
        ...

    @property
    def embedded(self) -> int:
        """Units that can be found by meaning."""
        ...

    @property
    def stamp(self) -> str:
        """What made their vectors; empty when there are none."""
        ...

    @property
    def bytes(self) -> int:
        """On the disk."""
        ...


class Index(Protocol):
    """Words and vectors, one table a space; a re-index fills another build beside it."""

    def choose(self, space: int, build: int) -> None:
        """Say which build of a space is meant from now on."""
        ...

    def speak(self, space: int, language: str) -> None:
        """Say which language a space is in; with none its texts decide."""
        ...

    def bulk(self, space: int, *, build: int | None = None) -> AbstractAsyncContextManager[None]:
        """Put much into a space: upkeep comes more rarely, and `optimize` is called afterwards."""
        ...

    async def add(
        self, space: int, rows: Sequence[Row], *, stamp: str = "", build: int | None = None
    ) -> None:
        """Add rows; vectors of another stamp than those that are there are refused."""
        ...

    async def fill(
        self, space: int, vectors: Mapping[str, bytes], *, stamp: str = "", build: int | None = None
    ) -> int:
        """Give the rows of these keys their vectors."""
        ...

    async def drop_older(
        self, space: int, documents: Sequence[str], revision: int, *, build: int | None = None
    ) -> int:
        """Delete the rows of documents that are older than a revision."""
        ...

    async def remove(self, space: int, documents: Sequence[str], *, build: int | None = None) -> int:
        """Delete everything of these documents."""
        ...

    async def documents(self, space: int, *, build: int | None = None) -> Mapping[str, Standing]:
        """What is there of each document."""
        ...

    async def known(self, space: int, texts: Sequence[str], *, build: int | None = None) -> dict[str, bytes]:
        """The vectors of those of these texts that are there already."""
        ...

    async def unembedded(self, space: int, limit: int, *, build: int | None = None) -> dict[str, str]:
        """Some units that have no vector yet: their keys and texts."""
        ...

    async def near(self, space: int, vector: bytes, limit: int, filter: Filter = ...) -> list[Hit]:
        """The nearest units by meaning."""
        ...

    async def words(self, space: int, text: str, limit: int, filter: Filter = ...) -> list[Hit]:
        """The best units by their words."""
        ...

    async def unsearched(self, space: int) -> int:
        """How many units searches pass over, because they are just being put in."""
        ...

    async def vectors(self, space: int, most: int) -> list[bytes]:
        """At most so many vectors from all over a space."""
        ...

    async def meaning(self, space: int) -> float:
        """What the meaning counts for beside the words."""
        ...

    async def optimize(
        self, space: int, *, purge: bool = False, thorough: bool = False, build: int | None = None
    ) -> None:
        """Bring the indexes up to date and clean up; *purge* really erases what was deleted."""
        ...

    async def drop(self, space: int, *, build: int | None = None) -> None:
        """Remove a space with every byte of it, or one build."""
        ...

    async def copy(self, target: Path) -> list[str]:
        """Copy every table, as it may be written to meanwhile; return their names."""
        ...

    async def stats(self, space: int, *, build: int | None = None) -> Stats:
        """How a space stands."""
        ...

    async def close(self) -> None:
        """Let every table go."""
        ...
