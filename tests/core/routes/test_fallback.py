"""When a model fails, the next smaller one answers, says so, and all of it is kept."""

from __future__ import annotations

import pytest

from core.router.types import Failure
from core.simulator import Script
from tests.core.routes.conftest import CODE, CODER, FACT, LARGE, SMALL, OpenHome
from tests.waiting import until

FAULTS: list[tuple[str, Failure]] = [
    ("oom@chat:times=0,model={}", "memory"),
    ("load@chat:times=0,model={},text=no such layer", "failed"),
    ("status@chat:status=500,times=0,model={},text=something broke", "failed"),
]


@pytest.mark.parametrize(("fault", "outcome"), FAULTS)
async def test_a_model_that_fails_gives_its_place_to_the_next_smaller_one(
    home: OpenHome, fault: str, outcome: Failure
) -> None:
    async with home() as here:
        here.simulator.fault(fault.format(CODER))
        sent = await here.sent(CODE)
        assert sent.answer.model == CODER
        # A load that failed is tried once more after a while.
        done = await here.ended(sent.answer, passing=1)
        assert (done.state, done.model) == ("done", SMALL)
        assert f"→ {SMALL}" in done.route
        [note] = done.notes
        assert note.code == "fallback"
        assert note.message.endswith(f"{SMALL} answers instead.")
        last, first = await here.engine.router.recent()
        assert (first.model, first.outcome) == (CODER, outcome)
        assert (last.model, last.source, last.after, last.outcome) == (
            SMALL,
            "fallback",
            first.id,
            "answered",
        )
        job = await here.engine.jobs.finished(done.job_id or 0)
        assert (job.model, job.state) == (SMALL, "done")


async def test_a_model_without_a_word_in_time_gives_its_place(home: OpenHome) -> None:
    async with home(config="[router]\nfirst_word = 7\n") as here:
        here.simulator.next(Script(), model=CODER, route="chat")
        sent = await here.sent(CODE)
        await until_reading(here.engine, sent.answer.id)
        await here.clock.advance(6)
        assert (await here.engine.chat.turn(sent.answer.id)).model == CODER
        await here.clock.advance(302)  # an older server lists a model while it still loads
        done = await here.ended(sent.answer)
        assert (done.model, done.state) == (SMALL, "done")
        assert "not a word" in done.notes[0].message
        assert [one.outcome for one in await here.engine.router.recent()] == ["answered", "silent"]


async def until_reading(engine: object, turn: int) -> None:
    from core.engine import Engine

    assert isinstance(engine, Engine)
    while (await engine.chat.turn(turn)).state != "reading":
        await until(lambda: True)


async def test_the_smallest_has_nobody_behind_it_and_fails_with_its_reason(home: OpenHome) -> None:
    async with home() as here:
        here.simulator.fault("status@chat:status=500,times=0,text=something broke")
        done = await here.ask(FACT)
        assert (done.state, done.model) == ("failed", SMALL)
        assert done.error is not None
        assert done.notes == ()
        kept = await here.engine.router.recent()
        assert kept[-1].outcome == "failed"


async def test_down_the_whole_chain_every_step_is_told(home: OpenHome) -> None:
    async with home() as here:
        for model in (CODER, LARGE):
            here.simulator.fault(f"status@chat:status=500,times=0,model={model},text=something broke")
        chat = await here.engine.chat.create()
        sent = await here.engine.chat.send(chat.id, "Compare Kant and Hume on causality")
        done = await here.ended(sent.answer)
        assert (done.state, done.model) == ("done", SMALL)
        assert [note.code for note in done.notes] == ["fallback", "fallback"]
        assert [note.message.rsplit(" ", 3)[-3] for note in done.notes] == [CODER, SMALL]


async def test_what_was_said_is_kept_and_nobody_takes_over(home: OpenHome) -> None:
    async with home() as here:
        here.simulator.fault(f"crash@chat:after=3,model={CODER},times=0")
        done = await here.ask(CODE)
        assert (done.state, done.model) == ("failed", CODER)
        assert done.text


@pytest.mark.parametrize(
    ("setting", "model", "state"),
    [("routed", CODER, "failed"), ("always", SMALL, "done"), ("never", CODER, "failed")],
)
async def test_a_model_that_was_named_is_replaced_only_where_the_settings_say_so(
    home: OpenHome, setting: str, model: str, state: str
) -> None:
    async with home(config=f'[router]\nfallback = "{setting}"\n') as here:
        here.simulator.fault(f"status@chat:status=500,times=0,model={CODER},text=something broke")
        done = await here.ask(CODE, model=CODER)
        assert (done.model, done.state) == (model, state)


async def test_a_server_that_is_away_is_waited_for_and_nobody_takes_over(home: OpenHome) -> None:
    async with home() as here:
        here.simulator.fault("refuse@chat:times=1")
        sent = await here.sent(CODE)
        done = await here.ended(sent.answer, passing=1)
        assert (done.model, done.state, done.notes) == (CODER, "done", ())
        assert done.model != LARGE
