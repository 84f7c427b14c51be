from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.bus import Resync
from core.chat.prompt import Ratio
from core.chat.types import NewAttachment, Turn, TurnChanged, TurnDelta
from core.errors import ContextExceeded, Refused
from core.simulator import Finish, Say, Script, Setup, Simulator, Think, toy
from tests.core.chat.house import House, View, living
from tests.waiting import until


def codes(turn: Turn) -> list[str]:
    return [note.code for note in turn.notes]


async def test_an_answer_streams_and_is_kept(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Why is the sky blue?")
    assert (sent.answer.state, sent.chat.title) == ("queued", "Why is the sky blue?")
    await script.say("Because ")
    await script.say("it is.")
    await script.finish(eval_count=2, eval_duration=1_000_000_000)
    done = await house.ended(sent.answer)
    assert (done.state, done.text) == ("done", "Because it is.")
    assert done.stats is not None
    assert (done.stats.tokens, done.stats.speed, done.stats.reason) == (2, 2.0, "stop")
    [row] = await house.store.read("SELECT text, state FROM chat_turn WHERE id = ?", (done.id,))
    assert tuple(row) == ("Because it is.", "done")


async def test_whoever_follows_has_every_word_exactly_once(house: House) -> None:
    view, script = View(), house.next()
    with house.bus.subscribe() as mailbox:
        sent = await house.chat.send(None, "Hello")
        for word in ["one", "two", "three", "four"]:
            await script.say(f"{word} ")
            view.take(mailbox)
        late = View()
        late.apply(TurnChanged(await house.chat.turn(sent.answer.id)))
        await script.finish()
        done = await house.ended(sent.answer)
        for event in mailbox.take():
            view.apply(event)
            late.apply(event)
    assert view.turns[done.id].text == late.turns[done.id].text == done.text == "one two three four "
    assert (view.gaps, late.gaps) == (0, 0)
    assert view.turns[done.id].state == "done"


async def test_the_states_are_told_in_order_as_they_happen(house: House) -> None:
    seen: list[str] = []

    async def follow() -> None:
        with house.bus.subscribe() as mailbox:
            while "done" not in seen:
                events = await mailbox.drain()
                told = [event.turn for event in events if isinstance(event, TurnChanged)]
                seen.extend(turn.state for turn in told if turn.role == "assistant")

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    script = house.next(model="thinker:8b")
    await house.chat.send(None, "Hello", model="thinker:8b")
    await script.asked()
    await until(lambda: "reading" in seen)
    await script.think("Hm.")
    await until(lambda: "thinking" in seen)
    await script.say("Hi.")
    await until(lambda: "answering" in seen)
    await script.finish()
    await following
    assert list(dict.fromkeys(seen)) == ["queued", "loading", "reading", "thinking", "answering", "done"]


async def test_thinking_is_kept_apart_measured_and_not_sent_again(house: House) -> None:
    script = house.next()
    chat = await house.chat.create(model="thinker:8b")
    sent = await house.chat.send(chat.id, "Hello")
    await script.think("I wonder. ")
    await house.clock.advance(2)
    await script.think("Still.")
    await house.clock.advance(10)
    await script.say("Hi.")
    await script.finish()
    done = await house.ended(sent.answer)
    assert (done.thinking, done.text) == ("I wonder. Still.", "Hi.")
    assert done.stats is not None
    assert (done.stats.thought, done.stats.thinking_tokens) == (12.0, 2)
    await house.say("Yes.", chat=chat.id)
    [_, last] = house.asked()
    assert [message["content"] for message in last["messages"]] == ["Hello", "Hi.", "Why?"]
    assert all("thinking" not in message for message in last["messages"])


async def test_the_seconds_of_thinking_run_on_when_it_thinks_again(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello", model="thinker:8b")
    await script.think("I wonder. ")
    await house.clock.advance(5)
    await script.say("Hi. ")
    answering = await house.turn(sent.answer.id, lambda turn: turn.state == "answering")
    assert answering.stats is not None
    assert answering.stats.thought == 5.0
    await house.clock.advance(1)
    await script.think("Still.")
    again = await house.turn(sent.answer.id, lambda turn: turn.state == "thinking")
    assert again.stats is not None
    assert (again.stats.thought, again.since) == (5.0, house.clock.now())
    await house.clock.advance(7)
    stopped = await house.chat.stop(sent.answer.id)
    assert stopped.stats is not None
    assert (stopped.stats.thought, stopped.stats.thinking_tokens) == (12.0, 2)
    more = house.next()
    await house.chat.continue_answer(stopped.id)
    await more.think("And again.")
    await house.clock.advance(3)
    await more.say("There.")
    await more.finish()
    done = await house.ended(stopped)
    assert done.stats is not None
    assert (done.stats.thought, done.stats.thinking_tokens) == (15.0, 3)


async def test_the_catalog_hears_how_fast_an_answer_was(tmp_path: Path) -> None:
    async with living(tmp_path / "leitstand.db") as house:
        script = house.next()
        sent = await house.chat.send(None, "Hello")
        await script.say("One")
        await script.finish(eval_count=30, eval_duration=1_000_000_000)
        await house.ended(sent.answer)
        await until(lambda: house.noted)
    assert house.noted == [("toy", 30.0)]


async def test_tags_in_the_text_are_thinking_too(house: House) -> None:
    turn = await house.say("<thi", "nk>I wonder.</th", "ink>\n\nHi.")
    assert (turn.thinking, turn.text) == ("I wonder.", "Hi.")


async def test_what_turns_out_to_be_thinking_moves_there_for_everybody(house: House) -> None:
    view, script = View(), house.next()
    with house.bus.subscribe() as mailbox:
        sent = await house.chat.send(None, "Hello")
        await script.say("I wonder.")
        view.take(mailbox)
        assert view.turns[sent.answer.id].text == "I wonder."
        await house.clock.advance(1)
        await script.say("</think>Hi.")
        await script.finish()
        done = await house.ended(sent.answer)
        view.take(mailbox)
    assert (done.thinking, done.text) == ("I wonder.", "Hi.")
    assert (view.turns[done.id].thinking, view.turns[done.id].text) == ("I wonder.", "Hi.")
    [row] = await house.store.read("SELECT thinking, text FROM chat_turn WHERE id = ?", (done.id,))
    assert tuple(row) == ("I wonder.", "Hi.")


THINK: list[tuple[str, str, Any, list[str]]] = [
    ("thinker:8b", "auto", True, []),
    ("thinker:8b", "on", True, []),
    ("thinker:8b", "off", False, []),
    ("thinker:8b", "low", "low", []),
    ("toy", "auto", None, []),
    ("toy", "off", None, []),
    ("toy", "on", None, ["cannot_think"]),
    ("toy", "high", None, ["cannot_think"]),
]


@pytest.mark.parametrize(("model", "setting", "sent", "notes"), THINK)
async def test_thinking_is_asked_for_as_set_and_a_model_that_cannot_gets_a_note(
    house: House, model: str, setting: Any, sent: object, notes: list[str]
) -> None:
    house.next(Script.saying("Hi."))
    chat = await house.chat.create(model=model, think=setting)
    turn = await house.ended((await house.chat.send(chat.id, "Hello")).answer)
    assert (turn.state, codes(turn)) == ("done", notes)
    assert house.asked()[-1].get("think") == sent


async def test_a_refusal_to_think_is_answered_by_asking_without(house: House) -> None:
    house.simulator.fault('status@chat:status=400,text="thinker:8b" does not support thinking')
    house.next(Script.saying("Hi."))
    chat = await house.chat.create(model="thinker:8b", think="on")
    turn = await house.ended((await house.chat.send(chat.id, "Hello")).answer)
    assert (turn.state, turn.text, codes(turn)) == ("done", "Hi.", ["cannot_think"])
    assert [request.get("think") for request in house.asked()] == [True, None]


async def test_a_server_that_knows_no_levels_is_asked_to_think_plainly(house: House) -> None:
    house.simulator.fault("status@chat:status=400,text=think must be a boolean")
    house.next(Script.saying("Hi."))
    chat = await house.chat.create(model="thinker:8b", think="high")
    turn = await house.ended((await house.chat.send(chat.id, "Hello")).answer)
    assert turn.state == "done"
    assert [request.get("think") for request in house.asked()] == ["high", True]


async def test_stopping_keeps_what_was_said(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("One ")
    await script.say("two")
    stopped = await house.chat.stop(sent.answer.id)
    assert (stopped.state, stopped.text, stopped.error) == ("stopped", "One two", None)
    await script.closed()
    assert (await house.say("Three.", chat=sent.chat.id)).state == "done"
    assert [m["content"] for m in house.asked()[-1]["messages"]] == ["Hello", "One two", "Why?"]


async def test_stopping_what_waits_ends_it_before_it_began(house: House) -> None:
    script = house.next()
    first = await house.chat.send(None, "Hello")
    await script.say("One")
    second = await house.chat.send(None, "And you?")
    stopped = await house.chat.stop(second.answer.id)
    assert (stopped.state, stopped.text) == ("stopped", "")
    assert (await house.chat.stop(second.answer.id)).state == "stopped"
    await script.finish()
    assert (await house.ended(first.answer)).state == "done"
    assert len(house.asked()) == 1


async def test_cancelling_the_job_in_the_queue_stops_the_answer(house: House) -> None:
    script = house.next()
    running = await house.chat.send(None, "Hello")
    waiting = await house.chat.send(None, "And you?")
    await script.say("One")
    assert running.answer.job_id is not None
    assert waiting.answer.job_id is not None
    await house.jobs.cancel(waiting.answer.job_id)
    await house.jobs.cancel(running.answer.job_id)
    assert (await house.ended(waiting.answer)).state == "stopped"
    assert (await house.ended(running.answer)).text == "One"


async def test_a_held_answer_goes_on_when_it_is_released(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("One")
    assert sent.answer.job_id is not None
    await house.jobs.hold(sent.answer.job_id)
    await script.closed()
    held = await house.turn(sent.answer.id, lambda found: found.state == "queued")
    assert held.text == "One"
    await until(lambda: not house.chat._desk.live)
    house.next(Script.saying(" and two."))
    await house.jobs.release(sent.answer.job_id)
    assert (await house.ended(sent.answer)).text == "One and two."


async def test_a_question_asked_meanwhile_waits_for_the_answer(house: House) -> None:
    script = house.next()
    first = await house.chat.send(None, "One?")
    await script.say("Yes, ")
    second = await house.chat.send(first.chat.id, "Two?")
    assert (second.answer.state, second.answer.job_id) == ("queued", None)
    third = await house.chat.send(first.chat.id, "Three?")
    house.next(Script.saying("Two."))
    house.next(Script.saying("Three."))
    await script.say("one.")
    await script.finish()
    assert (await house.ended(third.answer)).text == "Three."
    assert [m["content"] for m in house.asked()[-1]["messages"]] == [
        "One?", "Yes, one.", "Two?", "Two.", "Three?",
    ]  # fmt: skip


async def test_what_waits_for_a_stopped_answer_is_asked_then(house: House) -> None:
    script = house.next()
    first = await house.chat.send(None, "One?")
    await script.say("Well")
    second = await house.chat.send(first.chat.id, "Two?")
    house.next(Script.saying("Two."))
    await house.chat.stop(first.answer.id)
    assert (await house.ended(second.answer)).text == "Two."


async def test_a_waiting_question_can_be_taken_back(house: House) -> None:
    script = house.next()
    first = await house.chat.send(None, "One?")
    await script.say("Well")
    second = await house.chat.send(first.chat.id, "Two?")
    assert (await house.chat.stop(second.answer.id)).state == "stopped"
    await script.finish()
    await house.ended(first.answer)
    assert len(house.asked()) == 1


async def test_the_model_changes_only_after_the_running_answer(house: House) -> None:
    script = house.next(model="toy")
    sent = await house.chat.send(None, "One?")
    await script.say("Yes")
    await house.chat.set_options(sent.chat.id, model="seer")
    house.next(Script.saying("I see."), model="seer")
    second = await house.chat.send(sent.chat.id, "Two?")
    await script.say(", one.")
    await script.finish()
    done = await house.ended(second.answer)
    assert (done.model, done.text) == ("seer", "I see.")
    assert (await house.chat.turn(sent.answer.id)).text == "Yes, one."


async def test_the_context_length_of_a_model_never_varies(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=(toy("long", context=32768), toy("short", context=2048))))
    async with living(tmp_path / "db", simulator, context=8192) as house:
        for model in ("long", "short", "long:latest", "LONG", "short"):
            house.next(Script.saying("Hi."))
            await house.ended((await house.chat.send(None, "Hello", model=model)).answer)
            house.settings = type(house.settings)(title_by_model=False, context=4096)
        assert [request["options"]["num_ctx"] for request in house.asked()] == [8192, 2048, 8192, 8192, 2048]
        await house.chat.set_context("long", 16384)
        house.next(Script.saying("Hi."))
        await house.ended((await house.chat.send(None, "Hello", model="long")).answer)
        assert house.asked()[-1]["options"]["num_ctx"] == 16384


async def test_a_model_in_memory_keeps_the_context_it_has(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=(toy("long", context=32768),)))
    async with living(tmp_path / "db", simulator) as house:
        await house.ollama.load("long", {"num_ctx": 12288})
        house.next(Script.saying("Hi."))
        await house.ended((await house.chat.send(None, "Hello", model="long")).answer)
        assert house.asked()[-1]["options"]["num_ctx"] == 12288


async def test_a_modelfile_may_ask_for_a_context(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=(toy("own", context=32768, parameters={"num_ctx": 4096}),)))
    async with living(tmp_path / "db", simulator) as house:
        house.next(Script.saying("Hi."))
        await house.ended((await house.chat.send(None, "Hello", model="own")).answer)
        assert house.asked()[-1]["options"]["num_ctx"] == 4096


async def test_settings_of_the_chat_go_along(house: House) -> None:
    chat = await house.chat.create(system="Be brief.")
    await house.chat.set_options(chat.id, options={"temperature": 0.2}, keep_alive="10m")
    await house.say("Hi.", chat=chat.id)
    [request] = house.asked()
    assert request["messages"][0] == {"role": "system", "content": "Be brief."}
    assert request["options"]["temperature"] == 0.2
    assert request["keep_alive"] == "10m"
    assert request["truncate"] is False


async def test_only_the_latest_messages_are_sent_and_the_rest_is_counted(tmp_path: Path) -> None:
    async with living(tmp_path / "db", window=3) as house:
        chat = await house.chat.create()
        for number in range(3):
            turn = await house.say(f"Answer {number}.", question=f"Question {number}?", chat=chat.id)
        assert [m["content"] for m in house.asked()[-1]["messages"]] == [
            "Question 1?", "Answer 1.", "Question 2?",
        ]  # fmt: skip
        assert turn.context is not None
        assert (turn.context.sent, turn.context.dropped) == (3, 2)


async def test_a_question_that_is_too_long_is_refused_before_it_is_sent(house: House) -> None:
    await house.say("Hi.")
    text = "word " * 3000
    with pytest.raises(ContextExceeded, match="the context holds 2 048") as refused:
        await house.chat.send(None, text)
    assert "Shorten" in refused.value.hint
    assert len(house.asked()) == 1
    found = await house.chat.budget(None, text)
    assert found.verdict == "cut"
    assert [choice.kind for choice in found.choices] == ["shorten"]


async def test_who_wants_it_cut_gets_it_cut_and_a_note(house: House) -> None:
    await house.say("Hi.")
    house.next(Script.saying("Long.", prompt_eval_count=1027))
    sent = await house.chat.send(None, "word " * 3000, anyway=True)
    turn = await house.ended(sent.answer)
    assert (turn.state, codes(turn)) == ("done", ["cut"])
    assert turn.context is not None
    assert turn.context.cut
    assert "truncate" not in house.asked()[-1]


async def test_a_prompt_the_server_finds_too_long_is_shortened_by_us_and_counted(house: House) -> None:
    chat = await house.chat.create()
    for number in range(3):
        await house.say(f"{number} " * 400, question=f"{number}? " * 100, chat=chat.id)
    # What was learned is wrong: the next prompt will look far shorter than it is.
    await house.chat._desk.memory.set_ratio("toy", Ratio(0.4, 9))
    for _ in range(2):
        await house.say("x " * 400, question="y " * 400, chat=chat.id)
        await house.chat._desk.memory.set_ratio("toy", Ratio(0.4, 9))
    turn = await house.say("Fine.", question="And now? " * 100, chat=chat.id)
    assert (turn.state, turn.text) == ("done", "Fine.")
    assert turn.context is not None
    assert turn.context.dropped > 0
    assert not turn.context.cut
    assert (await house.chat._desk.memory.of("toy")).ratio.value > 0.5


async def test_pictures_are_sent_to_models_that_see(house: House) -> None:
    chat = await house.chat.create(model="seer")
    picture = _picture()
    house.next(Script.saying("A dot."))
    sent = await house.chat.send(chat.id, "What is it?", attachments=(picture,))
    assert [file.name for file in sent.question.attachments] == ["dot.png"]
    turn = await house.ended(sent.answer)
    assert (turn.state, codes(turn)) == ("done", [])
    assert house.asked()[-1]["messages"][0]["images"] == ["iVBORw0KGgpkb3Q="]


async def test_a_model_that_cannot_see_answers_from_the_text_and_says_so(house: House) -> None:
    house.next(Script.saying("I do not know."))
    sent = await house.chat.send(None, "What is it?", attachments=(_picture(),))
    turn = await house.ended(sent.answer)
    assert (turn.state, codes(turn)) == ("done", ["cannot_see"])
    assert "images" not in house.asked()[-1]["messages"][0]


async def test_text_files_come_before_the_question(house: House) -> None:
    house.next(Script.saying("Fine."))
    note = NewAttachment("note.md", "text", b"# Hello\n```\ncode\n```")
    sent = await house.chat.send(None, "Is it good?", attachments=(note,))
    await house.ended(sent.answer)
    assert house.asked()[-1]["messages"][0]["content"] == (
        "note.md:\n````\n# Hello\n```\ncode\n```\n````\n\nIs it good?"
    )


async def test_an_answer_that_ran_out_of_room_says_so_and_can_go_on(house: House) -> None:
    turn = await house.say("Once upon", question="A story?")
    assert codes(turn) == []
    house.next(Script(Say("Once upon"), Finish("length")))
    sent = await house.chat.send(None, "A story?")
    turn = await house.ended(sent.answer)
    assert (turn.state, codes(turn)) == ("done", ["length"])
    house.next(Script.saying(" a time."))
    await house.chat.continue_answer(turn.id)
    assert (await house.ended(turn)).text == "Once upon a time."


async def test_an_unfinished_answer_cannot_be_asked_again(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("One")
    for verb in (house.chat.regenerate, house.chat.continue_answer, house.chat.retry):
        with pytest.raises(Refused):
            await verb(sent.answer.id)


async def test_closing_in_the_middle_marks_the_answer_interrupted(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        script = house.next()
        sent = await house.chat.send(None, "Hello")
        waiting = await house.chat.send(None, "And you?")
        await script.say("One")
    async with living(tmp_path / "db") as house:
        turn = await house.chat.turn(sent.answer.id)
        assert (turn.state, turn.text) == ("interrupted", "One")
        assert (await house.ended(waiting.answer)).state == "done"
        house.next(Script.saying(" and two."))
        await house.chat.continue_answer(turn.id)
        assert (await house.ended(turn)).text == "One and two."


async def test_figures_are_kept_per_model(house: House) -> None:
    metrics = {
        "eval_count": 20, "eval_duration": 2_000_000_000, "prompt_eval_count": 50,
        "prompt_eval_duration": 500_000_000, "load_duration": 3_000_000_000,
    }  # fmt: skip
    house.next(Script(Say("Hi."), Finish("stop", metrics)))
    await house.ended((await house.chat.send(None, "Hello")).answer)
    house.next(Script(Say("Hi."), Finish("stop", {**metrics, "eval_duration": 1_000_000_000})))
    await house.ended((await house.chat.send(None, "Hello", model="toy:latest")).answer)
    [speed] = await house.chat.speeds()
    assert (speed.model, speed.answers, speed.tokens, speed.context) == ("toy", 2, 40, 2048)
    assert speed.speed == pytest.approx(40 / 3)
    assert (speed.last_speed, speed.prompt_speed, speed.load) == (20.0, 100.0, 3.0)


async def test_a_slow_reader_neither_holds_up_the_answer_nor_loses_a_word(house: House) -> None:
    words = [f"{number} " for number in range(3000)]
    house.next(Script(*map(Say, words), Finish()))
    view = View()
    with house.bus.subscribe(limit=8) as mailbox:
        sent = await house.chat.send(None, "Count")
        done = await house.ended(sent.answer)
        events = mailbox.take()
    assert len(events) < 30
    if any(isinstance(event, Resync) for event in events):
        view.apply(TurnChanged(await house.chat.turn(sent.answer.id)))
    for event in events:
        view.apply(event)
    assert view.turns[done.id].text == "".join(words) == done.text


async def test_deltas_carry_the_offset_of_their_text(house: House) -> None:
    house.next(Script(Think("ab"), Say("c"), Say("de"), Finish()))
    with house.bus.subscribe() as mailbox:
        sent = await house.chat.send(None, "Hello", model="thinker:8b")
        await house.ended(sent.answer)
        deltas = [event for event in mailbox.take() if isinstance(event, TurnDelta)]
    assert [(event.part, event.offset, event.text) for event in deltas] == [
        ("thinking", 0, "ab"),
        ("answer", 0, "cde"),
    ]
    assert {event.chat_id for event in deltas} == {sent.chat.id}


def _picture() -> NewAttachment:
    return NewAttachment("dot.png", "image", b"\x89PNG\r\n\x1a\ndot")
