from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.importers.common import Conversation, Node, in_order, moment
from core.chat.imports import Form, read, told
from core.chat.types import Imported, Turn
from core.errors import UsageError
from tests.core.chat.house import House

NOW = 1_767_268_800.0


def found(data: Any, form: Form = "auto") -> list[Conversation]:
    return read(json.dumps(data).encode(), form, NOW)[0]


def message(role: str, *parts: Any, kind: str = "text", **more: Any) -> dict[str, Any]:
    content = {"content_type": kind, "parts": list(parts)} | more.pop("content", {})
    return {"author": {"role": role}, "content": content, "create_time": 1700000000.5, **more}


def chatgpt(**nodes: tuple[str | None, dict[str, Any] | None]) -> dict[str, Any]:
    mapping: dict[str, Any] = {
        key: {"id": key, "message": said, "parent": parent, "children": []}
        for key, (parent, said) in nodes.items()
    }
    return {
        "title": "Of the sky",
        "create_time": 1700000000.0,
        "update_time": 1700000100.0,
        "mapping": mapping,
        "current_node": list(nodes)[-1],
    }


CHATGPT = chatgpt(
    root=(None, None),
    system=("root", message("system", "")),
    hidden=("system", message("user", "profile", metadata={"is_visually_hidden_from_conversation": True})),
    q=("hidden", message("user", "Why?")),
    t=("q", message("assistant", kind="thoughts", content={"thoughts": [{"summary": "S", "content": "C"}]})),
    recap=("t", message("assistant", kind="reasoning_recap", content={"content": "Thought for 3s"})),
    tool=("recap", message("tool", "result")),
    a=("tool", message("assistant", "Because.", metadata={"model_slug": "gpt-5"})),
    b=("q", message("assistant", "Other.")),
)


def test_chatgpt_keeps_its_tree_and_leaves_out_what_nobody_saw() -> None:
    [one] = found([CHATGPT])
    assert (one.chat.title, one.chat.title_source, one.chat.created) == ("Of the sky", "user", 1700000000.0)
    said = [(node.key, node.parent, node.turn.role, node.turn.text, node.turn.thinking) for node in one.nodes]
    assert said == [
        ("q", None, "user", "Why?", ""),
        ("a", "q", "assistant", "Because.", "S\nC"),
        ("b", "q", "assistant", "Other.", ""),
    ]
    assert one.nodes[1].turn.model == "gpt-5"
    assert one.head == "b"


def test_chatgpt_of_several_kinds_is_text() -> None:
    item = chatgpt(
        q=(
            None,
            message("user", {"content_type": "image_asset_pointer"}, "What is it?", kind="multimodal_text"),
        ),
        c=("q", message("assistant", kind="code", content={"text": "print(1)"})),
        v=(
            "c",
            message(
                "user", {"content_type": "audio_transcription", "text": "Spoken"}, kind="multimodal_text"
            ),
        ),
    )
    [one] = found(item)
    assert [node.turn.text for node in one.nodes] == [
        "[image]\n\nWhat is it?", "```\nprint(1)\n```", "Spoken",
    ]  # fmt: skip


