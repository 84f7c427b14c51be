from __future__ import annotations

import json

import msgspec
import pytest

from core.chat.export import name_of, to_markdown
from core.chat.types import Attachment, Chat, NewAttachment, Stats, Turn
from core.simulator import Script
from tests.core.chat.house import House

AT = 1_767_268_800.0


def test_a_branch_reads_as_markdown() -> None:
    chat = Chat(id=1, title="Of  the\nsky", system="Be brief.\nAlways.")
    turns = [
        Turn(id=1, chat_id=1, text="Why?", created=AT, attachments=(Attachment("sky.png", "image", 3),)),
        Turn(
            id=2,
            chat_id=1,
            role="assistant",
            text="Because.",
            thinking="Hm.",
            state="interrupted",
            model="toy",
            created=AT,
            stats=Stats(thought=12.4),
        ),
    ]
    assert to_markdown(chat, turns) == (
        "# Of the sky\n\n"
        "> Be brief.\n> Always.\n\n"
        "## Question · 2026-01-01 12:00 UTC\n\n"
        "*Attached: sky.png*\n\n"
        "Why?\n\n"
        "## toy · 2026-01-01 12:00 UTC\n\n"
        "<details><summary>Thought for 12 s</summary>\n\nHm.\n\n</details>\n\n"
        "Because.\n\n"
        "*(interrupted)*\n"
    )


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Why is the sky blue?", "why-is-the-sky-blue-7.md"),
        ("Äpfel & Öl", "apfel-ol-7.md"),
        ("../../etc/passwd", "etc-passwd-7.md"),
        ("北京", "chat-7.md"),
        ("", "chat-7.md"),
        ("x" * 300, f"{'x' * 50}-7.md"),
    ],
)
def test_a_file_name_is_one_every_system_takes(title: str, name: str) -> None:
    assert name_of(Chat(id=7, title=title), "md") == name


async def test_what_was_exported_comes_back_with_every_variant(house: House) -> None:
    note = NewAttachment("note.txt", "text", b"Hello")
    chat = await house.chat.create(system="Be brief.", title="Mine", think="on")
    await house.chat.set_options(chat.id, options={"seed": 7}, keep_alive=-1)
    await house.chat.pin(chat.id)
    house.next(Script.saying("A1", thinking=("T1",)))
    sent = await house.chat.send(chat.id, "Q1", attachments=(note,), model="thinker:8b")
    first = await house.ended(sent.answer)
    await house.say("A2", question="Q2", chat=chat.id)
    house.next(Script.saying("A1b"))
    await house.ended((await house.chat.regenerate(first.id)).answer)
    await house.chat.select_sibling(first.id)

    exported = await house.chat.export(chat.id, "json")
    assert exported.name == f"mine-{chat.id}.json"
    assert (await house.chat.import_(exported.text.encode())).known == 1
    await house.chat.delete(chat.id)
    brought = await house.chat.import_(exported.text.encode())
    assert (len(brought.chats), brought.turns, brought.skipped) == (1, 5, 0)

    before, after = await house.chat.get(chat.id), await house.chat.get(brought.chats[0])
    kept = ("title", "title_source", "pinned", "updated", "system", "think", "options", "keep_alive", "turns")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    opened = await house.chat.open(after.id)
    assert [turn.text for turn in opened.turns] == ["Q1", "A1", "Q2", "A2"]
    assert (opened.turns[1].siblings, opened.turns[1].thinking) == (2, "T1")
    assert opened.turns[1].stats == first.stats
    assert [file.name for file in opened.turns[0].attachments] == ["note.txt"]
    again = json.loads((await house.chat.export(after.id, "json")).text)
    assert again["chats"][0]["turns"][0]["attachments"] == [
        {"name": "note.txt", "kind": "text", "content": "SGVsbG8="}
    ]
    assert [hit.chat_id for hit in await house.chat.search("T1")] == [after.id]


async def test_markdown_holds_the_branch_that_is_shown(house: House) -> None:
    first = await house.say("One.")
    house.next(Script.saying("Two."))
    await house.ended((await house.chat.regenerate(first.id)).answer)
    text = (await house.chat.export(first.chat_id)).text
    assert "Two." in text
    assert "One." not in text


async def test_what_is_being_said_is_exported_up_to_now(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("Half")
    exported = await house.chat.export(sent.chat.id, "json")
    assert msgspec.json.decode(exported.text)["chats"][0]["turns"][1]["text"] == "Half"
    await house.chat.delete(sent.chat.id)
    brought = await house.chat.import_(exported.text.encode())
    assert (await house.chat.open(brought.chats[0])).turns[1].state == "interrupted"
