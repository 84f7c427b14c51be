"""Rows of the database as data, and back. Pure."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeVar

import msgspec

from core.chat.types import Attachment, Chat, ContextFacts, KeepAlive, Note, Stats, Turn, TurnError
from core.retrieval.library import Sources

T = TypeVar("T")

PREVIEW = 120


def clean(text: str) -> str:
    """Text that the database takes: half characters that no encoding has become replacement marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def packed(value: object) -> str | None:
    """A struct, a tuple of them or None as a column."""
    if value is None or value == ():
        return None
    return clean(msgspec.json.encode(value).decode())


def preview(text: str) -> str:
    """The beginning of a text on one line."""
    return " ".join(text[: PREVIEW * 4].split())[:PREVIEW]


def chat(row: sqlite3.Row) -> Chat:
    """A row of chat."""
    return Chat(
        id=row["id"],
        title=row["title"],
        title_source=row["title_source"],
        pinned=bool(row["pinned"]),
        created=row["created"],
        updated=row["updated"],
        model=row["model"],
        persona=row["persona"],
        system=row["system"],
        think=row["think"],
        options=msgspec.json.decode(row["options"], type=dict[str, Any]),
        keep_alive=_unpacked(row["keep_alive"], KeepAlive),
        unread=bool(row["unread"]),
        archived=bool(row["archived"]),
        deleted_at=row["deleted_at"],
        head_id=row["head_id"],
        turns=row["turns"],
        preview=row["preview"],
        state=row["state"],
    )


def turn(row: sqlite3.Row) -> Turn:
    """A row of chat_turn; its siblings are counted elsewhere."""
    return Turn(
        id=row["id"],
        chat_id=row["chat_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        text=row["text"],
        thinking=row["thinking"],
        state=row["state"],
        error=_unpacked(row["error"], TurnError),
        notes=_unpacked(row["notes"], tuple[Note, ...]) or (),
        model=row["model"],
        stats=_unpacked(row["stats"], Stats),
        route=row["route"],
        attachments=_unpacked(row["attachments"], tuple[Attachment, ...]) or (),
        context=_unpacked(row["context"], ContextFacts),
        sources=_unpacked(row["sources"], Sources),
        created=row["created"],
        since=row["since"],
        finished=row["finished"],
        depth=row["depth"],
        job_id=row["job_id"],
    )


def turn_columns(turn: Turn) -> dict[str, Any]:
    """What of a turn changes while it is answered, its texts apart."""
    return {
        "id": turn.id,
        "state": turn.state,
        "error": packed(turn.error),
        "notes": packed(turn.notes),
        "model": clean(turn.model),
        "stats": packed(turn.stats),
        "route": clean(turn.route),
        "context": packed(turn.context),
        "sources": packed(turn.sources),
        "since": turn.since,
        "finished": turn.finished,
    }


def _unpacked(text: str | None, form: Any) -> Any:
    return None if text is None else msgspec.json.decode(text, type=form)
