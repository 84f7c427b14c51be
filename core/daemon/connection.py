"""What goes out to one face: at once while it reads, merged and bounded while it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

from core.bus import Event, Mailbox
from core.errors import LeitstandError

BACKLOG = 128 * 2**10
"""Bytes that may be on their way; beyond, facts are kept back and merge."""

FACTS = 4096
"""Facts that are kept back; beyond, they become one Resync."""

FAREWELL = 1.0
"""Seconds for the last words."""


class Spawns(Protocol):
    """Who starts background work."""

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start it."""
        ...


class Connection:
    """The writing half of a connection."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        tasks: Spawns,
        batch: Callable[[list[Event]], bytes],
        before_answers: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._tasks = tasks
        self._batch = batch
        self._before_answers = before_answers
        self._kept = Mailbox(FACTS)
        self._later: list[bytes] = []
        self._catching_up: asyncio.Task[None] | None = None
        self._pace = 0.0
        self._free_at = 0.0
        self._hurry = asyncio.Event()
        writer.transport.set_write_buffer_limits(high=BACKLOG)

    @property
    def keeps_up(self) -> bool:
        """Whether facts can be written at once."""
        if self._catching_up is not None:
            return False
        if self._pace and asyncio.get_running_loop().time() < self._free_at:
            return False
        return self._writer.transport.get_write_buffer_size() < BACKLOG

    def pace(self, seconds: float) -> None:
        """Leave so much time between two batches."""
        self._pace = min(max(seconds, 0.0), 2.0)

    def send(self, data: bytes) -> None:
        """Write a frame, behind whatever is kept back."""
        if self._catching_up is not None:
            self._later.append(data)
            self._hurry.set()
        elif not self._writer.is_closing():
            self._writer.write(data)

    def tell(self, batch: bytes) -> None:
        """Write facts; for one that keeps up."""
        self.send(batch)
        if self._pace:
            self._free_at = asyncio.get_running_loop().time() + self._pace

    def answer(self, data: bytes) -> None:
        """Write the answer to a call: no fact from before it may come after it."""
        self._before_answers()
        self.send(data)

    def keep(self, events: list[Event]) -> None:
        """Keep facts for later, merged."""
        for event in events:
            self._kept.put(event)
        if self._catching_up is None and not self._writer.is_closing():
            with suppress(LeitstandError):  # everything is closing
                self._catching_up = self._tasks.spawn("slow Leitstand", self._catch_up())

    async def _catch_up(self) -> None:
        try:
            while len(self._kept) or self._later:
                await self._writer.drain()
                await self._rest()
                kept, later, self._later = self._kept.take(), self._later, []
                if kept:
                    self._writer.write(self._batch(kept))
                    self._free_at = asyncio.get_running_loop().time() + self._pace
                for data in later:
                    self._writer.write(data)
        except OSError:
            self._kept.take()
            self._later.clear()
        finally:
            self._catching_up = None

    async def _rest(self) -> None:
        """Wait until facts may go out again; somebody who waits for an answer is not made to."""
        self._hurry.clear()
        rest = self._free_at - asyncio.get_running_loop().time()
        if self._pace and not self._later and rest > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), rest)

    async def room(self) -> None:
        """Wait until the other side has read most of what was written."""
        while self._catching_up is not None:
            await asyncio.wait([self._catching_up])
        with suppress(OSError):
            await self._writer.drain()

    async def close(self) -> None:
        """Let the last words go out if the other side reads them soon, and hang up."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), FAREWELL)
        self._writer.transport.abort()
