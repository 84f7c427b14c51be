"""How far downloads were shown to be, kept so that nothing falls back after a pause, a crash or a restart."""

from __future__ import annotations

from core.clock import Clock
from core.downloads.progress import Floor
from core.store.database import Database

_NOTHING = Floor()


class Floors:
    """One floor for each model that is being downloaded, by its key."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Floor] = {}

    async def recall(self) -> None:
        """Read what an earlier process kept."""
        rows = await self._database.read("SELECT key, completed, total, exact, percent FROM download")
        self._known = {
            row["key"]: Floor(
                completed=row["completed"],
                total=row["total"],
                exact=bool(row["exact"]),
                percent=row["percent"],
            )
            for row in rows
        }

    def of(self, key: str) -> Floor:
        """Return the floor of a model; before its download it is nothing."""
        return self._known.get(key, _NOTHING)

    def keep(self, key: str, floor: Floor) -> None:
        """Say how far a download is; `save` writes it."""
        self._known[key] = floor

    def drop(self, key: str) -> None:
        """Forget a download that is over; `save` clears it away."""
        self._known.pop(key, None)

    async def save(self, key: str) -> None:
        """Bring the disk to what is known now; who saves later never writes what is older."""
        async with self._database.write() as tx:
            floor = self._known.get(key)
            if floor is None:
                await tx.execute("DELETE FROM download WHERE key = ?", (key,))
            else:
                await tx.execute(
                    "INSERT OR REPLACE INTO download (key, completed, total, exact, percent, updated) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (key, floor.completed, floor.total, int(floor.exact), floor.percent, self._clock.now()),
                )
