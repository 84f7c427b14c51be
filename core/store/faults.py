"""What SQLite and the file system say, in our own errors.

SQLite's own words are left out on purpose: a failed full-text query quotes what a person searched for.
They stay reachable as the error's `__cause__`.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DataDirectoryError, DiskFull, LeitstandError, StoreDamaged, StoreError

_FREE_SPACE = "Free some space on that volume; nothing that was saved is lost."
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0 for what Python itself raised."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def from_sqlite(error: sqlite3.Error, path: Path) -> LeitstandError:
    """Say what SQLite reported about the database at *path*."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return DiskFull(f"The disk is full: {path} could not be written.", _FREE_SPACE)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreDamaged(
                f"The database {path} is damaged.",
                "Start Leitstand again: it checks the file, keeps it, and goes on with what can be read.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return DataDirectoryError(f"The database {path} cannot be opened for writing.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"The database {path} is locked by another program.", "Close that program and try again."
            )
        case sqlite3.SQLITE_IOERR:
            return StoreError(
                f"The disk did not read or write {path} ({name}).",
                "Check the disk, its quota and the system's log; what was saved before is kept.",
            )
        case sqlite3.SQLITE_INTERRUPT:
            return StoreError("The database is closing.")
        case _:
            return StoreError(f"The database could not do that ({name}).")


def from_system(error: OSError, path: Path) -> LeitstandError:
    """Say what the file system reported about *path*."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk is full: {path} could not be written.", _FREE_SPACE)
    return DataDirectoryError(f"{path} cannot be used: {error.strerror or type(error).__name__}.")


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    """Turn every fault of the database at *path* into one of our errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error
    except OSError as error:
        raise from_system(error, path) from error
    except (UnicodeEncodeError, OverflowError) as error:
        # A lone surrogate or a number beyond 64 bits: SQLite has no place for it.
        raise StoreError("The database cannot hold that value.") from error
