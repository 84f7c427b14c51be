"""Every fault of the server during a chat: a state with a name, the text kept, the next question works."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config.schema import Queue
from core.simulator import KINDS, Script
from tests.core.chat.house import House, living

AFTER = 3
"""Objects that still come before a stream is disturbed."""

UNDISTURBED = {"utf8", "duplicate", "huge", "slow"}
"""What a chat should survive without a scratch."""
NOT_OF_CHATS = {"stall", "backwards", "disk", "digest", "vanish", "registry", "null"}

STATUS = (400, 401, 403, 404, 405, 412, 413, 429, 499, 500, 501, 502, 503, 504)


async def settled(house: House, id: int) -> str:
    """The state in which an answer comes to rest; queued with an error waits for the server."""
    turn = await house.turn(id, lambda found: found.ended or found.error is not None)
    return turn.state


@pytest.mark.parametrize("kind", sorted(set(KINDS) - NOT_OF_CHATS - UNDISTURBED - {"silence"}))
@pytest.mark.parametrize("after", [0, AFTER])
async def test_a_fault_ends_in_a_state_with_a_name_and_the_next_question_works(
    tmp_path: Path, kind: str, after: int
) -> None:
    async with living(tmp_path / "db", queue=Queue(attempts=1)) as house:
        house.simulator.fault(f"{kind}@chat:after={after},seconds=1")
        sent = await house.chat.send(None, "Tell me a story")
        state = await settled(house, sent.answer.id)
        turn = await house.chat.turn(sent.answer.id)
        assert turn.error is not None
        assert turn.error.message.endswith(".")
        if state == "queued":
            assert turn.error.code in {"server_unavailable", "server_busy"}
            await house.server_back(turn)
            turn = await house.ended(sent.answer)
            assert turn.state == "done"
        else:
            assert state == "failed"
            assert bool(turn.text) == (after > 0 and kind not in _AT_ONCE)
        again = await house.chat.send(sent.chat.id, "Hello")
        assert (await house.ended(again.answer)).state == "done"
        assert house.reported or state != "queued"


_AT_ONCE = {"refuse", "status", "html", "redirect", "forbidden", "busy", "oom", "load"}
"""What happens before the first word."""


@pytest.mark.parametrize("kind", sorted(UNDISTURBED - {"slow"}))
async def test_what_only_looks_like_a_fault_leaves_no_trace(house: House, kind: str) -> None:
    house.simulator.fault(f"{kind}@chat")
    house.next(Script.saying("Grüße ", "aus 北京", " 🙂"))
    sent = await house.chat.send(None, "Hallo")
    turn = await house.ended(sent.answer)
    assert (turn.state, turn.text, turn.error) == ("done", "Grüße aus 北京 🙂", None)


@pytest.mark.parametrize("status", STATUS)
async def test_every_status_of_a_server_or_a_proxy_is_a_sentence(house: House, status: int) -> None:
    house.simulator.fault(f"status@chat:status={status},text=nothing we know")
    sent = await house.chat.send(None, "Hello")
    state = await settled(house, sent.answer.id)
    turn = await house.chat.turn(sent.answer.id)
    assert turn.error is not None
    assert state in {"failed", "queued"}
    assert len(turn.error.message) < 300
    if state == "queued":
        await house.server_back(turn)
        assert (await house.ended(turn)).state == "done"


async def test_a_server_that_is_gone_lets_the_question_wait(house: House) -> None:
    house.simulator.fault("refuse:times=0")
    sent = await house.chat.send(None, "Hello")
    turn = await house.turn(sent.answer.id, lambda found: found.error)
    assert turn.state == "queued"
    assert turn.error is not None
    assert turn.error.code == "server_unavailable"
    assert [error.code for error in house.reported] == ["server_unavailable"]
    house.simulator.clear_faults()
    await house.server_back(turn)
    assert (await house.ended(turn)).state == "done"


async def test_a_server_that_restarts_in_the_middle_keeps_what_was_said(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("One")
    house.simulator.fault("refuse@show:times=1")
    await script.cut()
    turn = await house.ended(sent.answer)
    assert (turn.state, turn.text) == ("failed", "One")
    assert turn.error is not None
    assert turn.error.code == "stream_cut"
    house.next(Script.saying(" and two."))
    again = await house.chat.continue_answer(turn.id)
    assert again.state == "queued"
    done = await house.ended(again)
    assert (done.state, done.text) == ("done", "One and two.")
    assert [message["role"] for message in house.asked()[-1]["messages"]] == ["user", "assistant"]


async def test_a_model_that_does_not_load_is_tried_again_once(house: House) -> None:
    house.simulator.fault("load@chat")
    sent = await house.chat.send(None, "Hello")
    turn = await house.put_back(sent.answer)
    await house.clock.advance(Queue().retry_after)
    assert (await house.ended(turn)).state == "done"


async def test_a_model_that_never_loads_is_reported(house: House) -> None:
    house.simulator.fault("oom@chat:times=2")
    sent = await house.chat.send(None, "Hello")
    await house.put_back(sent.answer)
    await house.clock.advance(Queue().retry_after)
    turn = await house.ended(sent.answer)
    assert turn.state == "failed"
    assert turn.error is not None
    assert turn.error.code == "out_of_memory"


async def test_an_empty_answer_is_an_answer(house: House) -> None:
    house.next(Script.saying())
    sent = await house.chat.send(None, "Hello")
    turn = await house.ended(sent.answer)
    assert (turn.state, turn.text) == ("done", "")


@pytest.mark.parametrize(("model", "limit"), [("toy", 120), ("big:70b", 300)])
async def test_silence_after_loading_ends_the_answer(tmp_path: Path, model: str, limit: float) -> None:
    async with living(tmp_path / "db", model=model) as house:
        script = house.next()
        sent = await house.chat.send(None, "Hello")
        await script.say("Well,")
        await house.turn(sent.answer.id, lambda found: found.text)
        await house.clock.advance(limit - 5)
        assert not (await house.chat.turn(sent.answer.id)).ended
        await house.clock.advance(10)
        turn = await house.ended(sent.answer)
        assert (turn.state, turn.text) == ("failed", "Well,")
        assert turn.error is not None
        assert turn.error.code == "timeout"
        assert f"{limit / 60:.0f} minutes" in turn.error.message
        await script.closed()
        again = await house.chat.send(sent.chat.id, "And?")
        assert (await house.ended(again.answer)).state == "done"


async def test_words_keep_an_answer_alive_however_long_it_takes(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    for _ in range(5):
        await script.say("so ")
        await house.clock.advance(100)
    await script.finish()
    assert (await house.ended(sent.answer)).text == "so " * 5
