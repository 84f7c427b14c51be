"""The index of the library: one directory, one table a space, words and vectors side by side.

    index = Index(paths.data / "index", in_thread=tasks.in_thread)
    await index.add(7, rows, stamp=embedder.stamp)
    await index.drop_older(7, document, revision)      # the old version goes once the new one is in
    hits = await index.near(7, vector, 50)

The table of space 7 is `units_7_r1`. A re-index fills build 2 beside it (`add(…, build=2)`); `choose(7, 2)`
makes it the one that is searched, and `drop(7, build=1)` removes the other. Whoever opens the directory
holds the lock of the data directory: nobody else writes here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataDirectoryError, LeitstandError
from core.paths import make_private
from core.retrieval import arrow, asking, durable, upkeep
from core.retrieval.cards import Deck
from core.retrieval.embedders import manner_of
from core.retrieval.fuse import MEANING, MEANING_ABROAD
from core.retrieval.lance import InThread, connect
from core.retrieval.shelf import Repair, Shelf, Standing, Stats
from core.retrieval.types import EVERYTHING, Filter, Hit, Row

if TYPE_CHECKING:
    from lancedb import AsyncConnection

_NAME = re.compile(r"units_(\d+)_r(\d+)\.lance")
_ASKED = 1_000
"""Values one condition lists."""

log = logging.getLogger("leitstand.index")


class Index:
    """Every table of the library; nothing is imported or opened before the first use."""

    def __init__(
        self,
        directory: Path,
        *,
        in_thread: InThread,
        on_repair: Callable[[Repair], None] = lambda repair: None,
    ) -> None:
        self.directory = directory
        self._in_thread = in_thread
        self._on_repair = on_repair
        self._database: AsyncConnection | None = None
        self._connecting = asyncio.Lock()
        self._shelves: dict[tuple[int, int], Shelf] = {}
        self._builds: dict[int, int] = {}
        self._deck = Deck(in_thread)
        self._spoken: dict[int, str] = {}
        self._catching_up: set[asyncio.Task[None]] = set()

    def choose(self, space: int, build: int) -> None:
        """Say which build of a space is meant from now on; the first unless somebody says so."""
        self._builds[space] = build

    def speak(self, space: int, language: str) -> None:
        """Say which language a space is in; with none its texts decide. It counts from the next upkeep on."""
        self._spoken[space] = language.capitalize()
        for (one, _), shelf in self._shelves.items():
            if one == space:
                shelf.spoken = self._spoken[space]

    @asynccontextmanager
    async def bulk(self, space: int, *, build: int | None = None) -> AsyncIterator[None]:
        """Put much into a space: upkeep comes more rarely, and `optimize` is called afterwards."""
        shelf = await self._shelf(space, build)
        shelf.bulks += 1
        try:
            yield
        finally:
            shelf.bulks -= 1

    async def prepare(self) -> None:
        """Import and connect, so that the first search need not; quick when it is done already."""
        await self._connect()

    async def add(
        self, space: int, rows: Sequence[Row], *, stamp: str = "", build: int | None = None
    ) -> None:
        """Add rows; *stamp* names the model that made their vectors, and another one's are refused."""
        if not rows:
            return
        shelf = await self._shelf(space, build)
        await shelf.add(rows, stamp)
        await self._after(shelf)

    async def fill(
        self, space: int, vectors: Mapping[str, bytes], *, stamp: str = "", build: int | None = None
    ) -> int:
        """Give the rows of these keys their vectors; return how many rows that were."""
        shelf = await self._shelf(space, build)
        filled = await shelf.fill(vectors, stamp) if vectors else 0
        await self._after(shelf)
        return filled

    async def drop_older(
        self, space: int, documents: str | Sequence[str], revision: int, *, build: int | None = None
    ) -> int:
        """Delete the rows of these documents that are older than a revision; return how many."""
        shelf = await self._shelf(space, build)
        those = [documents] if isinstance(documents, str) else documents
        deleted = await shelf.delete(documents=those, older_than=revision)
        await self._after(shelf)
        return deleted

    async def remove(self, space: int, documents: Sequence[str], *, build: int | None = None) -> int:
        """Delete everything of these documents; their bytes stay until `optimize(purge=True)`."""
        shelf = await self._shelf(space, build)
        deleted = await shelf.delete(documents=documents)
        await self._after(shelf)
        return deleted

    async def near(self, space: int, vector: bytes, limit: int, filter: Filter = EVERYTHING) -> list[Hit]:
        """The nearest units by meaning, each with its cosine; none where nothing is embedded."""
        shelf = await self._shelf(space)
        await shelf.table()
        self._catch_up(shelf)
        return await upkeep.mended(shelf, lambda: asking.near(shelf, self._deck, vector, limit, filter))

    async def words(self, space: int, text: str, limit: int, filter: Filter = EVERYTHING) -> list[Hit]:
        """The best units by their words, each with its BM25 score."""
        shelf = await self._shelf(space)
        await shelf.table()
        if shelf.count and not shelf.has_words:
            # Whoever made the rows, or wrote them anew, ended before their index was made.
            await upkeep.first_words(shelf)
        self._catch_up(shelf)
        return await upkeep.mended(shelf, lambda: asking.words(shelf, self._deck, text, limit, filter))

    async def unsearched(self, space: int) -> int:
        """How many units searches pass over, because they are just being put in."""
        return asking.unsearched(await self._shelf(space))

    async def meaning(self, space: int) -> float:
        """What the meaning counts for beside the words: less where the model does not know the language."""
        shelf = await self._shelf(space)
        await shelf.table()
        foreign = shelf.language not in {"", "English"} and manner_of(shelf.stamp.partition("@")[0]).english
        return MEANING_ABROAD if foreign else MEANING

    async def keys(
        self, space: int, document: str | None = None, *, build: int | None = None
    ) -> dict[str, int]:
        """Every key with the newest revision it stands there in; of one document, or of all."""
        where = await self._of(document)
        found = await asking.read(await self._shelf(space, build), ["key", "revision"], where)
        keys: dict[str, int] = {}
        if found is not None:
            for key, revision in zip(*found.to_pydict().values(), strict=True):
                keys[key] = max(revision, keys.get(key, revision))
        return keys

    async def documents(self, space: int, *, build: int | None = None) -> dict[str, Standing]:
        """What is there of each document: compared with what should be, it tells what is to be done again."""
        shelf = await self._shelf(space, build)
        found = await asking.read(shelf, ["document", "revision"])
        if found is None:
            return {}
        bare = await asking.read(shelf, ["document"], f"{arrow.VECTOR} IS NULL") if shelf.dimension else found
        return await self._in_thread(_standings, found, bare)

    async def known(self, space: int, texts: Sequence[str], *, build: int | None = None) -> dict[str, bytes]:
        """The vectors of those of these texts that are there already: they need no embedding again."""
        from lancedb.expr import col

        await self._connect()
        shelf = await self._shelf(space, build)
        hashes = {arrow.hash_of(text): text for text in texts}
        numbers = list(hashes)
        vectors: dict[str, bytes] = {}
        for first in range(0, len(numbers), _ASKED):
            where = col("hash").isin(numbers[first : first + _ASKED])
            found = await asking.read(shelf, ["hash", arrow.VECTOR], where)
            if found is None or shelf.dimension is None:
                return {}
            there = arrow.bytes_of(found.column(arrow.VECTOR), shelf.dimension)
            for number, vector in zip(found.column("hash").to_pylist(), there, strict=True):
                if vector is not None:
                    vectors[hashes[number]] = vector
        return vectors

    async def unembedded(self, space: int, limit: int, *, build: int | None = None) -> dict[str, str]:
        """Some units that have no vector yet, with the texts to embed: `fill` gives them theirs."""
        shelf = await self._shelf(space, build)
        await shelf.table()
        where = f"{arrow.VECTOR} IS NULL" if shelf.dimension else None
        found = await asking.read(shelf, ["key", "text"], where, limit)
        return {} if found is None else dict(zip(*found.to_pydict().values(), strict=True))

    async def vectors(self, space: int, most: int, *, build: int | None = None) -> list[bytes]:
        """At most so many vectors from all over a space: what its sketch is made of."""
        shelf = await self._shelf(space, build)
        return await upkeep.sample_vectors(shelf, most)

    async def optimize(
        self, space: int, *, purge: bool = False, thorough: bool = False, build: int | None = None
    ) -> None:
        """Bring the indexes up to date and clean up, after every job; *purge* really erases what was deleted.

        Where a large table changed a little this waits for more, unless it is to be *thorough*.
        """
        shelf = await self._shelf(space, build)
        if purge:
            await upkeep.purge(shelf, self._in_thread)
            return
        await shelf.table()
        if thorough or upkeep.is_worth(shelf):
            await upkeep.tidy(shelf, self._in_thread)

    async def drop(self, space: int, *, build: int | None = None) -> None:
        """Remove a space with every byte of it, or one build."""
        for one, number in await self.tables():
            if one == space and build in {None, number}:
                shelf = await self._shelf(space, number)
                async with shelf.cleaning:
                    await shelf.close()
                    await self._in_thread(_remove, shelf.path)
                self._shelves.pop((space, number), None)
                self._deck.forget(shelf)

    async def tables(self) -> list[tuple[int, int]]:
        """Every space with its builds, as they stand on the disk."""
        return await self._in_thread(_tables, self.directory)

    async def copy(self, target: Path, *, space: int | None = None) -> list[str]:
        """Copy the tables into a directory while they may be written to; return their names."""
        copied = []
        for one, build in await self.tables():
            if space not in {None, one}:
                continue
            shelf = await self._shelf(one, build)
            async with shelf.cleaning:
                await self._in_thread(durable.copy, shelf.path, target / shelf.path.name)
            copied.append(shelf.path.name)
        return copied

    async def stats(self, space: int, *, build: int | None = None) -> Stats:
        """How a space stands."""
        return await upkeep.stats(await self._shelf(space, build), self._in_thread)

    async def close(self) -> None:
        """Let every table go; a commit that runs finishes first."""
        for task in self._catching_up:
            task.cancel()
        if self._catching_up:
            await asyncio.wait(self._catching_up)
        await self._deck.close()
        for shelf in list(self._shelves.values()):
            await shelf.close()
        self._shelves.clear()
        if self._database is not None:
            self._database.close()  # type: ignore[no-untyped-call]
            self._database = None

    def _catch_up(self, shelf: Shelf) -> None:
        """Look after what a work left that did not come to its end: a search would look at it row by row."""
        due = shelf.new_rows > asking.TAIL and shelf.tried_at != shelf.changes
        if due and not shelf.bulks and not shelf.catching_up:
            shelf.catching_up, shelf.tried_at = True, shelf.changes
            task = asyncio.ensure_future(self._caught_up(shelf))
            self._catching_up.add(task)
            task.add_done_callback(self._catching_up.discard)

    async def _caught_up(self, shelf: Shelf) -> None:
        try:
            await upkeep.tidy(shelf, self._in_thread)
        except LeitstandError as error:
            log.warning("the upkeep of space %d failed: %s", shelf.space, error.code)
        finally:
            shelf.catching_up = False

    async def _after(self, shelf: Shelf) -> None:
        """Look after a table that has changed; while a copy is made of it, the next change will do."""
        if upkeep.is_due(shelf) and not shelf.cleaning.locked():
            await upkeep.tidy(shelf, self._in_thread)
        elif shelf.count and not shelf.has_words and not shelf.bulks:
            # While much is put in the first who searches makes it: each row that an index already knows
            # makes the upkeep at the end dearer.
            await upkeep.first_words(shelf)

    async def _shelf(self, space: int, build: int | None = None) -> Shelf:
        build = self._builds.get(space, 1) if build is None else build
        found = self._shelves.get((space, build))
        if found is None:
            database = await self._connect()
            path = self.directory / f"units_{space:d}_r{build:d}.lance"
            found = self._shelves.setdefault(
                (space, build), Shelf(database, path, space, build, self._in_thread, self._on_repair)
            )
            found.spoken = self._spoken.get(space, "")
        return found

    async def _connect(self) -> AsyncConnection:
        async with self._connecting:
            if self._database is None:
                await self._in_thread(_prepare, self.directory)
                self._database = await connect(self.directory, self._in_thread)
            return self._database

    async def _of(self, document: str | None) -> object:
        if document is None:
            return None
        await self._connect()
        return arrow.condition(Filter(documents=(document,)))


