"""The checks that an engine answers by running, made from outside while none runs or another one does."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import LeitstandError
from core.health import Check
from core.store.faults import DAMAGED, in_our_words, primary_code
from core.store.lock import held
from core.store.migrate import APPLICATION_ID, load, version_of
from core.store.opening import BUSY_SECONDS, damage

_READ_WHOLLY = 256 * 2**20
"""Bytes up to which the whole database is read: about a second on a slow disk."""


def store_check(path: Path) -> Check:
    """Say how the database is; it is opened for reading only."""
    try:
        if not path.exists():
            return Check("store", "ok", f"{path} will be made at the first start.")
        with in_our_words(path):
            return _examined(path)
    except LeitstandError as error:
        return Check("store", "fail", error.message, error.hint)
    except OSError as error:
        return Check("store", "fail", f"{path} cannot be read: {error.strerror}.")


def _examined(path: Path) -> Check:
    size, newest = path.stat().st_size, len(load())
    log = path.with_name(f"{path.name}-wal")
    # Without a log the file is the whole truth, and SQLite puts nothing beside it.
    mode = "ro" if log.exists() and log.stat().st_size else "ro&immutable=1"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
        try:
            owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
            version = version_of(connection)
            faults = damage(connection, path) if size <= _READ_WHOLLY else []
        except sqlite3.DatabaseError as error:
            if primary_code(error) not in DAMAGED:
                raise
            owner, version, faults = APPLICATION_ID, 0, ["it is not a database any more"]
    if faults:
        return Check(
            "store",
            "fail",
            f"{path} is damaged: {faults[0]}.",
            "Copy it somewhere safe. At its next start Leitstand keeps the file aside and begins a new one.",
        )
    if version and owner != APPLICATION_ID:
        return Check("store", "fail", f"{path} is a database of another program.", "Choose another --data.")
    if version > newest:
        return Check(
            "store",
            "fail",
            f"{path} has version {version}; this Leitstand knows up to version {newest}.",
            "Start the newer Leitstand, or choose another data directory with --data.",
        )
    return Check("store", "ok", f"{path} is sound: version {version} of {newest}, {size / 1e6:.1f} MB.")


def holder_check(lock: Path) -> Check:
    """Say whether a Leitstand works on the data directory now."""
    who = held(lock)
    if who is None:
        return Check("running", "ok", "No Leitstand works on this data directory.")
    where = "" if who.host == socket.gethostname() else f" on {who.host}"
    return Check("running", "ok", f"A Leitstand works on this data directory: process {who.pid}{where}.")
