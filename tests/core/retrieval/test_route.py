"""Routing: which space a question belongs to, how sure that is, and whether it belongs to any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval import route
from core.retrieval.index import Index
from core.retrieval.route import SMALL_TALK, Evidence, Gate, Rank, SpaceRouter, shares
from core.retrieval.types import EVERYTHING, Filter, Hit, Row
from tests.core.retrieval.shelves import opened, vector

SUBJECTS = {
    1: "rent lease landlord tenant deposit notice flat",
    2: "oxygen atom molecule reaction acid element gas",
    3: "violin sonata orchestra concerto melody cello tempo",
    4: "goalkeeper penalty stadium league striker referee match",
    5: "yeast flour oven dough butter sugar recipe",
}


class Asker:
    """An embedder that knows words only."""

    stamp = "words@1"

    def __init__(self) -> None:
        self.asked = 0

    async def queries(self, texts: Sequence[str]) -> list[bytes | None]:
        self.asked += 1
        return [vector(text) for text in texts]


def about(space: int, count: int = 12) -> list[Row]:
    """Units about one subject."""
    words = SUBJECTS[space].split()
    texts = [
        f"The {words[n % 7]} and the {words[(n + 2) % 7]} with number {n} of the {words[(n + 3) % 7]}."
        for n in range(count)
    ]
    return [
        Row(f"{space}-{n}", f"d{space}", f"{space}-{n}", n, 1, text, vector=vector(text))
        for n, text in enumerate(texts)
    ]


async def taught(index: Index, asker: Asker, count: int = 12) -> SpaceRouter:
    router = SpaceRouter(index, in_thread=index._in_thread)
    for space in SUBJECTS:
        await index.add(space, about(space, count))
        await router.learn(space, asker)
    return router


async def asked(router: SpaceRouter, question: str, spaces: Sequence[int] = tuple(SUBJECTS)) -> list[Rank]:
    return await router.route(question, dict.fromkeys(spaces, vector(question)))


@pytest.mark.parametrize("count", [12, 700])
async def test_a_question_goes_to_the_space_it_speaks_of(tmp_path: Path, count: int) -> None:
    async with opened(tmp_path) as index:
        asker = Asker()
        router = await taught(index, asker, count)
        for space, words in SUBJECTS.items():
            question = "what about the {} and the {}?".format(*words.split()[1:3])
            ranks = await asked(router, question)
            assert ranks[0].space == space
            assert ranks[0].percent > 60
            assert ranks[0].fits
            assert len(ranks) == 4, "not every space is looked into"
            assert sum(rank.percent for rank in ranks) == pytest.approx(100, abs=0.5)
    assert asker.asked == 1, "what a model makes of small talk is asked for once"


async def test_small_talk_fits_no_space(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        router = await taught(index, Asker())
        for text in ("Hello!", "Vielen Dank!", "Who are you?"):
            assert not any(rank.fits for rank in await asked(router, text)), text
        assert any(rank.fits for rank in await asked(router, "how loud is the violin in a sonata"))


async def test_a_space_that_was_never_looked_at_is_searched_and_takes_part(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(3, about(3))
        await index.add(4, about(4))
        router = SpaceRouter(index, in_thread=index._in_thread)
        ranks = await asked(router, "the penalty of the goalkeeper", (3, 4))
    assert [rank.space for rank in ranks] == [4, 3]
    assert ranks[0].fits


async def test_spaces_without_vectors_are_judged_by_their_words(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        for space in (1, 2):
            rows = [Row(row.key, row.document, row.section, row.ord, 1, row.text) for row in about(space)]
            await index.add(space, rows)
        router = SpaceRouter(index, in_thread=index._in_thread)
        await router.learn(1, None)
        ranks = await router.route("a molecule of oxygen", {1: None, 2: None})
        assert [(rank.space, rank.fits) for rank in ranks] == [(2, True), (1, False)]
        assert ranks[0].percent > 90


async def test_what_is_forgotten_is_no_longer_known(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        router = await taught(index, Asker())
        assert router.gate(1) is not None
        router.forget(1)
        assert router.gate(1) is None
        await index.remove(2, ["d2"])
        await router.learn(2, Asker())
        assert router.gate(2) is None


async def test_many_spaces_are_narrowed_down_before_any_is_searched(tmp_path: Path) -> None:
    searched: list[int] = []

    class Watched(Index):
        async def words(self, space: int, text: str, limit: int, filter: Filter = EVERYTHING) -> list[Hit]:
            searched.append(space)
            return await super().words(space, text, limit, filter)

    async with opened(tmp_path) as index:
        router = await taught(index, Asker())
        router._index = Watched(tmp_path, in_thread=index._in_thread)
        await router.route(
            "the cello and the melody", dict.fromkeys(SUBJECTS, vector("the cello and the melody")), most=2
        )
        assert len(searched) == 2
        assert 3 in searched
        await router._index.close()


async def test_a_small_space_holds_its_own_beside_a_large_one_that_has_some_of_the_words(
    tmp_path: Path,
) -> None:
    lease, gas = "The lease: the tenant pays a deposit of two rents.", "The deposit of gas is large."
    near = vector("lease deposit tenant")  # both say as much by their meaning
    async with opened(tmp_path) as index:
        await index.add(1, [Row("1", "1", "1", 0, 1, lease, vector=near)])
        await index.add(2, [*about(2, 60), Row("x", "x", "x", 99, 1, gas, vector=near)])
        router = SpaceRouter(index, in_thread=index._in_thread)
        for space in (1, 2):
            await router.learn(space, Asker())
        ranks = await router.route("lease: what deposit does the tenant pay?", dict.fromkeys((1, 2), near))
        assert ranks[1].evidence.bm25 > ranks[0].evidence.bm25, "where words are rare they count for more"
        assert ranks[0].space == 1
        # Two spaces that hold the same are as likely as each other.
        await index.add(3, about(2, 60))
        await router.learn(3, Asker())
        same = await router.route("oxygen and acid", dict.fromkeys((2, 3), vector("oxygen and acid")))
        assert abs(same[0].percent - same[1].percent) < 10


def test_several_models_are_compared_by_how_far_they_are_from_small_talk() -> None:
    router = SpaceRouter(None, in_thread=None)  # type: ignore[arg-type]
    for space, level in ((1, 0.2), (2, 0.2), (3, 0.7)):
        talk = np.full(40, level, np.float32)
        nothing = np.zeros((1, 4), np.float32)
        router._sketches[space] = route.Sketch(f"m{level}", nothing, exact=True, talk=talk, words=5.0)
    ranks = router.judge({1: Evidence(0.5, 9.0), 2: Evidence(0.25, 2.0), 3: Evidence(0.75, 2.0)})
    assert ranks[0].space == 1
    assert {rank.space for rank in ranks if rank.fits} == {1, 2, 3}
    # Nearer by its own measure, not by the other's.
    ranks = router.judge({1: Evidence(0.45, 0.0), 3: Evidence(0.72, 0.0)})
    assert ranks[0].space == 1


def test_the_more_spaces_are_looked_into_the_nearer_a_question_must_come() -> None:
    router = SpaceRouter(None, in_thread=None)  # type: ignore[arg-type]
    source = np.random.default_rng(5)
    for space in range(1, 9):
        talk = source.uniform(0.1, 0.4, 40).astype(np.float32)
        router._sketches[space] = route.Sketch("m", talk[None], exact=True, talk=talk, words=float(space))
    one, all_of_them = router.gate(1), router.gate(*range(1, 9))
    assert one is not None
    assert all_of_them is not None
    assert one.cosine < all_of_them.cosine <= 0.4
    assert all_of_them.words == 8.0


def test_a_gate_lets_in_what_is_near_and_what_is_said() -> None:
    gate = Gate(0.4, 6.0)
    assert gate.lets(Evidence(0.4, 0.0))
    assert gate.lets(Evidence(0.1, 6.1))
    assert not gate.lets(Evidence(0.39, 6.0))
    assert not gate.lets(Evidence(None, 2.0))


def test_nothing_found_anywhere_fits_nowhere() -> None:
    router = SpaceRouter(None, in_thread=None)  # type: ignore[arg-type]
    assert [rank.fits for rank in router.judge({1: Evidence(), 2: Evidence()})] == [False, False]
    assert router.judge({}) == []


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=12))
def test_shares_add_up_and_keep_the_order(scores: list[float]) -> None:
    found = shares(scores)
    assert sum(found) == pytest.approx(100)
    assert max(found) == found[scores.index(max(scores))]


def test_the_sample_of_small_talk_is_in_two_languages() -> None:
    assert len(SMALL_TALK) == len(set(SMALL_TALK)) == 40
    assert {"Hello!", "Hallo!", "Danke, das hilft mir."} <= set(SMALL_TALK)
