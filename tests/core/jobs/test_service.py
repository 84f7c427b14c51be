from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from core.bus import Notice
from core.config.schema import Queue
from core.errors import (
    LoadFailed,
    ModelNotFound,
    NotFound,
    Refused,
    ServerUnavailable,
    UsageError,
)
from core.exposed import verbs
from core.jobs.service import JobService
from core.jobs.types import (
    JobFilter,
    JobsCleared,
    LaneChanged,
    Loaded,
    Memory,
    NewJob,
    packed,
)
from tests.core.jobs.shop import Shop, changes
from tests.fakes.clock import ManualClock
from tests.waiting import until


def clock(shop: Shop) -> ManualClock:
    assert isinstance(shop.clock, ManualClock)
    return shop.clock


async def test_a_job_goes_from_waiting_over_running_to_done_and_everybody_is_told(shop: Shop) -> None:
    with shop.bus.subscribe() as mailbox:
        job = await shop.ask(title="Why is the sky blue?", model="qwen3:8b", payload=packed({"turn": 7}))
        assert (job.id, job.state, job.position, job.lane) == (1, "waiting", 1, "inference")
        told = changes(mailbox.take(), job.id)
        play = await shop.playing(job.id)
        told += changes(mailbox.take(), job.id)
        assert play.context.payload(dict[str, int]) == {"turn": 7}
        play.returns({"tokens": 3})
        done = await shop.jobs.finished(job.id)
        told += changes(mailbox.take(), job.id)
    assert [each.state for each in told] == ["waiting", "running", "done"]
    assert (done.state, bytes(done.result), done.attempt) == ("done", b'{"tokens":3}', 1)
    assert done == await shop.jobs.get(job.id)


