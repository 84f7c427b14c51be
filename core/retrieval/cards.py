"""What searches need most, held in memory: the names of the rows and, of a smaller table, the vectors.

A row keeps its number for as long as its file is there, and no number is given twice before a table is
written anew. So names stay true while rows are added, deleted or moved together: new ones are merely not
known yet, and are read from the table. Vectors count only while nothing has changed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from core.errors import LeitstandError
from core.retrieval import arrow
from core.retrieval.codes import Codes, weight
from core.retrieval.lance import InThread
from core.retrieval.shelf import Shelf
from core.retrieval.types import Hit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from lancedb import AsyncTable
    from lancedb.query import AsyncQuery

MOST = 128 << 20
"""Bytes that are held, of all tables together."""
VECTORS = 8 << 20
"""Bytes of vectors up to which they are held as they are, and every one is looked at."""
CODES = 104 << 20
"""Bytes of codes up to which looking at every one is quicker than asking the index of the table."""
_BATCH = 8_192
_NAMED = 1_200_000
"""Rows whose names are held at most."""
_NAME = 80
"""Bytes of a row's names, about: what several rows share is held once."""
_AT_ONCE = 50_000
"""Rows that are read while a search waits; more of them, and what becomes codes, are read behind it, and it
asks the table."""
_MISSED = 8
"""Searches that could not use the vectors after a change, until they are read anew."""
_RESTED = 64
"""Searches after which a table makes room for another: those that are asked in turn would displace one
another, and reading them anew takes longer than it gains."""

log = logging.getLogger("leitstand.index")


