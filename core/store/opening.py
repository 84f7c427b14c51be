"""From a path to a sound, current, open database; every step blocks, so it runs on the writer's thread.

What is not ours or newer than us is left exactly as it is. What is damaged is moved aside, never
deleted and never overwritten, and the person is told where it went.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.errors import DataDirectoryError, StoreError, StoreNewer
from core.paths import make_private, open_private
from core.store.faults import DAMAGED, in_our_words, primary_code
from core.store.migrate import APPLICATION_ID, MIGRATIONS, Migration, bring_forward, load, version_of

BUSY_SECONDS = 5.0
ALWAYS_CHECKED = 16 * 2**20
"""Up to this size the whole file is checked at every start (about 40 ms, cold, on a slow disk)."""
CHECKED_AFTER_CRASH = 256 * 2**20
"""Up to this size it is checked when the last close was not orderly (under a second); beyond, later."""

_HEADER = 100
_COMPANIONS = ("-wal", "-shm", "-journal")


class Opened(msgspec.Struct, frozen=True):
    """The writer's connection and what happened on the way."""

    path: Path
    connection: sqlite3.Connection
    notices: tuple[str, ...]
    check_due: bool


class _Found(msgspec.Struct, frozen=True):
    """What lies at the path, read without changing a byte."""

    application: int = 0
    version: int = 0
    tables: int = 0
    damaged: bool = False

    @property
    def fresh(self) -> bool:
        """Nothing was ever written, or a first start was cut short."""
        return not (self.application or self.version or self.tables or self.damaged)


def open_database(path: Path, *, now: float, migrations: Path = MIGRATIONS) -> Opened:
    """Check, repair the surroundings of, migrate and open the database at *path*."""
    path = path.resolve()
    make_private(path.parent)
    notices: list[str] = []
    with in_our_words(path):
        steps = load(migrations)
        _claim(path)
        size, unclean = path.stat().st_size, _has_unsaved(path)
        if not size and unclean:
            notices.append(_set_aside(path, now, "The database was missing, only its journal was there"))
        checked = size <= (CHECKED_AFTER_CRASH if unclean else ALWAYS_CHECKED)
        found = _examine(path, wholly=checked)
        _refuse(path, found, newest=len(steps))
        if found.damaged:
            notices.append(_set_aside(path, now, "The database was damaged"))
            _claim(path)
        connection, copy = _ready(path, steps, now)
        if copy is not None:
            notices.append(f"The database was updated; a copy of its earlier state is {copy}.")
        return Opened(path, connection, tuple(notices), unclean and not checked)


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open one connection; a read-only one sees every commit and can change nothing."""
    # SQLite gives -wal and -shm the permissions of the database file itself.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions begin and end where our code says so
        check_same_thread=False,  # opened, used and closed on one thread; interrupted from the loop
    )
    try:
        connection.row_factory = sqlite3.Row
        # Sorting a large result must not leave private text in a temporary directory.
        connection.execute("PRAGMA temp_store = MEMORY")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def damage(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Read the whole file and name up to a hundred faults; empty when it is sound."""
    _read_through(path)
    try:
        lines = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in DAMAGED:
            raise
        return [str(error)]
    return [] if lines == ["ok"] else lines


def _claim(path: Path) -> None:
    """Make sure *path* is a file of ours alone that we can write; an empty one is made when missing."""
    try:
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK)
    except OSError as error:
        raise DataDirectoryError(f"The database {path} cannot be opened: {error.strerror}.") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise DataDirectoryError(f"The database {path} is not a file.")
        if mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _has_unsaved(path: Path) -> bool:
    """Whether commits lie in the write-ahead log: an orderly close leaves none."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _examine(path: Path, *, wholly: bool) -> _Found:
    """Read who wrote the file, and whether it is sound."""
    if 0 < path.stat().st_size < _HEADER:  # SQLite would write over a single byte
        return _Found(damaged=True)
    # Without a log the file is the whole truth, and SQLite need not put anything beside it.
    mode = "ro" if _has_unsaved(path) else "ro&immutable=1"
    try:
        with closing(
            sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS)
        ) as connection:
            application = int(connection.execute("PRAGMA application_id").fetchone()[0])
            tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
            ours = application == APPLICATION_ID
            broken = ours and wholly and bool(damage(connection, path))
            return _Found(application, version_of(connection), tables, broken)
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in DAMAGED:
            raise
        return _Found(damaged=True)


def _read_through(path: Path) -> None:
    # The check walks the tree from page to page; read in order first, a cold file costs a tenth.
    with path.open("rb", buffering=0) as file:
        chunk = bytearray(2**20)
        while file.readinto(chunk):
            pass


def _refuse(path: Path, found: _Found, *, newest: int) -> None:
    """Leave alone what belongs to somebody else or to a newer version."""
    if found.damaged or found.fresh:
        return
    if found.application != APPLICATION_ID:
        raise StoreError(
            f"{path} is a database of another program.", "Choose another data directory with --data."
        )
    if found.version > newest:
        raise StoreNewer(
            f"The database {path} has version {found.version}; this Leitstand knows up to version {newest}."
        )


def _set_aside(path: Path, now: float, reason: str) -> str:
    """Move the file and its companions out of the way; return a sentence saying where they went."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    base = path.with_name(f"{path.name}.damaged-{stamp}")
    aside, attempt = base, 1
    while any(os.path.lexists(f"{aside}{ending}") for ending in ("", *_COMPANIONS)):
        attempt += 1
        aside = base.with_name(f"{base.name}-{attempt}")
    # The file goes first: a log without its file is noticed at the next start, the reverse is not.
    if path.stat().st_size:
        path.replace(aside)
    for ending in _COMPANIONS:
        companion = path.with_name(path.name + ending)
        if os.path.lexists(companion):
            companion.replace(f"{aside}{ending}")
    return f"{reason}. It is kept as {aside}; a new, empty database was started."


def _ready(path: Path, steps: list[Migration], now: float) -> tuple[sqlite3.Connection, Path | None]:
    connection = connect(path, read_only=False)
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreError(
                f"The file system of {path} cannot hold a database that is read while it is written.",
                "Choose a data directory on a local disk with --data.",
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 1000")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        # What is deleted is overwritten at once: whoever wants it gone later finds no forgotten page of it.
        connection.execute("PRAGMA secure_delete = ON")
        copy = bring_forward(connection, path, steps)
        connection.execute("PRAGMA foreign_keys = ON")
        _introduce(connection, now)
    except BaseException:
        connection.close()
        raise
    return connection, copy


def _introduce(connection: sqlite3.Connection, now: float) -> None:
    """Name the installation once, when its database is new."""
    if connection.execute("SELECT count(*) FROM meta WHERE key = 'install'").fetchone()[0]:
        return
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('install', ?), ('created', ?)",
        (os.urandom(16).hex(), repr(now)),
    )
