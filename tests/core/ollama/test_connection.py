from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from core.bus import Bus, Mailbox
from core.errors import (
    ConfigError,
    LeitstandError,
    ModelNotFound,
    RunnerCrashed,
    ServerUnavailable,
    StreamCut,
)
from core.exposed import verbs
from core.ollama.address import Address, parse
from core.ollama.client import Ollama
from core.ollama.connection import ServerChanged, ServerService, ServerState
from core.tasks import Tasks
from tests.core.ollama.scripted import Body, Scripted, reply, streamed
from tests.fakes.clock import START, ManualClock

ONLINE = [reply({"version": "0.12.6"}), reply({"models": []})]
REFUSED = httpx.ConnectError("refused")
HTML = httpx.Response(200, html="<h1>Router</h1>")


class Stage:
    """A service, the clock it lives by, and what it published."""

    def __init__(self, *replies: httpx.Response | Exception, url: str = "gpu-box") -> None:
        self.clock = ManualClock()
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self.server = Scripted(*replies)
        self.url = url
        self.clients: list[Ollama] = []
        self.mailbox = Mailbox()
        self.service = ServerService(
            self.make_client, bus=self.bus, tasks=self.tasks, clock=self.clock, check_every=lambda: 10.0
        )

    def make_client(
        self, address: Address | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> Ollama:
        client = Ollama(address or parse(self.url), transport=transport or self.server)
        self.clients.append(client)
        return client

    def told(self) -> list[str]:
        """The phases published since the last time."""
        return [event.state.phase for event in self.mailbox.take() if isinstance(event, ServerChanged)]

    @property
    def state(self) -> ServerState:
        return self.service.current

    async def settled(self) -> ServerState:
        """The state when the service has nothing to do but wait."""
        await self.clock.sleepers()
        return self.state

    async def turn(self, seconds: float) -> ServerState:
        """Let time pass and the questions of that time be answered."""
        await self.clock.advance(seconds)
        return await self.settled()

    def answer(self, *replies: httpx.Response | Exception) -> None:
        """What the server says from now on."""
        self.server._replies = list(replies)


@asynccontextmanager
async def staged(stage: Stage, *, start: bool = True) -> AsyncIterator[Stage]:
    with stage.bus.subscribe() as stage.mailbox:
        if start:
            await stage.service.start()
        yield stage
        await stage.service.close()
        async with asyncio.timeout(10):
            await stage.tasks.close(grace=0)
        assert stage.tasks.names == []


async def test_a_server_that_answers_is_online_with_its_version() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        assert stage.state == ServerState(url="http://gpu-box:11434", since=START)
        state = await stage.settled()
        assert (state.phase, state.version, state.message) == ("online", "0.12.6", "")
        assert state.next_try_at is None
        assert await stage.service.state() == state


async def test_an_online_server_is_asked_again_and_nothing_is_published_while_nothing_changes() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        stage.answer(reply({"version": "0.12.6"}))
        stage.told()
        asked = len(stage.server.requests)
        for _ in range(5):
            await stage.turn(10)
        assert len(stage.server.requests) == asked + 5
        assert stage.told() == []
        stage.answer(reply({"version": "0.13.0"}))
        assert (await stage.turn(10)).version == "0.13.0"
        assert stage.told() == ["online"]


async def test_an_absent_server_is_tried_at_growing_intervals_until_it_comes() -> None:
    async with staged(Stage(REFUSED)) as stage:
        state = await stage.settled()
        assert (state.phase, state.message) == ("away", "Nobody answers at http://gpu-box:11434.")
        waits = []
        for _ in range(7):
            assert stage.state.next_try_at is not None
            waits.append(stage.state.next_try_at - stage.clock.now())
            state = await stage.turn(waits[-1])
        assert waits == [1, 2, 4, 8, 16, 30, 30]
        assert state.since == START
        stage.answer(*ONLINE)
        state = await stage.turn(30)
        assert (state.phase, state.version, state.hint) == ("online", "0.12.6", "")
        assert state.since == stage.clock.now()


async def test_one_key_tries_at_once() -> None:
    async with staged(Stage(REFUSED)) as stage:
        await stage.settled()
        for seconds in (1, 2, 4, 8):
            await stage.turn(seconds)
        stage.answer(*ONLINE)
        assert (await stage.service.retry()).phase == "connecting"
        assert (await stage.turn(0)).phase == "online"
        assert (await stage.service.retry()).phase == "online"


async def test_a_failed_try_by_key_begins_the_intervals_anew() -> None:
    async with staged(Stage(REFUSED)) as stage:
        await stage.settled()
        for seconds in (1, 2, 4):
            await stage.turn(seconds)
        await stage.service.retry()
        state = await stage.turn(0)
        assert state.phase == "away"
        assert state.next_try_at == stage.clock.now() + 1


@pytest.mark.parametrize("answer", [HTML, httpx.Response(302, headers={"location": "https://x"})])
async def test_something_else_at_the_address_is_wrong_and_asked_more_seldom(answer: httpx.Response) -> None:
    async with staged(Stage(answer)) as stage:
        state = await stage.settled()
        assert state.phase == "wrong"
        assert state.hint
        assert state.next_try_at == START + 30


async def test_a_program_that_only_has_a_version_too_is_wrong() -> None:
    async with staged(Stage(reply({"version": "0.6.5"}), httpx.Response(404, text="Not Found"))) as stage:
        assert (await stage.settled()).phase == "wrong"


async def test_a_server_that_is_too_busy_to_list_its_models_is_online() -> None:
    async with staged(Stage(reply({"version": "0.6.5"}), reply({"error": "oops"}, 500))) as stage:
        assert (await stage.settled()).phase == "online"


async def test_a_failed_request_turns_the_state_at_once() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        stage.answer(REFUSED)
        stage.service.report(ServerUnavailable("The connection was cut."))
        assert (stage.state.phase, stage.state.message) == ("away", "The connection was cut.")
        state = await stage.turn(0)
        assert state.message == "Nobody answers at http://gpu-box:11434."


async def test_a_server_that_was_only_restarted_is_back_within_a_turn() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        stage.answer(*ONLINE)
        stage.service.report(ServerUnavailable("The connection was cut."))
        assert (await stage.turn(0)).phase == "online"


@pytest.mark.parametrize("error", [StreamCut("cut"), RunnerCrashed("died")])
async def test_a_cut_answer_is_reason_to_look_but_not_to_despair(error: LeitstandError) -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        stage.answer(reply({"version": "0.12.6"}))
        asked = len(stage.server.requests)
        stage.service.report(error)
        assert (await stage.turn(0)).phase == "online"
        assert len(stage.server.requests) == asked + 1


async def test_an_error_that_says_nothing_about_the_server_is_ignored() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        asked = len(stage.server.requests)
        stage.service.report(ModelNotFound("no toy"))
        await stage.turn(0)
        assert len(stage.server.requests) == asked


async def test_reports_do_not_shorten_the_pauses_of_an_absent_server() -> None:
    async with staged(Stage(REFUSED)) as stage:
        await stage.settled()
        asked = len(stage.server.requests)
        for _ in range(10):
            stage.service.report(ServerUnavailable("cut"))
            await stage.turn(0)
        assert len(stage.server.requests) == asked


async def test_one_missed_turn_under_load_is_forgiven_and_the_second_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.ollama.connection._PROBE_DEADLINE", 0.01)
    async with staged(Stage(*ONLINE)) as stage:
        await stage.settled()
        stage.answer(*(streamed(Body([], then_wait=True)) for _ in range(3)))
        assert (await stage.turn(10)).phase == "online"
        assert (await stage.turn(1)).phase == "away"


async def test_another_server_takes_the_place_of_the_first() -> None:
    async with staged(Stage(REFUSED)) as stage:
        await stage.settled()
        demo = Scripted(*ONLINE)
        state = await stage.service.use(Address(), demo, demo=True)
        assert (state.phase, state.demo, state.url) == ("connecting", True, "http://127.0.0.1:11434")
        state = await stage.turn(0)
        assert (state.phase, state.demo, state.version) == ("online", True, "0.12.6")
        assert stage.service.client is stage.clients[-1]
        assert stage.server.closed
        stage.answer(*ONLINE)
        await stage.service.use(parse("gpu-box"))
        assert (await stage.turn(0)).demo is False


async def test_a_server_that_does_not_answer_holds_nobody_up_who_turns_to_another() -> None:
    slow = Body([b'{"version":"0.1.0"}'], then_wait=True)
    async with staged(Stage(streamed(slow))) as stage:
        await slow.waiting.wait()
        await stage.service.use(Address(), Scripted(*ONLINE))
        assert slow.closed
        assert (await stage.settled()).version == "0.12.6"


async def test_a_demonstration_needs_no_start() -> None:
    async with staged(Stage(REFUSED), start=False) as stage:
        await stage.service.use(Address(), Scripted(*ONLINE), demo=True)
        assert (await stage.settled()).phase == "online"


async def test_an_address_that_is_none_is_said_and_corrected_without_a_restart() -> None:
    async with staged(Stage(*ONLINE, url="ftp://gpu-box")) as stage:
        assert stage.state.phase == "wrong"
        assert "ftp" in stage.state.message
        with pytest.raises(ConfigError):
            _ = stage.service.client
        assert (await stage.service.retry()).phase == "wrong"
        stage.url = "gpu-box"
        await stage.service.retry()
        assert (await stage.settled()).phase == "online"


async def test_starting_twice_asks_once() -> None:
    async with staged(Stage(*ONLINE)) as stage:
        await stage.service.start()
        await stage.settled()
        assert len(stage.server.requests) == 2


async def test_closing_ends_the_questions_even_in_the_middle_of_one() -> None:
    slow = Body([], then_wait=True)
    async with staged(Stage(streamed(slow))) as stage:
        await slow.waiting.wait()
        await stage.service.close()
        assert slow.closed
        assert stage.server.closed


async def test_states_that_differ_only_in_time_are_told_once_to_a_late_reader() -> None:
    async with staged(Stage(REFUSED)) as stage:
        await stage.settled()
        for seconds in (1, 2, 4):
            await stage.turn(seconds)
        assert stage.told() == ["away"]


def test_faces_can_read_the_state_and_try_again() -> None:
    assert set(verbs(ServerService)) == {"state", "retry", "start_demo"}
    assert verbs(ServerService)["retry"].returns is ServerState
