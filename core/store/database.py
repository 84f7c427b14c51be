"""SQLite off the event loop: one writer, one reader, and nothing acknowledged is ever lost.

    rows = await database.read("SELECT … WHERE id = ?", (chat,))
    async with database.write() as transaction:      # BEGIN IMMEDIATE … COMMIT, one at a time
        result = await transaction.execute("UPDATE …", (…,))

When the `async with` block has been left without an exception, the transaction is on the disk
(`synchronous=FULL`); when it raised, or its task was cancelled before the commit, nothing of it is.
A caller that is cancelled during its commit finds all of the transaction saved, or nothing.
Reads have a connection of their own and never wait for a write; they see every finished transaction.

A feature that needs a table adds the next file in `core/store/migrations/` (`0002_chats.sql`, …):
plain SQL without BEGIN or COMMIT, tables `STRICT`, never edited once it was released. Tables that
must be rebuilt may be dropped and renamed freely: foreign keys rest meanwhile and are checked before
the step commits. The tests open a database of every earlier version and kill a process in each step.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import aiosqlite

from core.clock import Clock
from core.errors import StoreError
from core.store.faults import in_our_words
from core.store.migrate import MIGRATIONS
from core.store.opening import BUSY_SECONDS, Opened, connect, damage, open_database

T = TypeVar("T")
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_STEPS_BETWEEN_LOOKS = 50_000
"""Instructions of SQLite's machine between two looks at whether anybody still waits: a few milliseconds."""

log = logging.getLogger("leitstand.store")


class Result(NamedTuple):
    """What a statement did."""

    rowcount: int
    lastrowid: int | None


class _Watch:
    """Ends a statement from outside its thread: what was asked up to `given_up` stops at its next look."""

    def __init__(self) -> None:
        self.asked = 0
        self.running = 0
        self.given_up = 0

    def stops(self) -> bool:
        """SQLite calls this every few milliseconds while a statement runs."""
        return self.running <= self.given_up


class _Connection(aiosqlite.Connection):
    """One SQLite connection on a thread of its own that never delays the exit."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        watch = _Watch()
        made: list[sqlite3.Connection] = []

        def connected() -> sqlite3.Connection:
            connection = connector()
            made.append(connection)
            connection.set_progress_handler(watch.stops, _STEPS_BETWEEN_LOOKS)
            return connection

        super().__init__(connected, iter_chunk_size=64)
        self._watch = watch
        self._made = made
        self._ended: asyncio.Future[Any] | None = None
        work = self._thread.run

        def quietly() -> None:
            with suppress(RuntimeError):  # the loop closed while a call ran: nobody is left to be told
                work()

        self._thread = threading.Thread(target=quietly, name="leitstand-store", daemon=True)

    def __del__(self) -> None:
        # A program that crashed has worse to say than "a connection was not closed".
        if self._running and self._connection is not None:
            self.stop()

    async def begin(self, path: Path) -> None:
        """Connect; when that fails or is cancelled, nothing goes on behind the caller's back."""
        try:
            with in_our_words(path):
                await self
        except BaseException:
            if self._ended is not None:
                await asyncio.wait({self._ended}, timeout=BUSY_SECONDS)
            for connection in self._made:  # made for a caller who had left
                connection.close()
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """Close the connection and end its thread, behind what was asked before."""
        self._ended = super().stop()
        return self._ended

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run *function* on the connection's thread, after everything asked before.

        When the caller is cancelled, a statement that takes long stops.
        """
        connection = self._connection
        if not self._running or connection is None:
            raise StoreError("The database is closed.")
        watch = self._watch
        watch.asked += 1
        number = watch.asked

        def run() -> T:
            watch.running = number
            return function(connection)

        try:
            result: T = await self._execute(run)  # type: ignore[no-untyped-call]  # aiosqlite's seam for a call on its thread
        except asyncio.CancelledError:
            self.cut()
            raise
        return result

    def cut(self) -> None:
        """Give up what was asked so far; what is asked from now on runs."""
        self._watch.given_up = self._watch.asked

    async def finish(self, seconds: float) -> None:
        """Close the connection behind what was asked before; give up waiting after *seconds*."""
        if not self._running or self._connection is None:
            return
        ended = self.stop()
        assert ended is not None  # only without an event loop
        done, _ = await asyncio.wait({ended}, timeout=seconds)
        if not done:
            log.warning("a database connection did not close in time")
        elif ended.exception() is not None:
            log.warning("a database connection did not close: %s", type(ended.exception()).__name__)


class Transaction:
    """What may be done between BEGIN and COMMIT."""

    def __init__(self, connection: _Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._over = False
        self.torn = False

    async def execute(self, sql: str, parameters: Parameters = ()) -> Result:
        """Run one statement."""

        def run(connection: sqlite3.Connection) -> Result:
            cursor = connection.execute(sql, parameters)
            return Result(cursor.rowcount, cursor.lastrowid)

        return await self._call(run)

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run one statement that returns rows: a SELECT, or anything with RETURNING."""
        return await self._call(lambda connection: connection.execute(sql, parameters).fetchall())

    async def many(self, sql: str, rows: Iterable[Parameters]) -> Result:
        """Run one statement for each of *rows*."""
        given = list(rows)

        def run(connection: sqlite3.Connection) -> Result:
            cursor = connection.executemany(sql, given)
            return Result(cursor.rowcount, cursor.lastrowid)

        return await self._call(run)

    def end(self) -> None:
        """Refuse everything from now on: outside the block a statement would be its own transaction."""
        self._over = True

    async def _call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        if self._over:
            raise RuntimeError("this transaction is over")

        def run(connection: sqlite3.Connection) -> T:
            # A full disk makes SQLite roll back by itself; what follows must not commit on its own.
            if not connection.in_transaction:
                raise StoreError("The transaction was given up after a fault; nothing of it was saved.")
            return function(connection)

        try:
            with in_our_words(self._path):
                return await self._connection.call(run)
        except asyncio.CancelledError:
            self._over = self.torn = True
            raise


