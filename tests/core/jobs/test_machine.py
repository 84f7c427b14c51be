"""Anything in any order, crashes included: nothing is lost, nothing runs twice at once, done stays done."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.config.schema import Queue
from core.errors import LeitstandError, LoadFailed, ModelNotFound, Refused, ServerUnavailable
from core.jobs.types import LANES, Job, JobFilter, NewJob, Priority
from tests.core.jobs.shop import Play, Shop
from tests.fakes.clock import ManualClock

T = TypeVar("T")

EVERY = JobFilter(limit=10_000)
ids = st.integers(1, 12)


class QueueMachine(RuleBasedStateMachine):
    """Drives a queue on a real database, and knows what must be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.home = Path(tempfile.mkdtemp(prefix="queue-machine-"))
        self.clock = ManualClock()
        self.accepted = 0
        self.keys: dict[str, int] = {}
        self.done: dict[int, Job] = {}
        self.claims: dict[int, int] = {}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        async def and_settle() -> T:
            result = await work
            await self.shop.quiet()
            return result

        return self.runner.run(and_settle())

    async def open(self) -> None:
        self.stack = AsyncExitStack()
        settings = Queue(network_width=2, attempts=2)
        self.shop = await self.stack.enter_async_context(
            Shop.opened(self.home, clock=self.clock, settings=settings)
        )

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.home)

    @initialize()
    def begin(self) -> None:
        async def nothing() -> None:
            await self.open()

        self.do(nothing())

    @rule(
        kind=st.sampled_from(["turn", "turn", "pull", "read"]),
        model=st.sampled_from(["a", "b", ""]),
        priority=st.sampled_from(["interactive", "normal", "batch"]),
        key=st.sampled_from(["", "", "", "k", "l"]),
        delay=st.sampled_from([0.0, 0.0, 0.0, 30.0]),
    )
    def ask(self, kind: str, model: str, priority: Priority, key: str, delay: float) -> None:
        new = NewJob(kind=kind, title="t", model=model, priority=priority, key=key, delay=delay)
        job = self.do(self.shop.jobs.enqueue(new))
        if key in self.keys:
            assert job.id == self.keys[key]
            return
        self.accepted += 1
        assert job.id == self.accepted
        if key:
            self.keys[key] = job.id

    @rule(commits=st.booleans())
    def ask_with_other_rows(self, commits: bool) -> None:
        async def ask() -> None:
            with suppress(ZeroDivisionError):
                async with self.shop.database.write() as tx:
                    await self.shop.jobs.enqueue(NewJob(kind="turn", title="t", model="a"), tx)
                    if not commits:
                        raise ZeroDivisionError

        self.do(ask())
        self.accepted += commits

    def playing(self) -> list[Play]:
        return [plays[-1] for plays in self.shop.plays.values() if not plays[-1].end.done()]

    @precondition(lambda self: self.playing())
    @rule(which=st.integers(0, 5), result=st.sampled_from([None, {"tokens": 3}]))
    def return_a_result(self, which: int, result: object) -> None:
        playing = self.playing()
        play = playing[which % len(playing)]

        async def end() -> None:
            play.returns(result)

        self.do(end())
        job = self.do(self.shop.jobs.get(play.context.job.id))
        assert job.state == "done"
        self.done[job.id] = job

    @precondition(lambda self: self.playing())
    @rule(
        which=st.integers(0, 5),
        error=st.sampled_from([LoadFailed, ModelNotFound, ServerUnavailable, ZeroDivisionError]),
    )
    def raise_an_error(self, which: int, error: type[Exception]) -> None:
        playing = self.playing()

        async def end() -> None:
            playing[which % len(playing)].raises(error("It went wrong."))

        self.do(end())

    @rule(verb=st.sampled_from(["cancel", "hold", "release", "retry"]), id=ids)
    def ask_for_a_change(self, verb: str, id: int) -> None:
        with suppress(LeitstandError):
            self.do(getattr(self.shop.jobs, verb)(id))

    @rule(id=ids, position=st.integers(-1, 14))
    def move(self, id: int, position: int) -> None:
        with suppress(LeitstandError):
            job = self.do(self.shop.jobs.move(id, position))
            assert job.placed

    @rule(verb=st.sampled_from(["pause", "resume"]), lane=st.sampled_from(LANES))
    def change_a_lane(self, verb: str, lane: str) -> None:
        self.do(getattr(self.shop.jobs, verb)(lane))

    @rule(seconds=st.sampled_from([1.0, 6.0, 40.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.do(self.clock.advance(seconds))

    @rule(back=st.sampled_from([3600.0, -3600.0]))
    def set_the_wall_clock(self, back: float) -> None:
        self.clock.set_wall(self.clock.now() - back)

    @rule(in_order=st.booleans())
    def end_and_begin_again(self, in_order: bool) -> None:
        async def end_and_begin() -> None:
            if in_order:
                await self.shop.close()
            await self.stack.aclose()
            await self.open()

        self.do(end_and_begin())

    @precondition(lambda self: self.done)
    @rule(which=st.integers(0, 20))
    def touch_what_is_done(self, which: int) -> None:
        id = sorted(self.done)[which % len(self.done)]

        async def touch() -> None:
            assert await self.shop.jobs.cancel(id) == self.done[id]
            for verb in (self.shop.jobs.hold, self.shop.jobs.release, self.shop.jobs.retry):
                with suppress(Refused):
                    await verb(id)
                    raise AssertionError(f"{verb.__name__} changed what was done")

        self.do(touch())

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        jobs = {job.id: job for job in self.do(self.shop.jobs.list(EVERY))}
        assert sorted(jobs) == list(range(1, self.accepted + 1))
        live = {play.context.job.id for play in self.playing()}
        assert live == {job.id for job in jobs.values() if job.state == "running"}
        for job in jobs.values():
            assert job.attempt <= job.max_attempts
            assert job.claim >= self.claims.get(job.id, 0)
            self.claims[job.id] = job.claim
        for id, job in self.done.items():
            assert jobs[id] == job
            assert all(play.end.done() for play in self.shop.plays.get(id, ()))

    @invariant()
    def places_are_in_order(self) -> None:
        jobs = self.do(self.shop.jobs.list(EVERY))
        widths = {lane.name: lane for lane in self.do(self.shop.jobs.lanes())}
        for lane in LANES:
            waiting = [job for job in jobs if job.lane == lane and job.state == "waiting"]
            assert sorted(job.position or 0 for job in waiting) == list(range(1, len(waiting) + 1))
            orders = [job.order for job in waiting if job.order is not None]
            assert orders == list(range(1, len(orders) + 1))
            unfinished = [job.place for job in jobs if job.lane == lane and job.unfinished]
            assert len(set(unfinished)) == len(unfinished)
            running = sum(job.lane == lane and job.state == "running" for job in jobs)
            assert running <= widths[lane].width
            assert (running, len(waiting)) == (widths[lane].running, widths[lane].waiting)

    @invariant()
    def memory_is_what_is_on_disk(self) -> None:
        async def stored() -> dict[int, str]:
            return {
                row["id"]: row["state"] for row in await self.shop.database.read("SELECT id, state FROM job")
            }

        on_disk = self.do(stored())
        assert {job.id: job.state for job in self.do(self.shop.jobs.list(EVERY))} == on_disk


QueueMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestQueue = QueueMachine.TestCase
