"""What is asked of one table of the index: by meaning, by words, or for some of its columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import Refused
from core.retrieval import arrow
from core.retrieval.cards import Deck
from core.retrieval.shelf import Shelf
from core.retrieval.types import Filter, Hit

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb import AsyncTable
    from lancedb.query import AsyncFTSQuery, AsyncQuery, AsyncVectorQuery

_LONGEST_QUESTION = 64
"""Different words a question is searched by: a pasted page would be searched for every word of it."""
_CHECKED, _CHECKED_COARSE = 50, 150
"""Units whose real vectors are looked at, because the quantised ones in the index only come near them."""
_PROBES = (20, 20)
TAIL = 20_000
"""Rows that no index knows yet, and that are looked at one by one all the same: that takes some tenths of a
second. While more of them are put in, they are found after the next upkeep."""


def unsearched(shelf: Shelf) -> int:
    """How many rows searches pass over, because they are just being put in."""
    waits = bool(shelf.bulks or shelf.catching_up) and shelf.has_words
    return shelf.new_rows if waits and shelf.new_rows > TAIL else 0


async def near(shelf: Shelf, deck: Deck, vector: bytes, limit: int, given: Filter) -> list[Hit]:
    """The units whose vectors point where *vector* points, the nearest first."""
    import numpy

    async with shelf.reading() as table:
        if table is None or shelf.dimension is None or limit < 1:
            return []
        if len(vector) != 4 * shelf.dimension:
            raise Refused(
                f"The question was embedded by another model than space {shelf.space}.",
                "Re-index the space with the model it has now.",
            )
        question = numpy.frombuffer(vector, "<f4")
        where = arrow.condition(given)
        if where is None:
            nearest = await deck.nearest(shelf, table, question, limit)
            if nearest is not None:
                return nearest
        hits = await _near(shelf, deck, table, question, limit, where, _PROBES)
        if where is not None and len(hits) < limit and shelf.has_nearest:
            # The parts of the index that were looked at hold too few of what the filter lets through.
            hits = await _near(shelf, deck, table, question, limit, where, (_PROBES[0], 0))
        return hits


async def _near(
    shelf: Shelf,
    deck: Deck,
    table: AsyncTable,
    question: Any,
    limit: int,
    where: Any,
    probes: tuple[int, int],
) -> list[Hit]:
    checked = _CHECKED if shelf.bits > 1 else _CHECKED_COARSE
    query = table.query().nearest_to(question).distance_type("cosine")
    if where is not None:
        query = query.where(where)
    if shelf.has_nearest:
        query = query.minimum_nprobes(probes[0]).maximum_nprobes(probes[1])
        query = query.refine_factor(max(math.ceil(checked / limit), 1))
        if unsearched(shelf):
            query = query.fast_search()
    return await _named(shelf, deck, table, query.limit(limit), words=False)


async def words(shelf: Shelf, deck: Deck, text: str, limit: int, given: Filter) -> list[Hit]:
    """The units in which the words of *text* stand, the best match first."""
    question = " ".join(list(dict.fromkeys(text.split()))[:_LONGEST_QUESTION])
    async with shelf.reading() as table:
        if table is None or not shelf.has_words or not question or limit < 1:
            return []
        query = table.query().nearest_to_text(question, columns=["text"]).limit(limit)
        where = arrow.condition(given)
        if where is not None:
            query = query.where(where)
        if unsearched(shelf):
            query = query.fast_search()
        return await _named(shelf, deck, table, query, words=True)


async def _named(
    shelf: Shelf, deck: Deck, table: AsyncTable, query: AsyncVectorQuery | AsyncFTSQuery, *, words: bool
) -> list[Hit]:
    """Ask, and name what was found; the table is asked for the names where memory does not know them."""
    score = arrow.SCORE if words else arrow.DISTANCE
    cards = await deck.of(shelf, table)
    if cards is not None:
        hits = cards.hits(await _answered(query.select([arrow.NUMBER, score])), words=words)
        if hits is not None:
            return hits
    return arrow.hits_of(await _answered(query.select([*arrow.FOUND, score])), words=words)


async def _answered(query: AsyncVectorQuery | AsyncFTSQuery) -> pa.Table:
    if hasattr(query, "_table"):
        # It would read the table's columns first, every time, to look for blobs among them: there are none.
        query._table = None  # noqa: SLF001 - there is no other way to say so
    return await query.to_arrow()


async def read(
    shelf: Shelf, columns: Sequence[str], where: Any = None, limit: int | None = None
) -> pa.Table | None:
    """Some columns of the rows a condition lets through; None when there is no table."""
    async with shelf.reading() as table:
        if table is None or not set(columns) <= {*arrow.schema().names, *_vector_names(shelf)}:
            return None
        query: AsyncQuery = table.query()
        if where is not None:
            query = query.where(where)
        if limit is not None:
            query = query.limit(limit)
        return await query.select(list(columns)).to_arrow()


def _vector_names(shelf: Shelf) -> Iterable[str]:
    return () if shelf.dimension is None else (arrow.VECTOR,)
