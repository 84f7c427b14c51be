"""The verbs that begin with `chats`: what was said, from outside the screens."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.chat.export import to_markdown
from core.chat.imports import told
from core.chat.types import Chat, Export, Imported, SearchHit, Turn
from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.hosting import hosted
from core.cli.output import Piece, bold, dim
from core.errors import LeitstandError, UsageError
from core.paths import open_private

_PAGE = 500


async def list_(context: Context) -> int:
    """Print the chats, the pinned first."""
    limit = context.values["limit"]
    chats: list[Chat] = []
    async with hosted(context) as engine:
        more, after = True, None
        while more and (limit is None or len(chats) < limit):
            size = _PAGE if limit is None else min(_PAGE, limit - len(chats))
            page = await engine.chat.list(
                limit=size,
                after=after,
                archived=bool(context.values["archived"]),
                deleted=bool(context.values["deleted"]),
            )
            chats += page.chats
            more, after = page.more, page.chats[-1].id if page.chats else None
    if context.out.json:
        context.out.value([_chat(chat) for chat in chats])
        return DONE
    rows: list[tuple[Piece, ...]] = []
    for chat in chats:
        mark = "*" if chat.pinned else "!" if chat.unread else ""
        rows.append(
            (
                bold(str(chat.id)),
                mark,
                chat.title or "New chat",
                dim(f"{chat.turns}"),
                dim(_when(chat.updated)),
            )
        )
    context.out.table(rows, right=(0, 3))
    return DONE


async def show(context: Context) -> int:
    """Print one chat."""
    async with hosted(context) as engine:
        chat = await engine.chat.get(context.values["id"])
        turns: list[Turn] = []
        before = None
        while True:
            page = await engine.chat.open(chat.id, limit=_PAGE, before=before)
            turns = [*page.turns, *turns]
            if not page.more:
                break
            before = turns[0].id
    if context.out.json:
        context.out.value({**_chat(chat), "system": chat.system, "turns": [_turn(turn) for turn in turns]})
    else:
        context.out.text(to_markdown(chat, turns))
    return DONE


async def search(context: Context) -> int:
    """Print where words were found."""
    limit = context.values["limit"]
    async with hosted(context) as engine:
        hits = await engine.chat.search(context.values["text"], limit=50 if limit is None else limit)
    if context.out.json:
        context.out.value([_hit(hit) for hit in hits])
        return DONE
    for hit in hits:
        context.out.line(bold(f"{hit.chat_id}"), "  ", hit.title, "  ", dim(f"{hit.part} · {_when(hit.at)}"))
        if hit.part != "title":
            context.out.line("    ", *_marked(hit))
    return DONE


async def export(context: Context) -> int:
    """Print one chat as a file, or write it."""
    async with hosted(context) as engine:
        made = await engine.chat.export(context.values["id"], context.values["format"])
    target: str | None = context.values["output"]
    if target is not None:
        path = write_new(Path(target), made)
        if context.out.json:
            context.out.value({"name": made.name, "path": str(path)})
    elif context.out.json:
        context.out.value({"name": made.name, "text": made.text})
    else:
        context.out.text(made.text)
    return DONE


async def import_(context: Context) -> int:
    """Take over conversations from files."""
    brought = Imported((), 0)
    files = [_bytes(name) for name in context.values["file"]]
    async with hosted(context) as engine:
        for data in files:
            found = await engine.chat.import_(data)
            brought = Imported(
                brought.chats + found.chats,
                brought.turns + found.turns,
                brought.skipped + found.skipped,
                brought.known + found.known,
            )
    if context.out.json:
        context.out.value(
            {
                "chats": list(brought.chats),
                "turns": brought.turns,
                "skipped": brought.skipped,
                "known": brought.known,
            }
        )
    else:
        context.out.line(told(brought))
    return DONE


async def delete(context: Context) -> int:
    """Delete chats, or take that back."""
    undo = bool(context.values["undo"])
    changed: list[Chat] = []
    async with hosted(context) as engine:
        for id in context.values["id"]:
            change = engine.chat.undo_delete if undo else engine.chat.delete
            changed.append(await change(id))
    if context.out.json:
        context.out.value([{"id": chat.id, "deleted": chat.deleted_at is not None} for chat in changed])
    else:
        for chat in changed:
            context.out.line(f"{chat.title or 'New chat'} is {'back' if undo else 'deleted'}.")
    return DONE


def _chat(chat: Chat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "title": chat.title,
        "pinned": chat.pinned,
        "unread": chat.unread,
        "archived": chat.archived,
        "deleted": chat.deleted_at is not None,
        "created": _iso(chat.created),
        "updated": _iso(chat.updated),
        "model": chat.model or None,
        "persona": chat.persona or None,
        "turns": chat.turns,
        "state": chat.state,
        "preview": chat.preview,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "role": turn.role,
        "text": turn.text,
        "thinking": turn.thinking or None,
        "state": turn.state,
        "model": turn.model or None,
        "created": _iso(turn.created),
        "variant": turn.sibling,
        "variants": turn.siblings,
        "attachments": [file.name for file in turn.attachments],
        "stats": turn.stats,
        "error": turn.error,
    }


def _hit(hit: SearchHit) -> dict[str, Any]:
    return {
        "chat": hit.chat_id,
        "turn": hit.turn_id,
        "title": hit.title,
        "part": hit.part,
        "snippet": hit.snippet,
        "marks": hit.marks,
        "at": _iso(hit.at),
    }


def _marked(hit: SearchHit) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for start, stop in hit.marks:
        pieces += [hit.snippet[end:start], bold(hit.snippet[start:stop])]
        end = stop
    return [*pieces, hit.snippet[end:]]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"


def _bytes(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from None


def write_new(target: Path, made: Export) -> Path:
    """Write a file that only its owner can read; one that is there is not overwritten."""
    path = target / made.name if target.is_dir() else target
    try:
        with os.fdopen(
            open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8"
        ) as file:
            file.write(made.text)
    except FileExistsError:
        raise UsageError(f"{path} exists already.", "Choose another name.") from None
    except OSError as error:
        raise LeitstandError(f"{path} cannot be written: {error.strerror}.") from None
    return path
