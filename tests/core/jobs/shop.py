"""A queue on a real database whose handlers do what the test says.

async with Shop.opened(path) as shop:
    job = await shop.ask(model="qwen3:8b")
    play = await shop.playing(job.id)      # its handler has begun
    play.returns({"tokens": 3})            # and ends as the test says
    assert (await shop.jobs.finished(job.id)).state == "done"
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.bus import Bus, Event
from core.clock import Clock
from core.config.schema import Queue
from core.jobs.context import JobContext, OnOrphan
from core.jobs.service import JobService
from core.jobs.types import Job, JobChanged, Memory, NewJob
from core.store.database import Database
from core.tasks import Tasks
from tests.fakes.clock import ManualClock, settle
from tests.waiting import until


class Play:
    """One run of a handler, in the hands of the test."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.end: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.cancelled_because: str | None = None

    def returns(self, result: object = None) -> None:
        self.end.set_result(result)

    def raises(self, error: Exception) -> None:
        self.end.set_exception(error)


class Shop:
    """A queue with the kinds turn, pull and read, one on each lane."""

    def __init__(self, database: Database, clock: Clock, settings: Queue, memory: Memory) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings
        self.memory = memory
        self.sizes: dict[str, int] = {}
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self.plays: dict[int, list[Play]] = {}
        self.on_orphan: OnOrphan = "requeue"
        self.jobs = JobService(
            database,
            self.bus,
            self.tasks,
            clock,
            settings=lambda: self.settings,
            memory=lambda: self.memory,
            size_of=self.sizes.get,
        )

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        path: Path,
        *,
        clock: Clock | None = None,
        settings: Queue | None = None,
        on_orphan: OnOrphan = "requeue",
        started: bool = True,
    ) -> AsyncIterator[Shop]:
        clock = clock or ManualClock()
        database = await Database.open(path / "leitstand.db", clock=clock)
        shop = cls(database, clock, settings or Queue(), Memory())
        shop.jobs.handle("turn", "inference", shop.play, on_orphan=on_orphan)
        shop.jobs.handle("pull", "network", shop.play, on_orphan=on_orphan)
        shop.jobs.handle("read", "cpu", shop.play, on_orphan=on_orphan)
        try:
            if started:
                await shop.jobs.start()
            yield shop
        finally:
            await shop.crash()

    async def crash(self) -> None:
        """End as a killed process does: whatever runs is gone, and nothing more is written."""
        await self.tasks.close(0)
        await self.database.close()

    async def close(self) -> None:
        """End in order."""
        await self.jobs.stop()
        await self.crash()

    async def play(self, context: JobContext) -> object:
        play = Play(context)
        self.plays.setdefault(context.job.id, []).append(play)
        try:
            return await play.end
        except asyncio.CancelledError:
            play.cancelled_because = context.stopping
            raise

    async def playing(self, id: int, times: int = 1) -> Play:
        """Wait until a job's handler has begun for that many times, and return that run."""
        await until(lambda: len(self.plays.get(id, ())) >= times)
        return self.plays[id][times - 1]

    async def ask(self, kind: str = "turn", **values: Any) -> Job:
        return await self.jobs.enqueue(NewJob(kind=kind, title=values.pop("title", "a title"), **values))

    async def in_state(self, id: int, state: str) -> Job:
        """Wait until a job is in a state, and return it."""
        with self.bus.subscribe() as mailbox:
            async with asyncio.timeout(20):
                while (job := await self.jobs.get(id)).state != state:
                    await mailbox.drain()
        return job

    async def quiet(self) -> None:
        """Wait until the queue has done everything it can do without time passing or a handler ending."""
        calm = 0
        async with asyncio.timeout(20):
            while calm < 2:
                await settle()
                calm = calm + 1 if self._idle() else 0
                if not calm:
                    await asyncio.sleep(0.001)  # the database's thread needs a moment

    def _idle(self) -> bool:
        ledger = self.jobs._ledger
        runs = [run for track in ledger.tracks.values() for run in track.runs.values()]
        waits = not ledger.wake.is_set() and bool(getattr(ledger.wake, "_waiters", ()))
        return (
            waits
            and not self.database._turn.locked()
            and not any(run.work.done() or run.context.stopping for run in runs)
        )


def changes(events: list[Event], id: int) -> list[Job]:
    """What was told about a job."""
    return [event.job for event in events if isinstance(event, JobChanged) and event.job.id == id]
