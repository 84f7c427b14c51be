"""The queue's verbs: what waits, what runs, in which order, and what a person may change about it.

    jobs.handle("pull", "network", run_pull)              # before start: who runs what
    await jobs.start()
    job = await jobs.enqueue(NewJob(kind="pull", title="qwen3:8b", payload=packed(request)))
    async with store.write() as tx:                       # or together with other rows
        job = await jobs.enqueue(NewJob(kind="turn", title="…", model="qwen3:8b"), tx)

An accepted job is on disk, and so is an ended one. Whoever runs it may die: at the next start the job
waits again in its place, unless its kind wants something else (`on_orphan`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from core.bus import Bus
from core.clock import Clock
from core.config.schema import Queue
from core.errors import NotFound, Refused, UsageError
from core.exposed import exposed
from core.guard import one_line
from core.jobs import queries
from core.jobs import store as rows
from core.jobs.asking import checked
from core.jobs.board import Board
from core.jobs.context import Handler, OnOrphan
from core.jobs.dispatcher import Dispatcher
from core.jobs.ledger import Ledger
from core.jobs.planner import Planner
from core.jobs.queries import LaneRow
from core.jobs.rig import unknown_size
from core.jobs.track import Kind
from core.jobs.types import (
    EVERYTHING,
    FINISHED,
    Job,
    JobFilter,
    Jobs,
    JobsCleared,
    Lane,
    LaneState,
    Memory,
    NewJob,
    Plan,
    State,
    Stopping,
)
from core.store.database import Database, Transaction
from core.tasks import Tasks

_WIDEST = 64


class JobService:
    """Owns the queue: accepts jobs durably, starts them lane by lane, and keeps what became of them."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        *,
        settings: Callable[[], Queue] = Queue,
        memory: Callable[[], Memory] = Memory,
        size_of: Callable[[str], int | None] = unknown_size,
        servers: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._database = store
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._settings = settings
        self._kinds: dict[str, Kind] = {}
        self._planner = Planner(clock, self._kinds, settings, memory, size_of)
        self._ledger = Ledger(store, bus, tasks, clock, self._kinds, self._planner)
        self._board = Board(self._ledger, self._planner, bus, clock, servers)
        self._dispatcher = Dispatcher(
            self._ledger,
            self._planner,
            self._board,
            bus,
            tasks,
            clock,
            kinds=self._kinds,
            settings=settings,
            boot=os.urandom(8).hex(),
        )

    def handle(self, kind: str, lane: Lane, run: Handler, *, on_orphan: OnOrphan = "requeue") -> None:
        """Register who runs jobs of a kind, before `start`.

        *on_orphan* says what becomes of one that was cut off by a crash, or by closing: it waits again,
        fails, is cancelled, counts as done, or whatever an async function of the job returns.
        """
        if kind in self._kinds:
            raise ValueError(f"somebody runs {kind} already")
        self._kinds[kind] = Kind(lane, run, on_orphan)

    async def start(self) -> None:
        """Take back what an earlier process left running, and begin to run what waits."""
        await self._dispatcher.take_back()
        await self._ledger.load()
        self._dispatcher.start()
        self._tasks.spawn("queue history", self._forget_old())

    async def stop(self, grace: float = 0.0) -> None:
        """Start nothing new; let what runs finish for *grace* seconds, then stop it and put it back."""
        await self._dispatcher.stop(grace)

    async def enqueue(self, new: NewJob, tx: Transaction | None = None) -> Job:
        """Accept a job: on disk when this returns, or with the caller's transaction when one is given."""
        return (await self.enqueue_many([new], tx))[0]

    async def enqueue_many(self, new: Sequence[NewJob], tx: Transaction | None = None) -> Jobs:
        """Accept jobs in one transaction, in this order, all or none."""
        attempts = self._settings().attempts
        accepted = [checked(each, self._kinds, attempts) for each in new]
        if tx is not None:
            return await self._ledger.accept_within(tx, accepted)
        return await self._ledger.accept(accepted)

    async def finished(self, id: int) -> Job:
        """Wait until a job is done, failed or cancelled, and return it."""
        end = self._ledger.awaited(id)
        job = await self.get(id)
        return job if job.state in FINISHED else await end

    async def pulse(self) -> None:
        """Return when the queue has gone round once: it does not, when it hangs."""
        await self._dispatcher.went_round()

    def server_back(self, server: str = "") -> None:
        """Try at once what waits because a server was away: the main one, or another by its name."""
        self._ledger.server_back(server)

    def settings_changed(self) -> None:
        """Look anew whether more may run, and in which order."""
        self._ledger.wake.set()

    @exposed
    async def list(self, filter: JobFilter = EVERYTHING) -> Jobs:
        """Return jobs: what runs, then what waits in its planned order, then the finished, newest first."""
        if filter.limit < 0 or filter.skip < 0:
            raise UsageError("A list has no negative length, and no page before its first.")
        self._board.tell()
        jobs = [self._ledger.shown(job) for job in await queries.listed(self._database, filter)]
        # Stable: only those with a planned order change their places among each other.
        return sorted(jobs, key=_shown_order)

    @exposed
    async def get(self, id: int) -> Job:
        """Return a job."""
        job = await queries.job(self._database, id)
        if job is None:
            raise NotFound(f"There is no job {id}.")
        return self._ledger.shown(job)

    @exposed
    async def plan(self) -> Plan:
        """Return what runs and what will run, in which order, why, and about when."""
        self._board.tell()
        lanes = self._board.lanes()
        running, waiting = [], []
        for track in self._ledger.tracks.values():
            running += [run.context.job for run in track.runs.values()]
            waiting += [self._ledger.shown(track.jobs[id]) for id in track.planned]
        return Plan(lanes=tuple(lanes.values()), running=tuple(running), waiting=tuple(waiting))

    @exposed
    async def lanes(self) -> tuple[LaneState, ...]:
        """Return every lane with its width and numbers."""
        return tuple(self._board.lanes().values())

    @exposed
    async def cancel(self, id: int) -> Job:
        """End a job, whether it waits or runs; a finished one stays as it is."""
        return await self._end("cancel", id) or await self.get(id)

    @exposed
    async def hold(self, id: int) -> Job:
        """Set a job aside: it stops if it runs, and waits to be released."""
        if (job := await self._end("hold", id)) is not None:
            return job
        job = await self.get(id)
        if job.state == "held":
            return job
        raise Refused(f"Job {id} is {job.state} and cannot be set aside.")

    @exposed
    async def release(self, id: int) -> Job:
        """Let a job that was set aside wait for its turn again, in its old place."""
        job = await self._ledger.take("release", id)
        if job is None:
            raise Refused(f"Job {id} is {(await self.get(id)).state}, not set aside.")
        return self._ledger.apply(job)

    @exposed
    async def retry(self, id: int) -> Job:
        """Let a failed or cancelled job run again, at the end of the line."""
        before = await self.get(id)
        async with self._database.write() as tx:
            if before.sole and (other := await rows.unfinished_sole(tx, before.sole)) is not None:
                raise Refused(f"The same is in the queue already, as job {other.id}.")
            job = await rows.step(tx, "retry", id, place=await rows.end_of(tx, before.lane))
        if job is None:
            raise Refused(f"Job {id} is {before.state}: only a failed or cancelled one is tried again.")
        return self._ledger.apply(job)

    @exposed
    async def move(self, id: int, position: int) -> Job:
        """Give a waiting job another position in its lane; nobody behind overtakes it any more."""
        before = await self.get(id)
        async with self._database.write() as tx:
            changed = await queries.move(tx, before, position)
        if not changed:
            raise Refused(f"Job {id} does not wait, so it cannot be moved.")
        job = self._ledger.moved(id, changed)
        self._board.tell()
        return self._ledger.shown(job)

    @exposed
    async def pause(self, lane: Lane) -> LaneState:
        """Start nothing new on a lane; what runs goes on."""
        return await self._set_lane(lane, lambda row: row._replace(paused=True))

    @exposed
    async def resume(self, lane: Lane) -> LaneState:
        """Start jobs on a lane again."""
        return await self._set_lane(lane, lambda row: row._replace(paused=False))

    @exposed
    async def set_width(self, lane: Lane, width: int) -> LaneState:
        """Say how many jobs of a lane run at once; 0 returns to what the settings say."""
        if not 0 <= width <= _WIDEST:
            raise UsageError(f"A lane is 1 to {_WIDEST} jobs wide, or 0 for what the settings say.")
        return await self._set_lane(lane, lambda row: row._replace(width=width or None))

    @exposed
    async def clear(self, states: tuple[State, ...] = FINISHED) -> int:
        """Forget finished jobs; return how many."""
        if not set(states) <= set(FINISHED):
            raise UsageError("Only finished jobs can be cleared: done, failed, cancelled.")
        removed = await queries.clear(self._database, states)
        if removed:
            self._bus.publish(JobsCleared(states))
        return removed

    async def _end(self, how: Stopping, id: int) -> Job | None:
        async with self._database.write() as tx:
            job = await rows.step(tx, how, id, now=self._clock.now())
            asked = None if job else await rows.step(tx, "ask to stop", id, stopping=how)
        if job is not None:
            return self._ledger.apply(job)
        if asked is None:
            return None
        run = self._ledger.track(asked.lane).runs.get(id)
        if run is not None:
            run.stop(how)
        return self._ledger.shown(asked)

    async def _set_lane(self, lane: Lane, change: Callable[[LaneRow], LaneRow]) -> LaneState:
        if lane not in self._board.lanes():
            raise UsageError(f"There is no lane {one_line(lane, 60)}.", f"There are {self._lanes()}.")
        track = self._ledger.track(lane)
        async with self._database.write() as tx:
            # Read within the transaction: two changes at the same time must not undo each other.
            row = change(LaneRow(track.paused, track.own_width))
            await queries.set_lane(tx, lane, row)
        track.paused, track.own_width = row
        self._ledger.wake.set()
        self._board.tell()
        return self._board.lane(track)

    def _lanes(self) -> str:
        return ", ".join(self._board.lanes())

    async def _forget_old(self) -> None:
        days = self._settings().history_days
        if days and await queries.clear(self._database, FINISHED, before=self._clock.now() - days * 86400):
            self._bus.publish(JobsCleared(FINISHED))


def _shown_order(job: Job) -> tuple[int, str, int, int]:
    state = {"running": 0, "waiting": 1, "held": 2}.get(job.state, 3)
    far = 10**9
    return (state, job.lane, job.order or far, job.position or far) if state < 3 else (state, "", 0, 0)
