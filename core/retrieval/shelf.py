"""One table of the index: the units of one space, as one embedding model sees them.

Every change is a commit, and commits are made one at a time, so that none of them ever loses a race.
Searching needs no lock. Cleaning up needs a second one, which a copy for the backup holds too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from core.errors import Refused
from core.retrieval import arrow, durable
from core.retrieval.lance import InThread, is_conflict, is_damage, sentences, translated
from core.retrieval.types import Row

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb import AsyncConnection, AsyncTable

T = TypeVar("T")

BATCH = 1_000
"""Rows of one Arrow batch."""
_COMMIT = 8_000
"""Rows of one commit: more of them at once would cost gigabytes."""
_TRIES = 5
_PATIENCE = 30.0
"""Seconds that cleaning up waits for whoever still reads."""

log = logging.getLogger("leitstand.index")


class Repair(msgspec.Struct, frozen=True):
    """A table went back to an older state: what was written since is to be done again."""

    space: int
    build: int
    versions: int
    """How many commits were lost; what they held is what the documents' own list has more of."""
    lost: bool = False
    """Nothing of the table was left."""


class Standing(msgspec.Struct, frozen=True):
    """What the index holds of one document."""

    revisions: tuple[int, ...]
    """More than one while a change was interrupted."""
    rows: int
    embedded: int


class Stats(msgspec.Struct, frozen=True):
    """How a space stands in the index."""

    rows: int = 0
    embedded: int = 0
    """Rows that can be found by meaning, not by their words alone."""
    unindexed: int = 0
    """Rows that are searched one by one until the next upkeep."""
    bytes: int = 0
    dimension: int | None = None
    stamp: str = ""
    language: str = ""
    quantised: bool = False
    """Whether there is an index of the vectors: small spaces are quicker without."""


