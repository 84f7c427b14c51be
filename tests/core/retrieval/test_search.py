"""Searching in both ways at once, and making one order of what they find."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.fuse import Method, fuse, one_a_section
from core.retrieval.search import search
from core.retrieval.types import EVERYTHING, Filter, Hit
from tests.core.retrieval.shelves import opened, rows, vector


def near(key: str, cosine: float, section: str = "") -> Hit:
    return Hit(key, "d", section or key, 0, cosine, cosine=cosine)


def words(key: str, bm25: float, section: str = "") -> Hit:
    return Hit(key, "d", section or key, 0, bm25, bm25=bm25)


def test_the_meaning_counts_two_fifths_and_the_words_three() -> None:
    fused = fuse([near("a", 0.9), near("b", 0.7), near("c", 0.5)], [words("b", 8.0), words("d", 4.0)])
    assert [(hit.key, round(hit.score, 3)) for hit in fused] == [("b", 0.8), ("a", 0.4), ("d", 0.3), ("c", 0)]
    assert (fused[0].cosine, fused[0].bm25) == (0.7, 8.0)
    assert (fused[1].cosine, fused[1].bm25) == (0.9, None)


def test_a_way_that_finds_nothing_leaves_the_order_to_the_other() -> None:
    alone = fuse([], [words("a", 2.0), words("b", 1.0)])
    assert [(hit.key, hit.score) for hit in alone] == [("a", 1.0), ("b", 0.5)]
    alone = fuse([near("a", 0.9), near("b", 0.2)], [])
    assert [(hit.key, hit.score) for hit in alone] == [("a", 1.0), ("b", 0.0)]
    assert fuse([], []) == []


def test_a_single_candidate_has_the_full_score_of_its_way() -> None:
    assert fuse([near("a", 0.3)], [words("a", 0.1)])[0].score == pytest.approx(1)


def test_a_section_is_judged_by_the_best_of_all_its_units() -> None:
    meant = [near("a1", 0.9, "a"), near("b1", 0.7, "b"), near("c", 0.1)]
    said = [words("b2", 9.0, "b"), words("a2", 8.0, "a")]
    fused = fuse(meant, said)
    assert [(hit.key, round(hit.score, 3)) for hit in fused[:2]] == [("a2", 0.933), ("b2", 0.9)]
    kept, behind = one_a_section(fused)
    assert [hit.key for hit in kept] == ["a2", "b2", "c"]
    assert {hit.key for hit in behind} == {"a1", "b1"}


def test_the_meaning_counts_less_where_it_is_told_to() -> None:
    fused = fuse([near("a", 0.9), near("b", 0.5)], [words("b", 2.0)], meaning=0.3)
    assert [(hit.key, round(hit.score, 3)) for hit in fused] == [("b", 0.7), ("a", 0.3)]


def test_ranks_can_be_fused_instead_of_scores() -> None:
    fused = fuse([near("a", 0.9), near("b", 0.1)], [words("b", 90.0), words("a", 0.1)], "rank")
    assert fused[0].score == pytest.approx(fused[1].score)
    assert fuse([near("a", 0.9)], [words("a", 1.0)], "rank")[0].score == pytest.approx(1)


scores = st.floats(-1, 1, allow_nan=False)
keys = st.sampled_from([f"k{number}" for number in range(12)])


@given(
    st.dictionaries(keys, scores), st.dictionaries(keys, st.floats(0, 40)), st.sampled_from(["score", "rank"])
)
def test_every_candidate_stands_once_between_nothing_and_one(
    cosines: dict[str, float], bm25s: dict[str, float], method: Method
) -> None:
    meant = sorted((near(key, value) for key, value in cosines.items()), key=lambda hit: -hit.score)
    said = sorted((words(key, value) for key, value in bm25s.items()), key=lambda hit: -hit.score)
    fused = fuse(meant, said, method)
    assert sorted(hit.key for hit in fused) == sorted({*cosines, *bm25s})
    assert all(-1e-9 <= hit.score <= 1 + 1e-9 for hit in fused)
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)
    assert fuse(meant[::-1], said[::-1], method if method == "score" else "score") == fuse(
        meant, said, "score"
    )


def test_one_unit_speaks_for_its_section() -> None:
    kept, behind = one_a_section([near("a", 0.9, "s1"), near("b", 0.8, "s1"), near("c", 0.7, "s2")])
    assert [hit.key for hit in kept] == ["a", "c"]
    assert [hit.key for hit in behind] == ["b"]


async def test_a_search_tells_what_each_way_found_and_what_was_cut(tmp_path: Path) -> None:
    texts = [
        "The rent is due on Monday.",
        "Rent and more rent is due.",
        "Dogs bark at cats.",
        "Nothing here.",
    ]
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", texts))
        found = await search(index, 1, "when is the rent due", vector("when is the rent due"), limit=1)
        assert len(found.hits) == 1
        assert {hit.key for hit in found.words} == {"lease-1-0", "lease-1-1"}
        assert len(found.near) == 4
        assert {hit.key for hit in (*found.hits, *found.cut)} == {
            hit.key for hit in (*found.near, *found.words)
        }
        assert set(found.took) == {"near", "words", "fuse", "all"}
        alone = await search(index, 1, "rent", None)
        assert alone.near == ()
        assert {hit.key for hit in alone.hits} == {"lease-1-0", "lease-1-1"}
        nobody = await search(index, 1, "rent", None, filter=Filter(documents=("other",)))
        assert nobody.hits == ()


class Ways:
    """An index whose two ways wait for each other."""

    def __init__(self) -> None:
        self.here = asyncio.Event()
        self.there = asyncio.Event()

    async def near(self, space: int, vector: bytes, limit: int, filter: Filter = EVERYTHING) -> list[Hit]:
        self.here.set()
        await self.there.wait()
        return [near("a", 0.9, "s"), near("b", 0.5, "s"), near("c", 0.4)]

    async def words(self, space: int, text: str, limit: int, filter: Filter = EVERYTHING) -> list[Hit]:
        self.there.set()
        await self.here.wait()
        return [words("c", 3.0)]

    async def meaning(self, space: int) -> float:
        return 0.4


async def test_both_ways_are_searched_at_once() -> None:
    async with asyncio.timeout(5):
        found = await search(Ways(), 1, "x", b"")
    assert [hit.key for hit in found.hits] == ["c", "a"]
    assert [hit.key for hit in found.behind] == ["b"]


async def test_a_reranker_has_the_last_word() -> None:
    async def reversed_order(question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
        return [hit for hit in reversed(hits) if hit.key != "c"]

    found = await search(Ways(), 1, "x", b"", rerank=reversed_order)
    assert [hit.key for hit in found.hits] == ["a"]
    assert [hit.key for hit in found.cut] == ["c"]
    assert "rerank" in found.took
