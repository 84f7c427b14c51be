"""Answers from documents: looked up, cited, checked, kept, and honest when there is nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import StoreError
from core.retrieval import guiding
from core.retrieval.library import Space
from core.retrieval.route import Gate, SpaceRouter
from core.simulator import Script
from tests.core.models.workshop import sized, small
from tests.core.retrieval.reading_room import ReadingRoom, reading_room

PUMP = "The pump is lubricated with grease every three months.\n\nThe pump weighs forty kilograms."
LEASE = "The notice period of the lease is three months to the end of a quarter."


async def filled(room: ReadingRoom) -> tuple[Space, Space]:
    """Two spaces that have nothing to do with each other."""
    machines = await room.library.create_space("machines")
    contracts = await room.library.create_space("contracts")
    pump, lease = room.write("m/pump.txt", PUMP), room.write("c/lease.txt", LEASE)
    await room.ingested(machines, pump.parent)
    await room.ingested(contracts, lease.parent)
    return machines, contracts


async def test_an_answer_comes_from_the_space_that_fits_and_says_so(room: ReadingRoom) -> None:
    await filled(room)
    turn = await room.answered("How often is the pump lubricated?", "Every three months [1].")
    assert "The pump is lubricated with grease" in room.sent()
    assert room.sent().endswith("Question:\nHow often is the pump lubricated?")
    assert turn.sources is not None
    [best, *_] = turn.sources.spaces
    assert (best.space, best.searched) == ("machines", True)
    assert best.percent > 60
    first = turn.sources.sources[0]
    assert (first.number, first.title, first.space) == (1, "pump.txt", "machines")
    assert first.snippet.startswith("The pump is lubricated")
    assert (turn.sources.cited, turn.sources.unknown) == ((1,), ())
    [passage, *_] = await room.chat.passages(turn.id)
    assert passage.text[slice(*passage.found[0])].startswith("The pump is lubricated")
    inspection = await room.chat.inspection(turn.id)
    assert inspection is not None
    assert {one.number for one in inspection.candidates} >= {1}
    assert await room.chat.turn(turn.id) == turn, "it is kept as it was told"


async def test_a_number_that_no_passage_has_is_marked(room: ReadingRoom) -> None:
    await filled(room)
    turn = await room.answered("How often is the pump lubricated?", "Monthly [7].")
    assert turn.sources is not None
    assert turn.sources.unknown == (7,)
    assert [note.message for note in turn.notes if note.code == "citation"] == [
        "The answer cites [7], which is no passage it was given."
    ]


async def test_an_exported_chat_names_its_sources_and_what_cites_none_of_them(room: ReadingRoom) -> None:
    await filled(room)
    turn = await room.answered("How often is the pump lubricated?", "Every month[1], or ", "[", "7", "].")
    assert turn.sources is not None
    told = (await room.chat.export(turn.chat_id)).text
    note = "The answer cites [7], which is no passage it was given."
    assert told.endswith(f"*{note} There are {len(turn.sources.sources)}.*\n\n- [1] pump.txt (lines 1–2)\n")
    exported = (await room.chat.export(turn.chat_id, "json")).text
    answer = msgspec.json.decode(exported)["chats"][0]["turns"][1]
    assert answer["sources"]["unknown"] == [7]
    assert answer["sources"]["sources"][0]["title"] == "pump.txt"
    assert [each["message"] for each in answer["notes"]] == [note]
    # Elsewhere the documents are not there, but what was noted stays with the answer.
    await room.chat.delete(turn.chat_id)
    brought = await room.chat.import_(exported.encode())
    again = (await room.chat.open(brought.chats[0])).turns[1]
    assert again.notes == turn.notes
    assert again.sources is None


async def test_small_talk_uses_no_space_and_says_so(room: ReadingRoom) -> None:
    await filled(room)
    embedded = room.asked("/api/embed")
    turn = await room.answered("Hello!", "Hello [1].")
    assert room.sent() == "Hello!"
    assert room.asked("/api/embed") == embedded
    assert turn.sources is not None
    assert turn.sources.notes == ("Small talk: no space was used.",)
    assert (turn.sources.sources, turn.sources.unknown) == ((), ())


async def test_a_chat_that_looks_nothing_up_is_left_alone(room: ReadingRoom) -> None:
    await filled(room)
    chat = await room.chat.create()
    await room.library.choose(chat.id, "none")
    turn = await room.answered("How often is the pump lubricated?", "I guess [1].", chat=chat.id)
    assert room.sent() == "How often is the pump lubricated?"
    assert turn.sources is None


async def test_a_chosen_space_is_searched_however_little_it_fits(room: ReadingRoom) -> None:
    _, contracts = await filled(room)
    chat = await room.chat.create()
    await room.library.choose(chat.id, "chosen", (contracts.id,))
    turn = await room.answered("How often is the pump lubricated?", "No idea.", chat=chat.id)
    assert turn.sources is not None
    assert [space.space for space in turn.sources.spaces] == ["contracts"]
    assert turn.sources.spaces[0].searched
    assert "pump.txt" not in room.sent()
    assert [one.title for one in turn.sources.sources] == ["lease.txt"]
    assert "do not guess" in room.sent()


NEAREST = "Nothing comes near the question: these are the passages that come nearest."


async def test_what_somebody_chose_or_attached_is_never_left_out_for_being_too_far(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines, _ = await filled(room)
    monkeypatch.setattr(SpaceRouter, "gate", lambda *_: Gate(0.999, 99.0))
    question = "Sum everything up shortly, please."
    chosen = await room.chat.create()
    await room.library.choose(chosen.id, "chosen", (machines.id,))
    turn = await room.answered(question, "It is about a machine [1].", chat=chosen.id)
    assert turn.sources is not None
    assert {one.title for one in turn.sources.sources} == {"pump.txt"}
    assert NEAREST in turn.sources.notes
    attached = await room.chat.create()
    space = await room.library.session_space(attached.id)
    await room.ended(await room.library.ingest_text(space.id, "note", "A yellow bicycle stands outside."))
    turn = await room.answered(question, "A bicycle [1].", chat=attached.id)
    assert turn.sources is not None
    assert {one.title for one in turn.sources.sources} == {"note"}
    # A space that nobody chose has to come near.
    turn = await room.answered(question, "I know nothing of that.")
    assert turn.sources is not None
    assert turn.sources.sources == ()
    assert NEAREST not in turn.sources.notes


async def test_nothing_found_is_said_and_no_source_invented(room: ReadingRoom) -> None:
    await filled(room)
    empty = await room.library.create_space("empty")
    await room.ended(await room.library.ingest_text(empty.id, "note", "zzz"))
    page = await room.library.documents(empty.id)
    chat = await room.chat.create()
    await room.library.choose(chat.id, "chosen", (empty.id,))
    await room.library.remove_documents((page.documents[0].id,))
    turn = await room.answered(
        "How often is the pump lubricated?", "The documents say nothing.", chat=chat.id
    )
    assert turn.sources is not None
    assert turn.sources.sources == ()
    assert turn.sources.notes == ("There is nothing in the chosen spaces yet.",)


async def test_documents_of_a_chat_are_seen_by_that_chat_alone(room: ReadingRoom) -> None:
    chat, other = await room.chat.create(), await room.chat.create()
    space = await room.library.session_space(chat.id)
    await room.ended(
        await room.library.ingest_text(space.id, "note", "The password hint is a yellow bicycle.")
    )
    turn = await room.answered("What is the password hint?", "A bicycle [1].", chat=chat.id)
    assert turn.sources is not None
    assert turn.sources.cited == (1,)
    stranger = await room.answered("What is the password hint?", "No idea.", chat=other.id)
    assert stranger.sources is None
    assert "bicycle" not in room.sent()


async def test_a_follow_up_is_searched_together_with_the_question_before(room: ReadingRoom) -> None:
    await filled(room)
    turn = await room.answered("How often is the pump lubricated?", "Every three months [1].")
    again = await room.answered("And its weight?", "Forty kilograms [1].", chat=turn.chat_id)
    inspection = await room.chat.inspection(again.id)
    assert inspection is not None
    assert inspection.query == "How often is the pump lubricated?\nAnd its weight?"
    assert "forty kilograms" in room.sent()
    asked = [request.body for request in room.simulator.requests if request.path == "/api/chat"]
    assert asked[-1].count(b"<passage-") == 1, "what was found for the first question is not sent again"


async def test_without_vectors_the_words_find_it_and_it_is_said(tmp_path: Path) -> None:
    async with reading_room(tmp_path, setup=small(installed=(sized("tiny", 1),))) as room:
        await filled(room)
        turn = await room.answered("How often is the pump lubricated?", "Every three months [1].")
        assert turn.sources is not None
        assert turn.sources.sources[0].title == "pump.txt"
        assert turn.sources.cited == (1,)


async def test_a_broken_index_does_not_keep_an_answer_from_being_given(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(room)

    async def broken(*_: object, **__: object) -> list[object]:
        raise StoreError("The index is gone.")

    monkeypatch.setattr(room.index, "words", broken)
    turn = await room.answered("How often is the pump lubricated?", "I do not know.")
    assert (turn.state, turn.text) == ("done", "I do not know.")
    assert turn.sources is not None
    assert turn.sources.notes == ("The documents could not be searched: The index is gone.",)


async def test_an_answer_that_is_gone_on_with_keeps_its_passages(room: ReadingRoom) -> None:
    await filled(room)
    script = room.simulator.next(Script(), route="chat")
    sent = await room.chat.send(None, "How often is the pump lubricated?")
    await script.say("Every three ")
    await room.chat.stop(sent.answer.id)
    before = (await room.chat.turn(sent.answer.id)).sources
    assert before is not None
    searched = room.asked("/api/embed")
    room.simulator.next(Script.saying("months [1]."), route="chat")
    await room.chat.continue_answer(sent.answer.id)
    turn = await room.over(sent.answer.id)
    assert turn.text == "Every three months [1]."
    assert turn.sources is not None
    assert turn.sources.sources == before.sources
    assert turn.sources.cited == (1,)
    assert room.asked("/api/embed") == searched


async def test_an_answer_that_is_stopped_is_checked_as_far_as_it_came(room: ReadingRoom) -> None:
    await filled(room)
    script = room.simulator.next(Script(), route="chat")
    sent = await room.chat.send(None, "How often is the pump lubricated?")
    await script.say("Every three months [1], with oil [8].\n\nNobody has ever said why it is so. ")
    await room.chat.stop(sent.answer.id)
    turn = await room.chat.turn(sent.answer.id)
    assert (turn.state, turn.sources is not None) == ("stopped", True)
    assert turn.sources is not None
    assert (turn.sources.cited, turn.sources.unknown, turn.sources.uncited) == ((1,), (8,), 1)
    assert [note.code for note in turn.notes] == ["citation"]


async def test_a_question_that_fits_no_space_uses_none_and_says_so(room: ReadingRoom) -> None:
    await filled(room)
    turn = await room.answered("Compose limericks about volcanoes", "There was a volcano [1].")
    assert room.sent() == "Compose limericks about volcanoes"
    assert turn.sources is not None
    assert turn.sources.notes == ("No space fits the question, so none was used.",)
    assert [space.searched for space in turn.sources.spaces] == [False, False]
    assert (turn.sources.sources, turn.sources.unknown, turn.notes) == ((), (), ())


async def test_the_first_question_of_a_process_is_judged_by_what_is_learned_while_it_is_searched(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces = await filled(room)
    for space in spaces:
        room.library._guide.forget(space.id)
    monkeypatch.setattr(guiding, "_PATIENCE", 0.0)
    opened = asyncio.Event()
    near, vectors = room.index.near, room.index.vectors

    async def searched(*given: Any, **options: Any) -> Any:
        # The index is open now, and whoever waited for it goes on.
        monkeypatch.setattr(guiding, "_PATIENCE", 30.0)
        opened.set()
        return await near(*given, **options)

    async def learned(space: int, most: int) -> list[bytes]:
        await opened.wait()
        return await vectors(space, most)

    monkeypatch.setattr(room.index, "near", searched)
    monkeypatch.setattr(room.index, "vectors", learned)
    found = await room.library.search("Compose limericks about volcanoes", auto=True)
    assert (found.passages, found.notes) == ((), ("No space fits the question, so none was used.",))
