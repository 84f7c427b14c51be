"""The rows about benchmarks: every run as it was measured."""

from __future__ import annotations

import msgspec

from core.benchmarks.types import Run
from core.models.roster import key_of
from core.store.database import Database

KEPT = 100
"""Runs that are kept of each model."""


async def save(database: Database, run: Run) -> Run:
    """Keep a run, and of its model's runs the newest only; return it with its number."""
    key = key_of(run.model)
    async with database.write() as tx:
        kept = await tx.execute(
            "INSERT INTO benchmark (key, digest, at, run) VALUES (?, ?, ?, ?)",
            (key, run.setting.digest, run.at, msgspec.json.encode(run).decode()),
        )
        await tx.execute(
            "DELETE FROM benchmark WHERE key = ? AND id NOT IN "
            "(SELECT id FROM benchmark WHERE key = ? ORDER BY id DESC LIMIT ?)",
            (key, key, KEPT),
        )
    return msgspec.structs.replace(run, id=kept.lastrowid or 0)


async def runs(database: Database, model: str = "") -> list[Run]:
    """Runs, of one model or of all, the newest first."""
    key = key_of(model) if model else ""
    rows = await database.read(
        "SELECT id, run FROM benchmark WHERE :key = '' OR key = :key ORDER BY id DESC", {"key": key}
    )
    found = []
    for row in rows:
        try:
            run = msgspec.json.decode(row["run"], type=Run)
        except msgspec.DecodeError:  # written by another version
            continue
        found.append(msgspec.structs.replace(run, id=row["id"]))
    return found
