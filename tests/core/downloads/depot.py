"""The workshop with downloads in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.downloads.service import DownloadService
from core.downloads.types import Download, DownloadChanged
from core.models.directory import Disk
from core.simulator import Pace
from tests.core.models.workshop import Workshop

MB = 1_000_000
SLOW = Pace(pull=100 * MB, verify=10_000 * MB, load=100_000 * MB, settle=0.1)
"""A hundred megabytes a second, on the clock the test moves."""


class Depot(Workshop):
    """Downloads on a simulated server and registry, and a disk the test makes."""

    def __init__(self, home: Path, **options: Any) -> None:
        super().__init__(home, **options)
        self.directory: Path | None = None
        self.free = 10**15

    async def open(self) -> None:
        await super().open()
        self.downloads = DownloadService(
            self.server,
            self.models,
            self.jobs,
            bus=self.bus,
            tasks=self.tasks,
            clock=self.clock,
            store=self.database,
            config=self.config,
            registry=self.registry,
            directory=lambda: self.directory,
            look=lambda path: Disk(str(path), self.free, 10**15),
        )

    async def start(self) -> None:
        await self.downloads.recover()
        await super().start()

    async def close(self) -> None:
        await self.downloads.stop()
        await super().close()

    async def ended(self, download: Download) -> Download:
        """Wait until it is over."""
        async with asyncio.timeout(20):
            return await self.downloads.finished(download.id)

    def shown(self) -> list[Download]:
        """What was told about downloads since the last time."""
        return [event.download for event in self.seen.take() if isinstance(event, DownloadChanged)]

    def pulled(self) -> int:
        """How often the server was asked to pull."""
        return self.asked("/api/pull")


@asynccontextmanager
async def depot(home: Path, **options: Any) -> AsyncIterator[Depot]:
    """A depot in which everything runs."""
    found = Depot(home, **options)
    await found.open()
    await found.start()
    try:
        yield found
    finally:
        await found.close()
