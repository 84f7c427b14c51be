"""Starts jobs as the planner says, and sees each run through to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from core.bus import Bus, Notice
from core.clock import Clock
from core.config.schema import Queue
from core.errors import LeitstandError
from core.jobs import queries, store
from core.jobs.board import Board
from core.jobs.context import Handler, JobContext, Verdict
from core.jobs.endings import Cut, Ending, Outcome, Raised, Returned, ending, orphaned
from core.jobs.ledger import Ledger
from core.jobs.planner import Planner
from core.jobs.schedule import Choice
from core.jobs.track import Kind, Run, Track
from core.jobs.types import Job, JobChanged, Progress, packed
from core.tasks import Tasks, place

_SAVE_EVERY = 1.0
"""Progress goes to disk at most this often."""
_AFTER_FAULT = 5.0
"""So long the queue leaves a database alone that could not be written."""
_LAST_WORDS = 3.0
"""So long cancelled handlers may take to clean up when Leitstand closes."""

log = logging.getLogger("leitstand.jobs")


class Dispatcher:
    """Moves jobs from waiting to running to their end."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        board: Board,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        *,
        kinds: Mapping[str, Kind],
        settings: Callable[[], Queue],
        boot: str,
    ) -> None:
        self._ledger = ledger
        self._planner = planner
        self._board = board
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._kinds = kinds
        self._settings = settings
        self._boot = boot
        self._loop: asyncio.Task[None] | None = None
        self._alarm: tuple[float, asyncio.Task[None]] | None = None
        self._underway: set[asyncio.Task[None]] = set()
        self._unsaved: dict[int, Job] = {}
        self._saver: asyncio.Task[None] | None = None
        self._waiting_for_a_round: list[asyncio.Future[None]] = []

    async def take_back(self) -> None:
        """Decide about what another process was running when it ended."""
        for job, deaths in await queries.orphans(self._ledger.database, self._boot):
            end = orphaned(job, await self._verdict(job), deaths=deaths)
            if (left := await self._write(job, end)) is not None:
                log.info("job %d was cut off by an earlier end and is now %s", left.id, left.state)

    def start(self) -> None:
        """Begin to run what waits."""
        self._loop = self._tasks.spawn("queue", self._run())

    async def stop(self, grace: float) -> None:
        """Start nothing new; let runs finish for *grace* seconds, then stop them and put them back."""
        if self._loop is not None:
            self._loop.cancel()
        if self._alarm is not None:
            self._alarm[1].cancel()
        if self._underway and grace > 0:
            await asyncio.wait(self._underway, timeout=grace)
        for track in list(self._ledger.tracks.values()):
            for run in list(track.runs.values()):
                run.stop(run.context.stopping or "close")
        if self._underway:
            await asyncio.wait(self._underway, timeout=_LAST_WORDS)
        if self._saver is not None:
            self._saver.cancel()

    async def went_round(self) -> None:
        """Return when the loop has looked at every lane once more: whoever waits for ever knows it hangs."""
        round_ = asyncio.get_running_loop().create_future()
        self._waiting_for_a_round.append(round_)
        self._ledger.wake.set()
        await round_

    async def _run(self) -> None:
        while True:
            self._ledger.wake.clear()
            waiting, self._waiting_for_a_round = self._waiting_for_a_round, []
            try:
                await self._ledger.catch_up()
                for track in list(self._ledger.tracks.values()):
                    await self._fill(track)
            except Exception as error:  # noqa: BLE001 - a queue that stumbles is better than one that stands still
                self._say(error)
                self._waiting_for_a_round += waiting
                await self._clock.sleep(_AFTER_FAULT)
                continue
            for round_ in waiting:
                if not round_.done():
                    round_.set_result(None)
            moment = self._next_start()
            if self._board.due <= self._clock.monotonic():
                self._board.tell()
            else:
                moment = min(moment, self._board.due)
            self._set_alarm(moment)
            await self._ledger.wake.wait()

    def _next_start(self) -> float:
        """Return when, if nothing else happens, somebody may be able to start."""
        now, moments = self._clock.monotonic(), [float("inf")]
        for track in self._ledger.tracks.values():
            if track.paused or not len(track.line):
                continue
            if track.rests_until is not None:
                moments.append(track.rests_until)
            if (ready := track.line.next_ready(now)) is not None:
                moments.append(ready)
        return min(moments)

    def _set_alarm(self, moment: float) -> None:
        if self._alarm is not None:
            if self._alarm[0] == moment and not self._alarm[1].done():
                return
            self._alarm[1].cancel()
            self._alarm = None
        if moment < float("inf"):
            self._alarm = moment, self._tasks.spawn("queue alarm", self._ring(moment))

    async def _ring(self, moment: float) -> None:
        await self._clock.sleep(moment - self._clock.monotonic())
        self._ledger.wake.set()

    async def _fill(self, track: Track) -> None:
        track.stuck = ""
        while len(track.line) and len(track.runs) < self._planner.width(track) and not track.paused:
            if not track.awake(self._clock.monotonic()):
                return
            choice = self._planner.choose(track)
            if choice.id is None:
                track.stuck = choice.reason
                return
            await self._begin(track, choice.id, choice)

    async def _begin(self, track: Track, id: int, choice: Choice) -> None:
        job = await self._ledger.take(
            "start", id, boot=self._boot, now=self._clock.now(), reason=choice.reason
        )
        if job is None:
            self._ledger.forget(track, id)
            return
        now, waiting = self._clock.monotonic(), track.line[id]
        start = track.line.start(id, self._planner.seconds(track, waiting), now)
        self._planner.started(track, waiting.model)
        context = JobContext(job, self._clock, self._tasks, self._told)
        work = self._tasks.spawn(f"{job.kind} {id}", attempt(self._kinds[job.kind].run, context))
        run = track.runs[id] = Run(context, start, now, work)
        self._ledger.apply(job)
        seen = self._tasks.spawn(f"job {id}", self._see_through(track, run))
        self._underway.add(seen)
        seen.add_done_callback(self._underway.discard)

    async def _see_through(self, track: Track, run: Run) -> None:
        await asyncio.wait({run.work})
        outcome: Outcome = Cut() if run.work.cancelled() else run.work.result()
        job, now = run.context.job, self._clock.monotonic()
        rest = track.pause_before_next(now)
        if job.stopping == "close" and not isinstance(outcome, Returned):
            end = orphaned(job, await self._verdict(job))
        else:
            retry_after = self._settings().retry_after
            end = ending(job, outcome, now=self._clock.now(), retry_after=retry_after, rest=rest)
        written = await self._write_surely(job, end)
        took = now - run.began
        del track.runs[run.id]
        self._unsaved.pop(run.id, None)
        track.line.end(run.start, took)
        if end.server_away and end.fault is not None:
            track.rest(now + rest, end.fault)
        elif not isinstance(outcome, Cut):
            track.served()
        if isinstance(outcome, Returned):
            self._planner.habits.learn(job.kind, run.start.job.model, took, job.load_seconds)
        if written is not None:
            self._ledger.apply(written)
        self._ledger.wake.set()

    async def _verdict(self, job: Job) -> Verdict:
        policy = self._kinds[job.kind].on_orphan if job.kind in self._kinds else "requeue"
        if isinstance(policy, str):
            return policy
        try:
            return await policy(job)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must end up somewhere
            log.warning("nobody could say what becomes of job %d: %s", job.id, type(error).__name__)
            return "fail"

    async def _write(self, job: Job, end: Ending) -> Job | None:
        values = {
            "claim": job.claim,
            "now": self._clock.now(),
            "progress": _progress(job),
            "load": job.load_seconds,
            **end.values,
        }
        return await self._ledger.take(end.step, job.id, **values)

    async def _write_surely(self, job: Job, end: Ending) -> Job | None:
        """What has ended must be written: a full disk delays it, and keeps the lane's place taken."""
        while True:
            try:
                return await self._write(job, end)
            except LeitstandError as error:
                self._say(error)
            await self._clock.sleep(_AFTER_FAULT)

    def _say(self, error: Exception) -> None:
        # The kind and the place, not the text of a fault: it may quote what a person wrote.
        log.warning("the queue waits: %s at %s", type(error).__name__, place(error))
        words = error.message if isinstance(error, LeitstandError) else f"{type(error).__name__}, a fault."
        hint = error.hint if isinstance(error, LeitstandError) else "See the log."
        self._bus.publish(Notice("error", f"The queue waits: {words}", hint, at=self._clock.now()))

    def _told(self, job: Job) -> None:
        run = self._ledger.track(job.lane).runs.get(job.id)
        if run is None or run.context.job.claim != job.claim:
            return
        self._bus.publish(JobChanged(job))
        self._unsaved[job.id] = job
        if self._saver is None or self._saver.done():
            self._saver = self._tasks.spawn("queue progress", self._save())

    async def _save(self) -> None:
        while self._unsaved:
            await self._clock.sleep(_SAVE_EVERY)
            notes = [
                {"id": job.id, "claim": job.claim, "progress": _progress(job), "load": job.load_seconds}
                for job in self._unsaved.values()
            ]
            self._unsaved.clear()
            try:
                async with self._ledger.database.write() as tx:
                    await store.note_many(tx, notes)
            except LeitstandError as error:
                log.warning("progress was not saved: %s", error.code)


async def attempt(handler: Handler, context: JobContext) -> Outcome:
    """Run a handler, and return what came of it."""
    try:
        return Returned(await handler(context))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Cut()  # nobody cancelled it: something within it did
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes the job's fault
        return Raised(error)


def _progress(job: Job) -> str | None:
    if job.progress == Progress():
        return None
    return bytes(packed(job.progress)).decode()
