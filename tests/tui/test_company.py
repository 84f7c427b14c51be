"""One engine, many faces, on the screen: a host that goes or comes back, and leaving one that is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.daemon import background
from core.daemon.hosting import HostingEngine
from core.engine import Engine, Options
from core.presence import LinkChanged, LinkState
from core.simulator import INSTANT, Script, Simulator
from tests.fakes.machine import FakeMachine
from tests.pictures import assert_picture, screen_text
from tests.tui.conftest import NARROW, WIDE, OpenShell, Shell
from tests.waiting import until
from tui.widgets.prompt import Prompt

CONFIG = '[chat]\nmodel = "qwen3:8b"\ntitle_by_model = false\n'


def shows(here: Shell, text: str) -> bool:
    return text in screen_text(here.app)


@asynccontextmanager
async def next_host(here: Shell) -> AsyncIterator[HostingEngine]:
    """Another host on the same data directory."""
    engine = HostingEngine.prepare(
        here.engine.options,
        clock=here.clock,
        transport=Simulator(clock=here.clock, pace=INSTANT).transport(),
        probes=FakeMachine().probes(),
    )
    try:
        await engine.start()
        yield engine
    finally:
        await engine.close()


async def passing(here: Shell, phase: str) -> None:
    """Let time go on until the line is so."""
    while here.app.facts.link.phase != phase:
        await here.clock.advance(1)
        await here.pilot.pause()


@pytest.mark.parametrize("where", ["attached"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_host_that_has_ended_is_said_and_a_key_goes_on(
    shell: OpenShell, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Options] = []
    monkeypatch.setattr(background, "start", started.append)
    async with shell("chat", size=size, config=CONFIG) as here:
        here.app.query_one(Prompt).put("a thought worth keeping")
        await here.engine.close()
        await passing(here, "gone")
        await until(lambda: shows(here, "did the work has ended.  alt+r goes on here"))
        await here.pilot.pause()
        assert_picture(here.app, "company-gone")
        await here.pilot.press("alt+r")
        await until(lambda: started)
        assert started[0].environment == here.engine.options.environment
        async with next_host(here):
            await passing(here, "attached")
            assert shows(here, "a thought worth keeping")
            await until(lambda: not shows(here, "has ended"))


@pytest.mark.parametrize("where", ["attached"])
async def test_a_host_that_comes_back_by_itself_is_read_anew(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.engine.close()
        await passing(here, "gone")
        await until(lambda: shows(here, "has ended"))
        async with next_host(here) as host:
            made = await host.chat.create(title="From the next host")
            assert made.id
            await passing(here, "attached")
            await until(lambda: not shows(here, "has ended"))
            await until(lambda: shows(here, "From the next host"))


@pytest.mark.parametrize("where", ["attached"])
async def test_without_a_host_a_key_says_a_sentence_and_loses_no_word(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.engine.close()
        await passing(here, "gone")
        here.app.query_one(Prompt).put("Why is the sky blue?")
        await here.pilot.press("enter")
        await until(lambda: shows(here, "The Leitstand that did the work has ended"))
        assert here.app.query_one(Prompt).text == "Why is the sky blue?"
        for key in ("f4", "f3", "f2", "f5", "f8", "f9", "f1"):
            await here.pilot.press(key)
            await here.pilot.pause()
        assert shows(here, "Why is the sky blue?")
        await here.pilot.press("ctrl+q")
        await here.pilot.pause()
        assert here.app.return_value is None
        await here.pilot.press("ctrl+q")
        await until(lambda: here.app.return_value == 0)


@pytest.mark.parametrize("where", ["attached"])
async def test_leaving_an_attached_one_asks_nothing_and_stops_nothing(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        script = here.simulator.next(Script(), route="chat")
        here.app.query_one(Prompt).put("Count")
        await here.pilot.press("enter")
        await script.say("one ")
        await until(lambda: shows(here, "one"))
        await here.pilot.press("ctrl+q")
        await until(lambda: here.app.return_value == 0)
        await script.say("two")
        await script.finish()
        chat = (await here.engine.chat.list()).chats[0]
        while (turn := (await here.engine.chat.open(chat.id)).turns[-1]).state != "done":
            await here.pilot.pause()
        assert turn.text == "one two"


async def busy(here: Shell) -> Script:
    script = here.simulator.next(Script(), route="chat")
    here.app.query_one(Prompt).put("Count")
    await here.pilot.press("enter")
    await script.say("one ")
    await until(lambda: shows(here, "one"))
    return script


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_leaving_one_that_works_asks_what_becomes_of_it(
    shell: OpenShell, size: tuple[int, int]
) -> None:
    async with shell("chat", size=size, config=CONFIG) as here:
        await busy(here)
        await here.pilot.press("ctrl+q")
        await until(lambda: shows(here, "Hand over"))
        assert shows(here, "1 running")
        # The list of chats behind it hears a moment later what its answer is doing.
        await until(lambda: size == NARROW or shows(here, "answering…"))
        await until(lambda: shows(here, "● answering  0 ms"))
        await here.pilot.pause()
        assert_picture(here.app, "company-leave")
        await here.pilot.press("escape")
        await until(lambda: not shows(here, "Hand over"))
        assert here.app.return_value is None


@pytest.mark.parametrize(("key", "hands_over"), [("h", True), ("s", False), ("enter", True)])
async def test_work_is_handed_over_or_stopped_as_was_said(
    shell: OpenShell, key: str, hands_over: bool
) -> None:
    async with shell("chat", config=CONFIG) as here:
        await busy(here)
        await here.pilot.press("ctrl+q")
        await until(lambda: shows(here, "Hand over"))
        await here.pilot.press(key)
        await until(lambda: here.app.return_value == 0)
        assert here.app.hands_over is hands_over


async def test_leaving_one_without_work_asks_nothing(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press("ctrl+q")
        await until(lambda: here.app.return_value == 0)
        assert not here.app.hands_over


async def test_others_that_are_attached_are_a_reason_to_ask(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "faces", property(lambda _: 2))
    async with shell("chat", config=CONFIG) as here:
        await here.pilot.press("ctrl+q")
        await until(lambda: shows(here, "2 other screens attached"))


@pytest.mark.parametrize("where", ["attached"])
async def test_a_far_engine_is_named_with_its_distance(shell: OpenShell) -> None:
    async with shell("chat", config=CONFIG) as here:
        far = LinkState(phase="attached", where="gpubox", round_trip=0.042)
        here.app.engine.bus.publish(LinkChanged(far))
        await until(lambda: shows(here, "gpubox 42 ms"))
        slow = LinkState(phase="attached", where="gpubox", round_trip=0.4, slow=True)
        here.app.engine.bus.publish(LinkChanged(slow))
        await until(lambda: shows(here, "gpubox 400 ms"))
        assert here.app.animation_level == "none"
