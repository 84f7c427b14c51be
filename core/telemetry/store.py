"""The telemetry's rows: a day of minutes, and the log of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.telemetry.history import MINUTES, Cell, Minute
from core.telemetry.types import Alert

if TYPE_CHECKING:
    # At run time the store comes as an argument; telemetry alone does not need the database's library.
    from core.store.database import Database

KEEP_ALERTS = 1000

_Cells = dict[str, dict[str, Cell]]
_decode = msgspec.json.Decoder(_Cells).decode


async def load_minutes(store: Database, now: float) -> list[Minute]:
    """Read the last day, oldest first; a row that cannot be read is left out."""
    rows = await store.read(
        "SELECT minute, cells FROM telemetry_minute WHERE minute > ? ORDER BY minute",
        (int(now // 60) - MINUTES,),
    )
    minutes = []
    for number, cells in rows:
        try:
            minutes.append(Minute(number, _decode(cells)))
        except msgspec.DecodeError:
            continue
    return minutes


async def save_minute(store: Database, minute: Minute) -> None:
    """Keep a minute, and forget what is older than a day."""
    async with store.write() as transaction:
        await transaction.execute(
            "INSERT OR REPLACE INTO telemetry_minute (minute, cells) VALUES (?, ?)",
            (minute.number, msgspec.json.encode(minute.cells)),
        )
        await transaction.execute(
            "DELETE FROM telemetry_minute WHERE minute <= ?", (minute.number - MINUTES,)
        )


async def load_alerts(store: Database, limit: int) -> list[Alert]:
    """Read the newest alerts, newest first; one of a kind that is not known here is left out."""
    rows = await store.read(
        "SELECT kind, subject, level, text, hint, since, ended FROM telemetry_alert "
        "ORDER BY since DESC, id DESC LIMIT ?",
        (limit,),
    )
    alerts = []
    for row in rows:
        try:
            alerts.append(msgspec.convert(dict(row), Alert))
        except msgspec.ValidationError:
            continue
    return alerts


async def save_alert(store: Database, alert: Alert) -> None:
    """Keep an alert, or its end."""
    async with store.write() as transaction:
        await transaction.execute(
            "INSERT INTO telemetry_alert (kind, subject, level, text, hint, since, ended) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, subject, since) DO UPDATE SET ended = excluded.ended",
            (alert.kind, alert.subject, alert.level, alert.text, alert.hint, alert.since, alert.ended),
        )
        await transaction.execute(
            "DELETE FROM telemetry_alert WHERE id <= (SELECT max(id) FROM telemetry_alert) - ?",
            (KEEP_ALERTS,),
        )


async def end_alerts(store: Database, at: float) -> None:
    """End what was still standing when the program last ended: whether it lasted nobody knows."""
    async with store.write() as transaction:
        await transaction.execute("UPDATE telemetry_alert SET ended = ? WHERE ended IS NULL", (at,))
