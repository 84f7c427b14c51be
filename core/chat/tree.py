"""The SQL of turns: the tree each chat is. Writes belong to the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.chat import rows
from core.chat.types import Chat, NewAttachment, Turn
from core.errors import NotFound, UsageError
from core.store.database import Database, Transaction

_UNFINISHED = "state NOT IN ('done', 'stopped', 'interrupted', 'failed')"
_UP = """
    WITH RECURSIVE up (id, parent_id, n) AS (
        SELECT id, parent_id, 1 FROM chat_turn WHERE id = :id
        UNION ALL
        SELECT t.id, t.parent_id, n + 1 FROM up JOIN chat_turn AS t ON t.id = up.parent_id WHERE n < :limit
    )
"""
_BRANCH = f"{_UP} SELECT t.* FROM up JOIN chat_turn AS t USING (id) ORDER BY n DESC"  # noqa: S608 - our own words
_REMEMBER = (
    f"{_UP} UPDATE chat_turn SET last_child = up.id FROM up"  # noqa: S608 - our own words
    " WHERE chat_turn.id = up.parent_id AND chat_turn.last_child IS NOT up.id"
)
_DOWN = """
    WITH RECURSIVE down (id, last_child, depth) AS (
        SELECT id, last_child, depth FROM chat_turn WHERE id = :id
        UNION ALL
        SELECT t.id, t.last_child, t.depth FROM down JOIN chat_turn AS t ON t.id = down.last_child
    )
    SELECT id FROM down ORDER BY depth DESC LIMIT 1
