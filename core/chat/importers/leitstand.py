"""Reads our own export."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress
from typing import Any, Literal

import msgspec

from core.chat.attachments import described
from core.chat.importers.common import Conversation, Node, in_order
from core.chat.options import checked_options
from core.chat.types import (
    ENDED,
    Chat,
    KeepAlive,
    NewAttachment,
    Note,
    Role,
    Stats,
    ThinkSetting,
    TitleSource,
    Turn,
    TurnState,
)
from core.errors import UsageError

_MOST_NOTES = 20
"""Notes on one answer that are taken over; its sources are not, whose documents are elsewhere."""


class _File(msgspec.Struct, frozen=True):
    name: str
    kind: Literal["image", "text"]
    content: str


class _Turn(msgspec.Struct, frozen=True):
    id: int
    role: Role
    parent: int | None = None
    text: str = ""
    thinking: str = ""
    state: TurnState = "done"
    model: str = ""
    stats: Stats | None = None
    route: str = ""
    created: float = 0.0
    finished: float | None = None
    attachments: tuple[_File, ...] = ()
    notes: tuple[Note, ...] = ()


class _Chat(msgspec.Struct, frozen=True):
    turns: tuple[_Turn, ...]
    title: str = ""
    title_source: TitleSource = "text"
    pinned: bool = False
    created: float = 0.0
    updated: float = 0.0
    model: str = ""
    persona: str = ""
    system: str = ""
    think: ThinkSetting = "auto"
    options: dict[str, Any] = {}
    keep_alive: KeepAlive = None
    head: int | None = None


def recognises(item: Any) -> bool:
    """Whether this is one of our conversations."""
    turns = item.get("turns") if isinstance(item, dict) else None
    return isinstance(turns, list) and all(isinstance(turn, dict) and "role" in turn for turn in turns)


def conversation(item: Any, now: float) -> Conversation:
    """Turn it into ours."""
    found = msgspec.convert(item, _Chat)
    chat = Chat(
        id=0,
        title=found.title,
        title_source=found.title_source,
        pinned=found.pinned,
        created=found.created or now,
        updated=found.updated or now,
        model=found.model,
        persona=found.persona,
        system=found.system,
        think=found.think,
        options=_options(found.options),
        keep_alive=found.keep_alive,
    )
    nodes = [_node(turn, found.created or now) for turn in found.turns]
    return Conversation(chat, in_order(nodes), None if found.head is None else str(found.head))


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Those the server takes; a file may hold anything."""
    kept: dict[str, Any] = {}
    for name, value in given.items():
        with suppress(UsageError):
            kept |= checked_options({name: value})
    return kept


def _node(found: _Turn, created: float) -> Node:
    files = tuple(NewAttachment(file.name, file.kind, _bytes(file.content)) for file in found.attachments)
    at = found.created or created
    turn = Turn(
        id=0,
        chat_id=0,
        role=found.role,
        text=found.text,
        thinking=found.thinking,
        # Whoever exports in the middle of an answer has what there was of it.
        state=found.state if found.state in ENDED else "interrupted",
        model=found.model,
        stats=found.stats,
        route=found.route,
        notes=found.notes[:_MOST_NOTES],
        attachments=described(files),
        created=at,
        since=found.finished or at,
        finished=found.finished or at,
    )
    parent = None if found.parent is None else str(found.parent)
    return Node(key=str(found.id), parent=parent, turn=turn, files=files)


def _bytes(content: str) -> bytes:
    try:
        return b64decode(content, validate=True)
    except ValueError:
        raise msgspec.ValidationError("an attachment is not base64") from None
