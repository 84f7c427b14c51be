"""The queue in memory and on disk: one writer of steps, one place where what changed is told.

Rows are the truth. What stands in memory follows them: a step is taken in a transaction, and what it
returned is applied right after the commit, before anybody else's step can begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from core.bus import Bus
from core.clock import Clock
from core.errors import LeitstandError
from core.jobs import queries, store
from core.jobs.endings import AWAY_CODES
from core.jobs.planner import Planner
from core.jobs.store import Accepted
from core.jobs.track import Kind, Track
from core.jobs.types import FINISHED, LANES, Job, JobChanged, Jobs, Lane
from core.store.database import Database, Transaction
from core.tasks import Tasks


class Ledger:
    """Keeps the lanes in step with the rows, and tells what changed."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        kinds: Mapping[str, Kind],
        planner: Planner,
    ) -> None:
        self.database = database
        self.tracks: dict[Lane, Track] = {name: Track(name) for name in LANES}
        """Those of other servers come when they are first needed: see `track`."""
        self.wake = asyncio.Event()
        """Set when somebody may be able to start, or the plan has changed."""
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._kinds = kinds
        self._planner = planner
        self._seen = 0
        self._behind = False
        self._asked: list[tuple[list[Accepted], asyncio.Future[Jobs]]] = []
        self._entry: asyncio.Task[None] | None = None
        self._awaited: dict[int, list[asyncio.Future[Job]]] = {}

    def track(self, lane: Lane) -> Track:
        """Return a lane."""
        if lane not in self.tracks:
            self.tracks[lane] = Track(lane)
        return self.tracks[lane]

    async def load(self) -> None:
        """Read what waits, and what a person changed about the lanes."""
        for name, row in (await queries.lane_rows(self.database)).items():
            track = self.track(name)
            track.paused, track.own_width = row.paused, row.width
        self._planner.habits.learn_all(await queries.durations(self.database))
        self._seen = max(self._seen, await queries.last_number(self.database))
        for job in await queries.unstarted(self.database):
            self._put(job)
        self.wake.set()

    async def accept(self, accepted: list[Accepted]) -> Jobs:
        """Write new jobs; those of callers who ask at the same time share one transaction."""
        if self.database.owned:
            raise RuntimeError("within a transaction a job is enqueued with that transaction")
        reply: asyncio.Future[Jobs] = asyncio.get_running_loop().create_future()
        self._asked.append((accepted, reply))
        if self._entry is None or self._entry.done():
            self._entry = self._tasks.spawn("queue entry", self._write_asked())
        return await reply

    async def accept_within(self, tx: Transaction, accepted: list[Accepted]) -> Jobs:
        """Write new jobs in the caller's transaction; they are seen once it has committed."""
        jobs = await store.insert(tx, accepted, self._clock.now())
        self._behind = True
        self.wake.set()
        return jobs

    async def catch_up(self) -> None:
        """Take in what other transactions wrote: waits until they are over, for each has its turn."""
        if not self._behind:
            return
        self._behind = False
        try:
            async with self.database.write() as tx:
                fresh = await queries.newer(tx, self._seen)
        except BaseException:
            self._behind = True
            raise
        self._add(fresh)

    async def take(self, name: str, id: int, **values: Any) -> Job | None:
        """Take a step in a transaction of its own; what it returns is yet to be applied."""
        async with self.database.write() as tx:
            return await store.step(tx, name, id, **values)

    def apply(self, job: Job) -> Job:
        """Let memory follow a row that was changed, and tell it; return the job as it is shown."""
        self._put(job)
        shown = self.shown(job)
        self._bus.publish(JobChanged(shown))
        if job.state in FINISHED:
            for future in self._awaited.pop(job.id, ()):
                if not future.done():
                    future.set_result(shown)
        self.wake.set()
        return shown

    def shown(self, job: Job) -> Job:
        """Return a row with what only memory knows: progress, position, plan."""
        track = self.track(job.lane)
        if job.state == "running" and (run := track.runs.get(job.id)) is not None:
            return run.context.job
        if job.state != "waiting" or job.id not in track.line:
            return job
        planned = track.planned.get(job.id)
        return msgspec.structs.replace(
            job,
            position=track.line.position(job.id),
            order=None if planned is None else planned.order,
            reason=self._reason(track, job, "" if planned is None else planned.reason),
            expected_start=None if planned is None else planned.starts_at,
        )

    def moved(self, id: int, changed: Jobs) -> Job:
        """Let memory follow places that were handed round; return the job that a person moved."""
        track = self.track(changed[0].lane)
        track.line.remove(id)  # what it put up with before counts no more
        for job in changed:
            self._put(job)
        return self.apply(track.jobs[id])

    def forget(self, track: Track, id: int) -> None:
        """Take a job out of its line: it no longer waits."""
        track.line.remove(id)
        track.jobs.pop(id, None)

    def server_back(self, server: str = "") -> None:
        """Let what waits for a server try at once; the lanes of the others go on as they are."""
        for track in [track for track in self.tracks.values() if track.server == server]:
            track.served()
            for job in track.jobs.values():
                if job.error is not None and job.error.code in AWAY_CODES:
                    waiting = self._planner.waiting(msgspec.structs.replace(job, not_before=None))
                    track.line.put(waiting)
        self.wake.set()

    def awaited(self, id: int) -> asyncio.Future[Job]:
        """Return a future of a job's end."""
        future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._awaited.setdefault(id, []).append(future)
        return future

    def _reason(self, track: Track, job: Job, planned: str) -> str:
        if job.kind not in self._kinds:
            return f"nothing here runs a {job.kind}"
        if track.paused:
            return "the lane is paused"
        if job.not_before is not None and track.line[job.id].ready_at > self._clock.monotonic():
            return "not yet time" if job.error is None else f"tried again soon: {job.error.message}"
        if track.rests_until is not None and track.rest_fault is not None:
            return f"waits for the server: {track.rest_fault.message}"
        return planned

    def _put(self, job: Job) -> None:
        track = self.track(job.lane)
        if job.state == "waiting":
            track.line.put(self._planner.waiting(job))
            track.jobs[job.id] = job
        else:
            self.forget(track, job.id)
        if job.state == "held":
            track.held.add(job.id)
        else:
            track.held.discard(job.id)

    def _add(self, fresh: Sequence[Job]) -> None:
        for job in fresh:
            self._seen = max(self._seen, job.id)
            self.apply(job)

    async def _write_asked(self) -> None:
        while self._asked:
            asked = [(accepted, reply) for accepted, reply in self._asked if not reply.done()]
            self._asked.clear()
            try:
                async with self.database.write() as tx:
                    everything = [each for accepted, _ in asked for each in accepted]
                    jobs = await store.insert(tx, everything, self._clock.now())
                    fresh = await queries.newer(tx, self._seen)
            except BaseException as error:
                fault = (
                    error if isinstance(error, LeitstandError) else LeitstandError("The queue is closing.")
                )
                for _, reply in asked:
                    if not reply.done():
                        reply.set_exception(fault)
                if not isinstance(error, LeitstandError):
                    raise
                continue
            self._add(fresh)
            for accepted, reply in asked:
                mine, jobs = jobs[: len(accepted)], jobs[len(accepted) :]
                with suppress(asyncio.InvalidStateError):  # its caller was cancelled
                    reply.set_result([self.shown(job) if job.state != "waiting" else job for job in mine])
