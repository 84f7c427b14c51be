"""What keeps a table quick and small: its indexes, compaction, cleaning, and erasing for good."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import StoreError
from core.retrieval import arrow, durable
from core.retrieval.lance import InThread, give_memory_back, is_damage, sentences
from core.retrieval.language import Tongue, tongue_of
from core.retrieval.shelf import Shelf, Stats
from core.retrieval.types import Hit

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb import AsyncTable

MANY = 5_000
"""Rows from which looking at every vector takes longer than asking an index of them."""

DUE_COMMITS, DUE_ROWS, DUE_SHARE = 20, 2_000, 50
"""New commits and rows after which upkeep is worth its time: what no index knows is searched row by row.
In a large table it takes longer, so that there a fiftieth of it must be new, or more commits have come."""
_FILES = 20_000
"""For so many rows of a table one commit more is borne."""

BULK_COMMITS, BULK_ROWS, BULK_SHARE = 100, 20_000, 4
"""The same while much is put in: upkeep writes all of a table anew, and is done once more at the end. What
comes before that in a large table is found a little later (see `asking`)."""
_BULK_FILES, _MOST_FILES = 1_000, 500
"""For so many rows of a table one commit more is borne meanwhile, up to some hundred."""
_LITTER = 50_000
"""Rows that older versions may hold meanwhile, or as many as the table has: cleaning up takes its time."""

_CHEAP = 64 << 20
"""Bytes that are written anew without a thought: joining small files writes their large neighbours, too."""
_WORTH_COMMITS, _WORTH_ROWS = 8, 200

_SAMPLE = 400
"""Texts that vote on the language of a space."""
_SEGMENTS, _MOST_SEGMENTS = 4, 16
"""Parts of an index of vectors with which it is made anew, and the same while much is put in: upkeep adds
one, and each is searched by itself. Of a million vectors this takes a minute and a half."""
_FINE, _FINE_BYTES = 4, 256 << 20
"""Bits of each number in an index of vectors that fits into memory well: the finer it is, the fewer of the
real vectors need be read. A larger one has a single bit."""
_LOOKED_UP = ("key", "hash", "document")

_AT_ONCE = timedelta(milliseconds=1)

log = logging.getLogger("leitstand.index")


def is_due(shelf: Shelf) -> bool:
    """Whether so much is new that searches begin to feel it."""
    if shelf.bulks:
        due = max(BULK_ROWS, shelf.count // BULK_SHARE)
        files = max(BULK_COMMITS, min(shelf.count // _BULK_FILES, _MOST_FILES))
        return shelf.commits >= files or shelf.new_rows >= due
    files = max(DUE_COMMITS, shelf.count // _FILES)
    return shelf.commits >= files or shelf.new_rows >= max(DUE_ROWS, shelf.count // DUE_SHARE)


def is_worth(shelf: Shelf) -> bool:
    """Whether upkeep after a small change gains what it costs; if not, the next change adds to it."""
    cost = shelf.count * (4 * (shelf.dimension or 0) + 500)
    return cost <= _CHEAP or shelf.commits >= _WORTH_COMMITS or shelf.new_rows >= _WORTH_ROWS


async def tidy(shelf: Shelf, in_thread: InThread) -> None:
    """Bring every index up to date, join small files, and remove what no version needs any more."""
    async with shelf.cleaning, shelf.writing:
        with sentences(shelf.what):
            table = await shelf.table()
            if table is None:
                return
            bare = not shelf.has_words
            if bare:  # joined first: an index that knows where rows stand is written again when they move
                await shelf.repeated(table.optimize)
            await _index(shelf, table)
            if not bare:
                await shelf.repeated(table.optimize)
            # Only what is surely on the disk may take the place of older versions.
            await shelf.flush()
            shelf.litter += shelf.count
            clean = not shelf.bulks or shelf.litter > max(_LITTER, shelf.count)
            if clean:
                await _clean(shelf, table)
            await shelf.look(table)
        await _tidied(shelf, in_thread, clean=clean)


async def _tidied(shelf: Shelf, in_thread: InThread, *, clean: bool) -> None:
    """Begin to count anew."""
    shelf.commits = shelf.new_rows = 0
    if clean:
        shelf.litter = 0
        await in_thread(durable.forget_bad, shelf.path)
        await in_thread(durable.keep_spare, shelf.path)
    await in_thread(give_memory_back)


async def _clean(shelf: Shelf, table: AsyncTable) -> None:
    """Remove every older version, and what interrupted writes left: nobody writes or reads them now."""
    # It commits once more before it removes, so that who began to read just now would lose the ground.
    async with shelf.alone():
        await shelf.repeated(lambda: table.optimize(cleanup_older_than=_AT_ONCE, delete_unverified=True))
    await shelf.flush()


async def purge(shelf: Shelf, in_thread: InThread) -> None:
    """Write what is left anew and remove the rest: deleting alone leaves the bytes in their files."""
    spool = shelf.path.with_suffix(".spool")
    async with shelf.cleaning, shelf.writing:
        with sentences(shelf.what):
            table = await shelf.table()
            if table is None:
                return
            async with shelf.alone():
                try:
                    await _rewrite(shelf, table, spool, in_thread)
                finally:
                    with suppress(FileNotFoundError):
                        spool.unlink()
                await shelf.look(table)
                await _index(shelf, table)
                await shelf.flush()
            await _clean(shelf, table)
            await shelf.look(table)
        await _tidied(shelf, in_thread, clean=True)


async def _rewrite(shelf: Shelf, table: AsyncTable, spool: Path, in_thread: InThread) -> None:
    """Take the rows out of the table and overwrite it with them, never holding them all in memory."""
    schema = await table.schema()
    writer = await in_thread(_spool_writer, spool, schema)
    try:
        reader = await table.query().select(schema.names).to_batches(max_batch_length=4_000)
        async for batch in reader:
            await in_thread(writer.write_batch, batch)
    finally:
        await in_thread(writer.close)
    survivors = await in_thread(_spool_reader, spool)
    try:
        await table.add(survivors, mode="overwrite", on_bad_vectors="null", write_parallelism=1)
    finally:
        await in_thread(survivors.close)
    if shelf.stamp:
        await table.update_field_metadata(
            {"path": arrow.VECTOR, "metadata": {arrow.STAMP.decode(): shelf.stamp}}
        )


def _spool_writer(spool: Path, schema: pa.Schema) -> Any:
    import pyarrow as pa

    return pa.ipc.new_stream(str(spool), schema)


def _spool_reader(spool: Path) -> pa.RecordBatchReader:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.memory_map(str(spool)))


async def index_words(shelf: Shelf, table: AsyncTable) -> None:
    """Make the index of the words, in the language most of the texts are in."""
    from lancedb.index import FTS

    tongue = await shelf.in_thread(tongue_of, await _sample(table))
    if shelf.spoken:
        tongue = tongue._replace(language=shelf.spoken)
    if await _tongue_of_index(table) == tongue:
        return
    config = FTS(
        language=tongue.language,
        base_tokenizer="icu" if tongue.unspaced else "simple",
        stem=not tongue.unspaced,
        remove_stop_words=not tongue.unspaced,
        ascii_folding=True,
    )
    await shelf.repeated(lambda: table.create_index("text", config=config, replace=True))
    shelf.has_words, shelf.language = True, tongue.language


async def _sample(table: AsyncTable) -> list[str]:
    """Texts from all over the table."""
    count = await table.count_rows()
    step = max(count // _SAMPLE, 1)
    offsets = list(range(0, count, step))[:_SAMPLE]
    if not offsets:
        return []
    found = await table.take_offsets(offsets).select(["text"]).to_arrow()
    return [str(text) for text in found.column("text").to_pylist()]


async def _tongue_of_index(table: AsyncTable) -> Tongue | None:
    for index in await table.list_indices():
        if index.columns == ["text"]:
            details = index.index_details or {}
            return Tongue(str(details.get("language")), details.get("base_tokenizer") == "icu")
    return None


async def _index(shelf: Shelf, table: AsyncTable) -> None:
    """Make the indexes that are missing, and those anew that no longer fit."""
    from lancedb.index import BTree, IvfRq

    if not shelf.count:
        return
    await index_words(shelf, table)
    there = {index.columns[0]: index for index in await table.list_indices()}
    if shelf.count < MANY:
        return
    for column in _LOOKED_UP:
        if column not in there:
            await shelf.repeated(lambda column=column: table.create_index(column, config=BTree()))  # type: ignore[misc]
    if shelf.dimension is None:
        return
    nearest = there.get(arrow.VECTOR)
    bits = _FINE if shelf.count * shelf.dimension * _FINE // 8 <= _FINE_BYTES else 1
    most = _MOST_SEGMENTS if shelf.bulks else _SEGMENTS
    # One that has become too large stays until it is made anew in any case.
    coarse = nearest is not None and arrow.bits_of(nearest.index_details) < bits
    if nearest is None or coarse or (nearest.num_segments or 1) >= most:
        embedded = await table.count_rows(f"{arrow.VECTOR} IS NOT NULL")
        if embedded >= MANY:
            config = IvfRq(distance_type="cosine", num_bits=bits)
            await shelf.repeated(lambda: table.create_index(arrow.VECTOR, config=config, replace=True))
            shelf.has_nearest, shelf.bits = True, bits


async def first_words(shelf: Shelf) -> None:
    """Make the index of the words as soon as there are some: without it nothing is found by them."""
    async with shelf.writing:
        with sentences(shelf.what):
            table = await shelf.table()
            if table is not None and shelf.count and not shelf.has_words:
                await index_words(shelf, table)
                await shelf.flush()


async def mended(shelf: Shelf, search: Callable[[], Awaitable[list[Hit]]]) -> list[Hit]:
    """Search; when the indexes turn out to be damaged, make them anew from the rows and search again."""
    try:
        return await search()
    except StoreError as error:
        if error.__cause__ is None or not is_damage(error.__cause__):
            raise
        log.info("a search of space %d failed and is tried again", shelf.space)
    try:
        return await search()
    except StoreError:
        if shelf.mended:
            raise
        # Once: what a new index does not help is something else.
        shelf.mended = True
        log.warning("the indexes of space %d are damaged and made anew", shelf.space)
    async with shelf.cleaning, shelf.writing:
        with sentences(shelf.what):
            table = await shelf.table()
            if table is not None:
                for index in await table.list_indices():
                    await table.drop_index(index.name)
                await shelf.look(table)
                await _index(shelf, table)
                await shelf.flush()
    return await search()


async def sample_vectors(shelf: Shelf, most: int) -> list[bytes]:
    """Vectors from all over a table."""
    async with shelf.reading() as table:
        if table is None or shelf.dimension is None:
            return []
        count = await table.count_rows()
        offsets = [place * count // most for place in range(most)] if count > most else list(range(count))
        if not offsets:
            return []
        found = await table.take_offsets(offsets).select([arrow.VECTOR]).to_arrow()
        vectors = arrow.bytes_of(found.column(arrow.VECTOR), shelf.dimension)
        return [vector for vector in vectors if vector is not None]


async def stats(shelf: Shelf, in_thread: InThread) -> Stats:
    """How a table stands."""
    async with shelf.reading() as table:
        if table is None:
            return Stats()
        indexes = await table.list_indices()
        embedded = 0
        if shelf.dimension is not None:
            embedded = await table.count_rows(f"{arrow.VECTOR} IS NOT NULL")
        tongue = await _tongue_of_index(table)
        return Stats(
            rows=await table.count_rows(),
            embedded=embedded,
            unindexed=max((index.num_unindexed_rows or 0 for index in indexes), default=0),
            bytes=await in_thread(durable.size, shelf.path),
            dimension=shelf.dimension,
            stamp=shelf.stamp,
            language=tongue.language if tongue else "",
            quantised=shelf.has_nearest,
        )