def openwebui(messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    history = {"messages": messages, "currentId": list(messages)[-1]}
    return {
        "id": "x",
        "title": "Of the sky",
        "created_at": 1700000000,
        "updated_at": 1700000100,
        "chat": {"models": ["qwen3:8b"], "history": history, "params": {"system": "Be brief."}},
        **more,
    }


PICTURE = b64encode(b"\x89PNG\r\n\x1a\ndot").decode()
OPENWEBUI = openwebui(
    {
        "1": {
            "role": "user",
            "content": "Why?",
            "parentId": None,
            "timestamp": 1700000000,
            "files": [
                {"type": "image", "url": f"data:image/png;base64,{PICTURE}"},
                {"type": "image", "url": "data:image/png;base64,???"},
                {"type": "file", "url": "http://x/y"},
            ],
        },
        "2": {
            "role": "assistant",
            "content": '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds'
            "</summary>\n&gt; I &lt;wonder&gt;.\n> Yes.\n</details>\nBecause.",
            "parentId": "1",
            "model": "qwen3:8b",
            "timestamp": 1700000002,
        },
    },
    pinned=True,
)


def test_open_webui_brings_thinking_pictures_and_settings() -> None:
    [one] = found([OPENWEBUI])
    assert (one.chat.model, one.chat.system, one.chat.pinned) == ("qwen3:8b", "Be brief.", True)
    question, answer = one.nodes
    assert [file.name for file in question.files] == ["image 1"]
    assert question.files[0].content.startswith(b"\x89PNG")
    assert (answer.turn.text, answer.turn.thinking) == ("Because.", "I <wonder>.\nYes.")
    assert one.head == "2"


def test_open_webui_of_tools_keeps_its_branch() -> None:
    item = openwebui(
        {
            "q": {"role": "user", "content": "Why?", "parentId": None},
            "t": {"role": "tool", "content": "result", "parentId": "q"},
            "a": {"role": "assistant", "content": "Because.", "parentId": "t"},
            "u": {"role": "tool", "content": "more", "parentId": "a"},
        }
    )
    [one] = found(item)
    assert [(node.key, node.parent) for node in one.nodes] == [("q", None), ("a", "q")]
    assert one.head == "a"


def test_one_conversation_alone_is_read_too() -> None:
    assert len(found(CHATGPT)) == len(found(OPENWEBUI)) == 1


@pytest.mark.parametrize("form", ["chatgpt", "openwebui"])
def test_a_wrong_form_is_said(form: Form) -> None:
    with pytest.raises(UsageError, match="no conversations"):
        found([{"turns": [{"id": 1, "role": "user"}]}], form)


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "no json": b"hello",
    "torn": json.dumps([CHATGPT]).encode()[:-20],
    "not utf-8": b'["\xff"]',
    "a number": b"7",
    "null": b"null",
    "other json": b'{"a": [1, 2]}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
async def test_a_broken_file_is_a_sentence_and_changes_nothing(house: House, data: bytes) -> None:
    with pytest.raises(UsageError):
        await house.chat.import_(data)
    assert (await house.chat.list()).total == 0


def test_what_cannot_be_read_is_left_out_and_counted() -> None:
    kept, skipped = read(
        json.dumps([CHATGPT, {"mapping": {}}, 7, {"mapping": {"a": 1}}]).encode(), "auto", NOW
    )
    assert (len(kept), skipped) == (1, 3)


def test_circles_end() -> None:
    circle = chatgpt(a=("b", message("user", "A")), b=("a", message("assistant", "B")))
    assert read(json.dumps([circle]).encode(), "auto", NOW) == ([], 1)
    self_made = openwebui({"1": {"role": "user", "content": "A", "parentId": "1"}})
    assert read(json.dumps([self_made]).encode(), "auto", NOW) == ([], 1)


async def test_what_is_here_already_is_not_taken_over_again(house: House) -> None:
    for data in (CHATGPT, OPENWEBUI | {"created_at": 1700000001}):
        file = json.dumps([data]).encode()
        assert len((await house.chat.import_(file)).chats) == 1
        again = await house.chat.import_(file)
        assert (again.chats, again.turns, again.known) == ((), 0, 1)
    assert (await house.chat.list()).total == 2


async def test_a_conversation_that_went_on_elsewhere_is_taken_over_again(house: House) -> None:
    await house.chat.import_(json.dumps([CHATGPT]).encode())
    longer = json.loads(json.dumps(CHATGPT))
    longer["mapping"]["c"] = {"id": "c", "message": message("user", "And?"), "parent": "b", "children": []}
    brought = await house.chat.import_(json.dumps([longer]).encode())
    assert (len(brought.chats), brought.turns, brought.known) == (1, 4, 0)


async def test_a_deleted_chat_comes_back_with_its_file(house: House) -> None:
    file = json.dumps([CHATGPT]).encode()
    await house.chat.delete((await house.chat.import_(file)).chats[0])
    assert len((await house.chat.import_(file)).chats) == 1


async def test_what_is_refused_costs_no_other(house: House) -> None:
    huge = {"type": "image", "url": "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n").decode()}
    many = openwebui({"1": {"role": "user", "content": "Look", "parentId": None, "files": [huge] * 21}})
    brought = await house.chat.import_(json.dumps([many, OPENWEBUI]).encode())
    assert (len(brought.chats), brought.skipped) == (1, 1)