class Shelf:
    """One table: opened when it is first needed, made when the first rows come."""

    def __init__(
        self,
        database: AsyncConnection,
        path: Path,
        space: int,
        build: int,
        in_thread: InThread,
        on_repair: Callable[[Repair], None],
    ) -> None:
        self.path = path
        self.space = space
        self.build = build
        self.writing = asyncio.Lock()
        self.cleaning = asyncio.Lock()
        self.commits = 0
        self.new_rows = 0
        """Since the last upkeep."""
        self.litter = 0
        """Rows that versions hold which nobody needs any more, roughly."""
        self.bulks = 0
        """How many put much into it right now, and have it looked after in the end."""
        self.catching_up = False
        """Whether what an interrupted work left is being looked after."""
        self.tried_at = -1
        """At which change that was tried last: what failed once is not tried again by every search."""
        self.spoken = ""
        """The language somebody said the texts are in; empty: they say so themselves."""
        self._readers: set[asyncio.Future[None]] = set()
        self._searchable = asyncio.Event()
        self._searchable.set()
        self.mended = False
        """Whether damaged indexes were made anew since it was opened."""
        self.name = path.stem
        self.what = f"the index of space {space}"
        self._database = database
        self.in_thread = in_thread
        self._on_repair = on_repair
        self._table: AsyncTable | None = None
        self._opening = asyncio.Lock()
        self._flushed: set[str] = set()
        self.dimension: int | None = None
        self.stamp = ""
        self.has_words = self.has_nearest = False
        """Which indexes there are."""
        self.bits = 0
        """How fine the index of the vectors is: bits of each number."""
        self.language = ""
        """That the words are taken apart in; empty while there is no index of them."""
        self.count = 0
        self.generation = 0
        """Counts how often rows may have got other numbers."""
        self.changes = 0
        """Counts every change of the rows."""

    async def table(self) -> AsyncTable | None:
        """The table, if anything was ever put into it; one that a power cut damaged goes back in time."""
        if self._table is None:
            async with self._opening:
                await self._find()
        return self._table

    async def _find(self) -> None:
        if self._table is None and await self.in_thread(self.path.is_dir):
            table = await self._open()
            if table is not None:
                await self.look(table)
            self._table = table

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncTable | None]:
        """The table to read from: what is read is not cleaned up meanwhile."""
        await self._searchable.wait()
        with sentences(self.what):
            table = await self.table()
            reader: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._readers.add(reader)
            try:
                yield table
            finally:
                self._readers.discard(reader)
                reader.set_result(None)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let readers wait while the table has no indexes that they could ask."""
        self._searchable.clear()
        try:
            await self.read_out()
            yield
        finally:
            self._searchable.set()

    async def read_out(self) -> None:
        """Wait for those who may still read an older version; whoever comes now reads the newest."""
        if self._readers:
            await asyncio.wait(set(self._readers), timeout=_PATIENCE)

    async def look(self, table: AsyncTable) -> None:
        """Learn what the table is made of."""
        self.generation += 1
        schema = await table.schema()
        self.dimension = arrow.dimension_of(schema)
        self.stamp = arrow.stamp_of(schema)
        indexes = await table.list_indices()
        kinds = {index.columns[0]: index for index in indexes}
        self.has_words, self.has_nearest = "text" in kinds, arrow.VECTOR in kinds
        self.bits = arrow.bits_of(kinds[arrow.VECTOR].index_details) if self.has_nearest else 0
        details = kinds["text"].index_details if self.has_words else None
        self.language = str((details or {}).get("language", ""))
        self.count = await table.count_rows()
        if not self.commits:
            # After a start this is all that is known of what was left undone.
            self.new_rows = max((index.num_unindexed_rows or 0 for index in indexes), default=self.count)

    async def _open(self) -> AsyncTable | None:
        steps = 0
        while True:
            try:
                table = await self._database.open_table(self.name)
                # Opening reads the manifest alone; this reads the end of every file of rows.
                await table.query().select(["revision"]).to_arrow()
                if not await self.in_thread(durable.looks_whole, self.path):
                    async for _ in await table.query().to_batches(max_batch_length=BATCH):
                        pass
            except (RuntimeError, ValueError, OSError) as error:
                if not is_damage(error):
                    raise translated(error, self.what) from error
            else:
                if steps:
                    self._report(Repair(self.space, self.build, steps))
                return table
            steps += 1
            if not await self.in_thread(durable.step_back, self.path):
                if not await self.in_thread(durable.has_data, self.path):
                    return None  # its beginning was interrupted
                await self.in_thread(durable.set_aside, self.path)
                self._report(Repair(self.space, self.build, steps, lost=True))
                return None

    def _report(self, repair: Repair) -> None:
        log.warning(
            "space %d was damaged: %d versions set aside%s",
            repair.space,
            repair.versions,
            ", nothing left" if repair.lost else "",
        )
        self._on_repair(repair)

    async def add(self, rows: Sequence[Row], stamp: str) -> None:
        """Add rows; the first vector decides how long all of them are."""
        dimension = arrow.dimension_in(row.vector for row in rows)
        async with self.writing:
            with sentences(self.what):
                table = await self.table()
                if table is None:
                    table = await self._begin(dimension, stamp)
                table = await self._agree(table, dimension, stamp)
                for first in range(0, len(rows), _COMMIT):
                    part = rows[first : first + _COMMIT]
                    data = await self.in_thread(_table_of, part, self.dimension)
                    await table.add(data, on_bad_vectors="null", write_parallelism=1)
                    self._changed(len(part))
                    self.count += len(part)
            await self.flush()

    async def _begin(self, dimension: int | None, stamp: str) -> AsyncTable:
        """Make the table, in the place of an empty or an unfinished one."""
        schema = arrow.schema()
        if dimension is not None:
            schema = schema.append(arrow.vector_field(dimension, stamp))
        # Whoever opens it meanwhile would take what is half made for damaged, and put it aside.
        async with self._opening:
            # Overwriting what is not there is complained of on the terminal.
            mode: Literal["create", "overwrite"] = "overwrite" if self._table is not None else "create"
            table = await self._database.create_table(self.name, schema=schema, mode=mode)
            await self.look(table)
            self._table = table
        return table

    async def _agree(self, table: AsyncTable, dimension: int | None, stamp: str) -> AsyncTable:
        """Make room for vectors, or refuse those of another model: they would mean nothing beside these."""
        if dimension is None:
            return table
        other = dimension != self.dimension or bool(stamp and self.stamp and stamp != self.stamp)
        if other and not self.count:
            return await self._begin(dimension, stamp)
        if self.dimension is None:
            import pyarrow as pa

            await table.add_columns(pa.schema([arrow.vector_field(dimension, stamp)]))
            if stamp:
                await table.update_field_metadata(
                    {"path": arrow.VECTOR, "metadata": {arrow.STAMP.decode(): stamp}}
                )
            await self.look(table)
        elif other:
            raise Refused(
                f"The vectors of space {self.space} were made by another model"
                f" ({self.dimension} numbers each, not {dimension})."
                if dimension != self.dimension
                else f"The vectors of space {self.space} were made by another model ({self.stamp}).",
                "Re-index the space with the model it has now.",
            )
        return table

    async def fill(self, vectors: Mapping[str, bytes], stamp: str) -> int:
        """Give rows their vectors that had none; return how many got one."""
        dimension = arrow.dimension_in(vectors.values())
        async with self.writing:
            with sentences(self.what):
                table = await self.table()
                if table is None or dimension is None:
                    return 0
                await self._agree(table, dimension, stamp)
                data = await self.in_thread(_vector_table, vectors, dimension)
                result = await self.repeated(
                    lambda: table.merge_insert("key").when_matched_update_all().execute(data)
                )
                # Rows whose columns are rewritten leave the indexes until the next upkeep.
                self._changed(len(vectors))
            await self.flush()
        return int(result.num_updated_rows)

    async def delete(self, *, documents: Sequence[str], older_than: int | None = None) -> int:
        """Delete rows of documents, or only those of their older revisions; return how many."""
        from lancedb.expr import col, lit

        deleted = 0
        async with self.writing:
            with sentences(self.what):
                table = await self.table()
                if table is None:
                    return 0
                for first in range(0, len(documents), 500):
                    where = col("document").isin(list(documents[first : first + 500]))
                    if older_than is not None:
                        where = where & (col("revision") < lit(older_than))
                    result = await self.repeated(lambda where=where: table.delete(where))  # type: ignore[misc]
                    deleted += result.num_deleted_rows  # type: ignore[attr-defined]
                    self._changed(0)
                self.count -= deleted
            await self.flush()
        return deleted

    def _changed(self, rows: int) -> None:
        self.commits += 1
        self.changes += 1
        self.new_rows += rows

    async def repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        """Try again when another commit came between."""
        for attempt in range(_TRIES):
            try:
                return await call()
            except (RuntimeError, OSError) as error:
                if not is_conflict(error) or attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(0)
        raise AssertionError

    async def flush(self) -> None:
        """Have what was committed survive a power cut."""
        try:
            self._flushed = await self.in_thread(durable.flush, self.path, self._flushed)
        except OSError as error:
            raise translated(error, self.what) from error

    async def close(self) -> None:
        """Let go of the table; what runs still finishes first."""
        async with self.writing, self._opening:
            if self._table is not None:
                self._table.close()  # type: ignore[no-untyped-call]
            self._table = None


def _table_of(rows: Sequence[Row], dimension: int | None) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(
        [arrow.batch_of(rows[first : first + BATCH], dimension) for first in range(0, len(rows), BATCH)]
    )


def _vector_table(vectors: Mapping[str, bytes], dimension: int) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {"key": pa.array(list(vectors)), arrow.VECTOR: arrow.vectors_of(list(vectors.values()), dimension)}
    )