def _prepare(directory: Path) -> None:
    make_private(directory)
    for spool in directory.glob("*.spool"):
        spool.unlink(missing_ok=True)


def _remove(table: Path) -> None:
    try:
        # Renamed first: half a removal must never be taken for a table.
        gone = durable.free_name(table)
        table.rename(gone)
        shutil.rmtree(gone)
        durable.forget_bad(table)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataDirectoryError(f"{table.name} cannot be removed: {error.strerror}.") from error


def _tables(directory: Path) -> list[tuple[int, int]]:
    matches = (_NAME.fullmatch(path.name) for path in directory.glob("*.lance"))
    return sorted((int(match[1]), int(match[2])) for match in matches if match)


def _standings(found: object, bare: object) -> dict[str, Standing]:
    import pyarrow as pa

    assert isinstance(found, pa.Table)
    assert isinstance(bare, pa.Table)
    without = dict(_counted(bare))
    revisions = found.group_by(["document"]).aggregate([("revision", "distinct"), ("revision", "count")])
    return {
        document: Standing(tuple(sorted(seen)), rows, rows - without.get(document, 0))
        for document, seen, rows in zip(
            revisions.column("document").to_pylist(),
            revisions.column("revision_distinct").to_pylist(),
            revisions.column("revision_count").to_pylist(),
            strict=True,
        )
    }


def _counted(table: object) -> list[tuple[str, int]]:
    import pyarrow as pa

    assert isinstance(table, pa.Table)
    counts = table.group_by(["document"]).aggregate([([], "count_all")])
    return list(
        zip(counts.column("document").to_pylist(), counts.column("count_all").to_pylist(), strict=True)
    )
