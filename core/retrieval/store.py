"""The rows of spaces, of what they were read from, and of what chats look up."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from core.errors import NotFound
from core.retrieval.library import Choice, Space
from core.retrieval.narrowing import Narrow
from core.store.database import Database, Transaction

_SPACES = """
    SELECT space.*, coalesce(documents, 0) AS documents,
        coalesce(waiting, 0) AS waiting,
        coalesce(failed, 0) AS failed,
        coalesce(chunks, 0) AS chunks,
        coalesce(embedded, 0) AS embedded,
        coalesce(bytes, 0) AS bytes
    FROM space LEFT JOIN space_count ON space_id = space.id
    WHERE {where} ORDER BY space.chat_id IS NOT NULL, space.key, space.id
"""


class Root(msgspec.Struct, frozen=True):
    """A file or a folder that was given to be read."""

    id: int
    space: int
    path: str
    watch: bool


class SpaceStore:
    """Reads and writes spaces."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def all(self, *, deleted: bool = False) -> list[Space]:
        """Every space, those of single chats included, or every deleted one."""
        return await self._spaces(f"space.deleted_at IS {'NOT ' if deleted else ''}NULL")

    async def find(self, id: int) -> Space | None:
        """A space, deleted or not."""
        found = await self._spaces("space.id = ?", id)
        return found[0] if found else None

    async def space(self, id: int) -> Space:
        """A space that is there."""
        found = await self.find(id)
        if found is None:
            raise NotFound(f"There is no space {id}.")
        return found

    async def of_chat(self, chat_id: int) -> Space | None:
        """The space that only this chat sees."""
        found = await self._spaces("space.chat_id = ? AND space.deleted_at IS NULL", chat_id)
        return found[0] if found else None

    async def _spaces(self, where: str, *values: Any) -> list[Space]:
        # What is put in are literals of this file.
        rows, folders = await self.database.read_together(
            (_SPACES.format(where=where), values), ("SELECT * FROM space_root ORDER BY id", ())
        )
        roots: dict[int, list[Root]] = {}
        for row in folders:
            roots.setdefault(row["space_id"], []).append(_root(row))
        return [_space(row, roots.get(row["id"], [])) for row in rows]

    async def insert(self, tx: Transaction, space: Space) -> int:
        """Write a new space; returns its number."""
        done = await tx.execute(
            "INSERT INTO space (name, key, description, colour, language, chat_id, model, created, updated) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                space.name, key_of(space.name), space.description, space.colour, space.language,
                space.chat_id, space.model, space.created, space.updated,
            ),
        )  # fmt: skip
        assert done.lastrowid is not None
        return done.lastrowid

    async def update(self, tx: Transaction, id: int, **changes: Any) -> None:
        """Change columns of a space."""
        if "name" in changes:
            changes["key"] = key_of(changes["name"])
        assert changes.keys() <= _COLUMNS
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        await tx.execute(f"UPDATE space SET {sets} WHERE id = :id", {**changes, "id": id})  # noqa: S608 - checked above

    async def taken(self, tx: Transaction, name: str, *, but: int = 0) -> bool:
        """Whether another space has that name."""
        return bool(
            await tx.rows(
                "SELECT 1 FROM space WHERE key = ? AND id <> ? AND deleted_at IS NULL AND chat_id IS NULL",
                (key_of(name), but),
            )
        )

    async def build(self, id: int) -> int:
        """Which build of its table is the space's own."""
        row = await self.database.read_one("SELECT build FROM space WHERE id = ?", (id,))
        if row is None:
            raise NotFound(f"There is no space {id}.")
        return int(row["build"])

    async def expired(self, before: float) -> list[int]:
        """Spaces whose deletion is not taken back any more, and those of chats that are gone."""
        rows = await self.database.read(
            "SELECT id FROM space WHERE deleted_at < ? "
            "OR (chat_id IS NOT NULL AND chat_id NOT IN (SELECT id FROM chat))",
            (before,),
        )
        return [row["id"] for row in rows]

    async def forget(self, tx: Transaction, id: int, tables: list[str]) -> None:
        """Remove a space with everything in it, and note its tables as debris."""
        await tx.many("INSERT OR IGNORE INTO space_debris (name) VALUES (?)", [(name,) for name in tables])
        await tx.execute("DELETE FROM space WHERE id = ?", (id,))

    async def debris(self) -> list[str]:
        """Tables of the index that nobody needs."""
        return [row["name"] for row in await self.database.read("SELECT name FROM space_debris")]

    async def cleared(self, name: str) -> None:
        """A table is gone."""
        async with self.database.write() as tx:
            await tx.execute("DELETE FROM space_debris WHERE name = ?", (name,))

    # What was given to be read.

    async def roots(self, space: int) -> list[Root]:
        """What a space was read from."""
        rows = await self.database.read("SELECT * FROM space_root WHERE space_id = ? ORDER BY id", (space,))
        return [_root(row) for row in rows]

    async def watched(self) -> list[Root]:
        """Folders that are looked through again by themselves."""
        rows = await self.database.read(
            "SELECT space_root.* FROM space_root JOIN space ON space.id = space_id "
            "WHERE watch AND deleted_at IS NULL ORDER BY space_root.id"
        )
        return [_root(row) for row in rows]

    async def add_root(
        self, tx: Transaction, space: int, path: str, *, watch: bool | None, now: float
    ) -> None:
        """Note what is to be read; *watch* None leaves it as it is."""
        await tx.execute(
            "INSERT INTO space_root (space_id, path, watch, created) VALUES (:space, :path, :first, :now) "
            "ON CONFLICT DO UPDATE SET watch = coalesce(:watch, watch)",
            {"space": space, "path": path, "watch": watch, "first": int(watch or 0), "now": now},
        )

    async def drop_root(self, tx: Transaction, id: int) -> None:
        """Forget that something was given to be read; its documents stay."""
        await tx.execute("DELETE FROM space_root WHERE id = ?", (id,))

    # What chats look up.

    async def choice(self, chat_id: int) -> Choice | None:
        """What a chat was told to look up; None: nothing."""
        row = await self.database.read_one("SELECT * FROM space_choice WHERE chat_id = ?", (chat_id,))
        if row is None:
            return None
        return Choice(
            row["mode"],
            msgspec.json.decode(row["spaces"], type=tuple[int, ...]),
            msgspec.json.decode(row["narrow"], type=Narrow),
        )

    async def choose(self, tx: Transaction, chat_id: int, choice: Choice) -> None:
        """Keep what a chat is to look up."""
        await tx.execute(
            "INSERT OR REPLACE INTO space_choice (chat_id, mode, spaces, narrow) VALUES (?, ?, ?, ?)",
            (
                chat_id,
                choice.mode,
                msgspec.json.encode(choice.spaces).decode(),
                msgspec.json.encode(choice.narrow).decode(),
            ),
        )


_COLUMNS = {
    "name", "key", "description", "colour", "language", "model", "made_by", "digest", "dimension", "build",
    "updated", "deleted_at",
}  # fmt: skip


def key_of(name: str) -> str:
    """A name as it is compared."""
    return name.casefold()


def table_of(space: int, build: int) -> str:
    """The name of a space's table in the index."""
    return f"units_{space}_r{build}"


def _space(row: sqlite3.Row, roots: Sequence[Root]) -> Space:
    return Space(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        colour=row["colour"],
        language=row["language"],
        chat_id=row["chat_id"],
        model=row["model"],
        made_by=row["made_by"],
        digest=row["digest"],
        dimension=row["dimension"],
        documents=row["documents"],
        waiting=row["waiting"],
        failed=row["failed"],
        chunks=row["chunks"],
        embedded=row["embedded"],
        bytes=row["bytes"],
        roots=tuple(root.path for root in roots),
        watched=tuple(root.path for root in roots if root.watch),
        created=row["created"],
        updated=row["updated"],
        deleted_at=row["deleted_at"],
    )


def _root(row: sqlite3.Row) -> Root:
    return Root(row["id"], row["space_id"], row["path"], bool(row["watch"]))