async def test_a_job_enqueued_with_other_rows_is_there_with_them_or_not_at_all(shop: Shop) -> None:
    new = NewJob(kind="turn", title="asked")

    async def fail_after_asking() -> None:
        async with shop.database.write() as tx:
            await shop.jobs.enqueue(new, tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_asking()
    async with shop.database.write() as tx:
        job = await shop.jobs.enqueue(new, tx)
        await asyncio.sleep(0)
        assert job.id not in shop.plays  # not before the commit
    play = await shop.playing(job.id)
    play.returns()
    assert (await shop.jobs.finished(job.id)).state == "done"
    assert len(await shop.jobs.list()) == 1


async def test_positions_of_a_burst_are_unique_and_without_gaps(shop: Shop) -> None:
    await shop.jobs.pause("inference")

    async def caller() -> list[int | None]:
        return [(await shop.ask()).position for _ in range(20)]

    positions = [
        position for each in await asyncio.gather(*(caller() for _ in range(50))) for position in each
    ]
    assert sorted(position or 0 for position in positions) == list(range(1, 1001))
    listed = await shop.jobs.list(JobFilter(limit=2000))
    assert sorted(job.position or 0 for job in listed) == list(range(1, 1001))


async def test_positions_close_up_when_somebody_leaves(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    for _ in range(4):
        await shop.ask()
    await shop.jobs.cancel(2)
    assert {job.id: job.position for job in await shop.jobs.list()} == {1: 1, 3: 2, 4: 3, 2: None}


async def test_a_lane_runs_as_many_at_once_as_it_is_wide(shop: Shop) -> None:
    ids = [(await shop.ask("pull")).id for _ in range(3)]
    await shop.playing(ids[0])
    await shop.playing(ids[1])
    assert (await shop.jobs.get(ids[2])).state == "waiting"
    await shop.jobs.set_width("network", 3)
    await shop.playing(ids[2])


async def test_lanes_do_not_wait_for_each_other(shop: Shop) -> None:
    ids = [(await shop.ask(kind)).id for kind in ("turn", "pull", "read")]
    for id in ids:
        await shop.playing(id)


async def test_a_paused_lane_starts_nothing_and_lets_finish_what_runs(shop: Shop) -> None:
    first, second = (await shop.ask()).id, (await shop.ask()).id
    play = await shop.playing(first)
    assert (await shop.jobs.pause("inference")).paused
    play.returns()
    await shop.jobs.finished(first)
    waiting = await shop.jobs.get(second)
    assert (waiting.state, waiting.reason) == ("waiting", "the lane is paused")
    await shop.jobs.resume("inference")
    await shop.playing(second)


async def test_pauses_and_widths_last(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        await shop.jobs.pause("network")
        await shop.jobs.set_width("network", 5)
        await shop.jobs.set_width("cpu", 4)
        await shop.jobs.set_width("cpu", 0)
    async with Shop.opened(tmp_path) as shop:
        lanes = {lane.name: lane for lane in await shop.jobs.lanes()}
        assert (lanes["network"].paused, lanes["network"].width) == (True, 5)
        assert lanes["cpu"].width == Queue().cpu_width


async def test_a_running_answer_finishes_before_another_model_is_loaded(shop: Shop) -> None:
    await shop.jobs.set_width("inference", 2)
    first = await shop.ask(model="a")
    play = await shop.playing(first.id)
    other = await shop.ask(model="b")
    same = await shop.ask(model="A:latest")
    await shop.playing(same.id)
    assert (await shop.jobs.get(other.id)).state == "waiting"
    play.returns()
    shop.plays[same.id][0].returns()
    await shop.playing(other.id)
    assert play.cancelled_because is None


async def test_a_model_that_fits_beside_the_running_one_need_not_wait(shop: Shop) -> None:
    await shop.jobs.set_width("inference", 2)
    shop.sizes.update({"a:latest": 6, "b:latest": 6})
    shop.memory = Memory((Loaded("a", 6),), free=8)
    await shop.playing((await shop.ask(model="a")).id)
    await shop.playing((await shop.ask(model="b")).id)


async def test_who_runs_next_and_why_is_told_for_everybody_who_waits(shop: Shop) -> None:
    running = await shop.ask(model="a")
    await shop.playing(running.id)
    for model in ("b", "a", "b"):
        await shop.ask(model=model)
    plan = await shop.jobs.plan()
    assert [job.id for job in plan.running] == [1]
    assert [(job.id, job.order, job.position) for job in plan.waiting] == [(3, 1, 2), (2, 2, 1), (4, 3, 3)]
    assert [job.reason for job in plan.waiting] == [
        "next: its model is loaded",
        "1 before it, then: 2 wait for b:latest",
        "2 before it, then: its model is loaded",
    ]
    starts = [job.expected_start or 0.0 for job in plan.waiting]
    assert shop.clock.now() < starts[0] < starts[1] < starts[2]
    assert [job.id for job in await shop.jobs.list()] == [1, 3, 2, 4]


async def test_the_plan_is_told_when_it_changes(shop: Shop) -> None:
    await shop.playing((await shop.ask(model="a")).id)
    other = await shop.ask(model="b")
    with shop.bus.subscribe() as mailbox:
        await shop.ask(model="a")
        await clock(shop).advance(1)
        await until(lambda: any(job.order == 2 for job in changes(mailbox.take(), other.id)))


async def test_progress_is_told_at_once_and_saved_at_most_once_a_second(shop: Shop) -> None:
    job = await shop.ask()
    context = (await shop.playing(job.id)).context

    async def saved() -> object:
        row = await shop.database.read_one("SELECT progress FROM job WHERE id = ?", (job.id,))
        assert row is not None
        return row["progress"] and msgspec.json.decode(row["progress"])

    with shop.bus.subscribe() as mailbox:
        await context.phase("generating")
        context.progress(percent=10.0, numbers={"tokens": 1.0})
        context.progress(percent=20.0, text="almost", numbers={"rate": 30.0})
        (told,) = changes(mailbox.take(), job.id)
    assert told.progress.phase == "generating"
    assert told.progress.percent == 20.0
    assert told.progress.numbers == {"tokens": 1.0, "rate": 30.0}
    assert (await shop.jobs.get(job.id)).progress == told.progress
    assert await saved() is None
    await clock(shop).sleepers(1)
    await clock(shop).advance(1)
    async with asyncio.timeout(20):
        while await saved() is None:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.005)


async def test_what_an_ended_run_still_tells_is_not_heard(shop: Shop) -> None:
    job = await shop.ask()
    play = await shop.playing(job.id)
    play.returns()
    done = await shop.jobs.finished(job.id)
    play.context.progress(percent=99.0)
    await play.context.phase("loading")
    assert await shop.jobs.get(job.id) == done


async def test_time_spent_loading_is_learned(shop: Shop) -> None:
    job = await shop.ask(model="a")
    play = await shop.playing(job.id)
    await play.context.phase("loading")
    await clock(shop).advance(7)
    await play.context.phase("generating")
    await clock(shop).advance(2)
    play.returns()
    assert (await shop.jobs.finished(job.id)).load_seconds == 7.0
    await shop.jobs.pause("inference")
    await shop.ask(model="a")
    await shop.ask(model="b")
    await shop.jobs.resume("inference")
    await shop.playing(2)
    (waiting,) = (await shop.jobs.plan()).waiting
    assert waiting.expected_start == pytest.approx(shop.clock.now() + 2.0)


async def test_a_failed_switch_is_tried_twice_five_seconds_apart_and_then_reported(shop: Shop) -> None:
    job = await shop.ask(model="a")
    (await shop.playing(job.id)).raises(LoadFailed("It did not load.", "Look at the log."))
    waiting = await shop.in_state(job.id, "waiting")
    assert waiting.not_before == shop.clock.now() + 5
    assert waiting.reason == "tried again soon: It did not load."
    await clock(shop).sleepers(1)
    await clock(shop).advance(4.9)
    assert len(shop.plays[job.id]) == 1
    await clock(shop).advance(0.2)
    second = await shop.playing(job.id, times=2)
    assert second.context.job.attempt == 2
    second.raises(LoadFailed("It did not load.", "Look at the log."))
    failed = await shop.jobs.finished(job.id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert (failed.error.code, failed.error.hint) == ("load_failed", "Look at the log.")


async def test_a_server_that_is_away_is_ridden_out_without_losing_attempts(shop: Shop) -> None:
    job, behind = await shop.ask(max_attempts=1), await shop.ask()
    pauses = []
    for times in range(1, 8):
        (await shop.playing(job.id, times)).raises(ServerUnavailable("Nobody answers."))
        await shop.in_state(job.id, "waiting")
        await until(lambda: shop.jobs._ledger.tracks["inference"].rests_until is not None)
        (lane, *_) = await shop.jobs.lanes()
        assert lane.reason == "Nobody answers."
        assert lane.rests_until is not None
        pauses.append(round(lane.rests_until - shop.clock.now(), 6))
        assert (await shop.jobs.get(behind.id)).reason == "waits for the server: Nobody answers."
        await clock(shop).sleepers(1)
        await clock(shop).advance(pauses[-1])
    assert pauses == [2, 4, 8, 16, 30, 30, 30]
    play = await shop.playing(job.id, 8)
    assert play.context.job.attempt == 1
    play.returns()
    assert (await shop.jobs.finished(job.id)).state == "done"
    assert behind.id not in shop.plays or len(shop.plays[behind.id]) == 1


async def test_what_waits_for_the_server_starts_at_once_when_it_is_back(shop: Shop) -> None:
    job = await shop.ask()
    (await shop.playing(job.id)).raises(ServerUnavailable("Nobody answers."))
    await shop.in_state(job.id, "waiting")
    shop.jobs.server_back()
    await shop.playing(job.id, times=2)


async def test_an_error_that_no_retry_mends_fails_the_job_at_once(shop: Shop) -> None:
    job = await shop.ask()
    (await shop.playing(job.id)).raises(ModelNotFound("There is no such model."))
    failed = await shop.jobs.finished(job.id)
    assert (failed.state, failed.attempt) == ("failed", 1)


async def test_a_handler_that_crashes_fails_its_job_and_nothing_else(shop: Shop) -> None:
    first, second = await shop.ask(), await shop.ask()
    with shop.bus.subscribe() as mailbox:
        (await shop.playing(first.id)).raises(ZeroDivisionError("private"))
        failed = await shop.jobs.finished(first.id)
        assert failed.error is not None
        assert failed.error.message == "The turn stopped by a fault: ZeroDivisionError."
        (await shop.playing(second.id)).returns()
        assert (await shop.jobs.finished(second.id)).state == "done"
        assert not [event for event in mailbox.take() if isinstance(event, Notice)]


async def test_a_handler_that_cancels_itself_fails_its_job(shop: Shop) -> None:
    job = await shop.ask()
    (await shop.playing(job.id)).end.cancel()
    failed = await shop.jobs.finished(job.id)
    assert failed.error is not None
    assert failed.error.message == "The turn was stopped from outside."


async def test_a_waiting_job_is_cancelled_at_once(shop: Shop) -> None:
    await shop.ask()
    job = await shop.ask()
    assert (await shop.jobs.cancel(job.id)).state == "cancelled"
    assert (await shop.jobs.finished(job.id)).state == "cancelled"
    assert job.id not in shop.plays


async def test_a_running_job_is_cancelled_and_its_handler_knows_why(shop: Shop) -> None:
    job = await shop.ask()
    play = await shop.playing(job.id)
    assert (await shop.jobs.cancel(job.id)).stopping == "cancel"
    ended = await shop.jobs.finished(job.id)
    assert (ended.state, ended.stopping) == ("cancelled", None)
    assert play.cancelled_because == "cancel"


async def test_cancelling_twice_or_too_late_changes_nothing(shop: Shop) -> None:
    job = await shop.ask()
    play = await shop.playing(job.id)
    play.returns("the answer")
    done = await shop.jobs.finished(job.id)
    assert await shop.jobs.cancel(job.id) == done
    other = await shop.ask()
    await shop.playing(other.id)
    await asyncio.gather(*(shop.jobs.cancel(other.id) for _ in range(3)))
    assert (await shop.jobs.finished(other.id)).state == "cancelled"


async def test_a_job_set_aside_stops_and_waits_until_it_is_released(shop: Shop) -> None:
    job = await shop.ask("pull")
    play = await shop.playing(job.id)
    await shop.jobs.hold(job.id)
    held = await shop.in_state(job.id, "held")
    assert play.cancelled_because == "hold"
    assert held.attempt == 0
    assert (await shop.jobs.lanes())[1].held == 1
    assert (await shop.jobs.hold(job.id)).state == "held"
    await shop.jobs.release(job.id)
    (await shop.playing(job.id, times=2)).returns()
    assert (await shop.jobs.finished(job.id)).attempt == 1
    assert (await shop.jobs.lanes())[1].held == 0


async def test_a_failed_job_is_tried_again_at_the_end_of_the_line(shop: Shop) -> None:
    first = await shop.ask()
    (await shop.playing(first.id)).raises(ModelNotFound("There is no such model."))
    await shop.jobs.finished(first.id)
    second, third = await shop.ask(), await shop.ask()
    await shop.playing(second.id)
    again = await shop.jobs.retry(first.id)
    assert (again.state, again.position, again.attempt) == ("waiting", 2, 0)
    assert [job.id for job in (await shop.jobs.plan()).waiting] == [third.id, first.id]


async def test_a_retry_does_not_double_what_must_be_alone(shop: Shop) -> None:
    first = await shop.ask("pull", sole="qwen3:8b")
    await shop.jobs.cancel(first.id)
    await shop.jobs.finished(first.id)
    second = await shop.ask("pull", sole="qwen3:8b")
    with pytest.raises(Refused, match=f"as job {second.id}"):
        await shop.jobs.retry(first.id)


async def test_a_job_is_moved_and_then_overtaken_by_nobody(shop: Shop) -> None:
    await shop.playing((await shop.ask(model="a")).id)
    for _ in range(3):
        await shop.ask(model="a")
    last = await shop.ask(model="b", priority="batch")
    moved = await shop.jobs.move(last.id, 2)
    assert (moved.position, moved.placed) == (2, True)
    assert [job.id for job in (await shop.jobs.plan()).waiting] == [2, last.id, 3, 4]
    assert (await shop.jobs.move(last.id, -5)).position == 1
    assert (await shop.jobs.move(last.id, 500)).position == 4


async def test_moving_again_and_again_to_the_same_place_keeps_the_order(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    for _ in range(30):
        await shop.ask()
    wanted = list(range(1, 31))
    for id in range(30, 2, -1):
        await shop.jobs.move(id, 2)
        wanted.insert(1, wanted.pop(wanted.index(id)))
    listed = await shop.jobs.list()
    assert [job.id for job in sorted(listed, key=lambda job: job.position or 0)] == wanted
    assert len({job.place for job in listed}) == 30


@pytest.mark.parametrize("verb", ["get", "cancel", "hold", "release", "retry"])
async def test_a_job_that_is_not_there_is_said_so(shop: Shop, verb: str) -> None:
    with pytest.raises(NotFound, match="no job 99"):
        await getattr(shop.jobs, verb)(99)


async def test_what_does_not_fit_a_job_s_state_is_refused_in_plain_words(shop: Shop) -> None:
    job = await shop.ask()
    (await shop.playing(job.id)).returns()
    await shop.jobs.finished(job.id)
    with pytest.raises(Refused, match="is done"):
        await shop.jobs.retry(job.id)
    with pytest.raises(Refused, match="is done"):
        await shop.jobs.hold(job.id)
    with pytest.raises(Refused, match="is done"):
        await shop.jobs.release(job.id)
    with pytest.raises(Refused, match="does not wait"):
        await shop.jobs.move(job.id, 1)
    with pytest.raises(NotFound):
        await shop.jobs.move(99, 1)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (NewJob(kind="unheard of", title="t"), "Nobody runs jobs of the kind “unheard of”"),
        (NewJob(kind="turn", title="t", max_attempts=0), "tried 1 to 100 times"),
        (NewJob(kind="turn", title="t", max_attempts=2**70), "tried 1 to 100 times"),
        (NewJob(kind="turn", title="t", delay=-1), "cannot be put off"),
        (NewJob(kind="turn", title="t", delay=float("nan")), "cannot be put off"),
        (NewJob(kind="turn", title="t", payload=msgspec.Raw(b"{torn")), "is JSON"),
        (NewJob(kind="turn", title="t", payload=msgspec.Raw(b'"\xff"')), "is JSON"),
        (NewJob(kind="turn", title="t", payload=packed("x" * (33 << 20))), "too much"),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused_before_anything_is_written(
    shop: Shop, new: NewJob, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        await shop.jobs.enqueue_many([NewJob(kind="turn", title="good"), new])
    assert await shop.jobs.list() == []


async def test_a_batch_is_found_by_its_name_and_a_chat_is_not_by_its_number(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    await shop.jobs.enqueue_many(
        [
            NewJob(kind="turn", title="One", group="batch answers.jsonl 1a2b"),
            NewJob(kind="turn", title="Two", group="chat:1"),
        ]
    )
    assert [job.id for job in await shop.jobs.list(JobFilter(text="Answers.JSONL"))] == [1]
    assert await shop.jobs.list(JobFilter(text="chat:")) == []


async def test_a_title_is_cut_to_what_can_be_shown(shop: Shop) -> None:
    assert len((await shop.ask(title="x" * 10_000)).title) == 500


async def test_jobs_are_listed_by_what_is_asked_for(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    await shop.jobs.pause("network")
    await shop.jobs.enqueue_many(
        [
            NewJob(kind="turn", title="Why is the sky blue?", model="a", group="g"),
            NewJob(kind="turn", title="50% of_all", model="b"),
            NewJob(kind="pull", title="qwen3:8b", group="g"),
        ]
    )
    await shop.jobs.cancel(2)

    async def ids(**wanted: object) -> list[int]:
        return [job.id for job in await shop.jobs.list(msgspec.convert(wanted, JobFilter))]

    assert await ids() == [1, 3, 2]
    assert await ids(states=["waiting"]) == [1, 3]
    assert await ids(states=["cancelled", "done"]) == [2]
    assert await ids(lanes=["network"]) == [3]
    assert await ids(kinds=["turn"]) == [1, 2]
    assert await ids(model="b") == [2]
    assert await ids(group="g") == [1, 3]
    assert await ids(text="SKY") == [1]
    assert await ids(text="50%") == [2]
    assert await ids(text="' OR 1=1 --") == []
    assert await ids(limit=2) == [1, 3]
    assert await ids(skip=1, limit=2) == [3, 2]
    assert await ids(skip=2) == [2]
    assert await ids(skip=3) == []
    with pytest.raises(UsageError):
        await ids(limit=-1)


async def test_finished_jobs_are_cleared_and_waiting_ones_are_not(shop: Shop) -> None:
    for _ in range(3):
        await shop.ask()
    (await shop.playing(1)).returns()
    await shop.jobs.finished(1)
    await shop.jobs.cancel(3)
    with shop.bus.subscribe() as mailbox:
        assert await shop.jobs.clear(("failed",)) == 0
        assert await shop.jobs.clear(("cancelled",)) == 1
        assert await shop.jobs.clear() == 1
        told = [event for event in mailbox.take() if isinstance(event, JobsCleared)]
    assert told == [JobsCleared(("cancelled", "done", "failed"))]
    assert [job.id for job in await shop.jobs.list()] == [2]
    with pytest.raises(UsageError):
        await shop.jobs.clear(("waiting",))


async def test_old_history_is_forgotten_at_the_start(tmp_path: Path) -> None:
    time = ManualClock()
    async with Shop.opened(tmp_path, clock=time) as shop:
        await shop.jobs.cancel((await shop.ask(delay=60)).id)
        await time.advance(80 * 86400)
        await shop.jobs.cancel((await shop.ask(delay=60)).id)
        await time.advance(20 * 86400)
    async with Shop.opened(tmp_path, clock=time, settings=Queue(history_days=90)) as shop:
        async with asyncio.timeout(20):
            while len(await shop.jobs.list()) != 1:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.005)
        assert [job.id for job in await shop.jobs.list()] == [2]


async def test_lanes_tell_their_numbers(shop: Shop) -> None:
    with shop.bus.subscribe() as mailbox:
        await shop.playing((await shop.ask()).id)
        await shop.ask()
        await clock(shop).advance(1)
        await until(
            lambda: any(
                (event.lane.running, event.lane.waiting) == (1, 1)
                for event in mailbox.take()
                if isinstance(event, LaneChanged)
            )
        )


async def test_a_delayed_job_starts_when_it_is_due_though_the_wall_clock_is_set_back(shop: Shop) -> None:
    job = await shop.ask(delay=60)
    assert (await shop.jobs.get(job.id)).reason == "not yet time"
    clock(shop).set_wall(clock(shop).now() - 3600)
    await clock(shop).sleepers(1)
    await clock(shop).advance(60)
    await shop.playing(job.id)


async def test_a_width_that_makes_no_sense_is_refused(shop: Shop) -> None:
    for width in (-1, 65):
        with pytest.raises(UsageError):
            await shop.jobs.set_width("cpu", width)


def test_a_kind_has_one_handler(shop: Shop) -> None:
    with pytest.raises(ValueError, match="somebody runs turn already"):
        shop.jobs.handle("turn", "cpu", shop.play)


def test_the_verbs_are_what_faces_may_call() -> None:
    assert set(verbs(JobService)) == {
        *("list", "get", "plan", "lanes", "cancel", "hold", "release", "retry", "move"),
        *("pause", "resume", "set_width", "clear"),
    }


async def test_what_a_verb_returns_travels_as_json(shop: Shop) -> None:
    job = await shop.ask(payload=packed({"turn": 7}))
    await shop.playing(job.id)
    for value in (await shop.jobs.plan(), await shop.jobs.list(), await shop.jobs.get(job.id)):
        assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) is not None


async def test_numbers_that_are_none_are_left_out_of_the_progress(shop: Shop) -> None:
    job = await shop.ask()
    context = (await shop.playing(job.id)).context
    context.progress(percent=float("nan"), numbers={"rate": float("inf"), "tokens": 3.0})
    context.loaded(float("nan"))
    shop.plays[job.id][0].returns()
    done = await shop.jobs.finished(job.id)
    assert (done.progress.percent, done.progress.numbers) == (None, {"tokens": 3.0})
    assert done.load_seconds is None


async def test_a_row_that_somebody_spoiled_does_not_hide_the_others(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    await shop.ask()
    await shop.ask()
    async with shop.database.write() as tx:
        await tx.execute("UPDATE job SET progress = '{torn', error = '[]' WHERE id = 1")
    assert [job.id for job in await shop.jobs.list()] == [1, 2]
    assert (await shop.jobs.get(1)).error is None


async def test_asking_within_a_transaction_but_not_with_it_is_refused_instead_of_waiting_for_ever(
    shop: Shop,
) -> None:
    async def ask() -> None:
        async with shop.database.write():
            await shop.ask()

    with pytest.raises(RuntimeError, match="with that transaction"):
        await ask()


async def test_callers_who_are_cancelled_while_they_ask_disturb_nobody(shop: Shop) -> None:
    await shop.jobs.pause("inference")
    asking = [shop.tasks.spawn("ask", shop.ask()) for _ in range(20)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    told = [job.id for job in ended if not isinstance(job, BaseException)]
    assert len(told) == 10
    kept = [job.id for job in await shop.jobs.list()]
    assert set(told) <= set(kept)
    assert sorted(kept) == list(range(1, len(kept) + 1))


async def test_a_new_width_in_the_settings_counts_at_once(shop: Shop) -> None:
    first, second = await shop.ask(), await shop.ask()
    await shop.playing(first.id)
    shop.settings = Queue(inference_width=2)
    shop.jobs.settings_changed()
    await shop.playing(second.id)


async def test_a_fault_in_what_is_asked_about_memory_does_not_stop_the_queue(shop: Shop) -> None:
    class Broken:
        @property
        def loaded(self) -> None:
            raise ZeroDivisionError

    shop.memory = Broken()  # type: ignore[assignment]  # what another part of the program might do
    with shop.bus.subscribe() as mailbox:
        async with shop.database.write() as tx:
            job = await shop.jobs.enqueue(NewJob(kind="turn", title="t"), tx)
        await clock(shop).sleepers(1)
        assert [event for event in mailbox.take() if isinstance(event, Notice)]
    shop.memory = Memory()
    await clock(shop).advance(6)
    await shop.playing(job.id)


async def test_the_pulse_comes_back_while_the_queue_turns_and_not_when_it_has_stopped(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        await shop.jobs.pulse()
        await shop.ask(model="a:1b")
        await shop.jobs.pulse()
        await shop.jobs.stop(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(shop.jobs.pulse(), 0.05)
