"""Lists, names, deletions, ages."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.chat.types import ChatsChanged
from core.errors import NotFound, UsageError
from tests.core.chat.house import House, living

DAY = 86400.0


async def titles(house: House) -> list[str]:
    return [chat.title for chat in (await house.chat.list()).chats]


async def test_pinned_chats_come_first_then_the_most_recent(house: House) -> None:
    ids = []
    for name in "abcd":
        ids.append((await house.say("Hi.", question=name)).chat_id)
        await house.clock.advance(60)
    await house.chat.pin(ids[0])
    assert await titles(house) == ["a", "d", "c", "b"]
    await house.say("Hi.", chat=ids[1])
    assert await titles(house) == ["a", "b", "d", "c"]
    await house.chat.pin(ids[0], pinned=False)
    assert await titles(house) == ["b", "d", "c", "a"]


async def test_a_long_list_comes_in_pages(house: House) -> None:
    for number in range(7):
        await house.chat.create(title=f"{number}")
    seen, after = [], None
    while True:
        page = await house.chat.list(limit=3, after=after)
        assert page.total == 7
        seen += [chat.title for chat in page.chats]
        if not page.more:
            break
        after = page.chats[-1].id
    assert seen == [str(number) for number in reversed(range(7))]
    for limit in (0, 5000):
        with pytest.raises(UsageError):
            await house.chat.list(limit=limit)


async def test_a_long_chat_comes_in_pages_from_its_end(house: House) -> None:
    chat = await house.chat.create()
    for number in range(4):
        await house.say(f"A{number}", question=f"Q{number}", chat=chat.id)
    last = await house.chat.open(chat.id, limit=3)
    assert ([turn.text for turn in last.turns], last.more) == (["A2", "Q3", "A3"], True)
    before = await house.chat.open(chat.id, limit=3, before=last.turns[0].id)
    assert ([turn.text for turn in before.turns], before.more) == (["Q1", "A1", "Q2"], True)
    first = await house.chat.open(chat.id, limit=3, before=before.turns[0].id)
    assert ([turn.text for turn in first.turns], first.more) == (["Q0", "A0"], False)
    assert last.chat.turns == 8
    other = await house.chat.create()
    assert (await house.chat.open(other.id)).turns == ()
    with pytest.raises(UsageError):
        await house.chat.open(other.id, before=first.turns[0].id)


async def test_a_name_given_by_a_person_stays_and_an_empty_one_brings_the_first_back(house: House) -> None:
    chat = (await house.say("Hi.", question="# What is *this*?\nTell me.")).chat_id
    assert (await house.chat.get(chat)).title == "What is *this*?"
    named = await house.chat.rename(chat, "  My\nchat ")
    assert (named.title, named.title_source) == ("My chat", "user")
    back = await house.chat.rename(chat, "  ")
    assert (back.title, back.title_source) == ("What is *this*?", "text")


async def test_a_deleted_chat_can_be_taken_back_for_some_days(house: House) -> None:
    answer = await house.say("Hi.")
    await house.chat.set_draft(answer.chat_id, "And")
    deleted = await house.chat.delete(answer.chat_id)
    assert deleted.deleted_at == house.clock.now()
    assert (await house.chat.list()).total == 0
    assert (await house.chat.list(deleted=True)).total == 1
    await house.clock.advance(6 * DAY)
    assert (await house.chat.undo_delete(answer.chat_id)).deleted_at is None
    assert [turn.text for turn in (await house.chat.open(answer.chat_id)).turns] == ["Why?", "Hi."]
    await house.chat.delete(answer.chat_id)
    with house.bus.subscribe() as mailbox:
        await house.clock.advance(8 * DAY)
        async with asyncio.timeout(20):
            while ChatsChanged() not in mailbox.take():
                await house.clock.advance(3600)
                await house.chat.list()
    with pytest.raises(NotFound):
        await house.chat.get(answer.chat_id)
    assert await house.store.read("SELECT 1 FROM chat_turn") == []
    assert await house.store.read("SELECT 1 FROM chat_draft") == []


async def test_deleting_a_chat_stops_what_it_is_saying(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("One")
    await house.chat.delete(sent.chat.id)
    assert (await house.ended(sent.answer)).state == "stopped"
    await script.closed()


async def test_old_chats_are_cleaned_up_except_pinned_ones(house: House) -> None:
    old = await house.chat.create(title="old")
    pinned = await house.chat.create(title="pinned")
    await house.chat.pin(pinned.id)
    await house.clock.advance(40 * DAY)
    await house.chat.create(title="new")
    planned = await house.chat.clean_up(30, dry_run=True)
    assert ([chat.title for chat in planned.chats], planned.dry_run) == (["old"], True)
    assert (await house.chat.list()).total == 3
    await house.chat.clean_up(30)
    assert await titles(house) == ["pinned", "new"]
    await house.chat.undo_delete(old.id)
    with pytest.raises(UsageError):
        await house.chat.clean_up(0)


async def test_cleaning_up_by_age_happens_by_itself_when_it_is_set(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        await house.chat.create(title="old")
        await house.clock.advance(40 * DAY)
    async with living(tmp_path / "db", clean_up_days=30) as house:
        house.clock.set_wall(house.clock.now() + 40 * DAY)
        async with asyncio.timeout(20):
            while (await house.chat.list()).total:
                await house.clock.advance(3600)


async def test_archived_chats_have_a_list_of_their_own(house: House) -> None:
    chat = await house.chat.create(title="a")
    await house.chat.archive(chat.id)
    assert (await house.chat.list()).total == 0
    assert (await house.chat.list(archived=True)).total == 1
    await house.chat.archive(chat.id, archived=False)
    assert (await house.chat.list()).total == 1


async def test_settings_change_one_by_one_and_go_back_to_the_default(house: House) -> None:
    chat = await house.chat.create(model="seer", system="Be brief.")
    chat = await house.chat.set_options(chat.id, think="off", options={"seed": 7}, keep_alive="5m")
    assert (chat.model, chat.system, chat.think) == ("seer", "Be brief.", "off")
    assert (chat.options, chat.keep_alive) == ({"seed": 7}, "5m")
    chat = await house.chat.set_options(chat.id, model="", system="", keep_alive="", options={})
    assert (chat.model, chat.system, chat.think, chat.options, chat.keep_alive) == ("", "", "off", {}, None)
    assert await house.chat.set_options(chat.id) == chat


async def test_a_persona_brings_its_prompt_and_its_model(house: House, tmp_path: Path) -> None:
    (tmp_path / "personas.toml").write_text(
        '[[persona]]\nname = "Reviewer"\nicon = "R"\nsystem = "You review."\nmodel = "seer"\n'
    )
    chat = await house.chat.create(persona="reviewer")
    assert (chat.persona, chat.system, chat.model) == ("Reviewer", "You review.", "seer")
    chat = await house.chat.set_options(chat.id, persona="Teacher")
    assert chat.system.startswith("You teach")
    assert chat.model == "seer"
    chat = await house.chat.set_options(chat.id, persona="")
    assert (chat.persona, chat.system) == ("", "")
    with pytest.raises(NotFound):
        await house.chat.create(persona="Nobody")
