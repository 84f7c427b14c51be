"""A library whose documents are put in as they come out of the reader, with vectors that are known beforehand.

From there on everything is the product's own: rows, index, upkeep, and the search that a chat asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from core.clock import SystemClock
from core.retrieval.binding import Bound
from core.retrieval.desk import Maker
from core.retrieval.documents import Entry, NewDocument
from core.retrieval.library import Searched, Space
from core.retrieval.seams import Embedder
from core.retrieval.types import Cut, Section, Unit
from tests.core.retrieval.reading_room import ReadingRoom

_MODEL, _DIGEST = "known", "0" * 64


class Known:
    """Knows the vector of every question."""

    model, digest, stamp = _MODEL, _DIGEST, f"{_MODEL}@known"

    def __init__(self) -> None:
        self.dimension = 0
        self.questions: dict[str, bytes] = {}

    async def identify(self) -> None:
        """There is nobody to ask."""

    async def documents(self, texts: Sequence[str]) -> list[bytes | None]:
        raise AssertionError("the vectors of documents come with them")

    async def query(self, text: str) -> bytes:
        return self.questions[text]

    async def queries(self, texts: Sequence[str]) -> list[bytes | None]:
        return [None for _ in texts]


class Stock(NamedTuple):
    """A document as the reader cuts it, with the vectors of its units."""

    title: str
    cut: Cut
    vectors: Mapping[str, bytes]


class Stockroom(ReadingRoom):
    """Puts documents in without reading files."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, clock=SystemClock())
        self.known = Known()

    def _embedder(self, maker: Maker) -> Embedder:
        return self.known

    async def space(self, name: str) -> Space:
        """A space whose vectors the known model makes."""
        made = await self.library.create_space(name)
        desk = self.library._desk
        async with desk.database.write() as tx:
            await desk.spaces.update(tx, made.id, made_by=_MODEL, digest=_DIGEST)
        return await desk.space(made.id)

    async def put(self, space: Space, documents: Sequence[Stock]) -> None:
        """Put documents into a space; those with a title that is there take its place."""
        desk = self.library._desk
        async with desk.database.write() as tx:
            await desk.documents.insert(
                tx, space.id, [NewDocument(source=one.title) for one in documents], 1.0
            )
        ids = await self._ids(space, documents)
        await self.library._binder.put(
            space,
            [
                Bound(Entry(id=ids[one.title], title=one.title, media="markdown"), one.cut, one.vectors)
                for one in documents
            ],
            self.known.stamp,
        )

    async def _ids(self, space: Space, documents: Sequence[Stock]) -> dict[str, int]:
        found: dict[str, int] = {}
        for first in range(0, len(documents), 500):
            titles = [one.title for one in documents[first : first + 500]]
            marks = ", ".join("?" * len(titles))
            rows = await self.database.read(
                f"SELECT source, id FROM document WHERE space_id = ? AND source IN ({marks})",
                (space.id, *titles),
            )
            found |= {row["source"]: row["id"] for row in rows}
        return found

    async def searched(self, space: Space, question: str, limit: int = 8) -> Searched:
        """What the product finds."""
        return await self.library.search(question, spaces=(space.id,), limit=limit)


def cut_of(name: str, texts: Sequence[str], together: int = 2) -> Cut:
    """Texts as units, some of them together in a section."""
    sections: list[Section] = []
    units: list[Unit] = []
    for first in range(0, len(texts), together):
        section = f"{name}-s{first}"
        text = "\n\n".join(texts[first : first + together])
        sections.append(Section(section, len(sections), (name,), text, tokens=len(text) // 4))
        start = 0
        for one in texts[first : first + together]:
            units.append(Unit(f"{name}-{len(units)}", section, len(units), one, start, start + len(one)))
            start += len(one) + 2
    return Cut(tuple(sections), tuple(units))
