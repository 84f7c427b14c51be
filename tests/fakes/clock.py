"""A clock that moves when a test says so.

    clock = ManualClock()
    await clock.sleepers()      # somebody has gone to sleep
    await clock.advance(2)      # two seconds pass: who is due wakes, in order, and the loop settles

Work that a thread does is not seen by `advance`: wait for what it leads to (an event on the bus, or
`sleepers` once the loop that started it sleeps again).
"""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from weakref import WeakKeyDictionary

START = 1_767_268_800.0
"""1 January 2026, noon, UTC: what a fresh clock shows."""

_SETTLING: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Future[bool]] = WeakKeyDictionary()
"""Where somebody settles just now, and whether it came to its end."""


class ManualClock:
    """Wall and monotonic time, both moved by `advance` only."""

    def __init__(self, now: float = START) -> None:
        self._start = now
        self._passed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._changed: asyncio.Event | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._passed

    def set_wall(self, now: float) -> None:
        """Move the wall clock alone, as a time server or a daylight-saving mistake does."""
        self._start = now - self._passed

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has moved time that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + seconds, next(self._order), woken))
        if self._changed is not None:
            self._changed.set()
        await woken

    @property
    def asleep(self) -> int:
        """How many wait for time to pass."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def sleepers(self, wanted: int = 1, *, within: float = 20.0) -> None:
        """Wait until at least that many sleep; fail after *within* real seconds."""
        self._changed = asyncio.Event()
        async with asyncio.timeout(within):
            while self.asleep < wanted:
                self._changed.clear()
                await self._changed.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass: each sleeper wakes at its own moment, and may sleep again within it."""
        end = self._passed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # its task was cancelled
                continue
            self._passed = max(self._passed, due)
            woken.set_result(None)
            await settle()
        self._passed = end
        await settle()


async def settle(limit: int = 10_000) -> None:
    """Let everything run that can run now, without waiting for time, threads or the network."""
    loop = asyncio.get_running_loop()
    # Two that settle at once would each take the other for work, and go round until the limit.
    while (other := _SETTLING.get(loop)) is not None:
        if await asyncio.shield(other):
            return
    _SETTLING[loop] = finished = loop.create_future()
    settled = False
    try:
        await _go_round(loop, limit)
        settled = True
    finally:
        del _SETTLING[loop]
        if not loop.is_closed():
            finished.set_result(settled)


async def _go_round(loop: asyncio.AbstractEventLoop, limit: int) -> None:
    quiet = 0
    for _ in range(limit):
        await asyncio.sleep(0)
        # The loop's own queue is the only thing that knows; two quiet rounds let callbacks of callbacks in.
        quiet = 0 if getattr(loop, "_ready", None) else quiet + 1
        if quiet == 2:
            return
