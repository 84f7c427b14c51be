"""Ends what has fallen silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.clock import Clock
from core.errors import Timeout
from core.tasks import Tasks


class Watchdog:
    """Counts the seconds since it was last fed."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._fed_at = clock.monotonic()
        self.expired = False

    def fed(self) -> None:
        """Something happened: count from here again."""
        self._fed_at = self._clock.monotonic()

    def limit(self, seconds: float) -> None:
        """Allow another length of silence, and count from here: loading takes longer than a pause."""
        self._seconds = seconds
        self.fed()

    @property
    def left(self) -> float:
        """How many seconds of silence are still allowed."""
        return self._fed_at + self._seconds - self._clock.monotonic()

    async def watch(self, owner: asyncio.Task[object]) -> None:
        """Cancel *owner* once nothing was heard for too long."""
        while (left := self.left) > 0:
            # A shorter limit may be set meanwhile, so no sleep is longer than a look every second.
            await self._clock.sleep(min(left, 1.0))
        self.expired = True
        owner.cancel()


@asynccontextmanager
async def watchdog(
    clock: Clock, tasks: Tasks, seconds: float, message: str, hint: str = ""
) -> AsyncIterator[Watchdog]:
    """Raise `Timeout` in the block when nobody calls `fed()` on the dog for that long."""
    owner = asyncio.current_task()
    assert owner is not None
    asked_before = owner.cancelling()
    dog = Watchdog(clock, seconds)
    watching = tasks.spawn("watchdog", dog.watch(owner))
    try:
        yield dog
    except asyncio.CancelledError:
        # Its own cancellation becomes the timeout; one that somebody else asked for stays one.
        if dog.expired and owner.uncancel() <= asked_before:
            raise Timeout(message, hint) from None
        raise
    finally:
        watching.cancel()
