"""Changes to the queue: by the Leitstand that runs, or to the rows while none does.

Those to rows start nothing, so that no job runs because one was cancelled. They are the steps that the
queue itself takes (`core.jobs.store.STEPS`), on a data directory that this process holds meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.cli.context import Context
from core.cli.hosting import running
from core.clock import Clock, SystemClock
from core.errors import NotFound, Refused
from core.jobs import queries
from core.jobs import store as rows
from core.jobs.store import job_of
from core.jobs.types import Job, Lane, State, packed
from core.store.database import Database, Transaction
from core.store.lock import DataLock

if TYPE_CHECKING:
    from core.face import Face


class Desk(Protocol):
    """Where the queue is changed."""

    async def cancel(self, ids: Sequence[int]) -> list[Job]:
        """End jobs; a finished one stays as it is."""
        ...

    async def retry(self, ids: Sequence[int]) -> list[Job]:
        """Let failed or cancelled jobs wait again, at the end of their line."""
        ...

    async def move(self, id: int, position: int) -> Job:
        """Give a waiting job another position in its lane."""
        ...

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Pause a lane, or let it go on."""
        ...

    async def clear(self, states: tuple[State, ...]) -> int:
        """Forget finished jobs; return how many."""
        ...


@asynccontextmanager
async def desk(context: Context) -> AsyncIterator[Desk]:
    """The queue of the Leitstand that runs; the rows of the database when none does."""
    clock = SystemClock()
    async with running(context) as engine:
        if engine is not None:
            yield Running(engine)
            return
        lock = DataLock.acquire(context.paths.lock, clock=clock)
        try:
            database = await Database.open(context.paths.database, clock=clock)
            try:
                yield Rows(database, clock)
            finally:
                await database.close()
        finally:
            lock.release()


class Running:
    """The queue of a Leitstand that runs."""

    def __init__(self, engine: Face) -> None:
        self._jobs = engine.jobs

    async def cancel(self, ids: Sequence[int]) -> list[Job]:
        """End jobs; all of them must exist."""
        await self._known(ids)
        return [await self._jobs.cancel(id) for id in ids]

    async def retry(self, ids: Sequence[int]) -> list[Job]:
        """Let them run again; all of them must have ended without success."""
        for job in await self._known(ids):
            _must_have_failed(job)
        return [await self._jobs.retry(id) for id in ids]

    async def move(self, id: int, position: int) -> Job:
        """Move one."""
        await self._known([id])
        return await self._jobs.move(id, position)

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Pause a lane, or let it go on."""
        await (self._jobs.pause(lane) if paused else self._jobs.resume(lane))

    async def clear(self, states: tuple[State, ...]) -> int:
        """Forget finished jobs."""
        return await self._jobs.clear(states)

    async def _known(self, ids: Iterable[int]) -> list[Job]:
        try:
            return [await self._jobs.get(id) for id in ids]
        except NotFound as error:
            raise NotFound(error.message, "See `leitstand queue list`.") from None


class Rows:
    """The queue as it lies in the database: nothing is started by a change."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def cancel(self, ids: Sequence[int]) -> list[Job]:
        """End jobs, all of them or none."""
        return await cancel(self._database, ids, self._clock.now())

    async def retry(self, ids: Sequence[int]) -> list[Job]:
        """Let jobs run again, all of them or none."""
        return await retry(self._database, ids)

    async def move(self, id: int, position: int) -> Job:
        """Move one."""
        return await move(self._database, id, position)

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Pause a lane, or let it go on."""
        await pause(self._database, lane, paused=paused)

    async def clear(self, states: tuple[State, ...]) -> int:
        """Forget finished jobs."""
        return await clear(self._database, states)


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


def _must_have_failed(job: Job) -> None:
    if job.unfinished or job.state == "done":
        raise Refused(f"Job {job.id} is {job.state}: only a failed or cancelled one is tried again.")


async def _retry(tx: Transaction, job: Job) -> Job:
    _must_have_failed(job)
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
        "SELECT count(*) AS position FROM job "  # noqa: S608 - a constant
        f"WHERE finished IS NULL AND state = 'waiting' AND {rows.LINE} = ? AND place <= ?",
        (job.lane, job.place),
    )
    return msgspec.structs.replace(job, position=counted[0]["position"])
