from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DataDirectoryError, DiskFull, StoreDamaged, StoreError
from core.store.database import Database, Transaction
from tests.core.store.files import NAME
from tests.fakes.clock import START, ManualClock

ROOT = Path(__file__).parents[3]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def _opened(path: Path) -> Database:
    database = await Database.open(path, clock=ManualClock())
    async with database.write() as transaction:
        await transaction.execute(
            "CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, number INTEGER UNIQUE, text TEXT)"
        )
    return database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open database with one table."""
    opened = await _opened(tmp_path / NAME)
    yield opened
    await opened.close()


async def _say(database: Database, number: int) -> None:
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (?)", (number,))


async def _numbers(database: Database) -> list[int]:
    return [row["number"] for row in await database.read("SELECT number FROM said ORDER BY number")]


def _names(home: Path) -> list[str]:
    return sorted(file.name for file in home.iterdir())


def _victim(*arguments: object) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.store.victim", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


async def test_what_was_written_can_be_read(database: Database) -> None:
    async with database.write() as transaction:
        first = await transaction.execute("INSERT INTO said (number, text) VALUES (?, ?)", (1, "eins"))
        second = await transaction.execute(
            "INSERT INTO said (number, text) VALUES (:number, :text)", {"number": 2, "text": "zwei"}
        )
        many = await transaction.many("INSERT INTO said (number) VALUES (?)", ((n,) for n in range(3, 9)))
        returned = await transaction.rows("INSERT INTO said (number) VALUES (9) RETURNING id, number")
        changed = await transaction.execute("UPDATE said SET text = 'viele' WHERE number > 2")
        seen = await transaction.rows("SELECT count(*) FROM said")
    assert (first.lastrowid, second.lastrowid, many.rowcount, changed.rowcount) == (1, 2, 6, 7)
    assert [tuple(row) for row in returned] == [(9, 9)]
    assert seen[0][0] == 9
    assert await _numbers(database) == list(range(1, 10))
    row = await database.read_one("SELECT * FROM said WHERE number = :n", {"n": 2})
    assert row is not None
    assert (row["id"], row["text"]) == (2, "zwei")
    assert await database.read_one("SELECT * FROM said WHERE number = 99") is None


async def test_it_knows_when_it_was_made(database: Database) -> None:
    row = await database.read_one("SELECT value FROM meta WHERE key = 'created'")
    assert row is not None
    assert float(row["value"]) == START
    assert (database.notices, database.check_due) == ((), False)


async def test_an_exception_undoes_the_whole_transaction(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (number) VALUES (1)")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await fail()
    await _say(database, 2)
    assert await _numbers(database) == [2]


async def test_a_statement_that_fails_can_be_survived_within_its_transaction(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
        with pytest.raises(StoreError, match="SQLITE_CONSTRAINT_UNIQUE") as caught:
            await transaction.execute("INSERT INTO said (number) VALUES (1)")
        assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
        await transaction.execute("INSERT INTO said (number) VALUES (2)")
    assert await _numbers(database) == [1, 2]


async def test_a_commit_that_fails_saves_nothing_and_frees_the_writer(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute(
            "CREATE TABLE reply (said INTEGER REFERENCES said (id) DEFERRABLE INITIALLY DEFERRED)"
        )

    async def reply_to_nothing() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (number) VALUES (1)")
            await transaction.execute("INSERT INTO reply VALUES (99)")

    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT_FOREIGNKEY"):
        await reply_to_nothing()
    await _say(database, 2)
    assert await _numbers(database) == [2]


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DataDirectoryError):
        await database.read("INSERT INTO said (number) VALUES (1) RETURNING id")
    assert await _numbers(database) == []


async def test_after_its_block_a_transaction_is_over(database: Database) -> None:
    async with database.write() as transaction:
        pass
    with pytest.raises(RuntimeError, match="over"):
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
    assert await _numbers(database) == []


async def test_a_transaction_within_a_transaction_is_an_error_and_not_a_wait_for_ever(
    database: Database,
) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="already has a transaction"):
            async with database.write():
                await _say(database, 1)
        await _say(database, 2)
    assert await _numbers(database) == [2]


async def test_reads_do_not_wait_for_a_transaction_and_see_only_what_is_finished(database: Database) -> None:
    await _say(database, 1)
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (2)")
        assert await _numbers(database) == [1]
        assert len(await transaction.rows("SELECT * FROM said")) == 2
    assert await _numbers(database) == [1, 2]


async def test_reads_do_not_wait_for_a_long_statement(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as transaction:
            begun.set()
            await transaction.rows(ENDLESS)

    writing = asyncio.create_task(write())
    async with asyncio.timeout(60):
        await begun.wait()
        for _ in range(5):
            assert await _numbers(database) == []
        assert not writing.done()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await _say(database, 1)
    assert await _numbers(database) == [1]


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancelled_query_stops_and_the_next_one_runs(database: Database, turns: int) -> None:
    reading = asyncio.create_task(database.read(ENDLESS))
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await _numbers(database) == []


async def test_fifty_writers_take_their_turns_in_order(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as transaction:
            (row,) = await transaction.rows("SELECT count(*) FROM said")
            await asyncio.sleep(0)
            await transaction.execute("INSERT INTO said (id, number) VALUES (?, ?)", (row[0] + 1, number))

    await asyncio.gather(*(write(number) for number in range(50)))
    rows = await database.read("SELECT id, number FROM said ORDER BY id")
    assert [tuple(row) for row in rows] == [(number + 1, number) for number in range(50)]


async def _group(database: Database, number: int, done: set[int]) -> None:
    async with database.write() as transaction:
        for each in range(3):
            await transaction.execute("INSERT INTO said (number) VALUES (?)", (number * 3 + each,))
    done.add(number)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 60), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_no_cancellation_tears_a_transaction_or_blocks_the_writer(
    tmp_path_factory: pytest.TempPathFactory, cancellations: list[tuple[int, int, bool]]
) -> None:
    async def play() -> None:
        database = await _opened(tmp_path_factory.mktemp("cancel") / NAME)
        done: set[int] = set()
        tasks = [asyncio.create_task(_group(database, number, done)) for number in range(8)]
        for number, turns, twice in cancellations:
            for _ in range(turns):
                await asyncio.sleep(0)
            tasks[number].cancel()
            if twice:
                await asyncio.sleep(0)
                tasks[number].cancel()
        async with asyncio.timeout(60):
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
            await _say(database, 1000)
            numbers = await _numbers(database)
            await database.close()
        assert numbers.pop() == 1000
        groups = {number // 3 for number in numbers}
        assert done <= groups, "an acknowledged transaction is missing"
        assert numbers == [group * 3 + each for group in sorted(groups) for each in range(3)], "torn"

    asyncio.run(play())


async def test_a_swallowed_cancellation_does_not_save_half_a_transaction(database: Database) -> None:
    async def swallow() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (number) VALUES (1)")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await transaction.rows(ENDLESS)

    with pytest.raises(StoreError, match="nothing of its transaction was saved"):
        await swallow()
    await _say(database, 2)
    assert await _numbers(database) == [2]


async def _fill(transaction: Transaction, pages: int) -> None:
    (row,) = await transaction.rows("PRAGMA page_count")
    await transaction.execute(f"PRAGMA max_page_count = {row[0] + pages}")


async def test_a_full_disk_is_said_clearly_and_costs_nothing_that_was_saved(database: Database) -> None:
    async def write_too_much() -> None:
        async with database.write() as transaction:
            await _fill(transaction, 2)
            await transaction.execute("INSERT INTO said (number) VALUES (2)")
            await transaction.execute("INSERT INTO said (text) VALUES (?)", ("x" * 100_000,))

    await _say(database, 1)
    with pytest.raises(DiskFull, match="disk is full") as caught:
        await write_too_much()
    assert str(database.path) in caught.value.message
    assert await _numbers(database) == [1]
    async with database.write() as transaction:
        await _fill(transaction, 1000)
        await transaction.execute("INSERT INTO said (number, text) VALUES (3, ?)", ("x" * 100_000,))
    assert await _numbers(database) == [1, 3]


async def test_after_a_full_disk_a_stubborn_transaction_saves_nothing(database: Database) -> None:
    async def go_on() -> None:
        async with database.write() as transaction:
            await _fill(transaction, 2)
            await transaction.execute("INSERT INTO said (number) VALUES (2)")
            with pytest.raises(DiskFull):
                await transaction.execute("INSERT INTO said (text) VALUES (?)", ("x" * 100_000,))
            await transaction.execute("INSERT INTO said (number) VALUES (3)")

    with pytest.raises(StoreError, match="given up after a fault"):
        await go_on()
    assert await _numbers(database) == []


async def test_another_program_that_locks_the_file_is_said_clearly(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = database._writer._connection
    assert writer is not None
    writer.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(StoreError, match="locked by another program"):
        await _say(database, 1)
    assert await _numbers(database) == []
    other.execute("ROLLBACK")
    other.close()
    await _say(database, 2)
    assert await _numbers(database) == [2]


async def test_a_value_that_cannot_be_stored_is_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="cannot hold that value"):
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (text) VALUES (?)", ("torn \ud83d",))
    assert await _numbers(database) == []


async def test_a_sound_database_passes_its_check_while_it_is_written(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
        assert await database.check() == []
    assert await database.check() == []


async def test_damage_under_our_feet_is_named(tmp_path: Path) -> None:
    database = await _opened(tmp_path / NAME)
    async with database.write() as transaction:
        await transaction.many("INSERT INTO said (text) VALUES (?)", (("x" * 500,) for _ in range(400)))
    await database.close()
    whole = (tmp_path / NAME).read_bytes()
    database = await _opened(tmp_path / NAME)
    (tmp_path / NAME).write_bytes(whole[:20480] + b"\xff" * (len(whole) - 20480))
    assert await database.check() != []
    with pytest.raises(StoreDamaged, match="is damaged"):
        await database.read("SELECT sum(length(text)) FROM said")
    await database.close()
    opened = await _opened(tmp_path / NAME)
    assert len(opened.notices) == 1
    await opened.close()


async def test_after_close_everything_is_in_the_one_file(tmp_path: Path) -> None:
    database = await _opened(tmp_path / NAME)
    await _say(database, 1)
    assert _names(tmp_path) == [NAME, f"{NAME}-shm", f"{NAME}-wal"]
    await asyncio.gather(database.close(), database.close())
    await database.close()
    assert _names(tmp_path) == [NAME]


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    for call in (database.read("SELECT 1"), _say(database, 1)):
        with pytest.raises(StoreError, match="is closing"):
            await call


async def test_close_waits_for_the_transaction_that_runs_and_turns_away_those_that_wait(
    tmp_path: Path,
) -> None:
    database = await _opened(tmp_path / NAME)
    gate, begun = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.write() as transaction:
            begun.set()
            await gate.wait()
            await transaction.execute("INSERT INTO said (number) VALUES (1)")

    running = asyncio.create_task(write())
    await begun.wait()
    waiting = asyncio.create_task(_say(database, 2))
    await asyncio.sleep(0)
    closing = asyncio.create_task(database.close(grace=60))
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(30):
        await closing
        await running
        with pytest.raises(StoreError, match="is closing"):
            await waiting
    again = await _opened(tmp_path / NAME)
    assert await _numbers(again) == [1]
    await again.close()


async def test_close_is_bounded_when_a_transaction_never_ends(tmp_path: Path) -> None:
    database = await _opened(tmp_path / NAME)
    await _say(database, 1)

    async def write() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (number) VALUES (2)")
            await transaction.rows(ENDLESS)

    reading, writing = asyncio.create_task(database.read(ENDLESS)), asyncio.create_task(write())
    for _ in range(20):  # both reach their statements
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await database.close(grace=0)
        for task in (reading, writing):
            with pytest.raises(StoreError):
                await task
        await database.close()
    again = await _opened(tmp_path / NAME)
    assert await _numbers(again) == [1]
    await again.close()


def _ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "leitstand-store"]


async def test_an_opening_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    for turns in range(8):
        opening = asyncio.create_task(Database.open(tmp_path / NAME, clock=ManualClock()))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    database = await _opened(tmp_path / NAME)
    assert await database.check() == []
    await database.close()
    gc.collect()
    for thread in _ours():
        thread.join(10)
    assert _ours() == []


async def test_opening_what_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    before = len(_ours())
    with pytest.raises(DataDirectoryError, match="cannot be opened"):
        await Database.open(tmp_path / ("x" * 250) / ("y" * 300), clock=ManualClock())
    for thread in _ours()[before:]:
        thread.join(10)
    assert len(_ours()) == before


def test_a_database_that_was_never_closed_neither_delays_the_exit_nor_complains(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from core.clock import SystemClock
from core.store.database import Database

async def main():
    database = await Database.open(Path(sys.argv[1]), clock=SystemClock())
    async with database.write() as transaction:
        await transaction.execute("CREATE TABLE said (number INTEGER)")
    print("written", flush=True)
    if sys.argv[2] == "crash":
        raise SystemExit(7)
    return database

kept = asyncio.run(main()) if sys.argv[2] == "keep" else asyncio.run(main()) and None
"""
    for how, code in (("keep", 0), ("drop", 0), ("crash", 7)):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program, str(tmp_path / how / NAME), how],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (code, "written\n", "")


def test_twelve_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    result = _victim("writes", tmp_path / NAME, 12, 1)
    assert result["starts"] == [[[], [], []]] * 13, "lost or torn, notices, damage: at each start"
    assert result["acknowledged"] > 100


def test_a_file_that_may_not_grow_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    acknowledged, readable, refusals = _victim("fills", tmp_path / NAME, 600_000)
    assert acknowledged == readable > 20
    assert len(refusals) == 3
    assert all(NAME in refusal for refusal in refusals)
    with sqlite3.connect(tmp_path / NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("SELECT count(*) FROM said").fetchone()[0] == acknowledged
    connection.close()
