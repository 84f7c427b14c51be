"""Making one order of what both ways of searching find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.fuse import Method, fuse, one_a_section
from core.retrieval.types import Hit


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
