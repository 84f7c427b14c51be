"""Spaces: made, changed, deleted and taken back, and chosen for chats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFound, Refused, UsageError
from core.retrieval.library import Choice, SpaceChanged, SpacesChanged
from tests.core.retrieval.reading_room import ReadingRoom, reading_room

DAY = 86400


async def names(room: ReadingRoom) -> list[str]:
    return [space.name for space in await room.library.spaces()]


async def make_chat(room: ReadingRoom) -> int:
    async with room.database.write() as tx:
        done = await tx.execute("INSERT INTO chat (title, created, updated) VALUES ('', 0, 0)")
    assert done.lastrowid is not None
    return done.lastrowid


async def test_a_space_is_listed_under_its_name_and_told(room: ReadingRoom) -> None:
    room.seen.take()
    made = await room.library.create_space(
        "Manuals", description="of machines", colour="blue", language="German"
    )
    [told] = [event.space for event in room.seen.take() if isinstance(event, SpaceChanged)]
    assert told == made == await room.library.space(made.id)
    assert (made.name, made.description, made.colour, made.language) == (
        "Manuals",
        "of machines",
        "blue",
        "german",
    )
    await room.library.create_space("archive")
    assert await names(room) == ["archive", "Manuals"]


@pytest.mark.parametrize("name", ["manuals", "MANUALS", "  Manuals "])
async def test_two_spaces_of_one_name_are_refused(room: ReadingRoom, name: str) -> None:
    await room.library.create_space("Manuals")
    with pytest.raises(Refused, match="already"):
        await room.library.create_space(name)
    other = await room.library.create_space("Letters")
    with pytest.raises(Refused, match="already"):
        await room.library.change_space(other.id, name=name)
    found = await room.library.find_space(name)
    assert found is not None
    assert found.name == "Manuals"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "  "}, "needs a name"),
        ({"name": "Auto"}, "cannot be called auto"),
        ({"name": "a", "colour": "plaid"}, "no colour “plaid”"),
        ({"name": "a", "language": "klingon"}, "“klingon”"),
    ],
)
async def test_what_cannot_be_a_space_is_said(
    room: ReadingRoom, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        await room.library.create_space(**values)
    assert await names(room) == []


async def test_a_name_is_one_harmless_line(room: ReadingRoom) -> None:
    space = await room.library.create_space("a\x1b[31m\nb" * 200)
    assert "\x1b" not in space.name
    assert "\n" not in space.name
    assert len(space.name) <= 80


async def test_only_what_is_given_changes(room: ReadingRoom) -> None:
    made = await room.library.create_space("a", description="one", colour="red")
    await room.clock.advance(5)
    changed = await room.library.change_space(made.id, name="b")
    assert (changed.name, changed.description, changed.colour) == ("b", "one", "red")
    assert changed.updated == made.updated + 5
    assert (await room.library.change_space(made.id, colour="")).colour == ""


async def test_a_deletion_can_be_taken_back_for_some_days(room: ReadingRoom) -> None:
    made = await room.library.create_space("a")
    deleted = await room.library.delete_space(made.id)
    assert deleted.deleted_at == room.clock.now()
    assert await names(room) == []
    assert [space.id for space in await room.library.spaces(deleted=True)] == [made.id]
    with pytest.raises(NotFound, match="deleted"):
        await room.library.change_space(made.id, name="b")
    assert (await room.library.undo_delete_space(made.id)).deleted_at is None
    assert await names(room) == ["a"]


async def test_the_name_of_a_deleted_space_is_free(room: ReadingRoom) -> None:
    first = await room.library.create_space("a")
    await room.library.delete_space(first.id)
    second = await room.library.create_space("a")
    with pytest.raises(Refused, match="another space a"):
        await room.library.undo_delete_space(first.id)
    await room.library.change_space(second.id, name="b")
    await room.library.undo_delete_space(first.id)
    assert await names(room) == ["a", "b"]


async def test_after_those_days_a_deleted_space_is_gone_for_good(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        first = await room.library.create_space("a")
        await room.library.delete_space(first.id)
        clock = room.clock
    # Days pass while nothing runs: everything that looks again every few seconds would do so all the while.
    await clock.advance(6 * DAY)
    async with reading_room(tmp_path, clock=clock) as room:
        assert len(await room.library.spaces(deleted=True)) == 1
    await clock.advance(2 * DAY)
    async with reading_room(tmp_path, clock=clock) as room:
        assert await room.library.spaces(deleted=True) == ()
        with pytest.raises(NotFound):
            await room.library.space(first.id)


async def test_the_space_of_a_chat_goes_with_its_chat(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        clock = room.clock
        chat = await make_chat(room)
        space = await room.library.session_space(chat)
        assert space.chat_id == chat
        assert await room.library.session_space(chat) == space
        other = await room.library.session_space(await make_chat(room))
        assert other.id != space.id
        async with room.database.write() as tx:
            await tx.execute("DELETE FROM chat WHERE id = ?", (chat,))
    async with reading_room(tmp_path, clock=clock) as room:
        assert [one.id for one in await room.library.spaces()] == [other.id]


async def test_a_chat_looks_up_what_the_settings_say_until_it_is_told(room: ReadingRoom) -> None:
    chat = await make_chat(room)
    assert await room.library.choice(chat) == Choice("auto")
    assert await room.library.choice() == Choice("auto")
    await room.config.set("library.chats", "none")
    assert await room.library.choice(chat) == Choice("none")
    first, second = await room.library.create_space("a"), await room.library.create_space("b")
    chosen = await room.library.choose(chat, "chosen", (second.id, first.id, second.id))
    assert chosen == Choice("chosen", (second.id, first.id)) == await room.library.choice(chat)
    await room.library.delete_space(second.id)
    assert await room.library.choice(chat) == Choice("chosen", (first.id,))


async def test_a_chat_cannot_choose_what_it_must_not_see(room: ReadingRoom) -> None:
    chat, stranger = await make_chat(room), await make_chat(room)
    private = await room.library.session_space(stranger)
    with pytest.raises(NotFound):
        await room.library.choose(chat, "chosen", (private.id,))
    with pytest.raises(NotFound):
        await room.library.choose(chat, "chosen", (4711,))
    with pytest.raises(UsageError):
        await room.library.choose(chat, "chosen")


async def test_who_lists_spaces_hears_when_some_are_gone(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        space = await room.library.create_space("a")
        await room.library.delete_space(space.id)
        clock = room.clock
        assert not any(isinstance(event, SpacesChanged) for event in room.seen.take())
    await clock.advance(8 * DAY)
    async with reading_room(tmp_path, clock=clock) as room:
        assert any(isinstance(event, SpacesChanged) for event in room.seen.take())


async def test_a_space_that_is_said_to_be_in_another_language_is_taken_apart_anew(tmp_path: Path) -> None:
    async with reading_room(tmp_path) as room:
        room.write("one.txt", "The houses of the village are old.")
        space = await room.library.create_space("a", language="english")
        await room.ingested(space)
        assert (await room.index.stats(space.id)).language == "English"
        await room.library.change_space(space.id, language="german")
        tidying = next(one for one in await room.library.ingests() if one.title == "Tidy a")
        assert (await room.ended(tidying)).state == "done"
        assert (await room.index.stats(space.id)).language == "German"
    async with reading_room(tmp_path) as room:
        await room.ingested(space, room.write("two.txt", "The roofs are new."))
        assert (await room.index.stats(space.id)).language == "German"
