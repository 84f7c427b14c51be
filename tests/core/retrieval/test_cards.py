"""What searches hold in memory is what the table says, whatever happens to the table meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from core.retrieval import arrow, cards, upkeep
from core.retrieval.codes import Codes
from core.retrieval.index import Index
from core.retrieval.types import Filter, Hit
from tests.core.retrieval.shelves import opened, rows, vector

WORDS = ["notice", "rent", "cats", "dogs", "landlord", "quarter", "month", "consent", "lease", "working"]


def texts(count: int, first: int = 0) -> list[str]:
    """Each of other words; the first word of all is the same."""
    return [
        f"house {WORDS[n % 10]} {WORDS[n // 10 % 10]} {WORDS[n // 7 % 10]} w{n}"
        for n in range(first, first + count)
    ]


async def found(index: Index, question: str, limit: int = 8, space: int = 1) -> list[list[Hit]]:
    return [
        await index.near(space, vector(question), limit),
        await index.words(space, question, limit),
    ]


async def read_behind(index: Index) -> None:
    """What is read behind the searches was read."""
    if index._deck._behind:
        await asyncio.wait(index._deck._behind.values())


def told(hits: list[Hit], *, by: str) -> list[tuple[str, str, str, int, float]]:
    """What counts of hits, in an order of its own: equal scores come in any."""
    return sorted((hit.key, hit.document, hit.section, hit.ord, round(getattr(hit, by), 4)) for hit in hits)


async def test_what_is_found_is_what_the_table_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(300)))
        await index.add(1, rows("bare", texts(20, 300), embedded=False))
        await index.optimize(1)
        held = await found(index, "rent of cats w17", 400)
        assert len(index._deck._held) == 1
    monkeypatch.setattr(cards, "_NAMED", 0)
    async with opened(tmp_path) as index:
        plain = await found(index, "rent of cats w17", 400)
        assert not index._deck._held
    assert len(held[0]) == 300
    assert told(held[0], by="cosine") == told(plain[0], by="cosine")
    assert told(held[1], by="bm25") == told(plain[1], by="bm25")
    cosines = [hit.cosine or 0.0 for hit in held[0]]
    assert cosines == sorted(cosines, reverse=True)


async def test_rows_that_come_go_and_are_written_anew_are_known_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(60)))
        await index.add(1, rows("two", texts(60, 60)))

        async def documents(question: str) -> list[set[str]]:
            return [{hit.document for hit in hits} for hits in await found(index, question, 200)]

        assert await documents("house w7") == [{"one", "two"}] * 2
        await index.add(1, rows("three", texts(5, 200)))
        assert await documents("house w7") == [{"one", "two", "three"}] * 2
        assert (await index.near(1, vector(texts(1, 203)[0]), 1))[0].document == "three"
        await index.remove(1, ["one"])
        assert await documents("house w7") == [{"two", "three"}] * 2
        await index.optimize(1, thorough=True)
        assert await documents("house w7") == [{"two", "three"}] * 2
        await index.remove(1, ["two"])
        await index.optimize(1, purge=True)
        hits = (await found(index, "house w7", 200))[1]
        assert {(hit.key, hit.ord) for hit in hits} == {(f"three-1-{n}", n) for n in range(5)}
        await index.drop(1)
        assert await found(index, "house w7") == [[], []]
        await index.add(1, rows("four", texts(3)))
        assert await documents("house w7") == [{"four"}] * 2


async def test_vectors_that_come_later_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        mine = rows("late", texts(4), embedded=False)
        await index.add(1, rows("early", texts(3, 50)))
        await index.add(1, mine)
        assert {hit.document for hit in await index.near(1, vector("house"), 10)} == {"early"}
        await index.fill(1, {row.key: vector(row.text) for row in mine})
        assert {hit.document for hit in await index.near(1, vector("house"), 10)} == {"early", "late"}
        await index.optimize(1, thorough=True)
        assert len(await index.near(1, vector("house"), 10)) == 7


async def test_searching_while_a_table_is_filled_and_tidied_never_gives_a_unit_another_name(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("d0", texts(30)))
        filled = asyncio.Event()

        async def fill() -> None:
            for number in range(1, 13):
                await index.add(1, rows(f"d{number}", texts(10, 100 * number)))
                if number % 4 == 0:
                    await index.remove(1, [f"d{number - 1}"])
                    await index.optimize(1, purge=number % 8 == 0, thorough=True)
            filled.set()

        filling = asyncio.ensure_future(fill())
        while not filled.is_set():
            for number in (0, 1, 2, 4, 5, 8):
                wanted = texts(1, 100 * number + 3)[0]
                for hits in await found(index, wanted, 1):
                    for hit in hits:
                        assert hit.key.startswith(f"{hit.document}-1-")
                        assert int(hit.key.rpartition("-")[2]) == hit.ord
        await filling
        for hits in await found(index, texts(1, 1203)[0], 1):
            assert hits[0].key == "d12-1-3"


async def test_there_is_room_for_some_tables_and_the_least_asked_for_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "_RESTED", 6)
    async with opened(tmp_path) as index:
        for space in (1, 2, 3):
            await index.add(space, rows("one", texts(50)))
        index._deck._most = 2 * 50 * (cards._NAME + 4 * 96)

        def held() -> list[int]:
            return sorted(shelf.space for shelf in index._deck._held)

        for space in (1, 2, 3):
            assert [hit.document for hit in await index.near(space, vector("cats"), 1)] == ["one"]
        # The third has to do without until another was not asked for in a while.
        assert held() == [1, 2]
        for _ in range(5):
            await index.near(2, vector("cats"), 1)
            await index.near(3, vector("cats"), 1)
        assert held() == [2, 3]
        await index.drop(2)
        assert held() == [3]


@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_the_nearest_are_those_that_brute_force_finds(tmp_path: Path, limit: int) -> None:
    async with opened(tmp_path) as index:
        put = rows("one", texts(150))
        await index.add(1, put)
        question = np.frombuffer(vector("dogs and the landlord"), "<f4")
        vectors = np.frombuffer(b"".join(row.vector or b"" for row in put), "<f4").reshape(150, -1)
        best = np.sort(vectors @ question)[::-1][:limit]
        hits = await index.near(1, (3 * question).tobytes(), limit)
        assert [hit.cosine for hit in hits] == pytest.approx(best, abs=1e-5)


async def test_a_large_table_is_named_from_memory_and_its_vectors_stay_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "VECTORS", 1000)
    monkeypatch.setattr(cards, "CODES", 1000)
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(50)))
        near = await index.near(1, vector(texts(1, 31)[0]), 3)
        assert near[0].key == "one-1-31"
        await read_behind(index)
        held = index._deck._held[await index._shelf(1)]
        assert not held.tells_nearest
        assert held.bytes == 50 * cards._NAME


@pytest.mark.parametrize(
    ("details", "bits"),
    [
        (None, 1),
        ({}, 1),
        ({"compression": None}, 1),
        ({"compression": {"type": "rq", "num_bits": 4}}, 4),
        ({"compression": {"type": "pq"}}, 1),
    ],
)
def test_how_fine_an_index_is_stands_in_its_details(details: dict[str, Any] | None, bits: int) -> None:
    assert arrow.bits_of(details) == bits


async def test_an_index_of_vectors_is_as_fine_as_memory_allows_and_made_anew_when_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MANY", 300)
    monkeypatch.setattr(cards, "VECTORS", 0)  # so that the index is asked
    monkeypatch.setattr(cards, "CODES", 0)
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(400)))
        shelf = await index._shelf(1)
        for bytes, bits in ((0, 1), (1 << 20, 4), (0, 4)):
            monkeypatch.setattr(upkeep, "_FINE_BYTES", bytes)
            await index.optimize(1, thorough=True)
            assert (shelf.has_nearest, shelf.bits) == (True, bits)
            assert (await index.near(1, vector(texts(1, 321)[0]), 5))[0].key == "one-1-321"


async def test_after_a_change_some_searches_ask_the_table_and_then_the_vectors_are_read_anew(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(60)))
        await index.near(1, vector("cats"), 3)
        shelf = await index._shelf(1)
        before = index._deck._held[shelf]
        await index.add(1, rows("two", texts(1, 77)))
        for number in range(cards._MISSED + 1):
            assert (await index.near(1, vector(texts(1, 77)[0]), 3))[0].document == "two"
            assert (index._deck._held.get(shelf) is before) == (number < cards._MISSED - 1)
        after = index._deck._held[shelf]
        assert (len(before._numbers), len(after._numbers)) == (60, 61)
        assert after.changes == shelf.changes


async def test_a_large_table_is_asked_while_its_names_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "_AT_ONCE", 20)
    async with opened(tmp_path) as index:
        await index.add(1, rows("one", texts(60)) + rows("two", texts(60, 60)))
        await index.optimize(1)
        shelf = await index._shelf(1)
        async with index._deck._reading:
            plain = await found(index, "rent of cats w17", 400)
            assert shelf not in index._deck._held
        await read_behind(index)
        held = await found(index, "rent of cats w17", 400)
        assert shelf in index._deck._held
        assert not index._deck._behind
        assert told(held[0], by="cosine") == told(plain[0], by="cosine")
        assert told(held[1], by="bm25") == told(plain[1], by="bm25")
        await index.remove(1, ["one"])
        await index.optimize(1, thorough=True)
        async with index._deck._reading:
            hits = await found(index, "house w7", 200)
            assert {hit.document for way in hits for hit in way} == {"two"}
            assert index._deck._behind, "the rows have other numbers now"
    assert not index._deck._behind


def directions(count: int, dimension: int) -> npt.NDArray[np.float32]:
    """Vectors of all lengths around some topics, as those of texts are; all of them lean to one side."""
    source = np.random.default_rng(7)
    topics = source.normal(size=(20, dimension)) + 0.5
    found = topics[source.integers(20, size=count)] + source.normal(size=(count, dimension))
    return (found * source.uniform(0.1, 9, (count, 1))).astype(np.float32)


def coded(numbers: npt.NDArray[np.uint64], vectors: npt.NDArray[np.float32], there: Sequence[bool]) -> Codes:
    size = vectors.shape[1]
    codes = Codes(len(vectors) // 3, size)  # more come than were there
    for first in range(0, len(vectors), 64):
        part = slice(first, first + 64)
        given = [
            one.tolist() if is_there else None
            for one, is_there in zip(vectors[part], there[part], strict=True)
        ]
        codes.add(pa.array(numbers[part]), pa.array(given, pa.list_(pa.float32(), size)))
    codes.finish()
    return codes


@pytest.mark.parametrize("count", [1, 300, 4_000])
@pytest.mark.parametrize("dimension", [64, 100, 384])
def test_codes_find_the_nearest_rows_that_have_a_vector(count: int, dimension: int) -> None:
    vectors = directions(count + 1, dimension)
    vectors[count // 2] = 0
    numbers = np.random.default_rng(8).permutation(100_000)[: count + 1].astype(np.uint64)
    there = [place % 7 != 1 for place in range(count + 1)]
    codes = coded(numbers, vectors, there)
    known = {int(number) for number, is_there in zip(numbers, there, strict=True) if is_there}
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    for question in 3 * directions(20, dimension):
        exact = vectors @ question / lengths / np.linalg.norm(question)
        told = dict(zip(numbers.tolist(), exact.tolist(), strict=True))
        found, cosines = codes.nearest(question, 10)
        assert len(found) == min(10, len(known))
        assert set(found.tolist()) <= known
        assert cosines == pytest.approx([told[number] for number in found.tolist()], abs=4e-3)
        best = sorted((told[number] for number in known), reverse=True)[:10]
        assert cosines == pytest.approx(best, abs=4e-3)


def test_many_are_wanted_of_codes_and_none_of_empty_ones() -> None:
    vectors = directions(3_000, 64)
    codes = coded(np.arange(3_000, dtype=np.uint64), vectors, [True] * 3_000)
    found, cosines = codes.nearest(vectors[5], 2_500)
    assert len(set(found.tolist())) == 2_500
    assert found[0] == 5
    assert (np.diff(cosines) <= 0).all()
    nothing = Codes(0, 64)
    nothing.finish()
    assert nothing.nearest(vectors[5], 10)[0].tolist() == []
    same = coded(np.arange(2_000, dtype=np.uint64), np.ones((2_000, 64), np.float32), [True] * 2_000)
    assert same.nearest(vectors[5], 3)[0].tolist() == [0, 1, 2]


async def test_of_a_larger_table_the_nearest_rows_are_told_from_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MANY", 300)
    monkeypatch.setattr(cards, "VECTORS", 0)
    async with opened(tmp_path) as index:
        put = rows("one", texts(400))
        await index.add(1, put)
        await index.add(1, rows("bare", texts(9, 900), embedded=False))
        await index.optimize(1, thorough=True)
        question = np.frombuffer(vector("dogs w321 landlord"), "<f4")
        exact = {row.key: float(np.frombuffer(row.vector or b"", "<f4") @ question) for row in put}
        best = sorted(exact.values(), reverse=True)[:10]

        async def nearest() -> list[Hit]:
            hits = await index.near(1, question.tobytes(), 10)
            for hit in hits:
                if hit.document == "one":
                    assert hit.cosine == pytest.approx(exact[hit.key], abs=4e-3)
            return hits

        await nearest()
        await read_behind(index)
        assert [hit.cosine for hit in await nearest()] == pytest.approx(best, abs=4e-3)
        shelf = await index._shelf(1)
        held = index._deck._held[shelf]
        assert held.tells_nearest
        assert held.bytes == 409 * (cards._NAME + 96 + 16 + 12)
        only = await index.near(1, question.tobytes(), 3, Filter(documents=("bare", "one")))
        assert [hit.cosine for hit in only] == pytest.approx(best[:3], abs=4e-3)
        # A new row is found beside those the codes know, until they are read anew and know it, too.
        await index.add(1, rows("new", ["dogs w321 landlord"]))
        async with index.bulk(1):
            for _ in range(cards._MISSED + 1):
                assert (await nearest())[0].document == "new"
            assert index._deck._held[shelf] is held, "it would be out of date again at once"
        await index.optimize(1, thorough=True)
        for _ in range(cards._MISSED + 1):
            assert (await nearest())[0].document == "new"
        await read_behind(index)
        assert index._deck._held[shelf] is not held
        assert (await nearest())[0].document == "new"
        await index.remove(1, ["new"])
        assert [hit.cosine for hit in await nearest()] == pytest.approx(best, abs=4e-3)
