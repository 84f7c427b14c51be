"""The SQL of chats as lists show them, and of drafts. Writes belong to the caller's transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

import msgspec

from core.chat import rows
from core.chat.types import Chat, ChatPage, Draft, Turn
from core.errors import NotFound
from core.store.database import Database, Transaction

_CHANGEABLE = frozenset(Chat.__struct_fields__) - {"id", "created"}


class ChatStore:
    """Reads and writes chats."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def chat(self, id: int) -> Chat:
        """One chat, deleted or not."""
        row = await self.database.read_one("SELECT * FROM chat WHERE id = ?", (id,))
        if row is None:
            raise NotFound(f"There is no chat {id}.")
        return rows.chat(row)

    async def page(self, limit: int, after: int | None, *, archived: bool, deleted: bool) -> ChatPage:
        """Some chats: the pinned first, then the most recent."""
        where = "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL AND archived = :archived"
        values: dict[str, Any] = {"archived": int(archived), "limit": limit + 1}
        start = ""
        if after is not None:
            last = await self.chat(after)
            values |= {"pinned": int(last.pinned), "updated": last.updated, "id": last.id}
            start = " AND (pinned, updated, id) < (:pinned, :updated, :id)"
        found = await self.database.read(
            f"SELECT * FROM chat WHERE {where}{start}"  # noqa: S608 - only our own words
            " ORDER BY pinned DESC, updated DESC, id DESC LIMIT :limit",
            values,
        )
        counted = await self.database.read_one(f"SELECT count(*) FROM chat WHERE {where}", values)  # noqa: S608 - as above
        assert counted is not None
        return ChatPage(tuple(map(rows.chat, found[:limit])), len(found) > limit, counted[0])

    async def insert_chat(self, tx: Transaction, chat: Chat) -> Chat:
        """Add a chat; return it with its id."""
        done = await tx.execute(
            "INSERT INTO chat (title, created, updated) VALUES (?, ?, ?)",
            (rows.clean(chat.title), chat.created, chat.updated),
        )
        assert done.lastrowid is not None
        chat = msgspec.structs.replace(chat, id=done.lastrowid)
        return await self.update_chat(
            tx,
            chat.id,
            **{
                name: value
                for name, value in msgspec.structs.asdict(chat).items()
                if name in _CHANGEABLE - {"title", "updated"}
            },
        )

    async def update_chat(self, tx: Transaction, id: int, **changes: Any) -> Chat:
        """Change columns of a chat; return it as it is now."""
        if not changes.keys() <= _CHANGEABLE:
            raise TypeError(f"no columns of a chat: {sorted(changes.keys() - _CHANGEABLE)}")
        values = {name: _column(name, value) for name, value in changes.items()}
        columns = ", ".join(f"{name} = :{name}" for name in values)
        found = await tx.rows(
            f"UPDATE chat SET {columns} WHERE id = :row RETURNING *",  # noqa: S608 - names of our own columns
            {**values, "row": id},
        )
        if not found:
            raise NotFound(f"There is no chat {id}.")
        return rows.chat(found[0])

    async def holds(self, created: float, said: Collection[tuple[str, str]]) -> bool:
        """Whether a chat that is not deleted began then and holds all that was said, as (role, text)."""
        found = await self.database.read(
            "SELECT chat_id, role, text FROM chat_turn WHERE chat_id IN"
            " (SELECT id FROM chat WHERE created = ? AND deleted_at IS NULL)",
            (created,),
        )
        held: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        for row in found:
            held[row["chat_id"]][row["role"], row["text"]] += 1
        wanted = Counter((role, rows.clean(text)) for role, text in said)
        return any(wanted <= each for each in held.values())

    async def show(self, tx: Transaction, chat_id: int, head: Turn, **changes: Any) -> Chat:
        """Let a chat's branch end with a turn."""
        state = head.state if head.role == "assistant" else None
        return await self.update_chat(
            tx, chat_id, head_id=head.id, turns=head.depth + 1, state=state, **changes
        )

    async def old_chats(self, before: float) -> tuple[Chat, ...]:
        """Chats that nobody used since, except pinned ones; the oldest first."""
        found = await self.database.read(
            "SELECT * FROM chat WHERE deleted_at IS NULL AND NOT pinned AND updated < ? ORDER BY updated",
            (before,),
        )
        return tuple(map(rows.chat, found))

    async def purge(self, tx: Transaction, before: float) -> int:
        """Remove for good what was deleted before; return how many chats."""
        await tx.execute(
            "DELETE FROM chat_draft WHERE chat_id IN (SELECT id FROM chat WHERE deleted_at < ?)", (before,)
        )
        return (await tx.execute("DELETE FROM chat WHERE deleted_at < ?", (before,))).rowcount

    async def draft(self, chat_id: int | None) -> Draft:
        """What was typed and not sent."""
        row = await self.database.read_one("SELECT * FROM chat_draft WHERE chat_id = ?", (chat_id or 0,))
        return Draft(chat_id) if row is None else Draft(chat_id, row["text"], row["updated"])

    async def put_draft(self, tx: Transaction, draft: Draft) -> None:
        """Keep what is typed; an empty text is forgotten."""
        await tx.execute("DELETE FROM chat_draft WHERE chat_id = ?", (draft.chat_id or 0,))
        if draft.text:
            await tx.execute(
                "INSERT INTO chat_draft (chat_id, text, updated) VALUES (?, ?, ?)",
                (draft.chat_id or 0, rows.clean(draft.text), draft.updated),
            )


def _column(name: str, value: Any) -> Any:
    if name in ("options", "keep_alive"):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return int(value)
    return rows.clean(value) if isinstance(value, str) else value
