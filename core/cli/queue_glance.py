"""How much is in the queue, read from the database with SQLite alone: cheap enough for a status line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

_PATIENCE = 0.3
"""Seconds to wait for a database that is being checkpointed; a status line rather says nothing."""


class Counted(NamedTuple):
    """How many jobs run, by what was written last, and how many wait."""

    running: int
    waiting: int


def location(database: Path) -> str:
    """The URI that opens a database for reading only, and puts nothing beside it."""
    log = database.with_name(f"{database.name}-wal")
    # Without a log the file is the whole truth.
    mode = "ro" if log.exists() and log.stat().st_size else "ro&immutable=1"
    return f"{database.absolute().as_uri()}?mode={mode}"


def counted(database: Path) -> Counted | None:
    """Count what is not finished; no database is an empty queue, and None is one that cannot be read."""
    try:
        if not database.exists():
            return Counted(0, 0)
        return _counted(database)
    except OSError:
        return None


def _counted(database: Path) -> Counted | None:
    import sqlite3  # only where there is a queue to be counted

    query = "SELECT state, count(*) FROM job WHERE finished IS NULL GROUP BY state"
    try:
        with closing(sqlite3.connect(location(database), uri=True, timeout=_PATIENCE)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone()
            found = dict(connection.execute(query).fetchall()) if known else {}
    except sqlite3.Error:
        return None
    return Counted(found.get("running", 0), found.get("waiting", 0))


def fetched(database: Path) -> list[dict[str, Any]]:
    """The downloads that are not finished: name, state, and percent where it is known."""
    import json
    import sqlite3

    query = (
        "SELECT title, state, progress FROM job WHERE finished IS NULL AND kind = 'download' ORDER BY place"
    )
    if not database.exists():
        return []
    try:
        with closing(sqlite3.connect(location(database), uri=True, timeout=_PATIENCE)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone()
            rows = connection.execute(query).fetchall() if known else []
    except (sqlite3.Error, OSError):
        return []
    return [
        {"name": name, "state": state, "percent": json.loads(progress or "{}").get("percent")}
        for name, state, progress in rows
    ]
