"""The rows about models: what a person said, what was measured, and the server's answers worth keeping."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from core.jobs.types import Fault
from core.models.facts import Facts
from core.models.pace import Spoken
from core.models.types import Benchmark, Tier
from core.store.database import Database

KEPT_SPOKEN = 9
"""Speeds that are kept of each model's files for each share on the GPU."""
KEPT_LOADS = 20
"""Loads that are kept of each model's files."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model apart from what the server says."""

    key: str
    name: str
    favourite: bool = False
    tier: Tier | None = None
    times_used: int = 0
    last_used: float | None = None
    last_speed: float | None = None
    speed_sum: float = 0.0
    speed_count: int = 0
    load_seconds: float | None = None
    benchmark: Benchmark | None = None
    fault: Fault | None = None
    offered: str | None = None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One load as it was measured."""

    digest: str
    weights: int
    context: int
    cache: str
    version: str
    size: int
    vram: int | None
    seconds: float | None
    at: float


async def notes(database: Database) -> dict[str, Note]:
    """Every note, by key."""
    return {row["key"]: _note(row) for row in await database.read("SELECT * FROM model")}


async def save_note(database: Database, note: Note) -> None:
    """Write a note, new or changed."""
    values: dict[str, Any] = {name: getattr(note, name) for name in Note.__struct_fields__}
    values["favourite"] = int(note.favourite)
    for name in ("benchmark", "fault"):
        value = values[name]
        values[name] = None if value is None else msgspec.json.encode(value).decode()
    async with database.write() as tx:
        await tx.execute(_SAVE_NOTE, values)


_FIELDS = Note.__struct_fields__
_SAVE_NOTE = (
    f"INSERT OR REPLACE INTO model ({', '.join(_FIELDS)}) "  # noqa: S608 - the names of our own struct
    f"VALUES ({', '.join(f':{name}' for name in _FIELDS)})"
)


def _note(row: sqlite3.Row) -> Note:
    values = dict(row)
    values["favourite"] = bool(row["favourite"])
    values["benchmark"] = _decoded(row["benchmark"], Benchmark)
    values["fault"] = _decoded(row["fault"], Fault)
    return Note(**values)


def _decoded(text: str | None, kind: Any) -> Any:
    return None if text is None else msgspec.json.decode(text, type=kind)


async def facts(database: Database, digests: Iterable[str]) -> dict[str, tuple[str, Facts]]:
    """The facts kept of these digests, each with the version of the server that said them."""
    wanted = set(digests)
    rows = await database.read("SELECT digest, version, facts FROM model_facts")
    return {
        row["digest"]: (row["version"], found)
        for row in rows
        if row["digest"] in wanted and (found := _facts(row["facts"])) is not None
    }


def _facts(text: str) -> Facts | None:
    try:
        return msgspec.json.decode(text, type=Facts)
    except msgspec.DecodeError:  # written by another version: the server is asked again
        return None


async def save_facts(database: Database, found: dict[str, Facts], version: str, now: float) -> None:
    """Keep what the server said."""
    rows = [(digest, version, msgspec.json.encode(each).decode(), now) for digest, each in found.items()]
    async with database.write() as tx:
        await tx.many(
            "INSERT OR REPLACE INTO model_facts (digest, version, facts, seen) VALUES (?,?,?,?)", rows
        )


async def loads(database: Database) -> list[Load]:
    """Every load that is kept, the newest first."""
    fields = ", ".join(Load.__struct_fields__)
    rows = await database.read(f"SELECT {fields} FROM model_load ORDER BY id DESC")  # noqa: S608 - our own names
    return [Load(**dict(row)) for row in rows]


async def save_load(database: Database, load: Load) -> None:
    """Keep a load, and of its model's loads the newest only."""
    fields = Load.__struct_fields__
    marks = ", ".join(f":{name}" for name in fields)
    async with database.write() as tx:
        await tx.execute(
            f"INSERT INTO model_load ({', '.join(fields)}) VALUES ({marks})",  # noqa: S608 - our own names
            msgspec.structs.asdict(load),
        )
        await tx.execute(
            "DELETE FROM model_load WHERE digest = ? AND id NOT IN "
            "(SELECT id FROM model_load WHERE digest = ? ORDER BY id DESC LIMIT ?)",
            (load.digest, load.digest, KEPT_LOADS),
        )


async def spoken(database: Database) -> list[Spoken]:
    """Every speed that is kept, the newest first."""
    rows = await database.read("SELECT digest, gpu_percent, speed, at FROM model_speed ORDER BY id DESC")
    return [Spoken(**dict(row)) for row in rows]


async def save_spoken(database: Database, spoken: Spoken) -> None:
    """Keep a speed, and of its like the newest only."""
    which = (spoken.digest, spoken.gpu_percent)
    async with database.write() as tx:
        await tx.execute(
            "INSERT INTO model_speed (digest, gpu_percent, speed, at) VALUES (?, ?, ?, ?)",
            (*which, spoken.speed, spoken.at),
        )
        await tx.execute(
            "DELETE FROM model_speed WHERE digest = ? AND gpu_percent = ? AND id NOT IN (SELECT id FROM "
            "model_speed WHERE digest = ? AND gpu_percent = ? ORDER BY id DESC LIMIT ?)",
            (*which, *which, KEPT_SPOKEN),
        )
