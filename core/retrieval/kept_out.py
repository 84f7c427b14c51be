"""Files that somebody took out of a space: they stay out until they are added again by name."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from core.store.database import Database, Transaction


def mark_of(source: str) -> str:
    """What is remembered of a file that was taken out; its name cannot be read from that."""
    return blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class KeptOut:
    """Which files no look through a folder brings back."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def of(self, space: int) -> frozenset[str]:
        """The marks of what stays out of a space."""
        rows = await self.database.read("SELECT mark FROM document_kept_out WHERE space_id = ?", (space,))
        return frozenset(row["mark"] for row in rows)

    async def keep(self, tx: Transaction, space: int, sources: Iterable[str]) -> None:
        """Let files stay out of a space from now on."""
        some = list(sources)
        await tx.many(
            "INSERT OR IGNORE INTO document_kept_out (space_id, mark) VALUES (?, ?)",
            [(space, mark_of(source)) for source in some],
        )
        # A file that was given by itself is not asked for any more.
        await tx.many(
            "DELETE FROM space_root WHERE space_id = ? AND path = ?", [(space, source) for source in some]
        )

    async def let_in(self, tx: Transaction, space: int, sources: Iterable[str]) -> None:
        """Somebody named these files: they are welcome again."""
        await tx.many(
            "DELETE FROM document_kept_out WHERE space_id = ? AND mark = ?",
            [(space, mark_of(source)) for source in sources],
        )
