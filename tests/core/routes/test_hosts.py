"""Several servers: one list, one way to ask, a lane each; one that is away takes only its models away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from core.bus import Notice
from core.chat.types import Turn
from core.engine import Engine, Options
from core.errors import Refused, UsageError
from core.jobs.types import JobFilter
from core.ollama.hosts import read
from core.simulator import INSTANT, Script, Setup, Simulator, toy
from tests.core.routes.conftest import CODE, CODER, FACT, LARGE, SMALL, Home
from tests.fakes.clock import ManualClock
from tests.fakes.machine import FakeMachine
from tests.waiting import until

MAIN = (toy(SMALL, weights=2_000_000_000), toy(LARGE, weights=8_100_000_000))
BOX = (toy(SMALL, weights=2_000_000_000), toy(CODER, weights=4_700_000_000))


class Switchboard(httpx.AsyncBaseTransport):
    """A network with several servers on it; those that are cut off refuse every connection."""

    def __init__(self, **servers: Simulator) -> None:
        self.servers = {name: server.transport() for name, server in servers.items()}
        self.cut: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.removesuffix(".local")
        if name in self.cut:
            raise httpx.ConnectError("refused", request=request)
        return await self.servers[name].handle_async_request(request)


class Homes(Home):
    """One Leitstand and two servers."""

    def __init__(self, engine: Engine, clock: ManualClock, main: Simulator, box: Simulator) -> None:
        super().__init__(engine, main, clock)
        self.box = box
        self.network: Switchboard

    async def names(self) -> set[str]:
        return {model.name for model in await self.engine.models.list()}

    async def cut(self, *names: str) -> None:
        """Cut servers off, or let them be reached again, and wait until that is known."""
        self.network.cut = set(names)
        await self.engine.server.retry()
        await self.engine.hosts.retry()
        main, box = ("away" if name in names else "online" for name in ("main", "box"))
        await until(lambda: self.engine.server.current.phase == main)
        await until(lambda: self.engine.hosts.state("box").phase == box)


OpenHomes = Callable[..., AbstractAsyncContextManager[Homes]]


@pytest.fixture
def homes(tmp_path: Path) -> OpenHomes:
    @asynccontextmanager
    async def opened(*, config: str = "") -> AsyncIterator[Homes]:
        (tmp_path / "config.toml").write_text(
            f'[server]\nurl = "http://main.local:11434"\n[hosts]\nbox = "box.local:11434"\n'
            f"[chat]\ntitle_by_model = false\n{config}",
            encoding="utf-8",
        )
        clock = ManualClock()
        main = Simulator(Setup(installed=MAIN), clock=clock, pace=INSTANT)
        box = Simulator(Setup(installed=BOX), clock=clock, pace=INSTANT)
        network = Switchboard(main=main, box=box)
        engine = Engine.prepare(
            Options(environment={"LEITSTAND_HOME": str(tmp_path), "HOME": str(tmp_path)}),
            clock=clock,
            transport=network,
            probes=FakeMachine().probes(),
        )
        try:
            await engine.start()
            await until(lambda: engine.server.current.phase == "online")
            await until(lambda: engine.hosts.state("box").phase == "online")
            await engine.models.sync()
            here = Homes(engine, clock, main, box)
            here.network = network
            yield here
        finally:
            await engine.close()

    return opened


def asked(simulator: Simulator, route: str = "/api/chat") -> list[str]:
    """Which models a server was asked for."""
    return [json.loads(one.body)["model"] for one in simulator.requests if one.path == route]


async def test_the_models_of_every_server_are_one_list_and_those_of_others_bear_its_name(
    homes: OpenHomes,
) -> None:
    async with homes() as here:
        assert await here.names() == {SMALL, LARGE, f"{SMALL}@box", f"{CODER}@box"}
        there = await here.engine.models.get(f"{CODER.upper()}@BOX")
        assert (there.name, there.server, there.state) == (f"{CODER}@box", "box", "installed")
        assert there.entry == "qwen2.5-coder"


async def test_an_answer_of_a_model_elsewhere_is_given_there_under_its_own_name(homes: OpenHomes) -> None:
    async with homes() as here:
        here.box.next(Script.saying("From the box."), model=CODER, route="chat")
        turn = await here.ask(FACT, model=f"{CODER}@box")
        assert (turn.state, turn.text, turn.model) == ("done", "From the box.", f"{CODER}@box")
        assert set(asked(here.box)) == {CODER}
        assert asked(here.simulator) == []
        await here.engine.models.sync()
        assert [model.name for model in await here.engine.models.loaded()] == [f"{CODER}@box"]


async def test_what_a_model_elsewhere_was_asked_counts_as_its_use(homes: OpenHomes) -> None:
    async with homes() as here:
        await here.ask(FACT, model=f"{SMALL}@box")

        def times(name: str) -> int:
            model = here.engine.models.roster.find(name)
            assert model is not None
            return model.times_used

        await until(lambda: times(f"{SMALL}@box") == 1)
        assert times(SMALL) == 0


async def test_the_router_finds_the_coder_on_the_other_server_and_says_so(homes: OpenHomes) -> None:
    async with homes() as here:
        turn = await here.ask(CODE)
        assert (turn.state, turn.model) == ("done", f"{CODER}@box")
        decision = await here.engine.router.of_turn(turn.id)
        assert decision is not None
        assert (decision.model, decision.host) == (f"{CODER}@box", "box")
        assert f"{CODER}@box is the first for code." in decision.reasons
        assert f"→ {CODER}@box" in turn.route


async def test_a_model_that_both_have_runs_where_it_is_loaded(homes: OpenHomes) -> None:
    async with homes(config=f'[router]\nfast = ["{SMALL}"]\n') as here:
        assert (await here.engine.router.explain(FACT)).model == SMALL
        job = await here.engine.models.load(f"{SMALL}@box")
        await here.engine.jobs.finished(job.id)
        assert (await here.engine.router.explain(FACT)).model == f"{SMALL}@box"
        chosen = await here.engine.router.explain(FACT, model=SMALL)
        assert chosen.model == SMALL


async def test_a_name_without_a_server_finds_the_only_one_that_has_the_model(homes: OpenHomes) -> None:
    async with homes() as here:
        turn = await here.ask(FACT, model=CODER)
        assert (turn.state, turn.model) == ("done", f"{CODER}@box")


async def test_what_is_free_elsewhere_is_not_known_and_never_guessed(homes: OpenHomes) -> None:
    async with homes() as here:
        fit = await here.engine.models.fit(f"{CODER}@box")
        assert (fit.verdict, fit.needed, fit.free) == ("unknown", None, None)
        assert "box" in fit.reason
        decision = await here.engine.router.explain(CODE)
        assert decision.concern is None


async def test_two_servers_answer_at_once_and_each_has_a_lane_of_its_own(homes: OpenHomes) -> None:
    async with homes() as here:
        slow = here.simulator.next(Script(), model=SMALL, route="chat")
        first = await here.sent(FACT, model=SMALL)
        await slow.say("Goe")
        second = await here.ask("And when?", model=f"{CODER}@box")
        assert second.state == "done"
        assert not (await here.engine.chat.turn(first.answer.id)).ended
        await slow.finish()
        assert (await here.ended(first.answer)).state == "done"
        lanes = {lane.name: lane for lane in await here.engine.jobs.lanes()}
        assert list(lanes) == ["inference", "inference@box", "network", "cpu"]
        done = await here.engine.jobs.list(JobFilter(lanes=("inference@box",)))
        assert [job.model for job in done] == [f"{CODER}@box"]
        here_too = await here.engine.jobs.list(JobFilter(lanes=("inference",)))
        assert [job.model for job in here_too] == [SMALL]


async def test_a_lane_is_paused_by_itself_and_positions_are_counted_by_lane(homes: OpenHomes) -> None:
    async with homes() as here:
        jobs = here.engine.jobs
        assert (await jobs.pause("inference@box")).paused
        waiting = [await here.sent(f"Question {n}?", model=f"{CODER}@box") for n in range(3)]
        assert (await here.ask(FACT, model=SMALL)).state == "done"
        ids = [sent.answer.job_id for sent in waiting]
        assert all(id is not None for id in ids)
        listed = await jobs.list(JobFilter(states=("waiting",)))
        assert [(job.id, job.position, job.lane) for job in listed] == [
            (id, number, "inference@box") for number, id in enumerate(ids, 1)
        ]
        moved = await jobs.move(ids[2] or 0, 1)
        assert moved.position == 1
        await jobs.resume("inference@box")
        ended = [await here.ended(sent.answer) for sent in waiting]
        assert {turn.state for turn in ended} == {"done"}
        with pytest.raises(UsageError, match="no lane inference@cellar"):
            await jobs.pause("inference@cellar")


async def test_a_server_that_is_away_takes_only_its_models_away_and_brings_them_back(
    homes: OpenHomes,
) -> None:
    async with homes() as here:
        with here.engine.bus.subscribe(Notice) as mailbox:
            await here.cut("box")
            await until(lambda: here.engine.models.roster.find(f"{CODER}@box") is None)
            told = [one.text for one in mailbox.take() if isinstance(one, Notice)]
        assert told == ["The server box does not answer; its models are out of the list."]
        assert await here.names() == {SMALL, LARGE}
        assert here.engine.server.current.phase == "online"
        assert (await here.ask(CODE)).model in (SMALL, LARGE)
        checks = {check.check: check for check in await here.engine.health.checks()}
        assert (checks["server"].state, checks["server box"].state) == ("ok", "warn")
        await here.cut()
        await until(lambda: here.engine.models.roster.find(f"{CODER}@box") is not None)


async def test_an_answer_that_waits_for_its_server_holds_up_no_other(homes: OpenHomes) -> None:
    async with homes() as here:
        await here.cut("box")
        waiting = await here.sent(FACT, model=f"{CODER}@box")
        assert (await here.ask(FACT, model=SMALL)).state == "done"
        found = await here.engine.chat.turn(waiting.answer.id)
        assert not found.ended
        await here.cut()
        assert (await here.ended(waiting.answer, passing=1.0)).state == "done"


async def test_the_main_server_away_leaves_the_others_their_models(homes: OpenHomes) -> None:
    async with homes() as here:
        await here.cut("main")
        assert f"{CODER}@box" in await here.names()
        turn: Turn = await here.ask(FACT, model=f"{CODER}@box")
        assert turn.state == "done"


async def test_models_are_loaded_shown_copied_and_deleted_on_their_server(homes: OpenHomes) -> None:
    async with homes() as here:
        models = here.engine.models
        assert (await models.show(f"{CODER}@box")).model.name == f"{CODER}@box"
        await here.engine.jobs.finished((await models.load(f"{CODER}@box")).id)
        assert (await models.get(f"{CODER}@box")).memory is not None
        assert (await models.get(SMALL)).memory is None
        await models.unload(f"{CODER}@box")
        assert (await models.get(f"{CODER}@box")).memory is None
        copy = await models.copy(f"{CODER}@box", "mine")
        assert copy.name == "mine:latest@box"
        with pytest.raises(Refused, match="cannot be copied"):
            await models.copy(SMALL, "mine@box")
        await models.delete(f"{SMALL}@box", at_once=True)
        assert await here.names() == {SMALL, LARGE, f"{CODER}@box", "mine:latest@box"}
        with pytest.raises(UsageError, match="main server"):
            await models.create("new@box", "FROM x")


async def test_the_same_weights_loaded_on_one_server_are_not_in_the_memory_of_the_other(
    homes: OpenHomes,
) -> None:
    async with homes() as here:
        job = await here.engine.models.load(SMALL)
        await here.engine.jobs.finished(job.id)
        assert [model.name for model in await here.engine.models.loaded()] == [SMALL]


async def test_servers_follow_the_settings_while_leitstand_runs(homes: OpenHomes) -> None:
    async with homes() as here:
        await here.engine.config.unset("hosts.box")
        await until(lambda: here.engine.hosts.names == ())
        await until(lambda: here.engine.models.roster.find(f"{CODER}@box") is None)
        assert [lane.name for lane in await here.engine.jobs.lanes()] == ["inference", "network", "cpu"]
        await here.engine.config.set("hosts.attic", "http://box.local:11434")
        await until(lambda: here.engine.models.roster.find(f"{CODER}@attic") is not None)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"": "box"}, "cannot be called"),
        ({"my box": "box"}, "cannot be called"),
        ({"box": ""}, "has no address"),
        ({"box": "ftp://box"}, "http"),
        ({"Box": "a", "box": "b"}, "two servers"),
    ],
)
def test_a_server_that_cannot_be_used_is_named(table: dict[str, str], problem: str) -> None:
    found, problems = read(table)
    assert len(found) + len(problems) == len(table)
    assert problem in problems[0].message
    assert problems[0].hint
