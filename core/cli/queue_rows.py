"""The queue as the database has it, read from outside: nothing is locked, and nothing is written.

What a Leitstand that runs only has in its head is not here: the planned order, and when a job will start.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from core.cli.queue_glance import location
from core.errors import StoreError, StoreNewer
from core.jobs.store import LINE, job_of
from core.jobs.types import FINISHED, UNFINISHED, Job, Lane, State
from core.store.faults import in_our_words
from core.store.migrate import APPLICATION_ID, load, version_of
from core.store.opening import BUSY_SECONDS

_UNFINISHED = (
    "SELECT *, CASE state WHEN 'waiting' "  # noqa: S608 - a constant
    f"THEN row_number() OVER (PARTITION BY {LINE}, state ORDER BY place) END "
    "AS position FROM job WHERE finished IS NULL"
)
_FINISHED = "SELECT *, NULL AS position FROM job WHERE finished IS NOT NULL"


def listed(
    database: Path,
    *,
    states: tuple[State, ...] = (),
    lanes: tuple[Lane, ...] = (),
    limit: int = 100,
    now: float,
    held: bool,
) -> list[Job]:
    """Return what runs, then what waits in its place, then the finished, newest first.

    *held* says whether a Leitstand works on the database: without one nothing really runs.
    """
    if not database.exists():
        return []
    with in_our_words(database), closing(_connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone():
            return []
        paused = {row["name"] for row in connection.execute("SELECT name FROM lane WHERE paused").fetchall()}
        rows: list[sqlite3.Row] = []
        for every, wanted, order in (
            (_UNFINISHED, UNFINISHED, "state <> 'running', state = 'held', lane, place"),
            (_FINISHED, FINISHED, "finished DESC, id DESC"),
        ):
            chosen = [state for state in wanted if not states or state in states]
            marks = ", ".join("?" * len(chosen)), ", ".join("?" * len(lanes))
            where = f"state IN ({marks[0]})" + (f" AND {LINE} IN ({marks[1]})" if lanes else "")
            # Everything in it is a literal of this file; what a person gave is a parameter.
            query = f"SELECT * FROM ({every}) WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608 - see above
            rows += connection.execute(query, (*chosen, *lanes, max(0, limit - len(rows)))).fetchall()
    return [_told(row, paused, now, held=held) for row in rows]


def _connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(location(database), uri=True, timeout=BUSY_SECONDS)
    try:
        connection.row_factory = sqlite3.Row
        owner, version = connection.execute("PRAGMA application_id").fetchone()[0], version_of(connection)
        if version and owner != APPLICATION_ID:
            raise StoreError(f"{database} is a database of another program.", "Choose another --data.")
        if version > (newest := len(load())):
            raise StoreNewer(
                f"The database {database} has version {version}; this Leitstand knows up to version {newest}."
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _told(row: sqlite3.Row, paused: set[str], now: float, *, held: bool) -> Job:
    job = msgspec.structs.replace(job_of(row), position=row["position"])
    return msgspec.structs.replace(job, reason=reason(job, paused=job.lane in paused, now=now, held=held))


def reason(job: Job, *, paused: bool, now: float, held: bool) -> str:
    """Say why a job is where it is, as far as its row knows."""
    if job.state == "held":
        return "set aside"
    if job.state == "running" and not held:
        return "cut off; it goes on when Leitstand starts"
    if job.state != "waiting":
        return job.reason
    if paused:
        return "the lane is paused"
    if job.not_before is not None and job.not_before > now:
        return "not yet time" if job.error is None else f"tried again soon: {job.error.message}"
    if not held:
        return "waits for Leitstand to start"
    return "first in its lane" if job.position == 1 else f"{(job.position or 1) - 1} before it in its lane"
