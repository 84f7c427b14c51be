"""Backups of a Leitstand that runs: when somebody asks for one, and by themselves when one is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec

from core.backup import making
from core.bus import Bus, Notice
from core.clock import Clock
from core.config.backup import Backup
from core.config.types import ConfigChanged
from core.errors import LeitstandError, UsageError
from core.exposed import exposed
from core.paths import Paths
from core.tasks import Tasks

FIRST_LOOK = 30.0
"""Seconds after the start before anything is copied: whoever opens Leitstand comes first."""
LONGEST_NAP = 600.0
"""Seconds after which changed settings and another process's backups are seen at the latest."""
RETRY = 3600.0
"""Seconds before a backup that failed is tried again."""


class Progress(msgspec.Struct, frozen=True):
    """How far a backup is; the last one says where it is."""

    step: str
    """`database`, `library`, then `done`."""
    bytes: int
    path: str = ""
    files: int = 0
    removed: tuple[str, ...] = ()


class BackupService:
    """Makes backups, one at a time."""

    def __init__(
        self,
        paths: Paths,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        *,
        settings: Callable[[], Backup],
        copy_index: Callable[[Path], Awaitable[object]],
    ) -> None:
        self._paths = paths
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._settings = settings
        self._copy_index = copy_index
        self._making = asyncio.Lock()
        self._running: list[asyncio.Task[None]] = []
        self._begun: set[asyncio.Task[None]] = set()
        self._told = False

    def start(self) -> None:
        """Begin to look whether a backup is due; without a schedule nothing ever wakes for it."""
        self._running.append(self._tasks.spawn("settings of backups", self._follow()))
        self._wake()

    async def stop(self) -> None:
        """End; a backup that is being made is given up."""
        tasks = [*self._running, *self._begun]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    @property
    def busy(self) -> bool:
        """Whether one is being made."""
        return bool(self._begun) or self._making.locked()

    @exposed
    async def begin(self, directory: str = "", keep: int | None = None) -> None:
        """Make a backup in the background; everybody is told how it ends."""
        if keep is not None and keep < 1:
            raise UsageError("At least one backup is kept.")
        task = self._tasks.spawn("backup", self._alone(directory, keep))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    @exposed
    async def make(self, directory: str = "", keep: int | None = None) -> AsyncIterator[Progress]:
        """Make a backup in a folder, beside the data when none is named, and keep so many of the latest."""
        if keep is not None and keep < 1:
            raise UsageError("At least one backup is kept.")
        target = self._target(directory)
        async with self._making:
            begun = await self._tasks.in_thread(making.begin, self._paths, target, self._clock.now())
            with making.unless_it_fails(begun):
                yield Progress("database", await self._tasks.in_thread(making.copied, begun.part))
                await self._copy_index(begun.library)
                yield Progress("library", await self._tasks.in_thread(making.copied, begun.library))
            folder, inventory = await self._tasks.in_thread(making.finish, begun)
            gone = [] if keep is None else await self._tasks.in_thread(making.keep, target, keep)
        yield Progress(
            "done", inventory.size, str(folder), len(inventory.files), tuple(str(each) for each in gone)
        )

    async def _alone(self, directory: str, keep: int | None) -> None:
        try:
            async for step in self.make(directory, keep):
                if step.step == "done":
                    made = f"The backup is made: {step.path}."
                    self._bus.publish(Notice("info", made, at=self._clock.now()))
        except (LeitstandError, OSError) as error:
            self._bus.publish(Notice("error", *_sentence(error), at=self._clock.now()))

    def _target(self, directory: str) -> Path:
        return Path(directory).expanduser().absolute() if directory else making.beside(self._paths)

    async def _follow(self) -> None:
        with self._bus.subscribe(ConfigChanged) as mailbox:
            while True:
                await mailbox.drain()
                self._wake()

    def _wake(self) -> None:
        """Begin to wait for the next one when there is a schedule and nobody waits yet."""
        self._running = [task for task in self._running if not task.done()]
        if self._settings().every_hours and len(self._running) < 2:
            self._running.append(self._tasks.spawn("backups", self._keep_time()))

    async def _keep_time(self) -> None:
        await self._clock.sleep(FIRST_LOOK)
        while self._settings().every_hours:
            try:
                wait = await self._due_in()
                if wait <= 0:
                    async for _ in self.make(self._settings().directory, self._settings().keep):
                        pass
                    self._told = False
                    wait = await self._due_in()
            except (LeitstandError, OSError) as error:
                self._failed(error)
                wait = RETRY
            await self._clock.sleep(min(max(wait, 1.0), RETRY if self._told else LONGEST_NAP))

    async def _due_in(self) -> float:
        """Seconds until the next one; none left when the latest is too old, or there is none."""
        settings, now = self._settings(), self._clock.now()
        folders = await self._tasks.in_thread(making.backups, self._target(settings.directory))
        # One from the future, by a clock that was wrong, must not hold back the next for years.
        made = [at for at in map(making.made_at, folders) if at is not None and at <= now]
        return max(made) + settings.every_hours * 3600 - now if made else 0.0

    def _failed(self, error: LeitstandError | OSError) -> None:
        """Say it once, until one succeeds."""
        if self._told:
            return
        self._told = True
        text, hint = _sentence(error)
        self._bus.publish(
            Notice("error", text, hint or "It is tried again every hour.", at=self._clock.now())
        )


def _sentence(error: LeitstandError | OSError) -> tuple[str, str]:
    if isinstance(error, LeitstandError):
        return error.message, error.hint
    return f"The backup failed: {type(error).__name__}.", ""
