"""Changes to the queue while no Leitstand runs: rows only, so that no job starts because one was cancelled.

They are the steps that the queue itself takes (`core.jobs.store.STEPS`), on a data directory that this
process holds meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec

from core.clock import Clock
from core.errors import DataDirectoryBusy, NotFound, Refused
from core.jobs import queries
from core.jobs import store as rows
from core.jobs.store import job_of
from core.jobs.types import Job, Lane, State, packed
from core.paths import Paths
from core.store.database import Database, Transaction
from core.store.lock import DataLock


@asynccontextmanager
async def held(paths: Paths, clock: Clock) -> AsyncIterator[Database]:
    """Hold the data directory and its database; nobody else works on them, and nothing is run."""
    try:
        lock = DataLock.acquire(paths.lock, clock=clock)
    except DataDirectoryBusy as error:
        raise DataDirectoryBusy(
            error.message, "Change the queue there, on the page Queue, or stop it first."
        ) from None
    try:
        database = await Database.open(paths.database, clock=clock)
        try:
            yield database
        finally:
            await database.close()
    finally:
        lock.release()


async def cancel(database: Database, ids: Iterable[int], now: float) -> list[Job]:
    """End jobs, all of them or none; a finished one stays as it is."""
    async with database.write() as tx:
        return [await _cancel(tx, await _job(tx, id), now) for id in ids]


async def _cancel(tx: Transaction, job: Job, now: float) -> Job:
    if job.state == "running":
        # Whoever ran it is gone, or the data directory would not be ours.
        progress = bytes(packed(job.progress)).decode()
        return await rows.step(tx, "stop", job.id, claim=job.claim, now=now, progress=progress) or job
    return await rows.step(tx, "cancel", job.id, now=now) or job


async def retry(database: Database, ids: Iterable[int]) -> list[Job]:
    """Let failed or cancelled jobs wait again, at the end of their line, all of them or none."""
    async with database.write() as tx:
        return [await _retry(tx, await _job(tx, id)) for id in ids]


async def _retry(tx: Transaction, job: Job) -> Job:
    if job.unfinished or job.state == "done":
        raise Refused(f"Job {job.id} is {job.state}: only a failed or cancelled one is tried again.")
    if job.sole and (other := await rows.unfinished_sole(tx, job.sole)) is not None:
        raise Refused(f"The same is in the queue already, as job {other.id}.")
    again = await rows.step(tx, "retry", job.id, place=await rows.end_of(tx, job.lane))
    return await _placed(tx, again or job)


async def move(database: Database, id: int, position: int) -> Job:
    """Give a waiting job another position in its lane."""
    async with database.write() as tx:
        job = await _job(tx, id)
        if not await queries.move(tx, job, position):
            raise Refused(f"Job {id} is {job.state} and does not wait, so it cannot be moved.")
        return await _placed(tx, await _job(tx, id))


async def pause(database: Database, lane: Lane, *, paused: bool) -> None:
    """Pause a lane, or let it go on."""
    row = (await queries.lane_rows(database)).get(lane, queries.LaneRow(paused=False, width=None))
    async with database.write() as tx:
        await queries.set_lane(tx, lane, row._replace(paused=paused))


async def clear(database: Database, states: tuple[State, ...]) -> int:
    """Forget finished jobs; return how many."""
    return await queries.clear(database, states)


async def _job(tx: Transaction, id: int) -> Job:
    found = await tx.rows("SELECT * FROM job WHERE id = ?", (id,))
    if not found:
        raise NotFound(f"There is no job {id}.", "See `leitstand queue list`.")
    return job_of(found[0])


async def _placed(tx: Transaction, job: Job) -> Job:
    counted = await tx.rows(
        "SELECT count(*) AS position FROM job "
        "WHERE finished IS NULL AND state = 'waiting' AND lane = ? AND place <= ?",
        (job.lane, job.place),
    )
    return msgspec.structs.replace(job, position=counted[0]["position"])
