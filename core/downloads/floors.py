"""How far downloads were shown to be, kept so that nothing falls back after a pause, a crash or a restart."""

from __future__ import annotations

from core.clock import Clock
from core.downloads.progress import Floor
from core.store.database import Database

_NOTHING = Floor()
_SAVE = (
    "INSERT OR REPLACE INTO download (key, completed, total, exact, percent, updated) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)


class Floors:
    """One floor for each model that is being downloaded, by its key."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Floor] = {}
        self._unsaved: set[str] = set()
        self._saving = False

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
        if self._known.get(key) != floor:
            self._known[key] = floor
            self._unsaved.add(key)

    def drop(self, key: str) -> None:
        """Forget a download that is over; `save` clears it away."""
        if self._known.pop(key, None) is not None:
            self._unsaved.add(key)

    async def save(self) -> None:
        """Bring the disk to what is known now, of all downloads at once; what is older is never written."""
        async with self._database.write() as tx:
            keys, self._unsaved = self._unsaved, set()
            try:
                kept = [(key, floor) for key in keys if (floor := self._known.get(key)) is not None]
                gone = [(key,) for key in keys if key not in self._known]
                if gone:
                    await tx.many("DELETE FROM download WHERE key = ?", gone)
                if kept:
                    await tx.many(_SAVE, [self._row(key, floor) for key, floor in kept])
            except BaseException:
                self._unsaved |= keys
                raise

    async def save_changes(self) -> None:
        """The same in passing: not when nothing changed, and not while somebody does it."""
        if self._unsaved and not self._saving:
            self._saving = True
            try:
                await self.save()
            finally:
                self._saving = False

    def _row(self, key: str, floor: Floor) -> tuple[str | float | None, ...]:
        return (key, floor.completed, floor.total, int(floor.exact), floor.percent, self._clock.now())
