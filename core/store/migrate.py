"""Brings a database forward, one numbered SQL file at a time.

Each file runs in one transaction together with the new version number, so a process killed at any
moment leaves the version before or the version after, never something between.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from core.errors import StoreError
from core.paths import open_private
from core.store.faults import from_sqlite, primary_code

MIGRATIONS = Path(__file__).parent / "migrations"

APPLICATION_ID = 0x4C737464
"""Written into the file's header ("Lstd"): how a database is known to be ours."""

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")


class Migration(msgspec.Struct, frozen=True):
    """One step: the version it leads to and its SQL."""

    version: int
    name: str
    sql: str


def load(directory: Path = MIGRATIONS) -> list[Migration]:
    """Read the steps in order; they are numbered from 1 without a gap."""
    found: list[Migration] = []
    for file in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None or int(match[1]) != len(found) + 1:
            raise StoreError(f"{file.name} is not the next database migration.", "Install Leitstand again.")
        found.append(Migration(len(found) + 1, file.stem, file.read_text(encoding="utf-8")))
    if not found:
        raise StoreError("The database migrations are missing.", "Install Leitstand again.")
    return found


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that was applied."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def apply(connection: sqlite3.Connection, step: Migration) -> None:
    """Apply one step as a whole or not at all; the connection does not enforce foreign keys meanwhile."""
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{step.sql}\n")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise StoreError(f"The migration {step.name} would leave references to missing rows.")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {step.version}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def bring_forward(connection: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> Path | None:
    """Apply what is missing; return the copy of the earlier state that was kept, if there was one."""
    before = version_of(connection)
    due = steps[before:]
    copy = keep_copy(connection, path, before) if before and due else None
    for step in due:
        try:
            apply(connection, step)
        except sqlite3.Error as error:
            raise _failed(error, path, step) from error
    return copy


def _failed(error: sqlite3.Error, path: Path, step: Migration) -> Exception:
    if primary_code(error) != sqlite3.SQLITE_ERROR:
        return from_sqlite(error, path)
    return StoreError(
        f"The database {path} could not be brought to version {step.version} ({step.name}); "
        "it stays as it was.",
        "Go on with the version of Leitstand that wrote it, and report this.",
    )


def keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Write a complete copy beside *path*; it appears under its name only when it is safely on the disk."""
    target = path.with_name(f"{path.name}.v{version}-backup")
    unfinished = path.with_name(f"{target.name}.tmp")
    unfinished.unlink(missing_ok=True)
    os.close(open_private(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    try:
        with closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        sync(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync(target.parent)
    return target


def sync(path: Path) -> None:
    """Wait until a file or a directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
