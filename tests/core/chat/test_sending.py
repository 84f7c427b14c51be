from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.chat.types import ChatChanged, NewAttachment
from core.errors import LeitstandError, NotFound, Refused, UsageError
from core.simulator import Script
from tests.core.chat.house import House, living


async def branch(house: House, chat: int) -> list[str]:
    return [turn.text for turn in (await house.chat.open(chat)).turns]


async def test_asking_makes_the_chat_the_question_the_answer_and_the_job_at_once(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Why?")
    assert sent.answer.parent_id == sent.question.id
    assert (sent.chat.head_id, sent.chat.turns, sent.chat.state) == (sent.answer.id, 2, "queued")
    assert sent.answer.job_id is not None
    job = await house.jobs.get(sent.answer.job_id)
    assert (job.kind, job.model, job.title, job.priority) == ("chat.turn", "toy", "Why?", "interactive")
    await script.finish()


async def test_asking_in_a_chat_that_is_not_there_leaves_nothing(house: House) -> None:
    with pytest.raises(NotFound):
        await house.chat.send(99, "Why?")
    for text in ("", "  \n "):
        with pytest.raises(UsageError):
            await house.chat.send(None, text)
    assert (await house.chat.list()).total == 0
    assert await house.jobs.list() == []


async def test_an_answer_given_anew_stands_beside_the_first(house: House) -> None:
    first = await house.say("One.")
    house.next(Script.saying("Two."))
    again = await house.chat.regenerate(first.id)
    assert (again.answer.siblings, again.answer.sibling) == (2, 2)
    second = await house.ended(again.answer)
    assert await branch(house, first.chat_id) == ["Why?", "Two."]
    assert (await house.chat.turn(first.id)).text == "One."
    opened = await house.chat.select_sibling(first.id)
    assert [turn.text for turn in opened.turns] == ["Why?", "One."]
    assert (opened.turns[1].siblings, opened.turns[1].sibling) == (2, 1)
    for _ in range(2):
        opened = await house.chat.step_sibling(opened.turns[1].id, 1)
    assert opened.chat.head_id == first.id
    opened = await house.chat.step_sibling(first.id, -1)
    assert opened.chat.head_id == second.id


async def test_another_model_may_answer_anew(house: House) -> None:
    first = await house.say("One.")
    house.next(Script.saying("Two."), model="seer")
    again = await house.chat.regenerate(first.id, model="seer")
    assert (await house.ended(again.answer)).model == "seer"


async def test_a_question_asked_in_other_words_keeps_the_first_and_what_followed(house: House) -> None:
    first = await house.say("One.")
    chat = first.chat_id
    await house.say("Deeper.", question="And?", chat=chat)
    question = (await house.chat.open(chat)).turns[0]
    house.next(Script.saying("Other."))
    edited = await house.chat.edit_and_resend(question.id, "Why not?")
    assert (edited.question.siblings, edited.question.sibling) == (2, 2)
    await house.ended(edited.answer)
    assert await branch(house, chat) == ["Why not?", "Other."]
    back = await house.chat.select_sibling(question.id)
    assert [turn.text for turn in back.turns] == ["Why?", "One.", "And?", "Deeper."]
    assert back.chat.turns == 4


async def test_a_branch_leads_to_what_was_looked_at_last(house: House) -> None:
    first = await house.say("A1", question="Q1")
    chat = first.chat_id
    left = await house.say("A2", question="Q2", chat=chat)
    house.next(Script.saying("A2b"))
    right = await house.ended((await house.chat.regenerate(left.id)).answer)
    house.next(Script.saying("A1b"))
    other = await house.ended((await house.chat.regenerate(first.id)).answer)
    assert await branch(house, chat) == ["Q1", "A1b"]
    assert await _texts(house, first.id) == ["Q1", "A1", "Q2", "A2b"]
    assert await _texts(house, left.id) == ["Q1", "A1", "Q2", "A2"]
    assert await _texts(house, other.id) == ["Q1", "A1b"]
    assert await _texts(house, first.id) == ["Q1", "A1", "Q2", "A2"]
    assert right.depth == 3


async def _texts(house: House, turn: int) -> list[str]:
    return [each.text for each in (await house.chat.select_sibling(turn)).turns]


async def test_editing_keeps_the_files_unless_others_are_given(house: House) -> None:
    note = NewAttachment("note.txt", "text", b"Hello")
    house.next(Script.saying("Fine."))
    sent = await house.chat.send(None, "Good?", attachments=(note,))
    await house.ended(sent.answer)
    house.next(Script.saying("Fine."))
    edited = await house.chat.edit_and_resend(sent.question.id, "Better?")
    assert [file.name for file in edited.question.attachments] == ["note.txt"]
    await house.ended(edited.answer)
    assert "Hello" in house.asked()[-1]["messages"][-1]["content"]
    house.next(Script.saying("Fine."))
    bare = await house.chat.edit_and_resend(sent.question.id, "Best?", attachments=())
    assert bare.question.attachments == ()
    await house.ended(bare.answer)


async def test_only_questions_can_be_edited(house: House) -> None:
    answer = await house.say("One.")
    with pytest.raises(UsageError):
        await house.chat.edit_and_resend(answer.id, "Two.")


async def test_a_failed_answer_is_tried_in_place_when_nothing_was_said(house: House) -> None:
    house.simulator.fault("status@chat:status=400")
    sent = await house.chat.send(None, "Why?")
    failed = await house.ended(sent.answer)
    assert failed.state == "failed"
    house.next(Script.saying("So."))
    again = await house.chat.retry(failed.id)
    assert (again.id, again.state, again.error) == (failed.id, "queued", None)
    assert (await house.ended(again)).text == "So."


async def test_a_failed_answer_with_words_is_tried_beside_them(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Why?")
    await script.say("Well")
    await script.cut()
    failed = await house.ended(sent.answer)
    house.next(Script.saying("So."))
    again = await house.ended(await house.chat.retry(failed.id))
    assert again.id != failed.id
    assert (again.text, again.siblings) == ("So.", 2)
    assert (await house.chat.turn(failed.id)).text == "Well"


async def test_nobody_asks_in_a_deleted_chat(house: House) -> None:
    answer = await house.say("One.")
    await house.chat.delete(answer.chat_id)
    for work in (
        house.chat.send(answer.chat_id, "Why?"),
        house.chat.regenerate(answer.id),
    ):
        with pytest.raises(Refused, match="deleted"):
            await work


async def test_a_file_alone_is_a_question(house: House) -> None:
    house.next(Script.saying("A list."))
    sent = await house.chat.send(None, "", attachments=(NewAttachment("list.txt", "text", b"a\nb"),))
    await house.ended(sent.answer)
    assert sent.chat.title == "list.txt"


@pytest.mark.parametrize(
    "file",
    [
        NewAttachment("empty", "text", b""),
        NewAttachment("program", "text", b"\x7fELF\0\0"),
        NewAttachment("lie", "image", b"not a picture\0"),
        NewAttachment("long", "text", b"x" * (5 * 2**20)),
    ],
)
async def test_a_file_that_cannot_be_sent_is_refused_with_a_sentence(
    house: House, file: NewAttachment
) -> None:
    with pytest.raises(LeitstandError):
        await house.chat.send(None, "Look", attachments=(file,))
    assert (await house.chat.list()).total == 0


async def test_half_characters_do_not_stop_a_question(house: House) -> None:
    house.next(Script.saying("Fine."))
    sent = await house.chat.send(None, "What is \ud800?")
    assert (await house.ended(sent.answer)).state == "done"
    assert (await house.chat.turn(sent.question.id)).text == "What is ??"


async def test_the_draft_goes_when_it_was_sent(house: House) -> None:
    await house.chat.set_draft(None, "Why?")
    assert (await house.chat.draft()).text == "Why?"
    answer = await house.say("One.")
    assert (await house.chat.draft()).text == ""
    await house.chat.set_draft(answer.chat_id, "And")
    assert (await house.chat.draft(answer.chat_id)).text == "And"
    await house.chat.set_draft(answer.chat_id, "")
    assert (await house.chat.draft(answer.chat_id)).updated == 0.0


async def test_a_budget_grows_with_what_is_typed_and_knows_the_model(house: House) -> None:
    answer = await house.say("One. " * 50)
    small = await house.chat.budget(answer.chat_id, "")
    large = await house.chat.budget(answer.chat_id, "word " * 200)
    assert 0 < small.used < large.used < large.available == large.model_max == 2048
    assert (small.sent, small.verdict, small.source) == (3, "fits", "estimated")


async def test_a_budget_is_known_while_the_server_is_away(house: House) -> None:
    house.simulator.fault("refuse:times=0")
    found = await house.chat.budget(None, "Why?", model="toy")
    assert (found.available, found.model_max, found.verdict) == (8192, None, "fits")


async def test_the_context_of_nobody_is_not_raised(tmp_path: Path) -> None:
    async with living(tmp_path / "db", model="") as house:
        found = await house.chat.budget(None, "word " * 20_000)
        assert (found.model, found.verdict) == ("", "cut")
        assert [choice.kind for choice in found.choices] == ["shorten"]


async def test_a_new_chat_begins_with_a_summary_of_the_old_one(house: House) -> None:
    answer = await house.say("It is blue.", question="What colour is the sky?")
    house.next(Script.saying("We spoke of the sky."))
    sent = await house.chat.new_chat_with_summary(answer.chat_id)
    assert sent.chat.id != answer.chat_id
    assert "I: What colour is the sky?\n\nYou: It is blue." in sent.question.text
    assert (await house.ended(sent.answer)).text == "We spoke of the sky."
    with pytest.raises(UsageError):
        await house.chat.new_chat_with_summary((await house.chat.create()).id)


async def test_an_answer_nobody_saw_marks_its_chat(house: House) -> None:
    answer = await house.say("One.")
    assert (await house.chat.get(answer.chat_id)).unread
    with house.bus.subscribe() as mailbox:
        await house.chat.read(answer.chat_id)
        [told] = [event for event in mailbox.take() if isinstance(event, ChatChanged)]
    assert not told.chat.unread
    house.next()
    sent = await house.chat.send(answer.chat_id, "And?")
    await house.chat.stop(sent.answer.id)
    assert not (await house.chat.get(answer.chat_id)).unread


async def test_without_a_choice_the_model_used_last_answers_or_the_first_there_is(house: House) -> None:
    house.settings = type(house.settings)(title_by_model=False)
    house.next(Script.saying("Hi."))
    first = await house.ended((await house.chat.send(None, "Hello")).answer)
    assert first.model in {"toy:latest", "thinker:8b", "seer:latest", "big:70b"}
    house.next(Script.saying("Hi."), model="seer")
    await house.ended((await house.chat.send(None, "Hello", model="seer")).answer)
    house.next(Script.saying("Hi."), model="seer")
    assert (await house.ended((await house.chat.send(None, "Hello")).answer)).model == "seer"


@pytest.mark.parametrize("fault", ["refuse:times=0", "slow:seconds=1e6,times=0", "status:status=500,times=0"])
async def test_asking_waits_for_no_server(house: House, fault: str) -> None:
    house.simulator.fault(fault)
    async with asyncio.timeout(5):
        sent = await house.chat.send(None, "Why?")
        assert (await house.chat.budget(sent.chat.id, "And?")).verdict == "fits"
    assert sent.answer.state == "queued"


async def test_who_answers_is_found_out_when_it_is_asked(house: House) -> None:
    house.settings = type(house.settings)(title_by_model=False)
    house.simulator.fault("refuse:times=1")
    sent = await house.chat.send(None, "Why?")
    assert sent.answer.model == ""
    await house.server_back(sent.answer)
    assert (await house.ended(sent.answer)).model == "toy:latest"