async def test_titles_and_options_of_a_file_are_only_what_a_person_could_give(house: House) -> None:
    turns = [{"id": 1, "role": "user", "text": "Hi"}]
    options = {"temperature": "evil", "num_ctx": 10**9, "seed": 7, "rm": "-rf"}
    data = {
        "format": "leitstand-chats",
        "chats": [{"title": "t\x1b[31m" * 999, "turns": turns, "options": options}],
    }
    [id] = (await house.chat.import_(json.dumps(data).encode())).chats
    chat = await house.chat.get(id)
    assert chat.options == {"seed": 7}
    assert len(chat.title) <= 200
    assert "\x1b" not in chat.title


async def test_half_characters_cost_no_conversation(house: House) -> None:
    lone = json.dumps(CHATGPT).replace("Because.", "Because.\\ud800")
    brought = await house.chat.import_(f"[{lone},{json.dumps(OPENWEBUI)}]".encode())
    assert (len(brought.chats), brought.skipped) == (2, 0)
    assert len(await house.chat.search("because")) == 2


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"0,", b'"",'])
def test_a_file_made_to_fill_the_memory_is_refused_unread(piece: bytes) -> None:
    with pytest.raises(UsageError, match="more than any export"):
        read(b"[" + piece * 10_000_001 + b"0]", "auto", NOW)


@pytest.mark.parametrize(
    ("brought", "words"),
    [
        (Imported((1,), 3), "1 chat taken over, 3 messages."),
        (
            Imported((1, 2), 9, 1, 4),
            "2 chats taken over, 9 messages; 4 are here already; 1 could not be read.",
        ),
        (Imported((), 0, 0, 1), "0 chats taken over, 0 messages; 1 is here already."),
    ],
)
def test_what_came_is_said(brought: Imported, words: str) -> None:
    assert told(brought) == words


async def test_imported_conversations_are_listed_searched_and_gone_on_with(house: House) -> None:
    brought = await house.chat.import_(json.dumps([CHATGPT]).encode())
    assert brought.turns == 3
    [chat] = (await house.chat.list()).chats
    assert (chat.title, chat.turns, chat.updated, chat.preview) == ("Of the sky", 2, 1700000100.0, "Other.")
    assert len(await house.chat.search("because")) == 1
    await house.say("Yes.", question="And?", chat=chat.id)
    assert [m["content"] for m in house.asked()[-1]["messages"]] == ["Why?", "Other.", "And?"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1700000000, 1700000000.0),
        (1700000000.5, 1700000000.5),
        (1700000000123, 1700000000.123),
        (1700000000123456, 1700000000.123456),
        (0, NOW),
        (-5, NOW),
        ("yesterday", NOW),
        (True, NOW),
        (None, NOW),
        (float("nan"), NOW),
        (1e300, NOW),
    ],
)
def test_times_count_in_any_unit(value: Any, seconds: float) -> None:
    assert moment(value, NOW) == pytest.approx(seconds)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 12)), max_size=13, unique_by=lambda pair: pair[0])
)
def test_a_parent_always_comes_before_its_children(pairs: list[tuple[int, int]]) -> None:
    nodes = [
        Node(key=str(key), parent=None if parent < 0 else str(parent), turn=Turn(id=0, chat_id=0))
        for key, parent in pairs
    ]
    ordered = in_order(nodes)
    place = {node.key: number for number, node in enumerate(ordered)}
    assert len(place) == len(ordered)
    for node in ordered:
        if node.parent in {str(key) for key, _ in pairs}:
            assert place[str(node.parent)] < place[node.key]


KEYS = [
    *("mapping", "chat", "history", "messages", "turns", "role", "message", "content", "id"),
    *("parts", "author", "parent", "parentId", "attachments", "files", "url", "thoughts"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(KEYS), children, max_size=5)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_makes_reading_fall_over(data: Any) -> None:
    with suppress(UsageError):
        read(json.dumps(data).encode(), "auto", NOW)
