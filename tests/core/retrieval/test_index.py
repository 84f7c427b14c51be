"""The index: what goes in is found, by meaning and by words, in its own space and nowhere else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from core.errors import DiskFull, LeitstandError, Refused
from core.retrieval import asking, durable, upkeep
from core.retrieval.index import Index
from core.retrieval.shelf import Standing
from core.retrieval.shelves import LANGUAGES
from core.retrieval.types import Filter, Row
from tests.core.retrieval.shelves import names, opened, rows, texts_of, vector

NOTICE = "The notice period is three months to the end of a quarter."
RENT = "The rent is due on the third working day of the month."
PETS = "Cats may be kept, dogs need the consent of the landlord."


# The first opening imports LanceDB, a second of work on a quiet machine.
async def test_what_is_put_in_is_found_by_meaning_and_by_words(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT, PETS]))
        near = await index.near(1, vector("when is the rent due"), 3)
        words = await index.words(1, "dogs landlord", 3)
        texts = await texts_of(index, 1)
    assert near[0].ord == 1
    assert near[0].cosine is not None
    assert near[0].cosine > 0.3
    assert [hit.ord for hit in words] == [2]
    assert texts[near[0].key] == RENT


async def test_nothing_is_found_in_a_space_that_has_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        assert await index.near(1, vector("x"), 5) == []
        assert await index.words(1, "x", 5) == []
        assert await index.keys(1) == {}
        assert await index.documents(1) == {}
        assert await index.known(1, ["x"]) == {}
        assert await index.remove(1, ["d"]) == 0
        await index.optimize(1)
        await index.optimize(1, purge=True)
        await index.drop(1)
        assert (await index.stats(1)).rows == 0
        assert await index.tables() == []


async def test_spaces_see_nothing_of_each_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE]))
        await index.add(2, rows("other", [RENT]))
        await index.add(21, rows("third", [PETS]))
        for space, document in ((1, "lease"), (2, "other"), (21, "third")):
            found = [*await index.near(space, vector(NOTICE + RENT + PETS), 10)]
            found += await index.words(space, "notice rent cats", 10)
            assert {hit.document for hit in found} == {document}
        await index.drop(2)
        assert await index.tables() == [(1, 1), (21, 1)]
        assert len(await index.words(21, "cats", 5)) == 1
    assert names(tmp_path) == ["units_1_r1.lance", "units_21_r1.lance"]


async def test_what_is_put_in_is_there_after_opening_it_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT]), stamp="m@1/bare")
    async with opened(tmp_path) as index:
        assert [hit.ord for hit in await index.words(1, "rent", 5)] == [1]
        stats = await index.stats(1)
        assert (stats.rows, stats.embedded, stats.stamp) == (2, 2, "m@1/bare")


async def test_rows_without_vectors_are_found_by_their_words_and_get_vectors_later(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT], embedded=False))
        assert len(await index.words(1, "rent", 5)) == 1
        assert await index.near(1, vector("rent"), 5) == []
        await index.add(1, rows("pets", [PETS]), stamp="m")
        assert {hit.document for hit in await index.near(1, vector("rent"), 5)} == {"pets"}
        missing = await index.unembedded(1, 10)
        assert sorted(missing.values()) == sorted([NOTICE, RENT])
        assert await index.fill(1, {key: vector(text) for key, text in missing.items()}, stamp="m") == 2
        assert await index.unembedded(1, 10) == {}
        assert (await index.near(1, vector(RENT), 5))[0].ord == 1
        assert len(await index.words(1, "rent", 5)) == 1
        assert (await index.stats(1)).rows == 3


async def test_vectors_can_come_to_a_space_that_had_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT], embedded=False))
    async with opened(tmp_path) as index:
        missing = await index.unembedded(1, 10)
        await index.fill(1, {key: vector(text) for key, text in missing.items()}, stamp="m@2")
        await index.optimize(1)
    async with opened(tmp_path) as index:
        assert (await index.near(1, vector(RENT), 5))[0].ord == 1
        assert (await index.stats(1)).stamp == "m@2"


async def test_a_changed_document_replaces_its_older_version(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT]))
        await index.add(1, rows("other", [PETS]))
        await index.add(1, rows("lease", ["The notice period is six weeks."], revision=2))
        assert (await index.documents(1))["lease"] == Standing((1, 2), 3, 3)
        assert await index.drop_older(1, "lease", 2) == 2
        assert await index.documents(1) == {"lease": Standing((2,), 1, 1), "other": Standing((1,), 1, 1)}
        assert await index.words(1, "rent", 5) == []
        assert list(await index.keys(1, "lease")) == ["lease-2-0"]
        await index.add(1, rows("lease", [RENT], revision=3) + rows("other", [RENT], revision=3))
        assert await index.drop_older(1, ["lease", "other"], 3) == 2
        assert {seen.revisions for seen in (await index.documents(1)).values()} == {(3,)}
        await index.remove(1, ["lease", "nobody"])
        assert list(await index.documents(1)) == ["other"]


async def test_vectors_of_texts_that_are_there_need_not_be_made_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT]))
        await index.add(1, rows("plain", [PETS], embedded=False))
        known = await index.known(1, [RENT, PETS, "never seen"])
    assert known == {RENT: vector(RENT)}


@pytest.mark.parametrize(
    ("only", "documents"),
    [
        (Filter(documents=("a",)), {"a"}),
        (Filter(documents=("a", "c")), {"a", "c"}),
        (Filter(media=("pdf",)), {"b", "c"}),
        (Filter(since=20.0), {"b", "c"}),
        (Filter(until=20.0), {"a", "b"}),
        (Filter(media=("pdf",), since=25.0), {"c"}),
        (Filter(documents=("x' OR 1=1 --",)), set()),
        (Filter(documents=("'; DROP TABLE units_1_r1",)), set()),
        (Filter(documents=('it\'s "quoted"',)), {'it\'s "quoted"'}),
    ],
)
async def test_filters_restrict_both_ways_of_searching(
    tmp_path: Path, only: Filter, documents: set[str]
) -> None:
    async with opened(tmp_path) as index:
        for name, media, changed in (("a", "text", 10.0), ("b", "pdf", 20.0), ("c", "pdf", 30.0)):
            await index.add(1, rows(name, [NOTICE], media=media, changed=changed))
        await index.add(1, rows('it\'s "quoted"', [NOTICE], media="csv", changed=15.0))
        keep = documents | ({'it\'s "quoted"'} if only == Filter(until=20.0) else set())
        assert {hit.document for hit in await index.near(1, vector("notice"), 10, only)} == keep
        assert {hit.document for hit in await index.words(1, "notice", 10, only)} == keep


@pytest.mark.parametrize(
    "question",
    [
        '"',
        "(",
        "*",
        "''",
        "foo:bar",
        "AND OR NOT",
        "\x00\x1b[31m",
        "a" * 5000,
        "the of and",
        "",
        "🦀",
        "-rent",
    ],
)
async def test_a_question_of_any_shape_is_only_text(tmp_path: Path, question: str) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT]))
        found = await index.words(1, question, 5)
    assert (len(found) == 1) is (question == "-rent")


async def test_vectors_of_another_model_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE]), stamp="nomic@1")
        shorter = [msgspec.structs.replace(row, vector=vector(RENT, 32)) for row in rows("b", [RENT])]
        with pytest.raises(Refused, match="another model"):
            await index.add(1, shorter, stamp="other@1")
        with pytest.raises(Refused, match="nomic@1"):
            await index.add(1, rows("b", [RENT]), stamp="nomic@2")
        with pytest.raises(Refused, match="another model"):
            await index.near(1, vector("x", 32), 3)
        assert list(await index.documents(1)) == ["lease"]
        # Once nothing of it is left, another model may begin.
        await index.remove(1, ["lease"])
        await index.add(1, shorter, stamp="other@1")
        assert len(await index.near(1, vector(RENT, 32), 3)) == 1


async def test_a_space_is_indexed_anew_beside_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE]), stamp="old")
        anew = [
            msgspec.structs.replace(row, vector=vector(row.text, 32)) for row in rows("lease", [NOTICE, RENT])
        ]
        await index.add(1, anew, stamp="new", build=2)
        assert len(await index.keys(1)) == 1
        index.choose(1, 2)
        assert len(await index.near(1, vector("rent", 32), 5)) == 2
        await index.drop(1, build=1)
        assert await index.tables() == [(1, 2)]
    async with opened(tmp_path) as index:
        index.choose(1, 2)
        assert (await index.stats(1)).stamp == "new"


async def test_the_words_are_taken_apart_in_the_language_of_the_texts(tmp_path: Path) -> None:
    german = [
        "Die Häuser in der Straße sind nicht für den Verkauf bestimmt und werden vermietet.",
        "Der Mieter hat das Recht, die Wohnung mit einer Frist von drei Monaten zu kündigen.",
    ]
    async with opened(tmp_path) as index:
        await index.add(1, rows("haus", german))
        await index.add(2, rows("lease", [NOTICE, RENT]))
        assert [(await index.stats(space)).language for space in (1, 2)] == ["German", "English"]
        assert [hit.ord for hit in await index.words(1, "haus strassen", 5)] == [0]
        assert [hit.ord for hit in await index.words(1, "kuendigen Fristen", 5)] == [1]


@pytest.mark.parametrize(
    ("stamp", "counts"),
    [("all-minilm@1/bare", 0.3), ("nomic-embed-text:v1.5@1/x", 0.3), ("bge-m3@1/bare", 0.4)],
)
async def test_an_english_model_counts_for_less_in_another_language(
    tmp_path: Path, stamp: str, counts: float
) -> None:
    async with opened(tmp_path) as index:
        await index.add(
            1, rows("haus", ["Die Häuser in der Straße sind nicht für den Verkauf."]), stamp=stamp
        )
        await index.add(2, rows("house", [NOTICE]), stamp=stamp)
        assert await index.meaning(1) == counts
        assert await index.meaning(2) == 0.4
    async with opened(tmp_path) as index:
        assert await index.meaning(1) == counts
        assert await index.meaning(3) == 0.4


async def test_a_space_that_changes_its_language_is_indexed_in_the_new_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("readme", [NOTICE]))
        await index.add(
            1,
            rows(
                "haus", [f"Die Häuser in der {number}. Straße sind für den Verkauf." for number in range(9)]
            ),
        )
        await index.optimize(1)
        assert (await index.stats(1)).language == "German"
        assert len(await index.words(1, "Haus", 20)) == 9


async def test_scripts_without_spaces_are_found_by_their_words(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("zh", ["租赁合同的通知期为三个月。", "猫可以饲养,养狗需要房东同意。"]))
        assert [hit.ord for hit in await index.words(1, "房东", 5)] == [1]


async def test_a_text_of_half_characters_does_not_stop_a_batch(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("odd", ["a \ud800 rent", RENT], embedded=False))
        assert len(await index.words(1, "rent", 5)) == 2


async def test_ten_thousand_rows_can_come_at_once(tmp_path: Path) -> None:
    many = [
        Row(
            key=f"k{n}",
            document=f"d{n % 50}",
            section=f"s{n}",
            ord=n,
            revision=1,
            text=f"number{n} stands here",
        )
        for n in range(10_000)
    ]
    async with opened(tmp_path) as index:
        await index.add(1, many)
        assert len(await index.keys(1)) == 10_000
        assert [hit.key for hit in await index.words(1, "number9876", 5)] == ["k9876"]
        assert (await index.stats(1)).unindexed == 0


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    async with opened(tmp_path / "index") as index:
        with pytest.raises(LeitstandError, match="not a directory"):
            await index.add(1, rows("a", [RENT]))


def test_importing_the_index_loads_nothing_heavy_and_opening_it_keeps_quiet(tmp_path: Path) -> None:
    code = """
