from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from core.errors import DataDirectoryError, DiskFull, StoreDamaged, StoreError
from core.store.database import Database, Transaction
from tests.core.store.files import NAME, numbers, opened, say
from tests.fakes.clock import START


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
    assert await numbers(database) == list(range(1, 10))
    row = await database.read_one("SELECT * FROM said WHERE number = :n", {"n": 2})
    assert row is not None
    assert (row["id"], row["text"]) == (2, "zwei")
    assert await database.read_one("SELECT * FROM said WHERE number = 99") is None


async def test_several_queries_are_answered_in_one_turn(database: Database) -> None:
    await say(database, 1)
    await say(database, 2)
    found = await database.read_together(
        ("SELECT number FROM said ORDER BY number", ()),
        ("SELECT number FROM said WHERE number = ?", (9,)),
        ("SELECT number FROM said WHERE number = :n", {"n": 2}),
    )
    assert [[row["number"] for row in rows] for rows in found] == [[1, 2], [], [2]]
    assert await database.read_together() == []
    with pytest.raises(StoreError):
        await database.read_together(("SELECT 1", ()), ("SELECT nonsense FROM said", ()))


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
    await say(database, 2)
    assert await numbers(database) == [2]


async def test_a_statement_that_fails_can_be_survived_within_its_transaction(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
        with pytest.raises(StoreError, match="SQLITE_CONSTRAINT_UNIQUE") as caught:
            await transaction.execute("INSERT INTO said (number) VALUES (1)")
        assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
        await transaction.execute("INSERT INTO said (number) VALUES (2)")
    assert await numbers(database) == [1, 2]


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
    await say(database, 2)
    assert await numbers(database) == [2]


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DataDirectoryError):
        await database.read("INSERT INTO said (number) VALUES (1) RETURNING id")
    assert await numbers(database) == []


async def test_after_its_block_a_transaction_is_over(database: Database) -> None:
    async with database.write() as transaction:
        pass
    with pytest.raises(RuntimeError, match="over"):
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
    assert await numbers(database) == []


async def test_a_transaction_within_a_transaction_is_an_error_and_not_a_wait_for_ever(
    database: Database,
) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="already has a transaction"):
            async with database.write():
                await say(database, 1)
        await say(database, 2)
    assert await numbers(database) == [2]


async def test_reads_do_not_wait_for_a_transaction_and_see_only_what_is_finished(database: Database) -> None:
    await say(database, 1)
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (2)")
        assert await numbers(database) == [1]
        assert len(await transaction.rows("SELECT * FROM said")) == 2
    assert await numbers(database) == [1, 2]


async def test_fifty_writers_take_their_turns_in_order(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as transaction:
            (row,) = await transaction.rows("SELECT count(*) FROM said")
            await asyncio.sleep(0)
            await transaction.execute("INSERT INTO said (id, number) VALUES (?, ?)", (row[0] + 1, number))

    await asyncio.gather(*(write(number) for number in range(50)))
    rows = await database.read("SELECT id, number FROM said ORDER BY id")
    assert [tuple(row) for row in rows] == [(number + 1, number) for number in range(50)]


async def _fill(transaction: Transaction, pages: int) -> None:
    (row,) = await transaction.rows("PRAGMA page_count")
    await transaction.execute(f"PRAGMA max_page_count = {row[0] + pages}")


async def test_a_full_disk_is_said_clearly_and_costs_nothing_that_was_saved(database: Database) -> None:
    async def write_too_much() -> None:
        async with database.write() as transaction:
            await _fill(transaction, 2)
            await transaction.execute("INSERT INTO said (number) VALUES (2)")
            await transaction.execute("INSERT INTO said (text) VALUES (?)", ("x" * 100_000,))

    await say(database, 1)
    with pytest.raises(DiskFull, match="disk is full") as caught:
        await write_too_much()
    assert str(database.path) in caught.value.message
    assert await numbers(database) == [1]
    async with database.write() as transaction:
        await _fill(transaction, 1000)
        await transaction.execute("INSERT INTO said (number, text) VALUES (3, ?)", ("x" * 100_000,))
    assert await numbers(database) == [1, 3]


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
    assert await numbers(database) == []


async def test_another_program_that_locks_the_file_is_said_clearly(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = database._writer._connection
    assert writer is not None
    writer.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(StoreError, match="locked by another program"):
        await say(database, 1)
    assert await numbers(database) == []
    other.execute("ROLLBACK")
    other.close()
    await say(database, 2)
    assert await numbers(database) == [2]


async def test_a_value_that_cannot_be_stored_is_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="cannot hold that value"):
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO said (text) VALUES (?)", ("torn \ud83d",))
    assert await numbers(database) == []


async def test_a_sound_database_passes_its_check_while_it_is_written(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (1)")
        assert await database.check() == []
    assert await database.check() == []


async def test_damage_under_our_feet_is_named(tmp_path: Path) -> None:
    database = await opened(tmp_path / NAME)
    async with database.write() as transaction:
        await transaction.many("INSERT INTO said (text) VALUES (?)", (("x" * 500,) for _ in range(400)))
    await database.close()
    whole = (tmp_path / NAME).read_bytes()
    database = await opened(tmp_path / NAME)
    (tmp_path / NAME).write_bytes(whole[:20480] + b"\xff" * (len(whole) - 20480))
    assert await database.check() != []
    with pytest.raises(StoreDamaged, match="is damaged"):
        await database.read("SELECT sum(length(text)) FROM said")
    await database.close()
    database = await opened(tmp_path / NAME)
    assert len(database.notices) == 1
    await database.close()
