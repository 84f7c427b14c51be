"""Passages of documents count in the choice of a model, and questions are compared only by what is loaded."""

from __future__ import annotations

import json

from core.chat.desk import Desk
from core.chat.documents import NoLibrary
from core.chat.routing import Route
from core.chat.types import Chat
from core.chat.wishes import route_for
from core.retrieval.library import Weight
from core.routes import Routes
from core.simulator import toy
from tests.core.routes.conftest import FACT, LARGE, SMALL, Home, OpenHome

EMBEDDER = "nomic-embed-text:latest"
LONG = "Who wrote Faust? " + "It is said that nobody knows. " * 120
"""About 900 tokens: beside passages they are too much for a context of 2048, alone they are not."""
SHORT_AND_LONG = (
    toy(SMALL, weights=2_000_000_000),
    toy(LARGE, weights=8_100_000_000, context=32_768),
)
WITH_EMBEDDER = (*SHORT_AND_LONG, toy(EMBEDDER, capabilities=("embedding",)))
SMALL_FIRST = f'[router]\nfast = ["{SMALL}"]\ncode = ["{SMALL}"]\nheavy = ["{SMALL}"]\nsticky = 0\n'
SECOND_LOOK = "[router]\nsecond_look = true\nclose = 10\n"


class Shelf(NoLibrary):
    """A library that always has something for a question."""

    async def looks_up(self, chat_id: int | None) -> Weight | None:
        return Weight(2500, 40)


async def answers(here: Home, text: str, library: NoLibrary) -> Route:
    """Who would answer a question in a chat with that library."""
    engine = here.engine
    desk = Desk(
        engine.store,
        engine.bus,
        engine.tasks,
        engine.clock,
        engine.jobs,
        client=lambda: engine.server.client,
        report=engine.models.report,
        settings=lambda: engine.config.current.chat,
        router=Routes(engine),
        library=library,
    )
    return await route_for(desk, Chat(id=0), None, text, ())


async def test_a_model_whose_context_is_too_short_for_the_passages_is_left_out(home: OpenHome) -> None:
    async with home(config=SMALL_FIRST, models=SHORT_AND_LONG) as here:
        assert (await answers(here, LONG, NoLibrary())).model == SMALL, "without documents the question fits"
        assert (await answers(here, LONG, Shelf())).model == LARGE
        assert (await answers(here, FACT, Shelf())).model == SMALL, "there is room beside a short question"


async def test_passages_leave_nobody_without_an_answer(home: OpenHome) -> None:
    async with home(models=SHORT_AND_LONG[:1]) as here:
        assert (await answers(here, LONG, Shelf())).model == SMALL


def embedded(here: Home) -> list[list[str]]:
    """What the server was asked to turn into vectors."""
    bodies = [json.loads(one.body) for one in here.simulator.requests if one.path == "/api/embed"]
    return [body["input"] for body in bodies if body.get("input")]


async def test_a_second_look_loads_no_model(home: OpenHome) -> None:
    async with home(config=SECOND_LOOK, models=WITH_EMBEDDER) as here:
        decision = await here.engine.router.explain(FACT)
        assert embedded(here) == []
        assert await here.engine.models.loaded() == ()
        assert "nearest" not in {one.rule for one in decision.analysis.evidence}


async def test_a_second_look_uses_the_embedding_model_that_is_loaded_and_asks_for_examples_once(
    home: OpenHome,
) -> None:
    async with home(config=SECOND_LOOK, models=WITH_EMBEDDER) as here:
        await here.engine.jobs.finished((await here.engine.models.load(EMBEDDER)).id)
        first = await here.engine.router.explain(FACT)
        assert "nearest" in {one.rule for one in first.analysis.evidence}
        examples = [texts for texts in embedded(here) if len(texts) > 1]
        assert [[FACT], *examples] == embedded(here)
        assert len(examples) == 1
        again = await here.engine.router.explain("And who composed it?")
        assert "nearest" in {one.rule for one in again.analysis.evidence}
        assert [texts for texts in embedded(here) if len(texts) > 1] == examples


async def test_switched_off_a_second_look_changes_nothing_and_asks_nobody(home: OpenHome) -> None:
    async with home(models=WITH_EMBEDDER) as here:
        before = await here.engine.router.explain(FACT)
        await here.engine.jobs.finished((await here.engine.models.load(EMBEDDER)).id)
        after = await here.engine.router.explain(FACT)
        assert after.analysis == before.analysis
        assert embedded(here) == []