import asyncio, sys, threading
from pathlib import Path
from core.bus import Bus
from core.tasks import Tasks
from core.retrieval import asking, durable, upkeep
from core.retrieval.index import Index
import core.retrieval.embed, core.retrieval.finding, core.retrieval.upkeep
assert not {"lancedb", "pyarrow", "numpy"} & set(sys.modules)
on_the_loop = []
class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in {"lancedb", "pyarrow"} and threading.current_thread() is threading.main_thread():
            on_the_loop.append(name)
sys.meta_path.insert(0, Spy())
async def main():
    index = Index(Path(sys.argv[1]), in_thread=Tasks(Bus()).in_thread)
    late = []
    async def lag():
        import time
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - began)
    watch = asyncio.ensure_future(lag())
    await index.words(1, "x", 1)
    watch.cancel()
    assert "lancedb" in sys.modules
    assert on_the_loop == []
    print(len(late))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "i")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert int(done.stdout) > 10, "the loop went on while it was imported"


def test_an_index_can_be_made_without_a_loop(tmp_path: Path) -> None:
    assert Index(tmp_path, in_thread=None).directory == tmp_path  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES[1:])
async def test_words_are_brought_to_their_stems_in_the_language_that_was_chosen(
    tmp_path: Path, language: str
) -> None:
    async with opened(tmp_path) as index:
        index.speak(1, language)
        await index.add(1, rows("lease", [NOTICE, RENT, PETS], embedded=False))
        assert (await index.stats(1)).language == language.capitalize()
        assert [hit.ord for hit in await index.words(1, "landlord", 5)] == [2]


