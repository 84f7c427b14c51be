"""The workshop with a library in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.retrieval.service import LibraryService
from tests.core.models.workshop import Workshop


class ReadingRoom(Workshop):
    """A library on a simulated server."""

    def __init__(self, home: Path, **options: Any) -> None:
        super().__init__(home, **options)

    async def open(self) -> None:
        await super().open()
        self.library = self.make_library()

    def make_library(self) -> LibraryService:
        """The service, on everything of this room."""
        return LibraryService(
            self.database,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            self.models,
            self.server,
            settings=lambda: self.config.current.library,
        )

    async def start(self) -> None:
        await super().start()
        await self.library.start()

    async def close(self) -> None:
        await self.jobs.stop()
        await self.library.close()
        await super().close()


@asynccontextmanager
async def reading_room(home: Path, **options: Any) -> AsyncIterator[ReadingRoom]:
    """A reading room in which everything runs."""
    room = ReadingRoom(home, **options)
    await room.open()
    await room.start()
    try:
        yield room
    finally:
        await room.close()
