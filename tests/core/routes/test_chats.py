"""Questions find their model: chats and the router together, on a whole engine."""

from __future__ import annotations

import asyncio

import pytest

from core.chat.routing import AUTO, CHOSEN
from core.chat.types import NewAttachment, TurnChanged
from core.router.types import RouteDecided
from core.simulator import Script
from tests.core.routes.conftest import CODE, CODER, ESSAY, FACT, LARGE, SMALL, OpenHome


@pytest.mark.parametrize(("text", "model"), [(FACT, SMALL), (CODE, CODER), (ESSAY, LARGE)])
async def test_a_chat_that_names_no_model_gets_the_one_for_its_question(
    home: OpenHome, text: str, model: str
) -> None:
    async with home() as here:
        with here.engine.bus.subscribe(TurnChanged, RouteDecided) as mailbox:
            sent = await here.sent(text)
            told = mailbox.take()
        answer = sent.answer
        assert answer.model == model
        assert f"→ {model}" in answer.route
        assert any(isinstance(one, TurnChanged) and one.turn.route == answer.route for one in told)
        [decided] = [one.decision for one in told if isinstance(one, RouteDecided)]
        assert (decided.turn_id, decided.chat_id, decided.model) == (answer.id, sent.chat.id, model)
        job = await here.engine.jobs.get(answer.job_id or 0)
        assert job.model == model  # the queue plans with it
        done = await here.ended(answer)
        assert (done.state, done.model, done.route) == ("done", model, answer.route)
        kept = await here.engine.router.of_turn(answer.id)
        assert kept is not None
        assert kept.outcome == "answered"


async def test_what_a_person_chose_wins_for_the_chat_and_for_one_question(home: OpenHome) -> None:
    async with home() as here:
        chat = await here.engine.chat.create(model=LARGE)
        first = await here.ask(CODE, chat=chat.id)
        assert (first.model, first.route) == (LARGE, CHOSEN)
        second = await here.ask(CODE, chat=chat.id, model=SMALL)
        assert second.model == SMALL
        kept = await here.engine.router.of_turn(second.id)
        assert kept is not None
        assert kept.source == "chosen"
        await here.engine.chat.set_options(chat.id, model=AUTO)
        third = await here.ask(CODE, chat=chat.id)
        assert third.model == CODER


async def test_a_default_model_is_a_choice_and_auto_takes_it_back(home: OpenHome) -> None:
    async with home(config=f'model = "{SMALL}"\n') as here:
        assert (await here.ask(CODE)).model == SMALL
        chat = await here.engine.chat.create(model=AUTO)
        assert (await here.ask(CODE, chat=chat.id)).model == CODER


async def test_switched_off_nothing_is_decided_and_the_last_model_answers(home: OpenHome) -> None:
    async with home(config="[router]\nenabled = false\n") as here:
        assert (await here.ask(FACT, model=LARGE)).route == ""
        assert (await here.ask(CODE)).model == LARGE
        assert await here.engine.router.recent() == ()


async def test_a_conversation_keeps_its_model_until_a_question_asks_for_more(home: OpenHome) -> None:
    async with home() as here:
        first = await here.ask(CODE)
        assert (await here.ask("thanks!", chat=first.chat_id)).model == CODER
        assert (await here.ask(ESSAY, chat=first.chat_id)).model == LARGE


async def test_a_picture_goes_to_a_model_that_sees_also_later_in_the_chat(home: OpenHome) -> None:
    async with home() as here:
        picture = NewAttachment("cat.png", "image", b"\x89PNG\r\n\x1a\n")
        sent = await here.engine.chat.send(None, FACT, attachments=(picture,))
        assert sent.answer.model == LARGE
        await here.ended(sent.answer)
        await here.clock.advance(3600)
        assert (await here.ask(FACT, chat=sent.chat.id)).model == LARGE


async def test_a_question_before_the_first_list_waits_for_it(home: OpenHome) -> None:
    async with home(synced=False) as here:
        assert (await here.sent(CODE)).answer.model == CODER


async def test_without_a_server_the_model_is_found_when_it_is_back(home: OpenHome) -> None:
    async with home(synced=False, faults=("refuse:times=0",)) as here:
        sent = await here.sent(CODE)
        assert (sent.answer.model, sent.answer.state) == ("", "queued")
        here.simulator.clear_faults()
        await here.engine.server.retry()
        await here.engine.models.sync()
        here.engine.jobs.server_back()
        done = await here.ended(sent.answer)
        assert (done.state, done.model) == ("done", CODER)
        assert f"→ {CODER}" in done.route
        job = await here.engine.jobs.finished(done.job_id or 0)
        assert (job.model, job.state) == (CODER, "done")


async def test_a_model_that_is_gone_when_it_is_its_turn_is_replaced(home: OpenHome) -> None:
    async with home() as here:
        await here.engine.jobs.pause("inference")
        sent = await here.sent(CODE)
        assert sent.answer.model == CODER
        await here.engine.models.delete(CODER, at_once=True)
        await here.engine.jobs.resume("inference")
        done = await here.ended(sent.answer)
        assert (done.state, done.model) == ("done", LARGE)
        decisions = await here.engine.router.recent()
        assert [(one.model, one.after) for one in decisions] == [(LARGE, 1), (CODER, None)]


async def test_the_budget_says_who_would_answer_and_why_and_keeps_nothing(home: OpenHome) -> None:
    async with home() as here:
        budget = await here.engine.chat.budget(None, CODE)
        assert budget.model == CODER
        assert f"→ {CODER}" in budget.route
        assert (await here.engine.chat.budget(None, CODE, model=SMALL)).route == ""
        assert await here.engine.router.recent() == ()


async def test_another_model_or_tier_can_answer_instead_and_that_is_kept(home: OpenHome) -> None:
    async with home() as here:
        first = await here.ask(CODE)
        other = await here.engine.chat.reroute(first.id, tier="fast")
        assert (other.answer.model, other.answer.sibling) == (SMALL, 2)
        await here.ended(other.answer)
        last = await here.engine.chat.reroute(other.answer.id, model=LARGE)
        assert last.answer.model == LARGE
        kept = {one.turn_id: one.override for one in await here.engine.router.recent()}
        assert (kept[first.id], kept[other.answer.id], kept[last.answer.id]) == (SMALL, LARGE, "")


async def test_rerouting_stops_an_answer_that_is_still_being_given(home: OpenHome) -> None:
    async with home() as here:
        script = here.simulator.next(Script(), model=CODER, route="chat")
        sent = await here.sent(CODE)
        await script.say("def ")
        other = await here.engine.chat.reroute(sent.answer.id, model=SMALL)
        stopped = await here.ended(sent.answer)
        assert (stopped.state, stopped.model, stopped.text) == ("stopped", CODER, "def ")
        done = await here.ended(other.answer)
        assert (done.state, done.model, done.sibling, done.siblings) == ("done", SMALL, 2, 2)


async def test_many_who_ask_at_once_each_get_an_answer_and_a_decision(home: OpenHome) -> None:
    async with home() as here:
        sent = await asyncio.gather(*(here.sent(text) for text in (CODE, FACT, ESSAY) * 4))
        turns = [await here.ended(one.answer) for one in sent]
        assert {turn.state for turn in turns} == {"done"}
        decisions = await here.engine.router.recent()
        assert {one.turn_id for one in decisions} == {turn.id for turn in turns}
        assert {one.outcome for one in decisions} == {"answered"}