async def test_another_language_counts_from_the_next_upkeep_on_and_none_lets_the_texts_decide(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [NOTICE, RENT, PETS], embedded=False))
        index.speak(1, "german")
        await index.optimize(1)
        assert (await index.stats(1)).language == "German"
        index.speak(1, "")
        await index.optimize(1)
        assert (await index.stats(1)).language == "English"


async def test_while_much_is_put_in_upkeep_comes_more_rarely_and_everything_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "DUE_COMMITS", 2)
    monkeypatch.setattr(upkeep, "BULK_COMMITS", 4)
    table = tmp_path / "units_1_r1.lance"
    async with opened(tmp_path) as index:
        async with index.bulk(1):
            for number in range(6):
                await index.add(1, rows(f"d{number}", [f"{RENT} {number}"]))
                assert len(await index.words(1, "rent", 9)) == number + 1
            assert (await index._shelf(1)).commits == 2
            assert len(durable.manifests(table)) > 4, "cleaning up waits for the end"
        await index.optimize(1)
        assert len(durable.manifests(table)) == 1
        assert (await index.stats(1)).unindexed == 0
        assert len(await index.near(1, vector(RENT), 9)) == 6


async def test_the_index_of_vectors_has_few_parts_however_often_a_little_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MANY", 300)
    async with opened(tmp_path) as index:
        await index.add(1, rows("first", [f"{RENT} {number}" for number in range(300)]))
        await index.optimize(1, thorough=True)
        shelf = await index._shelf(1)
        parts = []
        for number in range(6):
            await index.add(1, rows(f"later{number}", [f"{PETS} {number}"]))
            await index.optimize(1, thorough=True)
            table = await shelf.table()
            assert table is not None
            parts += [one.num_segments for one in await table.list_indices() if one.columns == ["vector"]]
        assert parts == [2, 3, 4, 1, 2, 3]
        assert {hit.document for hit in await index.near(1, vector(PETS), 6)} == {
            f"later{number}" for number in range(6)
        }


