"""Before the first word: loading and reading are told apart, and neither lasts for ever."""

from __future__ import annotations

from pathlib import Path

from core.chat.types import Turn
from core.simulator import Pace, Script, Setup, Simulator, toy
from tests.core.chat.house import MODELS, House, living
from tests.fakes.clock import ManualClock
from tests.waiting import until


def slow(version: str = "0.32.15", load: float = 1.0) -> tuple[Simulator, ManualClock]:
    """A server that takes *load* seconds to load a model, and its clock."""
    clock = ManualClock()
    pace = Pace(rate=100, load=1e15, settle=load, prompt=1e9)
    return Simulator(Setup(installed=(toy(),), version=version), clock=clock, pace=pace), clock


async def passes(house: House, turn: Turn, seconds: float, step: float = 1.0) -> Turn:
    """Let time pass in steps in which everybody can do what they woke for."""
    for _ in range(int(seconds / step)):
        await house.clock.advance(step)
        turn = await house.chat.turn(turn.id)
        if turn.ended:
            break
    return turn


async def test_a_prompt_that_is_read_for_too_long_ends_the_answer(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.asked()
    await house.turn(sent.answer.id, lambda found: found.state == "reading")
    turn = await passes(house, sent.answer, 118)
    assert turn.state == "reading"
    await passes(house, sent.answer, 10)
    turn = await house.ended(sent.answer)
    assert turn.state == "failed"
    assert turn.error is not None
    assert "fell silent: not a word for 2 minutes" in turn.error.message
    await script.closed()


async def test_loading_may_take_longer_than_silence(tmp_path: Path) -> None:
    simulator, clock = slow(load=400)
    async with living(tmp_path / "db", simulator, clock=clock) as house:
        sent = await house.chat.send(None, "Hello")
        await house.turn(sent.answer.id, lambda found: found.state == "loading")
        await until(house.asked)
        turn = await passes(house, sent.answer, 390)
        assert turn.state == "loading"
        turn = await passes(house, sent.answer, 60)
        turn = await house.ended(turn)
        assert turn.state == "done"
        assert turn.stats is not None
        assert turn.stats.load is not None
        assert turn.stats.load > 390


async def test_a_model_that_never_loads_is_given_up(tmp_path: Path) -> None:
    simulator, clock = slow(load=5000)
    async with living(tmp_path / "db", simulator, clock=clock, load_limit=600) as house:
        sent = await house.chat.send(None, "Hello")
        await house.turn(sent.answer.id, lambda found: found.state == "loading")
        await until(house.asked)
        await passes(house, sent.answer, 620, step=10)
        turn = await house.ended(sent.answer)
        assert turn.state == "failed"
        assert turn.error is not None
        assert turn.error.message == "toy was not loaded within 10 minutes."


async def test_a_server_that_lists_what_it_still_loads_gets_more_time(tmp_path: Path) -> None:
    clock = ManualClock()
    simulator = Simulator(Setup(installed=MODELS, version="0.24.0"), clock=clock)
    async with living(tmp_path / "db", simulator, clock=clock) as house:
        script = house.next()
        sent = await house.chat.send(None, "Hello")
        await script.asked()
        await house.turn(sent.answer.id, lambda found: found.state == "reading")
        await house.clock.sleepers()
        turn = await passes(house, sent.answer, 300, step=10)
        assert turn.state == "reading"
        await passes(house, sent.answer, 200, step=10)
        assert (await house.ended(sent.answer)).state == "failed"


async def test_a_list_of_loaded_models_that_fails_is_asked_for_again(house: House) -> None:
    house.simulator.fault("status@ps:status=500,times=3")
    script = house.next(Script())
    sent = await house.chat.send(None, "Hello")
    await script.asked()
    await house.turn(sent.answer.id, lambda found: found.state == "loading")
    await passes(house, sent.answer, 6)
    await house.turn(sent.answer.id, lambda found: found.state == "reading")
    await script.say("Hi.")
    await script.finish()
    assert (await house.ended(sent.answer)).text == "Hi."
