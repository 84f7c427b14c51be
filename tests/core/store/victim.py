"""Processes that are killed in the middle of something, and what they leave behind.

    python -m tests.core.store.victim writes DATABASE ROUNDS SEED
    python -m tests.core.store.victim opens TEMPLATE SCRATCH MIGRATIONS
    python -m tests.core.store.victim fills DATABASE LIMIT

`writes` kills a writer again and again and compares what was acknowledged with what is there. `opens`
opens copies of a data directory, killed at the first moment, the second, and so on until one gets
through. `fills` writes until the file has reached its limit. Each prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.errors import StoreError
from core.store.database import Database
from core.store.migrate import version_of
from core.store.opening import open_database


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")


async def _missing(database: Database, acknowledged: set[int]) -> list[int]:
    rows = await database.read("SELECT number, count(*) AS halves FROM said GROUP BY number")
    torn = [row["number"] for row in rows if row["halves"] != 2]
    return sorted(acknowledged - {row["number"] for row in rows}) + torn


async def _write_for_ever(path: Path, acknowledged: set[int], report: int) -> None:
    database = await Database.open(path, clock=SystemClock())
    async with database.write() as transaction:
        await transaction.execute("CREATE TABLE IF NOT EXISTS said (number INTEGER, half TEXT)")
    missing = await _missing(database, acknowledged)
    os.write(report, f"{json.dumps([missing, database.notices, await database.check()])}\n".encode())

    async def speak(first: int) -> None:
        for number in range(first, sys.maxsize, 3):
            async with database.write() as transaction:
                await transaction.execute("INSERT INTO said VALUES (?, 'one')", (number,))
                await transaction.execute("INSERT INTO said VALUES (?, 'two')", (number,))
            os.write(report, f"{number}\n".encode())

    start = max(acknowledged, default=0) + 1000
    await asyncio.gather(*(speak(start + each) for each in range(3)))


def _fork(child: Callable[[int], None]) -> tuple[int, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        with suppress(BaseException):
            child(writing)
        os._exit(1)
    os.close(writing)
    return pid, os.fdopen(reading)


def writes(path: Path, rounds: int, seed: int) -> None:
    """Kill a writer *rounds* times; print what was acknowledged, lost, said at the start and damaged."""
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    starts = []
    for _ in range(rounds + 1):
        pid, lines = _fork(lambda report: asyncio.run(_write_for_ever(path, acknowledged, report)))
        starts.append(json.loads(lines.readline()))
        for _ in range(chance.randrange(40)):
            acknowledged.add(int(lines.readline()))
        os.kill(pid, signal.SIGKILL)
        acknowledged.update(int(line) for line in lines)
        os.waitpid(pid, 0)
        lines.close()
    _say({"acknowledged": len(acknowledged), "starts": starts})


def _open_and_die(path: Path, migrations: Path, at: int, _: int) -> None:
    moments = 0

    def tick(*_: object) -> None:
        nonlocal moments
        moments += 1
        if moments == at:
            os.kill(os.getpid(), signal.SIGKILL)

    plain = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain(*args, **kwargs)
        connection.set_trace_callback(tick)  # each statement
        connection.set_progress_handler(tick, 2000)  # and the middle of the long ones
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]  # this process exists to be killed there
    sys.addaudithook(lambda event, _: tick() if event in {"os.rename", "os.remove"} else None)
    open_database(path, now=0.0, migrations=migrations).connection.close()
    os._exit(0)


def _state(connection: sqlite3.Connection) -> list[int]:
    rows = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'said'").fetchone()[0]
    if rows:
        rows = connection.execute("SELECT count(*) FROM said").fetchone()[0]
    return [version_of(connection), rows]


def opens(template: Path, scratch: Path, migrations: Path) -> None:
    """Kill at every moment of opening; print what was left there, and what the next opening made of it."""
    for at in range(1, 1000):
        home = Path(shutil.copytree(template, scratch / str(at)))
        path = home / "leitstand.db"
        pid, _ = _fork(partial(_open_and_die, path, migrations, at))
        status = os.waitpid(pid, 0)[1]
        assert status in (0, signal.SIGKILL), "opening failed without being killed"
        copy = Path(shutil.copytree(home, scratch / f"{at}-left"))
        left: list[int] | None = None
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(copy / "leitstand.db")) as connection:
            left = _state(connection)
        opened = open_database(path, now=0.0, migrations=migrations)
        after = _state(opened.connection)
        opened.connection.close()
        _say({"left": left, "after": after, "notices": opened.notices, "home": str(home)})
        if status == 0:
            return


def fills(path: Path, limit: int) -> None:
    """Write until the file may not grow any more; print what was acknowledged and what was said."""
    import resource

    async def main() -> None:
        database = await Database.open(path, clock=SystemClock())
        async with database.write() as transaction:
            await transaction.execute("CREATE TABLE said (number INTEGER, text TEXT)")
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        acknowledged, refusals = 0, []
        for number in range(100_000):
            try:
                async with database.write() as transaction:
                    await transaction.execute("INSERT INTO said VALUES (?, ?)", (number, "x" * 4000))
                acknowledged += 1
            except StoreError as error:
                refusals.append(error.message)
                if len(refusals) == 3:
                    break
        readable = await database.read_one("SELECT count(*) FROM said")
        await database.close()
        _say([acknowledged, readable and readable[0], refusals])

    asyncio.run(main())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["writes", database, rounds, seed]:
            writes(Path(database), int(rounds), int(seed))
        case ["opens", template, scratch, migrations]:
            opens(Path(template), Path(scratch), Path(migrations))
        case ["fills", database, limit]:
            fills(Path(database), int(limit))
        case _:
            sys.exit(__doc__)
