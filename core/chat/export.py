"""A chat as a file: Markdown of its branch for people, JSON with every variant for machines. Pure."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.chat.types import Chat, Export, Stats, Turn
from core.guard import one_line
from core.retrieval.cite import where
from core.retrieval.library import Source

FORMAT = "leitstand-chats"
VERSION = 1


def markdown_of(chat: Chat, turns: Sequence[Turn]) -> Export:
    """A branch as a file for people."""
    return Export(name_of(chat, "md"), to_markdown(chat, turns))


def json_of(chat: Chat, turns: Sequence[Turn], contents: Mapping[int, Sequence[bytes]]) -> Export:
    """Every variant, with what was attached, as a file that can be imported."""
    document = {"format": FORMAT, "version": VERSION, "chats": [_chat(chat, turns, contents)]}
    text = msgspec.json.format(msgspec.json.encode(document), indent=1)
    return Export(name_of(chat, "json"), text.decode())


def name_of(chat: Chat, ending: str) -> str:
    """A file name that every system takes."""
    plain = unicodedata.normalize("NFKD", chat.title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:50].strip("-")
    return f"{words or 'chat'}-{chat.id}.{ending}"


def to_markdown(chat: Chat, turns: Sequence[Turn]) -> str:
    """A branch as people read it; thinking is folded away."""
    parts = [f"# {_line(chat.title) or 'Chat'}"]
    if chat.system:
        parts.append("\n".join(f"> {line}" for line in chat.system.splitlines()))
    for turn in turns:
        parts.append(f"## {_heading(turn)}")
        if turn.thinking:
            parts.append(
                f"<details><summary>{_thought(turn.stats)}</summary>\n\n{turn.thinking}\n\n</details>"
            )
        parts += [f"*Attached: {_line(file.name)}*" for file in turn.attachments]
        if turn.text:
            parts.append(turn.text)
        if turn.state not in ("done", "queued") and turn.role == "assistant":
            parts.append(f"*({turn.state})*")
        parts += [f"*{_line(f'{note.message} {note.hint}')}*" for note in turn.notes]
        if turn.sources is not None and turn.sources.sources:
            parts.append("\n".join(_source(source) for source in turn.sources.sources))
    return "\n\n".join(parts) + "\n"


def _heading(turn: Turn) -> str:
    who = {"user": "Question", "assistant": turn.model or "Answer", "system": "System"}[turn.role]
    return f"{_line(who)} · {_time(turn.created)}"


def _source(source: Source) -> str:
    """An entry of the list below an answer that says what it was given from."""
    path = " > ".join((source.title, *source.heading))
    name = source.source.rpartition("/")[2]
    about = ", ".join(part for part in (name if name != source.title else "", where(source.place)) if part)
    return f"- [{source.number}] {one_line(path, 300)}{f' ({one_line(about, 200)})' if about else ''}"


def _thought(stats: Stats | None) -> str:
    if stats is None or stats.thought is None:
        return "Thinking"
    return f"Thought for {stats.thought:.0f} s"


def _line(text: str) -> str:
    return " ".join(text.split())


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _chat(chat: Chat, turns: Sequence[Turn], contents: Mapping[int, Sequence[bytes]]) -> dict[str, Any]:
    kept = ("title", "title_source", "pinned", "created", "updated", "model", "persona", "system", "think")
    told = {name: getattr(chat, name) for name in kept}
    told |= {"options": chat.options, "keep_alive": chat.keep_alive, "head": chat.head_id}
    return {**told, "turns": [_turn(turn, contents.get(turn.id, ())) for turn in turns]}


def _turn(turn: Turn, contents: Sequence[bytes]) -> dict[str, Any]:
    kept = ("id", "role", "text", "thinking", "state", "model", "stats", "route", "created", "finished")
    told = {name: getattr(turn, name) for name in kept}
    told["parent"] = turn.parent_id
    if turn.notes:
        told["notes"] = turn.notes
    if turn.sources is not None:
        told["sources"] = turn.sources
    told["attachments"] = [
        {"name": file.name, "kind": file.kind, "content": b64encode(content).decode("ascii")}
        for file, content in zip(turn.attachments, contents, strict=False)
    ]
    return told
