from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from core.errors import DataDirectoryError, DiskFull, LeitstandError, StoreDamaged, StoreError
from core.store.faults import from_sqlite, from_system, in_our_words

PATH = Path("/data/leitstand.db")


def _fault(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("near SECRET: syntax error")
    error.sqlite_errorcode = getattr(sqlite3, name)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("SQLITE_FULL", DiskFull, "The disk is full"),
        ("SQLITE_CORRUPT", StoreDamaged, "is damaged"),
        ("SQLITE_CORRUPT_INDEX", StoreDamaged, "is damaged"),
        ("SQLITE_NOTADB", StoreDamaged, "is damaged"),
        ("SQLITE_READONLY", DataDirectoryError, "cannot be opened for writing"),
        ("SQLITE_READONLY_DBMOVED", DataDirectoryError, "cannot be opened for writing"),
        ("SQLITE_CANTOPEN", DataDirectoryError, "cannot be opened for writing"),
        ("SQLITE_PERM", DataDirectoryError, "cannot be opened for writing"),
        ("SQLITE_BUSY", StoreError, "locked by another program"),
        ("SQLITE_BUSY_SNAPSHOT", StoreError, "locked by another program"),
        ("SQLITE_LOCKED", StoreError, "locked by another program"),
        ("SQLITE_IOERR", StoreError, "did not read or write"),
        ("SQLITE_IOERR_FSYNC", StoreError, "SQLITE_IOERR_FSYNC"),
        ("SQLITE_INTERRUPT", StoreError, "is closing"),
        ("SQLITE_CONSTRAINT_UNIQUE", StoreError, "SQLITE_CONSTRAINT_UNIQUE"),
        ("SQLITE_ERROR", StoreError, "could not do that"),
    ],
)
def test_what_sqlite_reports_becomes_a_sentence(name: str, kind: type[LeitstandError], sentence: str) -> None:
    error = from_sqlite(_fault(name), PATH)
    assert type(error) is kind
    assert sentence in error.message
    assert error.message.endswith(".")
    assert "SECRET" not in error.message + error.hint


@pytest.mark.parametrize(
    "name", ["SQLITE_FULL", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_IOERR"]
)
def test_a_fault_of_the_file_names_it(name: str) -> None:
    error = from_sqlite(_fault(name), PATH)
    assert str(PATH) in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, DataDirectoryError),
        (errno.EROFS, DataDirectoryError),
        (errno.EIO, DataDirectoryError),
    ],
)
def test_what_the_file_system_reports_becomes_a_sentence(code: int, kind: type[LeitstandError]) -> None:
    error = from_system(OSError(code, os.strerror(code)), PATH)
    assert type(error) is kind
    assert str(PATH) in error.message


def test_the_cause_stays_reachable() -> None:
    cause = sqlite3.IntegrityError("UNIQUE constraint failed: job.key")
    with pytest.raises(StoreError) as caught, in_our_words(PATH):
        raise cause
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("value", ["\ud800", 2**63])
def test_a_value_that_sqlite_cannot_hold_is_refused(value: object) -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreError, match="cannot hold that value"), in_our_words(PATH):
        connection.execute("SELECT ?", (value,))
    connection.close()


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(DiskFull, match="mine"), in_our_words(PATH):
        raise DiskFull("mine")
