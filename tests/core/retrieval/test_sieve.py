"""Searches that keep to some documents: told by name, by type, by date, in many spaces at once."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import NotFound, Refused, UsageError
from core.retrieval import sieve
from core.retrieval.library import Searched, Space
from core.retrieval.narrowing import Narrow
from tests.core.retrieval.reading_room import ReadingRoom, reading_room

OLD, NEW = 1_600_000_000.0, 1_700_000_000.0
PUMP = "How often is the pump lubricated with grease?"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[ReadingRoom]:
    """A room whose reader tells one type of file from the other."""
    async with reading_room(tmp_path, real=True) as found:
        yield found


def about(name: str) -> str:
    """A text that fits the question, and has little in common with others."""
    own = " ".join(sha256(f"{name}{number}".encode()).hexdigest()[:7] for number in range(20))
    return f"The pump is lubricated with grease every three months. {own}."


async def shelf(room: ReadingRoom, name: str, *files: tuple[str, float]) -> Space:
    """A space with files of some names and ages."""
    space = await room.library.create_space(name)
    for file, changed in files:
        path = room.write(f"{name}/{file}", about(f"{name}/{file}"))
        os.utime(path, (changed, changed))
    await room.ingested(space, room.shelf / name)
    return space


def names(found: Searched) -> set[str]:
    return {Path(one.source).name for one in found.passages}


MEANT: tuple[tuple[Narrow, set[str] | None], ...] = (
    (Narrow(names=("handbook",)), {"Handbook.md"}),
    (Narrow(names=("HANDBOOK.MD",)), {"Handbook.md"}),
    (Narrow(names=("übersicht",)), {"ÜBERSICHT.txt"}),
    (Narrow(names=("u\u0308bersicht",)), {"ÜBERSICHT.txt"}),
    (Narrow(names=("U\u0308BER",)), {"ÜBERSICHT.txt"}),
    (Narrow(names=("note",)), {"note-1.txt", "note-2.txt"}),
    (Narrow(names=("deep",)), {"note-1.txt", "note-2.txt"}),
    (Narrow(names=("papers",)), {"Handbook.md", "ÜBERSICHT.txt", "note-1.txt", "note-2.txt"}),
    (Narrow(names=("%",)), None),
    (Narrow(names=("' OR 1=1 --",)), None),
    (Narrow(types=("md",)), {"Handbook.md"}),
    (Narrow(types=("md",), names=("note",)), set()),
    (Narrow(since=NEW), {"Handbook.md", "note-2.txt"}),
    (Narrow(until=OLD), {"ÜBERSICHT.txt", "note-1.txt"}),
    (Narrow(since=NEW, until=OLD), set()),
)


@pytest.mark.parametrize("at_once", [500, 0], ids=["by number", "by columns"])
async def test_a_document_is_meant_by_what_people_call_it(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sieve, "_BY_NUMBER", at_once)
    await shelf(
        room,
        "papers",
        ("Handbook.md", NEW),
        ("ÜBERSICHT.txt", OLD),
        ("deep/note-1.txt", OLD),
        ("deep/note-2.txt", NEW),
    )
    for narrow, found in MEANT:
        if found is None:
            with pytest.raises(NotFound, match="No document is called"):
                await room.library.search(PUMP, narrow=narrow)
            continue
        searched = await room.library.search(PUMP, narrow=narrow, limit=20)
        assert names(searched) == found, narrow
        assert searched.inspection is not None
        assert (searched.inspection.narrow.names, searched.inspection.documents) == (narrow.names, len(found))
        assert any("let through" in note for note in searched.notes) == (not found)


async def test_a_file_that_was_only_touched_counts_by_its_new_date(room: ReadingRoom) -> None:
    space = await shelf(room, "papers", ("a.txt", OLD), ("b.txt", OLD))
    os.utime(room.shelf / "papers/a.txt", (NEW, NEW))
    await room.ingested(space, room.shelf / "papers")
    assert names(await room.library.search(PUMP, narrow=Narrow(since=NEW))) == {"a.txt"}


async def test_spaces_in_which_nothing_is_let_through_take_no_place_from_those_that_match(
    room: ReadingRoom,
) -> None:
    for number in range(6):
        await shelf(room, f"old {number}", ("pump.txt", OLD))
    new = await shelf(room, "new", ("pump.txt", NEW))
    auto = await room.library.search(PUMP, auto=True, narrow=Narrow(since=NEW))
    assert [(space.space, space.searched) for space in auto.spaces] == [("new", True)]
    assert {one.space for one in auto.passages} == {"new"}
    chosen = await room.library.search(PUMP, spaces=(new.id,), narrow=Narrow(until=OLD))
    assert (chosen.passages, chosen.spaces) == ((), ())
    assert chosen.notes[0].startswith("No document is let through: until 2020-09-1")


async def test_documents_of_a_chat_are_asked_whatever_the_others_are_kept_to(room: ReadingRoom) -> None:
    await shelf(room, "papers", ("a.txt", OLD), ("b.md", OLD))
    chat = await room.chat.create()
    own = await room.library.session_space(chat.id)
    hint = "The password hint is a yellow bicycle."
    await room.ended(await room.library.ingest_text(own.id, "note", hint))
    await room.library.choose(chat.id, "auto", (), Narrow(types=("md",)))
    turn = await room.answered(
        "Is the password hint a bicycle or a pump with grease?", "A [1].", chat=chat.id
    )
    assert turn.sources is not None
    assert {one.title for one in turn.sources.sources} <= {"note", "b.md"}
    assert "note" in {one.title for one in turn.sources.sources}
    assert turn.sources.narrow == Narrow(types=("markdown",))
    inspection = await room.chat.inspection(turn.id)
    assert inspection is not None
    assert inspection.documents == 1


async def test_a_named_document_is_used_however_little_it_fits_the_question(room: ReadingRoom) -> None:
    await shelf(room, "papers", ("a.txt", OLD), ("b.txt", OLD))
    chat = await room.chat.create()
    await room.library.choose(chat.id, "auto", (), Narrow(names=("a.txt",)))
    turn = await room.answered("Sum everything up shortly, please.", "It is about a [1].", chat=chat.id)
    assert turn.sources is not None
    assert [one.title for one in turn.sources.sources] == ["a"]


async def test_what_a_chat_keeps_to_is_checked_kept_and_dropped_with_the_next_choice(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = await shelf(room, "papers", ("a.txt", OLD), ("b.txt", OLD))
    chat = await room.chat.create()
    kept = Narrow(names=("a.txt",), types=("txt",), since=OLD)
    choice = await room.library.choose(chat.id, "chosen", (papers.id,), kept)
    assert choice == await room.library.choice(chat.id)
    assert choice.narrow == Narrow(names=("a.txt",), types=("text",), since=OLD)
    with pytest.raises(NotFound, match="xylophone"):
        await room.library.choose(chat.id, "auto", (), Narrow(names=("xylophone",)))
    with pytest.raises(NotFound, match="no document 999"):
        await room.library.choose(chat.id, "auto", (), Narrow(documents=("999",)))
    with pytest.raises(UsageError, match="spell"):
        await room.library.choose(chat.id, "auto", (), Narrow(types=("spell",)))
    monkeypatch.setattr(sieve, "_MOST", 1)
    with pytest.raises(Refused, match="More than 1 documents"):
        await room.library.choose(chat.id, "auto", (), Narrow(names=("papers/",)))
    assert (await room.library.choice(chat.id)).narrow == choice.narrow, "what was refused changes nothing"
    assert not (await room.library.choose(chat.id, "auto")).narrow
