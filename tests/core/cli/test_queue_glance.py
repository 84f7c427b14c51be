from __future__ import annotations

from pathlib import Path

from core.cli.queue_glance import counted, fetched
from core.clock import SystemClock
from core.store.database import Database


async def test_downloads_are_read_from_the_queue_with_their_percent(tmp_path: Path) -> None:
    path = tmp_path / "leitstand.db"
    database = await Database.open(path, clock=SystemClock())
    insert = (
        "INSERT INTO job (kind, lane, title, priority, place, max_attempts, created, payload, progress)"
        " VALUES (?, 'network', ?, 0, ?, 1, 0, '{}', ?)"
    )
    async with database.write() as tx:
        await tx.execute(insert, ("download", "llama3.2:3b", 2, '{"percent": 41.5}'))
        await tx.execute(insert, ("download", "qwen3:8b", 1, None))
        await tx.execute(insert, ("chat.turn", "a question", 3, None))
    await database.close()
    assert fetched(path) == [
        {"name": "qwen3:8b", "state": "waiting", "percent": None},
        {"name": "llama3.2:3b", "state": "waiting", "percent": 41.5},
    ]
    assert counted(path) == (0, 3)


def test_without_a_database_nothing_is_fetched(tmp_path: Path) -> None:
    assert fetched(tmp_path / "nowhere.db") == []


def test_what_is_no_database_is_no_download_either(tmp_path: Path) -> None:
    path = tmp_path / "leitstand.db"
    path.write_bytes(b"not a database at all" * 100)
    assert fetched(path) == []
