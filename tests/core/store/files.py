"""Databases in every state a disk can offer."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from core.store.database import Database
from core.store.migrate import apply, load
from core.store.opening import open_database
from tests.fakes.clock import START, ManualClock

NOW = START
NAME = "leitstand.db"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def sound(home: Path, rows: int = 500) -> Path:
    """Return a cleanly closed database with a hundred pages of text."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / NAME
    with closing(open_database(path, now=NOW).connection) as connection:
        connection.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
        connection.execute("CREATE INDEX said_text ON said (text)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO said (text) VALUES (?)", ((said(n),) for n in range(rows)))
        connection.execute("COMMIT")
    return path


def said(number: int) -> str:
    """Return what row *number* says."""
    return f"{number:05} " + "größer " * 40


def killed(home: Path, path: Path) -> Path:
    """Return a copy as a killed process leaves one: the last commit is in the log only."""
    home.mkdir(parents=True)
    with closing(open_database(path, now=NOW).connection) as connection:
        connection.execute("INSERT INTO said (text) VALUES (?)", (said(-1),))
        for file in (path, path.with_name(f"{NAME}-wal")):
            shutil.copy2(file, home / file.name)
        connection.execute("DELETE FROM said WHERE text = ?", (said(-1),))
    return home / NAME


def at_version(path: Path, version: int, directory: Path) -> Path:
    """Return a database as the migrations up to *version* made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for step in load(directory)[:version]:
            apply(connection, step)
    return path


def migrations(directory: Path, *steps: str) -> Path:
    """Return a directory that holds the first real migration and *steps* behind it."""
    directory.mkdir()
    (directory / "0001_initial.sql").write_text(load()[0].sql)
    for number, sql in enumerate(steps, 2):
        (directory / f"{number:04}_step.sql").write_text(sql)
    return directory


def bytes_of(home: Path, names: Sequence[str] = (NAME, f"{NAME}-wal")) -> dict[str, bytes]:
    """Return what those files of a directory hold."""
    return {name: (home / name).read_bytes() for name in names if (home / name).exists()}


async def opened(path: Path) -> Database:
    """Open a database with one table."""
    database = await Database.open(path, clock=ManualClock())
    async with database.write() as transaction:
        await transaction.execute(
            "CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, number INTEGER UNIQUE, text TEXT)"
        )
    return database


async def say(database: Database, number: int) -> None:
    """Write one row, in a transaction of its own."""
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO said (number) VALUES (?)", (number,))


async def numbers(database: Database) -> list[int]:
    """Return what was said."""
    return [row["number"] for row in await database.read("SELECT number FROM said ORDER BY number")]