"""


class Tree:
    """Reads and writes turns."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def turn(self, id: int) -> Turn:
        """One turn with its siblings counted."""
        row = await self.database.read_one("SELECT * FROM chat_turn WHERE id = ?", (id,))
        if row is None:
            raise NotFound(f"There is no turn {id}.")
        return (await self.with_siblings([rows.turn(row)]))[0]

    async def up(self, id: int | None, limit: int) -> list[Turn]:
        """The path that ends with a turn, at most so many of it, in reading order."""
        if id is None:
            return []
        found = await self.database.read(
            _BRANCH,
            {"id": id, "limit": limit},
        )
        return [rows.turn(row) for row in found]

    async def end_of_page(self, chat: Chat, before: int | None) -> int | None:
        """Where a page of a chat's branch ends: at its head, or before one of its turns."""
        if before is None:
            return chat.head_id
        first = await self.turn(before)
        if first.chat_id != chat.id:
            raise UsageError(f"Turn {before} is not in chat {chat.id}.")
        return first.parent_id

    async def page(self, last: int | None, limit: int) -> list[Turn]:
        """The path that ends with a turn, with variants counted."""
        return await self.with_siblings(await self.up(last, limit))

    async def all_turns(self, chat_id: int) -> list[Turn]:
        """Every variant of everything, in the order it was made."""
        found = await self.database.read("SELECT * FROM chat_turn WHERE chat_id = ? ORDER BY id", (chat_id,))
        return [rows.turn(row) for row in found]

    async def unfinished(self, chat_id: int | None = None) -> list[Turn]:
        """Answers that are still to come, of one chat or of all."""
        where = "" if chat_id is None else " AND chat_id = :chat"
        found = await self.database.read(
            f"SELECT * FROM chat_turn WHERE {_UNFINISHED}{where} ORDER BY id",  # noqa: S608 - only our own words
            {"chat": chat_id},
        )
        return [rows.turn(row) for row in found]

    async def of_job(self, job_id: int) -> Turn | None:
        """The answer that a job is for."""
        row = await self.database.read_one("SELECT * FROM chat_turn WHERE job_id = ?", (job_id,))
        return None if row is None else rows.turn(row)

    async def next_of(self, tx: Transaction, answer_id: int) -> list[Turn]:
        """Answers to questions that were asked while this one was still running: they waited for it."""
        found = await tx.rows(
            f"SELECT a.* FROM chat_turn AS q JOIN chat_turn AS a ON a.parent_id = q.id"  # noqa: S608 - only our own words
            f" WHERE q.parent_id = ? AND a.job_id IS NULL AND a.{_UNFINISHED} ORDER BY a.id",
            (answer_id,),
        )
        return [rows.turn(row) for row in found]

    async def has_ended(self, tx: Transaction, id: int) -> bool:
        """Whether nothing more comes from a turn."""
        return not await tx.rows(f"SELECT 1 FROM chat_turn WHERE id = ? AND {_UNFINISHED}", (id,))  # noqa: S608 - only our own words

    async def with_siblings(self, turns: Sequence[Turn]) -> list[Turn]:
        """The same turns with their variants counted."""
        if not turns:
            return []
        parents = {turn.parent_id for turn in turns} - {None}
        marks = ", ".join("?" * len(parents))
        roots = " OR parent_id IS NULL" if any(turn.parent_id is None for turn in turns) else ""
        found = await self.database.read(
            f"SELECT id, parent_id FROM chat_turn WHERE chat_id = ?"  # noqa: S608 - marks only
            f" AND (parent_id IN ({marks}){roots}) ORDER BY id",
            (turns[0].chat_id, *parents),
        )
        variants: dict[int | None, list[int]] = {}
        for row in found:
            variants.setdefault(row["parent_id"], []).append(row["id"])
        counted = []
        for turn in turns:
            ids = variants[turn.parent_id]
            counted.append(
                msgspec.structs.replace(turn, siblings=len(ids), sibling=ids.index(turn.id) + 1)
                if len(ids) > 1
                else turn
            )
        return counted

    async def variants(self, turn: Turn) -> list[int]:
        """A turn and its siblings, in the order they were made."""
        found = await self.database.read(
            "SELECT id FROM chat_turn WHERE chat_id = ? AND parent_id IS ? ORDER BY id",
            (turn.chat_id, turn.parent_id),
        )
        return [row["id"] for row in found]

    async def first_question(self, chat_id: int) -> str:
        """What a chat began with; empty when nothing was asked."""
        row = await self.database.read_one(
            "SELECT text FROM chat_turn WHERE chat_id = ? AND parent_id IS NULL ORDER BY id LIMIT 1",
            (chat_id,),
        )
        return row["text"] if row else ""

    async def insert_turn(
        self,
        tx: Transaction,
        turn: Turn,
        attachments: Sequence[NewAttachment] = (),
        *,
        parent: Turn | None = None,
    ) -> Turn:
        """Add a turn behind its parent; return it with its id and place."""
        turn = msgspec.structs.replace(
            turn, parent_id=parent.id if parent else None, depth=parent.depth + 1 if parent else 0
        )
        done = await tx.execute(
            "INSERT INTO chat_turn (chat_id, parent_id, depth, role, text, thinking, state, model, stats,"
            " route, notes, attachments, created, since, finished, job_id, indexed) VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                turn.chat_id, turn.parent_id, turn.depth, turn.role, rows.clean(turn.text),
                rows.clean(turn.thinking), turn.state, rows.clean(turn.model), rows.packed(turn.stats),
                rows.clean(turn.route), rows.packed(turn.notes), rows.packed(turn.attachments),
                turn.created, turn.since, turn.finished, turn.job_id, int(turn.ended),
            ),
        )  # fmt: skip
        assert done.lastrowid is not None
        if parent is not None:
            await tx.execute("UPDATE chat_turn SET last_child = ? WHERE id = ?", (done.lastrowid, parent.id))
        await tx.many(
            "INSERT INTO chat_attachment (turn_id, number, content) VALUES (?, ?, ?)",
            [(done.lastrowid, number, file.content) for number, file in enumerate(attachments)],
        )
        return msgspec.structs.replace(turn, id=done.lastrowid)

    async def set_job(self, tx: Transaction, turn_id: int, job_id: int) -> None:
        """Remember which job an answer comes from."""
        await tx.execute("UPDATE chat_turn SET job_id = ? WHERE id = ?", (job_id, turn_id))

    async def append(self, tx: Transaction, turn_id: int, *, answer: str, thinking: str) -> None:
        """Add to the two texts of an answer."""
        await tx.execute(
            "UPDATE chat_turn SET text = text || ?, thinking = thinking || ? WHERE id = ?",
            (rows.clean(answer), rows.clean(thinking), turn_id),
        )

    async def rewrite(self, tx: Transaction, turn: Turn) -> None:
        """Replace the two texts of an answer."""
        await tx.execute(
            "UPDATE chat_turn SET text = ?, thinking = ? WHERE id = ?",
            (rows.clean(turn.text), rows.clean(turn.thinking), turn.id),
        )

    async def put_turn(self, tx: Transaction, turn: Turn) -> None:
        """Write everything about a turn but its texts; it can be found by searching once it has ended."""
        columns = rows.turn_columns(turn)
        sets = ", ".join(f"{name} = :{name}" for name in columns if name != "id")
        await tx.execute(
            f"UPDATE chat_turn SET {sets}, indexed = :indexed WHERE id = :id",  # noqa: S608 - our own columns
            {**columns, "indexed": int(turn.ended)},
        )

    async def leaf(self, turn_id: int) -> Turn:
        """Where the branch through a turn ends: what was looked at last behind it."""
        found = await self.database.read_one(_DOWN, {"id": turn_id})
        return await self.turn(found["id"] if found else turn_id)

    async def remember_way(self, tx: Transaction, turn_id: int) -> None:
        """Let every turn above this one lead to it."""
        await tx.execute(_REMEMBER, {"id": turn_id, "limit": 2**31})

    async def contents(self, turn_id: int) -> list[bytes]:
        """What was attached to a question."""
        found = await self.database.read(
            "SELECT content FROM chat_attachment WHERE turn_id = ? ORDER BY number", (turn_id,)
        )
        return [row["content"] for row in found]
