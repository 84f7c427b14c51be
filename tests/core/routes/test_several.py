"""One question to several models: answers beside each other, each model loaded once."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from core.chat.types import TurnChanged
from core.errors import UsageError
from core.simulator import Script
from tests.core.routes.conftest import CODER, FACT, LARGE, SMALL, OpenHome

ALL = (SMALL, CODER, LARGE)


async def test_every_model_answers_the_same_question_as_a_variant(home: OpenHome) -> None:
    async with home() as here:
        for model in ALL:
            here.says(f"I am {model}.", model=model)
        sent = await here.engine.chat.ask_several(None, FACT, ALL)
        made = [sent.answer, *sent.others]
        assert [turn.model for turn in made] == list(ALL)
        assert {turn.parent_id for turn in made} == {sent.question.id}
        done = [await here.ended(turn) for turn in made]
        assert [turn.text for turn in done] == [f"I am {model}." for model in ALL]
        variants = await here.engine.chat.variants(sent.answer.id)
        assert [(turn.id, turn.sibling, turn.siblings) for turn in variants] == [
            (turn.id, number, 3) for number, turn in enumerate(made, 1)
        ]
        opened = await here.engine.chat.open(sent.chat.id)
        assert [turn.id for turn in opened.turns] == [sent.question.id, sent.answer.id]
        other = await here.engine.chat.select_sibling(made[2].id)
        assert other.turns[-1].text == f"I am {LARGE}."


async def test_asked_twice_in_a_row_each_model_is_loaded_once(home: OpenHome) -> None:
    async with home() as here:
        await here.engine.jobs.pause("inference")
        sent = [await here.engine.chat.ask_several(None, FACT, ALL) for _ in range(3)]
        await here.engine.jobs.resume("inference")
        for one in sent:
            for turn in (one.answer, *one.others):
                await here.ended(turn)
        asked = [json.loads(one.body)["model"] for one in here.simulator.requests if one.path == "/api/chat"]
        switches = sum(before != after for before, after in pairwise(asked))
        assert switches == len(ALL) - 1


async def test_they_wait_together_for_an_answer_that_still_runs(home: OpenHome) -> None:
    async with home() as here:
        script = here.simulator.next(Script(), model=SMALL, route="chat")
        first = await here.sent(FACT, model=SMALL)
        await script.say("Goethe")
        sent = await here.engine.chat.ask_several(first.chat.id, "And when?", (SMALL, LARGE))
        assert [turn.job_id for turn in (sent.answer, *sent.others)] == [None, None]
        await script.finish()
        for turn in (sent.answer, *sent.others):
            assert (await here.ended(turn)).state == "done"


async def test_an_old_question_can_be_put_to_others_as_well(home: OpenHome) -> None:
    async with home() as here:
        first = await here.ask(FACT, model=SMALL)
        with here.engine.bus.subscribe(TurnChanged) as mailbox:
            sent = await here.engine.chat.answer_also(first.id, (CODER, LARGE))
            assert {one.turn.model for one in mailbox.take() if isinstance(one, TurnChanged)} >= {
                CODER,
                LARGE,
            }
        for turn in (sent.answer, *sent.others):
            assert (await here.ended(turn)).siblings == 3
        assert (await here.engine.chat.get(first.chat_id)).head_id == sent.answer.id


@pytest.mark.parametrize(
    ("models", "message"),
    [((), "nobody to ask"), (("", " "), "nobody to ask"), (tuple(f"m{n}" for n in range(13)), "At most 12")],
)
async def test_nobody_and_too_many_are_refused(home: OpenHome, models: tuple[str, ...], message: str) -> None:
    async with home() as here:
        with pytest.raises(UsageError, match=message):
            await here.engine.chat.ask_several(None, FACT, models)
        assert (await here.engine.chat.list()).total == 0


async def test_the_same_model_spelt_twice_is_asked_once(home: OpenHome) -> None:
    async with home() as here:
        sent = await here.engine.chat.ask_several(None, FACT, (SMALL, SMALL.upper(), CODER))
        assert [turn.model for turn in (sent.answer, *sent.others)] == [SMALL, CODER]