async def test_a_large_table_is_looked_after_more_rarely(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("lease", [RENT]))
        shelf = await index._shelf(1)
        for count, commits, due in ((1_000, 20, True), (1_000_000, 49, False), (1_000_000, 50, True)):
            shelf.count, shelf.commits = count, commits
            assert upkeep.is_due(shelf) == due, (count, commits)


async def test_what_is_put_in_by_the_thousands_is_found_later_and_at_the_latest_when_somebody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TAIL", 2)
    async with opened(tmp_path) as index:
        await index.add(1, rows("first", [RENT]))
        await index.optimize(1)
        with suppress(ZeroDivisionError):
            async with index.bulk(1):
                await index.add(1, rows("few", [RENT, RENT]))
                assert len(await index.words(1, "rent", 9)) == 3, "so few are looked at one by one"
                await index.add(1, rows("more", [RENT, RENT]))
                assert await index.unsearched(1) == 4
                assert len(await index.words(1, "rent", 9)) == 1
                raise ZeroDivisionError  # the work ends before its end
        assert await index.unsearched(1) == 0
        await index.words(1, "rent", 9)
        assert await index.unsearched(1) == 4, "it is being looked after now"
        await asyncio.wait(index._catching_up)
        assert await index.unsearched(1) == 0
        assert len(await index.words(1, "rent", 9)) == 5
        assert (await index.stats(1)).unindexed == 0


async def test_upkeep_that_fails_is_not_tried_by_every_search_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TAIL", 2)
    tried = 0

    async def full(*_: object) -> None:
        nonlocal tried
        tried += 1
        raise DiskFull("The disk is full.")

    async with opened(tmp_path) as index:
        await index.add(1, rows("some", [RENT, PETS, NOTICE]))
        monkeypatch.setattr(upkeep, "tidy", full)
        for _ in range(3):
            assert len(await index.words(1, "rent", 9)) == 1
            await asyncio.gather(*index._catching_up)
        assert tried == 1
        await index.add(1, rows("more", [RENT]))
        await index.words(1, "rent", 9)
        await asyncio.gather(*index._catching_up)
        assert tried == 2
        assert len(await index.words(1, "rent", 9)) == 2, "looked at row by row, but found"


async def test_an_index_that_closes_lets_go_of_what_it_looks_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TAIL", 2)
    async with opened(tmp_path) as index:
        await index.add(1, rows("some", [RENT, PETS, NOTICE]))
        await index.words(1, "rent", 9)
        assert index._catching_up
    assert not index._catching_up
    async with opened(tmp_path) as index:
        assert len(await index.words(1, "rent", 9)) == 1


async def test_what_nobody_needs_any_more_is_removed_though_no_end_is_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BULK_COMMITS", 1)
    monkeypatch.setattr(upkeep, "_LITTER", 10)
    most = 0
    async with opened(tmp_path) as index, index.bulk(1):
        for number in range(8):
            await index.add(1, rows(f"d{number}", [RENT], embedded=False))
            await index.remove(1, [f"d{number - 1}"])
            most = max(most, len(durable.manifests(tmp_path / "units_1_r1.lance")))
    assert most < 25


async def test_whoever_searches_a_space_while_its_first_rows_come_takes_none_of_them_away(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as index:
        for space in range(1, 25):
            first = rows("a", ["The pump runs on oil.", "The valve opens at four bar."])
            await asyncio.gather(
                index.words(space, "pump", 3), index.add(space, first), index.words(space, "valve", 3)
            )
            assert (await index.stats(space)).rows == 2
            assert len(await index.words(space, "valve", 3)) == 1
