"""The router's rows: one a decision."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from core.errors import NotFound
from core.router.types import Count, Decision, Outcome, Sticky

if TYPE_CHECKING:
    # At run time the store comes as an argument; the command line decides without the database's library.
    from core.store.database import Database, Transaction

MOST = 20_000
"""Decisions that are kept."""

_COLUMNS = "id, outcome, override, body"
_decode = msgspec.json.Decoder(Decision).decode


async def save(store: Database, decision: Decision) -> Decision:
    """Keep a decision and give it its number."""
    async with store.write() as transaction:
        return await insert(transaction, decision)


async def insert(tx: Transaction, decision: Decision) -> Decision:
    """Keep a decision and give it its number; the oldest beyond the limit go."""
    result = await tx.execute(
        "INSERT INTO route_decision (at, chat_id, turn_id, tier, model, host, source, after, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            decision.at,
            decision.chat_id,
            decision.turn_id,
            decision.tier,
            decision.model,
            decision.host,
            decision.source,
            decision.after,
            msgspec.json.encode(decision),
        ),
    )
    number = result.lastrowid or 0
    await tx.execute("DELETE FROM route_decision WHERE id <= ?", (number - MOST,))
    return msgspec.structs.replace(decision, id=number)


async def load(store: Database, number: int) -> Decision:
    """Read one decision."""
    row = await store.read_one(f"SELECT {_COLUMNS} FROM route_decision WHERE id = ?", (number,))  # noqa: S608 - a constant
    decision = _decision(row) if row is not None else None
    if decision is None:
        raise NotFound(f"There is no routing decision {number}.")
    return decision


async def recent(
    store: Database, limit: int, before: int | None, chat_id: int | None
) -> tuple[Decision, ...]:
    """Read decisions, the newest first; one that cannot be read here is left out."""
    rows = await store.read(
        f"SELECT {_COLUMNS} FROM route_decision WHERE (? IS NULL OR id < ?) AND (? IS NULL OR chat_id = ?) "  # noqa: S608 - a constant
        "ORDER BY id DESC LIMIT ?",
        (before, before, chat_id, chat_id, limit),
    )
    return tuple(decision for row in rows if (decision := _decision(row)) is not None)


async def of_turn(store: Database, turn_id: int) -> Decision | None:
    """Read the last decision about an answer."""
    row = await store.read_one(
        f"SELECT {_COLUMNS} FROM route_decision WHERE turn_id = ? ORDER BY id DESC LIMIT 1",  # noqa: S608 - a constant
        (turn_id,),
    )
    return _decision(row) if row is not None else None


async def sticky(store: Database, chat_id: int) -> Sticky | None:
    """Read what a conversation was last answered with; what a person took instead counts.

    A model that was named for the chat or a question lasts as long as that, and is not remembered here.
    """
    row = await store.read_one(
        "SELECT model, override, host, tier, at FROM route_decision WHERE chat_id = ? AND model <> '' "
        "AND source <> 'chosen' "
        "AND outcome IS NOT 'memory' AND outcome IS NOT 'failed' AND outcome IS NOT 'silent' "
        "ORDER BY id DESC LIMIT 1",
        (chat_id,),
    )
    if row is None:
        return None
    override = row["override"]
    return Sticky(override or row["model"], row["tier"], row["at"], "" if override else row["host"])


async def ended(tx: Transaction, turn_id: int, outcome: Outcome) -> Decision | None:
    """Keep how an answer went with the last decision about it; None when there is none."""
    rows = await tx.rows(
        "UPDATE route_decision SET outcome = ? WHERE id = "  # noqa: S608 - a constant
        f"(SELECT max(id) FROM route_decision WHERE turn_id = ?) RETURNING {_COLUMNS}",
        (outcome, turn_id),
    )
    return _decision(rows[0]) if rows else None


async def note(
    store: Database, number: int, *, outcome: Outcome | None = None, override: str = ""
) -> Decision:
    """Keep how an answer went, or that a person took another model."""
    async with store.write() as transaction:
        await transaction.execute(
            "UPDATE route_decision SET outcome = coalesce(?, outcome), "
            "override = CASE WHEN ? = '' THEN override ELSE ? END WHERE id = ?",
            (outcome, override, override, number),
        )
    return await load(store, number)


async def counts(store: Database, since: float) -> tuple[Count, ...]:
    """Count what was decided since then, by tier and model, the most frequent first."""
    rows = await store.read(
        "SELECT tier, model, count(*) AS decisions, sum(source = 'chosen') AS chosen, "
        "sum(override <> '') AS overrides, "
        "sum(source = 'fallback') AS fallbacks, sum(outcome IN ('failed', 'silent', 'memory')) AS failures "
        "FROM route_decision WHERE at >= ? AND model <> '' "
        "GROUP BY tier, model ORDER BY decisions DESC, tier, model",
        (since,),
    )
    return tuple(
        Count(
            tier=row["tier"],
            model=row["model"],
            decisions=row["decisions"],
            chosen=row["chosen"],
            overrides=row["overrides"],
            fallbacks=row["fallbacks"],
            failures=row["failures"] or 0,
        )
        for row in rows
    )


async def misses(store: Database, since: float) -> int:
    """Count the questions for which nobody could be found."""
    row = await store.read_one("SELECT count(*) FROM route_decision WHERE at >= ? AND model = ''", (since,))
    return int(row[0]) if row is not None else 0


async def clean_up(store: Database, before: float) -> None:
    """Forget decisions that are older than that."""
    async with store.write() as transaction:
        await transaction.execute("DELETE FROM route_decision WHERE at < ?", (before,))


def _decision(row: sqlite3.Row) -> Decision | None:
    try:
        decision = _decode(row["body"])
    except msgspec.DecodeError:
        return None
    return msgspec.structs.replace(decision, id=row["id"], outcome=row["outcome"], override=row["override"])
