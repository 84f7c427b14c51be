"""Kills, power cuts, copies and erasing: no word is lost, and none stays that should be gone."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import DataDirectoryError, DiskFull, StoreError
from core.retrieval import durable, upkeep
from core.retrieval.lance import translated
from core.retrieval.shelf import Repair
from core.retrieval.types import Filter
from tests.core.retrieval.shelves import names, opened, rows, texts_of, vector
from tests.fakes.clock import settle
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["The rent is due on Monday.", "Dogs bark at cats.", "The notice period is three months."]

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.core.retrieval.shelves import opened, rows

async def main():
    async with opened(Path(sys.argv[1])) as index:
        begin = int(sys.argv[2])
        for number in range(begin, begin + 10_000):
            name = f"d{number}"
            await index.add(1, rows(name, [f"text {number} of {place}" for place in range(6)]))
            if number % 5 == 4:
                await index.add(1, rows(name, ["newer"] * 4, revision=2))
                await index.drop_older(1, name, 2)
            if number % 7 == 6:
                await index.optimize(1)
            if number % 4 == 2:
                await index.optimize(1, purge=True)
            print(number, flush=True)
asyncio.run(main())
"""


async def killed(directory: Path, begin: int, after: int, moment: float) -> int:
    """Run a writer, kill it a moment after so many documents, and return the last it was sure of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(directory), str(begin), stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    sure = begin - 1
    while sure < begin + after - 1:
        line = await process.stdout.readline()
        assert line, "the writer ended by itself"
        sure = int(line)
    await asyncio.sleep(moment)  # a moment of real time is the point here
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    return int(rest.split()[-1]) if rest.split() else sure


# Each round starts a real process, which imports LanceDB and is then killed.
async def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    source = random.Random(11)
    repairs: list[Repair] = []
    sure = -1
    begin = 0
    for _ in range(3):
        sure = await killed(tmp_path, begin, source.randrange(2, 9), source.random() / 10)
        async with opened(tmp_path, repairs) as index:
            there = await index.documents(1)
            keys = await index.keys(1)
            for number in range(sure + 1):
                standing = there[f"d{number}"]
                changed = number % 5 == 4
                assert standing.revisions[-1] == (2 if changed else 1)
                assert standing.rows == (4 if changed else 6)
                assert standing.embedded == standing.rows
            assert len(keys) == sum(standing.rows for standing in there.values()), "none twice"
            assert len(await index.words(1, f"text {sure}", 3)) == 3
            assert len(await index.near(1, vector("text"), 10)) == 10
            # What was begun and not acknowledged is done again.
            await index.remove(1, [name for name in there if int(name[1:]) > sure])
        begin = sure + 1
    assert repairs == []


async def test_words_are_found_though_their_index_was_never_made(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("d", TEXTS))
        table = await (await index._shelf(1)).table()
        assert table is not None
        for made in await table.list_indices():
            await table.drop_index(made.name)  # as after a kill between erasing and indexing
    async with opened(tmp_path) as index:
        assert [hit.key for hit in await index.words(1, "rent", 3)] == ["d-1-0"]
        assert (await index.stats(1)).language == "English"


async def filled(directory: Path) -> None:
    async with opened(directory) as index:
        for number in range(4):
            await index.add(1, rows(f"d{number}", TEXTS))
        await index.add(2, rows("elsewhere", TEXTS))


def newest(table: Path, part: str) -> Path:
    files = [path for path in (table / part).rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_mtime_ns)


def head(table: Path) -> Path:
    return durable.manifests(table)[0]


@pytest.mark.parametrize(
    "torn", ["empty manifest", "half a manifest", "empty data", "half of data", "no data"]
)
async def test_after_a_power_cut_a_table_goes_back_to_its_last_whole_version(
    tmp_path: Path, torn: str
) -> None:
    await filled(tmp_path)
    table = tmp_path / "units_1_r1.lance"
    victim = head(table) if "manifest" in torn else newest(table, "data")
    whole = victim.read_bytes()
    if torn == "no data":
        victim.unlink()
    else:
        victim.write_bytes(b"" if "empty" in torn else whole[: len(whole) // 2])
    repairs: list[Repair] = []
    async with opened(tmp_path, repairs) as index:
        there = await index.documents(1)
        assert sorted(there) == ["d0", "d1", "d2"]
        assert [(repair.space, repair.lost) for repair in repairs] == [(1, False)]
        assert repairs[0].versions >= 1
        # What is missing is done again, and the table is as good as new.
        await index.add(1, rows("d3", TEXTS))
        await index.optimize(1)
        assert len(await index.documents(1)) == 4
        assert {hit.document for hit in await index.words(1, "rent", 9)} == {"d0", "d1", "d2", "d3"}
        assert list(await index.documents(2)) == ["elsewhere"]
    repairs.clear()
    async with opened(tmp_path, repairs) as index:
        assert len(await index.near(1, vector(TEXTS[1]), 4)) == 4
    assert repairs == []
    assert not [name for name in names(table / "_versions") if name.endswith(".bad")]


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_after_cleaning_up_a_torn_manifest_costs_nothing(tmp_path: Path, share: float) -> None:
    await filled(tmp_path)
    table = tmp_path / "units_1_r1.lance"
    repairs: list[Repair] = []
    for number in range(2):
        async with opened(tmp_path, repairs) as index:
            await index.optimize(1)
        whole = head(table).read_bytes()
        head(table).write_bytes(whole[: int(len(whole) * share)])
        async with opened(tmp_path, repairs) as index:
            assert len(await index.documents(1)) == 4 + number
            assert len(await index.words(1, "rent", 9)) == 4 + number
            await index.add(1, rows(f"more{number}", TEXTS))
        # What came after that is lost with its own manifest only.
        head(table).write_bytes(b"")
        async with opened(tmp_path, repairs) as index:
            assert len(await index.documents(1)) == 4 + number
            await index.add(1, rows(f"more{number}", TEXTS))
    assert [(repair.versions, repair.lost) for repair in repairs] == [(1, False)] * 4


async def test_a_table_of_which_nothing_is_left_begins_anew_and_says_so(tmp_path: Path) -> None:
    await filled(tmp_path)
    table = tmp_path / "units_1_r1.lance"
    for manifest in durable.manifests(table):
        manifest.write_bytes(b"")
    repairs: list[Repair] = []
    async with opened(tmp_path, repairs) as index:
        assert await index.documents(1) == {}
        assert [repair.lost for repair in repairs] == [True]
        await index.add(1, rows("d0", TEXTS))
        await index.optimize(1)
        assert len(await index.words(1, "rent", 5)) == 1
    assert names(tmp_path) == ["units_1_r1.lance", "units_2_r1.lance"]


async def test_a_beginning_that_was_interrupted_is_begun_again_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "units_1_r1.lance" / "_transactions").mkdir(parents=True)
    repairs: list[Repair] = []
    async with opened(tmp_path, repairs) as index:
        assert await index.documents(1) == {}
        await index.add(1, rows("d0", TEXTS))
        assert len(await index.documents(1)) == 1
    assert repairs == []


async def test_an_index_that_a_power_cut_damaged_is_made_again(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with opened(tmp_path) as index:
        await index.optimize(1)
    for path in (tmp_path / "units_1_r1.lance" / "_indices").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    async with opened(tmp_path) as index:
        assert len(await index.words(1, "rent", 9)) == 4
        assert len(await index.near(1, vector("rent"), 9)) == 9


async def test_every_file_is_on_the_disk_before_a_commit_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    real = durable._sync

    def noted(path: Path) -> None:
        synced.add(str(path))
        real(path)

    monkeypatch.setattr(durable, "_sync", noted)
    async with opened(tmp_path) as index:
        for number in range(3):
            await index.add(1, rows(f"d{number}", TEXTS))
            written = {str(path) for path in durable._files(tmp_path / "units_1_r1.lance")}
            assert written <= synced
        await index.optimize(1)
        assert {str(path) for path in durable._files(tmp_path / "units_1_r1.lance")} <= synced
    assert {
        str(tmp_path / "units_1_r1.lance" / part) for part in ("data", "_versions", "_transactions")
    } <= synced


async def test_only_what_is_new_is_flushed(tmp_path: Path) -> None:
    await filled(tmp_path)
    table = tmp_path / "units_1_r1.lance"
    known = durable.flush(table, set())
    (table / "data" / "new.lance").write_bytes(b"LANC")
    assert durable.flush(table, known) - known == {str(table / "data" / "new.lance")}


async def test_a_copy_made_while_rows_come_can_be_opened(tmp_path: Path) -> None:
    async with opened(tmp_path / "live") as index:
        await index.add(1, rows("d0", TEXTS))
        await index.add(2, rows("other", TEXTS))
        stop = asyncio.Event()

        async def writing() -> int:
            number = 0
            while not stop.is_set():
                number += 1
                await index.add(1, rows(f"d{number}", TEXTS))
            return number

        writer = asyncio.ensure_future(writing())
        for number in range(6):
            before = len(await index.documents(1))
            assert len(await index.copy(tmp_path / f"copy{number}")) == 2
            async with opened(tmp_path / f"copy{number}") as copy:
                there = await copy.documents(1)
                assert len(there) >= before
                assert {standing.rows for standing in there.values()} == {3}
                assert len(await copy.words(1, "rent", 500)) == len(there)
                assert list(await copy.documents(2)) == ["other"]
        stop.set()
        assert await writer > 6
        assert await index.copy(tmp_path / "one", space=2) == ["units_2_r1.lance"]
        assert names(tmp_path / "one") == ["units_2_r1.lance"]


async def test_searches_find_what_is_there_whatever_happens_to_the_table_meanwhile(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("stays", TEXTS))
        await index.add(1, [row for number in range(40) for row in rows(f"d{number}", TEXTS)])
        stop = asyncio.Event()

        async def searching() -> int:
            number = 0
            while not stop.is_set():
                only = Filter(documents=("stays",))
                assert len(await index.words(1, "rent", 9, only)) == 1
                assert len(await index.near(1, vector("rent"), 9, only)) == 3
                assert (await texts_of(index, 1))["stays-1-0"] == TEXTS[0]
                number += 1
            return number

        searchers = [asyncio.ensure_future(searching()) for _ in range(3)]
        for number in range(4):
            await index.remove(1, [f"d{number}"])
            await index.add(1, rows(f"d{number}", TEXTS, revision=2))
            await index.optimize(1)
            await index.optimize(1, purge=True)
            assert not any(one.done() for one in searchers)
        stop.set()
        assert min(await asyncio.gather(*searchers)) > 3
        assert not (await index._shelf(1)).mended


SECRET = "Xylophonquartz"


def bytes_in(directory: Path, wanted: bytes) -> list[str]:
    return [
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and wanted in path.read_bytes()
    ]


async def test_deleting_and_purging_leaves_no_byte_of_a_document(tmp_path: Path) -> None:
    secret = vector(f"{SECRET} stands here")
    async with opened(tmp_path) as index:
        for number in range(30):
            await index.add(1, rows(f"d{number}", TEXTS), stamp="m@1")
        await index.add(1, rows("secret", [f"{SECRET} stands here"]))
        assert bytes_in(tmp_path, secret)
        await index.remove(1, ["secret"])
        assert bytes_in(tmp_path, secret), "deleting alone is no erasing"
        await index.optimize(1, purge=True)
        assert bytes_in(tmp_path, secret) == []
        assert bytes_in(tmp_path, SECRET.lower().encode()) == []
        assert bytes_in(tmp_path, SECRET.encode()) == []
        stats = await index.stats(1)
        assert (stats.rows, stats.embedded, stats.stamp, stats.unindexed) == (90, 90, "m@1", 0)
        assert len(await index.words(1, "rent", 100)) == 30
    async with opened(tmp_path) as index:
        assert len(await index.documents(1)) == 30
        await index.add(1, rows("d31", TEXTS), stamp="m@1")
    assert names(tmp_path) == ["units_1_r1.lance"]


async def test_rows_with_and_without_vectors_survive_a_purge_together(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, [*rows("a", TEXTS), *rows("b", TEXTS, embedded=False)], stamp="m")
        await index.add(1, rows("c", TEXTS, embedded=False))
        await index.optimize(1, purge=True)
        stats = await index.stats(1)
        assert (stats.rows, stats.embedded, stats.stamp) == (9, 3, "m")
        assert len(await index.unembedded(1, 100)) == 6
        assert len(await index.words(1, "rent", 100)) == 3
        assert [hit.document for hit in await index.near(1, vector("rent"), 100)] == ["a"] * 3


def test_nothing_is_written_on_the_terminal(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from tests.core.retrieval.shelves import opened, rows, vector

async def main():
    async with opened(Path(sys.argv[1])) as index:
        await index.words(1, "x", 1)
        await index.add(1, rows("a", ["one", "two"], embedded=False))
        await index.remove(1, ["a"])
        await index.add(1, rows("a", ["one"], revision=2))
        await index.add(1, [*rows("b", ["one"]), *rows("c", ["two"], embedded=False)])
        await index.near(1, vector("one"), 5)
        await index.optimize(1)
        await index.optimize(1, purge=True)
        await index.drop(1)
        await index.add(1, rows("a", ["one"]))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_a_space_of_words_alone_can_be_purged_and_an_emptied_one_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as index:
        await index.add(1, rows("a", TEXTS, embedded=False))
        await index.optimize(1, purge=True)
        assert len(await index.words(1, "rent", 5)) == 1
        await index.remove(1, ["a"])
        await index.optimize(1, purge=True)
        assert (await index.stats(1)).rows == 0
        await index.add(1, rows("b", TEXTS))
        assert len(await index.words(1, "rent", 5)) == 1


async def test_small_writes_let_neither_the_disk_nor_the_number_of_files_grow(tmp_path: Path) -> None:
    table = tmp_path / "units_1_r1.lance"
    async with opened(tmp_path) as index:
        for number in range(30):
            await index.add(1, rows(f"d{number % 10}", TEXTS, revision=number))
            await index.drop_older(1, f"d{number % 10}", number)
        await index.optimize(1)
        assert (await index.stats(1)).unindexed == 0
        assert len(await index.keys(1)) == 30
    data = [name for name in names(table / "data") if name.endswith(".lance")]
    manifest = head(table)
    assert len(set(durable._DATA_NAME.findall(manifest.read_bytes()))) <= 3, data


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("LanceError(IO): No space left on device (os error 28)", DiskFull),
        ("IO error: Permission denied (os error 13)", DataDirectoryError),
        ("Too many open files (os error 24)", StoreError),
        ("LanceError(Index): something nobody has seen", StoreError),
    ],
)
def test_what_the_database_complains_of_is_told_in_a_sentence(text: str, kind: type[Exception]) -> None:
    told = translated(RuntimeError(text), "the index of space 7")
    assert isinstance(told, kind)
    assert told.hint
    assert "Lance" not in told.message


async def test_a_table_that_the_system_does_not_open_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    before = durable.manifests(tmp_path / "units_1_r1.lance")

    def refused(table: Path) -> bool:
        raise OSError("Too many open files (os error 24)")

    monkeypatch.setattr(durable, "looks_whole", refused)
    async with opened(tmp_path) as index:
        with pytest.raises(StoreError, match="refused to open"):
            await index.documents(1)
    assert durable.manifests(tmp_path / "units_1_r1.lance") == before


async def test_what_can_be_read_is_whole_whatever_its_files_look_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    monkeypatch.setattr(durable, "looks_whole", lambda table: False)
    repairs: list[Repair] = []
    async with opened(tmp_path, repairs) as index:
        assert len(await index.documents(1)) == 4
    assert repairs == []


@pytest.mark.parametrize("times", [1, 3])
async def test_a_table_that_was_looked_after_is_whole(tmp_path: Path, times: int) -> None:
    await filled(tmp_path)
    for number in range(times):
        async with opened(tmp_path) as index:
            await index.optimize(1)
            assert durable.looks_whole(tmp_path / "units_1_r1.lance")
            assert len(durable.manifests(tmp_path / "units_1_r1.lance")) == 1
            await index.add(1, rows(f"more{number}", TEXTS))
            assert durable.looks_whole(tmp_path / "units_1_r1.lance")


async def test_cleaning_up_waits_for_who_still_reads(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with opened(tmp_path) as index:
        shelf = await index._shelf(1)
        async with shelf.reading():
            cleaning = asyncio.ensure_future(index.optimize(1))
            await until(lambda: not shelf._searchable.is_set())
            assert len(durable.manifests(shelf.path)) > 6
            late = asyncio.ensure_future(index.words(1, "rent", 9))
            await settle()
            assert not cleaning.done()
            assert not late.done()
        await cleaning
        assert len(await late) == 4
        assert len(durable.manifests(shelf.path)) == 1


async def test_a_large_table_is_not_written_anew_for_a_few_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_CHEAP", 100)
    await filled(tmp_path)
    table = tmp_path / "units_1_r1.lance"
    async with opened(tmp_path) as index:
        await index.optimize(1, thorough=True)
        await index.add(1, rows("one", TEXTS))
        await index.optimize(1)
        assert len(durable.manifests(table)) == 2
        assert len(await index.words(1, "rent", 9)) == 5
    async with opened(tmp_path) as index:
        # What was left undone is not forgotten over a restart.
        await index.documents(1)
        assert (await index._shelf(1)).new_rows == 3
        for number in range(8):
            await index.add(1, rows(f"d{number}", TEXTS, revision=2))
        await index.optimize(1)
        assert len(durable.manifests(table)) == 1