class Cards:
    """The rows of one table as they were at one moment."""

    def __init__(
        self, rows: pa.Table, state: tuple[int, int], dimension: int | None, codes: Codes | None = None
    ) -> None:
        self.generation, self.changes = state
        self.used = self.missed = self.bytes = 0
        self._codes = codes
        numbers = rows.column(arrow.NUMBER).to_numpy()
        order = numbers.argsort(kind="stable")
        self._numbers: npt.NDArray[np.uint64] = numbers[order]
        self._names = _shared(rows.select(arrow.FOUND).take(order))
        self._vectors: npt.NDArray[np.float32] | None = None
        if dimension is not None:
            column = rows.column(arrow.VECTOR)
            self._embedded = numbers[column.is_valid().to_numpy()]
            self._vectors = arrow.directions_of(column, dimension)

    def hits(self, found: pa.Table, *, words: bool) -> list[Hit] | None:
        """What a search found, by name; None where it found rows that are newer."""
        score = arrow.SCORE if words else arrow.DISTANCE
        named = self._named(found.column(arrow.NUMBER).to_numpy())
        return (
            None
            if named is None
            else arrow.hits_of(named.append_column(score, found.column(score)), words=words)
        )

    @property
    def tells_nearest(self) -> bool:
        """Whether the nearest rows can be told from here."""
        return self._vectors is not None or self._codes is not None

    def nearest(self, question: npt.NDArray[np.float32], limit: int) -> list[Hit]:
        """The rows whose vectors point where the question points: every one is looked at."""
        import pyarrow as pa

        numbers, cosines = (
            self._codes.nearest(question, limit)
            if self._codes is not None
            else self._nearest_vectors(question, limit)
        )
        named = self._named(numbers)
        assert named is not None
        return arrow.hits_of(named.append_column(arrow.DISTANCE, pa.array(1.0 - cosines)), words=False)

    def _nearest_vectors(
        self, question: npt.NDArray[np.float32], limit: int
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
        import numpy as np

        assert self._vectors is not None
        # A product of matrices would be shared among threads that wait for one another.
        cosines = np.vecdot(self._vectors, question / max(float(np.linalg.norm(question)), 1e-9))
        best = np.argpartition(cosines, -limit)[-limit:] if limit < len(cosines) else np.arange(len(cosines))
        best = best[np.argsort(-cosines[best], kind="stable")]
        return self._embedded[best], cosines[best]

    def _named(self, numbers: npt.NDArray[np.uint64]) -> pa.Table | None:
        import pyarrow as pa

        places = self._numbers.searchsorted(numbers)
        if (places == len(self._numbers)).any() or (self._numbers[places] != numbers).any():
            return None
        found = self._names.take(pa.array(places))
        for place, column in enumerate(found.columns):
            if pa.types.is_dictionary(column.type):
                # Name by name Arrow would look each up in the dictionary: that takes ten times as long.
                found = found.set_column(place, found.field(place).name, column.cast(pa.string()))
        return found


def _shared(names: pa.Table) -> pa.Table:
    """The same with what rows share held once; only of many rows, since it takes its time."""
    if len(names) > _AT_ONCE:
        for place, name in enumerate(names.column_names):
            if name in ("document", "section"):
                names = names.set_column(place, name, names.column(name).dictionary_encode())
    return names.combine_chunks()


class Deck:
    """The cards of the tables that were searched last, as many as there is room for."""

    def __init__(self, in_thread: InThread, most: int = MOST) -> None:
        self._in_thread = in_thread
        self._most = most
        self._held: dict[Shelf, Cards] = {}
        self._reading = asyncio.Lock()
        self._turn = 0
        self._behind: dict[Shelf, asyncio.Task[None]] = {}
        """What is read while searches go on without."""

    async def of(self, shelf: Shelf, table: AsyncTable) -> Cards | None:
        """The cards of a table, read when they are missing; None where there is no room for them."""
        self._turn += 1
        held = self._current(shelf)
        if held is not None or not shelf.count:
            return held
        if shelf.count > _AT_ONCE or 4 * (shelf.dimension or 0) * shelf.count > VECTORS:
            if shelf not in self._behind and self._room(shelf.count, 0):
                self._behind[shelf] = asyncio.ensure_future(self._read_behind(shelf))
            return None
        async with self._reading:
            held = self._current(shelf)
            return held if held is not None else await self._read(shelf, table)

    async def _read_behind(self, shelf: Shelf) -> None:
        try:
            async with self._reading, shelf.reading() as table:
                if table is not None and self._current(shelf) is None:
                    await self._read(shelf, table)
        except LeitstandError as error:
            log.info("the names of space %d could not be read: %s", shelf.space, error.code)
        finally:
            del self._behind[shelf]

    async def close(self) -> None:
        """Read nothing more."""
        running = list(self._behind.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        self._held.clear()

    async def nearest(
        self, shelf: Shelf, table: AsyncTable, question: npt.NDArray[np.float32], limit: int
    ) -> list[Hit] | None:
        """The nearest of all rows; None where the table has to be asked."""
        cards = await self.of(shelf, table)
        if cards is None or not cards.tells_nearest:
            return None
        if cards.changes != shelf.changes:
            cards.missed += 1
            # While much is put in, they would be out of date again at once.
            if cards.missed >= _MISSED and not shelf.bulks:
                self.forget(shelf)
            return None
        return await self._in_thread(cards.nearest, question, limit)

    def forget(self, shelf: Shelf) -> None:
        """A table is gone."""
        self._held.pop(shelf, None)

    def _current(self, shelf: Shelf) -> Cards | None:
        held = self._held.get(shelf)
        if held is None or held.generation != shelf.generation:
            return None
        held.used = self._turn
        return held

    async def _read(self, shelf: Shelf, table: AsyncTable) -> Cards | None:
        self._held.pop(shelf, None)
        rows, size = shelf.count, shelf.dimension or 0
        vectors, codes = 4 * size, weight(size)
        if size and rows * vectors <= VECTORS and self._room(rows, vectors):
            held = vectors
        elif size and rows * codes <= CODES and self._room(rows, codes):
            held = codes
        elif self._room(rows, 0):
            held = 0
        else:
            return None
        state = shelf.generation, shelf.changes
        columns = [*arrow.FOUND, arrow.NUMBER, *([arrow.VECTOR] if held else [])]
        query = table.query().with_row_id().select(columns)
        if held == codes:
            cards = await self._coded(query, state, rows, size)
        else:
            cards = await self._in_thread(Cards, await query.to_arrow(), state, size if held else None)
        cards.bytes = rows * (_NAME + held)
        cards.used = self._turn
        self._held[shelf] = cards
        return cards

    async def _coded(self, query: AsyncQuery, state: tuple[int, int], count: int, size: int) -> Cards:
        """Read in parts: all the vectors of a table at once would be four times as much as their codes."""
        import pyarrow as pa

        codes, names = Codes(count, size), []
        async for batch in await query.to_batches(max_batch_length=_BATCH):
            await self._in_thread(codes.add, batch.column(arrow.NUMBER), batch.column(arrow.VECTOR))
            names.append(batch.select([*arrow.FOUND, arrow.NUMBER]))
        await self._in_thread(codes.finish)
        return await self._in_thread(Cards, pa.Table.from_batches(names), state, None, codes)

    def _room(self, rows: int, held: int) -> bool:
        """Whether *held* bytes of each row may be; what was not asked for in a while makes room."""
        if rows > _NAMED:
            return False
        needed = rows * (_NAME + held)
        free = self._most - sum(cards.bytes for cards in self._held.values())
        for shelf, cards in sorted(self._held.items(), key=lambda pair: pair[1].used):
            if free >= needed or cards.used > self._turn - _RESTED:
                break
            free += cards.bytes
            del self._held[shelf]
        return free >= needed
