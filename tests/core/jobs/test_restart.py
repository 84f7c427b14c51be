"""What is left after the process ended, in order or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.context import Verdict
from core.jobs.endings import MOST_DEATHS
from core.jobs.types import Job
from core.store.database import Database
from tests.core.jobs.shop import Shop
from tests.fakes.clock import ManualClock
from tests.waiting import until


async def test_after_a_crash_what_ran_runs_again_first_and_what_waited_still_waits(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        ids = [(await shop.ask()).id for _ in range(3)]
        await shop.playing(ids[0])
    async with Shop.opened(tmp_path) as shop:
        play = await shop.playing(ids[0])
        assert play.context.job.claim == 2
        assert [(job.id, job.state) for job in await shop.jobs.list()] == [
            (1, "running"),
            (2, "waiting"),
            (3, "waiting"),
        ]


async def test_after_a_crash_what_was_done_stays_done(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        job = await shop.ask()
        (await shop.playing(job.id)).returns({"tokens": 3})
        done = await shop.jobs.finished(job.id)
    async with Shop.opened(tmp_path) as shop:
        assert await shop.jobs.get(job.id) == done
        assert not shop.plays


async def test_closing_in_order_stops_what_runs_and_costs_it_nothing(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        job = await shop.ask()
        play = await shop.playing(job.id)
        await shop.jobs.stop()
        assert play.cancelled_because == "close"
        left = await shop.jobs.get(job.id)
        assert (left.state, left.attempt) == ("waiting", 0)
    async with Shop.opened(tmp_path) as shop:
        assert (await shop.playing(job.id)).context.job.attempt == 1


async def test_what_ends_within_the_grace_is_done(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        job = await shop.ask()
        play = await shop.playing(job.id)
        stopping = shop.tasks.spawn("stop", shop.jobs.stop(grace=20))
        play.returns()
        await stopping
        assert (await shop.jobs.get(job.id)).state == "done"


async def test_nothing_starts_while_closing(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        await shop.jobs.stop()
        job = await shop.ask()
        assert (await shop.jobs.get(job.id)).state == "waiting"


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("requeue", "running"), ("fail", "failed"), ("cancel", "cancelled"), ("done", "done")],
)
async def test_a_kind_says_what_becomes_of_its_orphans(tmp_path: Path, verdict: Verdict, state: str) -> None:
    asked: list[Job] = []

    async def decide(job: Job) -> Verdict:
        asked.append(job)
        return verdict

    async with Shop.opened(tmp_path) as shop:
        job = await shop.ask()
        await shop.playing(job.id)
    async with Shop.opened(tmp_path, on_orphan=decide) as shop:
        left = await shop.in_state(job.id, state)
        assert [each.id for each in asked] == [job.id]
        if state == "failed":
            assert left.error is not None
            assert left.error.code == "interrupted"


async def test_when_nobody_can_say_what_becomes_of_an_orphan_it_fails(tmp_path: Path) -> None:
    async def decide(job: Job) -> Verdict:
        raise ZeroDivisionError

    async with Shop.opened(tmp_path) as shop:
        job = await shop.ask()
        await shop.playing(job.id)
    async with Shop.opened(tmp_path, on_orphan=decide) as shop:
        assert (await shop.jobs.get(job.id)).state == "failed"


async def test_a_cancellation_that_a_crash_cut_short_is_carried_out(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path, started=False) as shop:
        job = await shop.ask()
        async with shop.database.write() as tx:
            await tx.execute("UPDATE job SET state = 'running', claim = 1, boot = 'x', stopping = 'cancel'")
    async with Shop.opened(tmp_path) as shop:
        assert (await shop.jobs.get(job.id)).state == "cancelled"


async def test_what_kills_the_process_every_time_is_not_started_for_ever(tmp_path: Path) -> None:
    for _ in range(MOST_DEATHS):
        async with Shop.opened(tmp_path) as shop:
            if not (await shop.jobs.list()):
                await shop.ask()
            await shop.playing(1)
    async with Shop.opened(tmp_path) as shop:
        failed = await shop.jobs.get(1)
        assert failed.state == "failed"
        await shop.jobs.retry(1)
        await shop.playing(1)


async def test_a_job_that_only_a_newer_version_can_run_waits_and_says_so(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        shop.jobs.handle("tomorrow", "cpu", shop.play)
        await shop.jobs.pause("cpu")
        job = await shop.ask("tomorrow")
        behind = await shop.ask("read")
        await shop.jobs.resume("cpu")
        await shop.playing(job.id)
    async with Shop.opened(tmp_path) as shop:
        waiting = await shop.jobs.get(job.id)
        assert (waiting.state, waiting.position) == ("waiting", 1)
        assert waiting.reason == "nothing here runs a tomorrow"
        await shop.playing(behind.id)


async def test_what_was_asked_for_before_the_start_runs_after_it(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path, started=False) as shop:
        first = await shop.ask()
        async with shop.database.write() as tx:
            await tx.execute("SELECT 1")
        await shop.jobs.start()
        await shop.playing(first.id)


async def test_a_database_that_cannot_be_written_delays_the_end_and_loses_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    async with Shop.opened(tmp_path, clock=clock) as shop:
        job = await shop.ask()
        play = await shop.playing(job.id)
        async with shop.database.write() as tx:
            await tx.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON job BEGIN SELECT raise(ABORT, 'full'); END"
            )
        with shop.bus.subscribe() as mailbox:
            play.returns({"tokens": 3})
            await until(lambda: len(mailbox))
        async with shop.database.write() as tx:
            await tx.execute("DROP TRIGGER full")
        await clock.sleepers(1)
        await clock.advance(6)
        assert bytes((await shop.jobs.finished(job.id)).result) == b'{"tokens":3}'


async def test_a_queue_that_cannot_start_a_job_says_so_and_tries_again(tmp_path: Path) -> None:
    clock = ManualClock()
    async with Shop.opened(tmp_path, clock=clock) as shop:
        async with shop.database.write() as tx:
            await tx.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON job BEGIN SELECT raise(ABORT, 'full'); END"
            )
        job = await shop.ask()
        await clock.sleepers(1)
        async with shop.database.write() as tx:
            await tx.execute("DROP TRIGGER full")
        await clock.advance(6)
        await shop.playing(job.id)


async def test_a_queue_of_an_older_database_starts_empty(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "leitstand.db", clock=ManualClock())
    await database.close()
    async with Shop.opened(tmp_path) as shop:
        assert await shop.jobs.list() == []
