"""Searches one space in both ways at once: by meaning and by words.

found = await search(index, 7, "notice period", vector, limit=8)
found.hits        # the best units, at most one of every section
found.near        # what each way found by itself, for whoever wants to know why
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from core.retrieval.fuse import Method, fuse, one_a_section
from core.retrieval.types import EVERYTHING, Filter, Hit

CANDIDATES = 50
"""How many units each way brings."""

Rerank = Callable[[str, Sequence[Hit]], Awaitable[Sequence[Hit]]]
"""Puts the best hits into a better order; those it leaves out are cut."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search of one space found, and how."""

    hits: tuple[Hit, ...]
    near: tuple[Hit, ...] = ()
    words: tuple[Hit, ...] = ()
    """The candidates of each way, the best first."""
    behind: tuple[Hit, ...] = ()
    """Units of a section that a better one speaks for."""
    cut: tuple[Hit, ...] = ()
    """What was found, but came after the limit or was left out in reranking."""
    method: Method = "score"
    took: dict[str, float] = {}
    """Milliseconds: near, words, fuse, rerank, all."""


class Searchable(Protocol):
    """The index, as far as a search needs it."""

    async def near(self, space: int, vector: bytes, limit: int, filter: Filter = ...) -> list[Hit]:
        """By meaning."""
        ...

    async def words(self, space: int, text: str, limit: int, filter: Filter = ...) -> list[Hit]:
        """By words."""
        ...

    async def meaning(self, space: int) -> float:
        """What the meaning counts for there."""
        ...


async def search(
    index: Searchable,
    space: int,
    question: str,
    vector: bytes | None,
    *,
    limit: int = 8,
    filter: Filter = EVERYTHING,
    method: Method = "score",
    candidates: int = CANDIDATES,
    rerank: Rerank | None = None,
) -> Found:
    """Search one space; without a vector by words alone."""
    began = time.perf_counter()
    took: dict[str, float] = {}
    most = max(candidates, limit)

    async def near() -> list[Hit]:
        return [] if vector is None else await index.near(space, vector, most, filter)

    meant, said = await asyncio.gather(
        _timed("near", near(), took), _timed("words", index.words(space, question, most, filter), took)
    )
    fusing = time.perf_counter()
    share = await index.meaning(space)
    order, behind = one_a_section(fuse(meant, said, method, meaning=share))
    took["fuse"] = _milliseconds(fusing)
    best, cut = order[:limit], order[limit:]
    if rerank is not None and order:
        reranking = time.perf_counter()
        best = list(await rerank(question, order[: max(limit, 2 * limit)]))[:limit]
        kept = {hit.key for hit in best}
        cut = [hit for hit in order if hit.key not in kept]
        took["rerank"] = _milliseconds(reranking)
    took["all"] = _milliseconds(began)
    return Found(
        hits=tuple(best),
        near=tuple(meant),
        words=tuple(said),
        behind=tuple(behind),
        cut=tuple(cut),
        method=method,
        took=took,
    )


async def _timed(name: str, work: Awaitable[list[Hit]], took: dict[str, float]) -> list[Hit]:
    began = time.perf_counter()
    found = await work
    took[name] = _milliseconds(began)
    return found


def _milliseconds(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 3)
