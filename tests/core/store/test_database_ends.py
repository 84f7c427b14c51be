"""However something ends, nothing acknowledged is lost and nothing half done is kept."""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DataDirectoryError, StoreError
from core.store.database import Database, _Connection
from tests.core.store.files import ENDLESS, NAME, numbers, opened, say
from tests.fakes.clock import ManualClock

ROOT = Path(__file__).parents[3]


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


async def _runs(connection: _Connection) -> None:
    """Wait until the thread has begun what was asked last."""
    watch = connection._watch
    while True:
        await asyncio.sleep(0)
        if watch.running == watch.asked:
            return


async def test_reads_do_not_wait_for_a_long_statement(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as transaction:
            begun.set()
            await transaction.rows(ENDLESS)

    writing = asyncio.create_task(write())
    async with asyncio.timeout(60):
        await begun.wait()
        await _runs(database._writer)
        for _ in range(5):
            assert await numbers(database) == []
        assert not writing.done()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await say(database, 1)
    assert await numbers(database) == [1]


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancelled_query_stops_and_the_next_one_runs(database: Database, turns: int) -> None:
    reading = asyncio.create_task(database.read(ENDLESS))
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await numbers(database) == []


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
        database = await opened(tmp_path_factory.mktemp("cancel") / NAME)
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
            await say(database, 1000)
            found = await numbers(database)
            await database.close()
        assert found.pop() == 1000
        groups = {number // 3 for number in found}
        assert done <= groups, "an acknowledged transaction is missing"
        assert found == [group * 3 + each for group in sorted(groups) for each in range(3)], "torn"

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
    await say(database, 2)
    assert await numbers(database) == [2]


async def test_after_close_everything_is_in_the_one_file(tmp_path: Path) -> None:
    database = await opened(tmp_path / NAME)
    await say(database, 1)
    assert _names(tmp_path) == [NAME, f"{NAME}-shm", f"{NAME}-wal"]
    await asyncio.gather(database.close(), database.close())
    await database.close()
    assert _names(tmp_path) == [NAME]


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    for call in (database.read("SELECT 1"), say(database, 1)):
        with pytest.raises(StoreError, match="is closing"):
            await call


async def test_close_waits_for_the_transaction_that_runs_and_turns_away_those_that_wait(
    tmp_path: Path,
) -> None:
    database = await opened(tmp_path / NAME)
    gate, begun = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.write() as transaction:
            begun.set()
            await gate.wait()
            await transaction.execute("INSERT INTO said (number) VALUES (1)")

    running = asyncio.create_task(write())
    await begun.wait()
    waiting = asyncio.create_task(say(database, 2))
    await asyncio.sleep(0)
    closing = asyncio.create_task(database.close(grace=60))
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(30):
        await closing
        await running
        with pytest.raises(StoreError, match="is closing"):
            await waiting
    again = await opened(tmp_path / NAME)
    assert await numbers(again) == [1]
    await again.close()


async def test_close_is_bounded_when_a_transaction_never_ends(tmp_path: Path) -> None:
    database = await opened(tmp_path / NAME)
    await say(database, 1)
    at_work = asyncio.Event()

    async def write() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (number) VALUES (2)")
            at_work.set()
            await transaction.rows(ENDLESS)

    reading, writing = asyncio.create_task(database.read(ENDLESS)), asyncio.create_task(write())
    async with asyncio.timeout(30):
        await at_work.wait()
        await _runs(database._reader)
        await _runs(database._writer)
    async with asyncio.timeout(60):
        await database.close(grace=0.01)
        for task in (reading, writing):
            with pytest.raises(StoreError, match="is closing"):
                await task
        await database.close()
    again = await opened(tmp_path / NAME)
    assert await numbers(again) == [1]
    await again.close()


Left = Callable[[], list[threading.Thread]]


@pytest.fixture
def left() -> Left:
    """The store's threads that this test began and that have not ended soon; nobody else's."""
    before = set(threading.enumerate())

    def found() -> list[threading.Thread]:
        gc.collect()
        ours = [each for each in set(threading.enumerate()) - before if each.name == "leitstand-store"]
        for thread in ours:
            thread.join(10)
        return [thread for thread in ours if thread.is_alive()]

    return found


class Gate(ManualClock):
    """A clock that stops the thread which asks it for the time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.gate = threading.Event()
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        self._loop.call_soon_threadsafe(self.asked.set)
        self.gate.wait()
        return super().now()


async def test_an_opening_that_is_cancelled_goes_on_behind_nobodys_back(tmp_path: Path, left: Left) -> None:
    clock = Gate()
    opening = asyncio.create_task(Database.open(tmp_path / NAME, clock=clock))
    async with asyncio.timeout(30):
        await clock.asked.wait()
        opening.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not opening.done()
        clock.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert left() == []
    assert _names(tmp_path) == [NAME]


async def test_an_opening_cancelled_at_any_turn_can_be_repeated(tmp_path: Path) -> None:
    for turns in range(8):
        opening = asyncio.create_task(Database.open(tmp_path / NAME, clock=ManualClock()))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            # It may have been quicker than so many turns: then it is open.
            await (await opening).close()
    database = await opened(tmp_path / NAME)
    assert await database.check() == []
    await database.close()


async def test_opening_what_cannot_be_opened_leaves_no_thread(tmp_path: Path, left: Left) -> None:
    with pytest.raises(DataDirectoryError, match="cannot be"):
        await Database.open(tmp_path / ("x" * 250) / ("y" * 300), clock=ManualClock())
    assert left() == []


async def test_without_a_reader_the_writer_is_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, *, read_only: bool) -> sqlite3.Connection:
        raise sqlite3.OperationalError("out of descriptors")

    monkeypatch.setattr("core.store.database.connect", fail)
    with pytest.raises(StoreError, match="could not do that"):
        await Database.open(tmp_path / NAME, clock=ManualClock())
    assert _names(tmp_path) == [NAME]


def test_a_thread_that_outlives_the_loop_ends_in_silence(left: Left) -> None:
    # An exception in a thread fails the test.
    loop = asyncio.new_event_loop()
    gate = threading.Event()
    connection = _Connection(lambda: sqlite3.connect(":memory:", check_same_thread=False))

    async def leave() -> None:
        await connection.begin(Path("memory"))
        call = asyncio.create_task(connection.call(lambda _: gate.wait()))
        await _runs(connection)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    loop.run_until_complete(leave())
    loop.close()
    gate.set()
    assert left() == []


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
    acknowledged, readable, refusals = _victim("fills", tmp_path / NAME, 900_000)
    assert acknowledged == readable > 20
    assert len(refusals) == 3
    assert all(NAME in refusal for refusal in refusals)
    with sqlite3.connect(tmp_path / NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("SELECT count(*) FROM said").fetchone()[0] == acknowledged
    connection.close()