class Database:
    """The one way to the database; made by `await Database.open(…)`."""

    def __init__(self, opened: Opened, writer: _Connection, reader: _Connection) -> None:
        self.path = opened.path
        self.notices = opened.notices
        self.check_due = opened.check_due
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._reading = asyncio.Lock()
        self._closing = False

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, migrations: Path = MIGRATIONS) -> Database:
        """Open, and first make, check or migrate, the database at *path*.

        `notices` then says what a person should hear about it. `check_due` is set when the last close
        was not orderly and the file is too large to be checked on the way: call `check()` later.
        """
        done: list[Opened] = []

        def prepare() -> sqlite3.Connection:
            done.append(open_database(path, now=clock.now(), migrations=migrations))
            return done[0].connection

        writer = _Connection(prepare)
        await writer.begin(path)
        opened = done[0]
        reader = _Connection(lambda: connect(opened.path, read_only=True))
        try:
            await reader.begin(path)
        except BaseException:
            await writer.finish(BUSY_SECONDS)
            raise
        return cls(opened, writer, reader)

    async def read(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run a query outside any transaction; a cancelled one stops at once."""
        async with self._reading:
            self._check_open()
            with in_our_words(self.path):
                return await self._reader.call(lambda db: db.execute(sql, parameters).fetchall())

    async def read_together(self, *statements: tuple[str, Parameters]) -> list[list[sqlite3.Row]]:
        """Run queries one right after the other: changing threads for each takes longer than a small one."""

        def each(db: sqlite3.Connection) -> list[list[sqlite3.Row]]:
            return [db.execute(sql, parameters).fetchall() for sql, parameters in statements]

        async with self._reading:
            self._check_open()
            with in_our_words(self.path):
                return await self._reader.call(each)

    async def read_one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        rows = await self.read(sql, parameters)
        return rows[0] if rows else None

    @property
    def owned(self) -> bool:
        """Whether the running task has the transaction: then nobody it waits for can get one."""
        return self._owner is not None and self._owner is asyncio.current_task()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Own the one transaction for the length of the block; others wait their turn, in order."""
        if self.owned:
            raise RuntimeError("this task already has a transaction open")
        async with self._turn:
            self._check_open()
            self._owner = asyncio.current_task()
            transaction = Transaction(self._writer, self.path)
            try:
                with in_our_words(self.path):
                    await self._writer.call(_begin)
                yield transaction
                transaction.end()
                if transaction.torn:
                    raise StoreError("A statement was cancelled; nothing of its transaction was saved.")
                with in_our_words(self.path):
                    await self._writer.call(_commit)
            except BaseException:
                transaction.end()
                await self._roll_back()
                raise
            finally:
                self._owner = None

    async def _roll_back(self) -> None:
        # Calls run in order: a cancelled BEGIN, statement or COMMIT is over when this one starts, and
        # once it is queued the next transaction may queue behind it. After a commit that went through
        # there is nothing to roll back, and SQLite does nothing.
        try:
            await self._writer.call(lambda connection: connection.rollback())
        except (sqlite3.Error, StoreError) as error:
            log.warning("a transaction was not rolled back: %s", type(error).__name__)

    async def check(self) -> list[str]:
        """Read the whole file and name what is damaged; empty when it is sound. Nothing waits for it."""
        connection = _Connection(lambda: connect(self.path, read_only=True))
        await connection.begin(self.path)
        try:
            with in_our_words(self.path):
                return await connection.call(lambda db: damage(db, self.path))
        finally:
            await connection.finish(BUSY_SECONDS)

    async def checkpoint(self) -> None:
        """Move the log into the file and empty it: what was overwritten in the file is then nowhere else."""
        async with self._turn:
            self._check_open()
            with in_our_words(self.path):
                await self._writer.call(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def close(self, grace: float = 5.0) -> None:
        """Let the transaction that runs finish within *grace* seconds, then close; may be called again."""
        self._closing = True
        self._reader.cut()
        try:
            async with asyncio.timeout(grace), self._turn:
                pass
        except TimeoutError:
            log.warning("a transaction did not finish before the database closed")
            self._writer.cut()
        # The last connection to close moves the log into the file: that must be the one that may write.
        await self._reader.finish(grace)
        await self._writer.finish(grace)

    def _check_open(self) -> None:
        if self._closing:
            raise StoreError("The database is closing.")


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
