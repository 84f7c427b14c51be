"""What stands between two stages: little fits in, and whoever brings more waits until some was taken."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Pipe(Generic[T]):
    """A queue that is bounded by weight; who takes gets all that has gathered, up to a weight."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._pressed = 0
        """How many wait to bring something."""
        self._closed = False
        self._changed = asyncio.Condition()

    async def put(self, item: T, weight: int) -> None:
        """Bring something; wait while it is full. What is heavier than everything goes in alone."""
        async with self._changed:
            self._pressed += 1
            self._changed.notify_all()
            try:
                await self._changed.wait_for(
                    lambda: not self._items or self._weight + weight <= self._capacity
                )
            finally:
                self._pressed -= 1
            self._items.append((item, weight))
            self._weight += weight
            self._changed.notify_all()

    async def close(self) -> None:
        """Nothing more comes."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def take(self, most: int, *, least: int = 0, patience: float = 0.0) -> list[T]:
        """Wait for something, and take all there is up to a weight; nothing means that nothing comes.

        What is worth more when there is more of it waits for *least*, but not longer than *patience* seconds.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._closed)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._changed.wait_for(
                        lambda: self._weight >= least or self._pressed or self._closed
                    )
            taken: list[T] = []
            weight = 0
            while self._items and (not taken or weight + self._items[0][1] <= most):
                item, heavy = self._items.popleft()
                taken.append(item)
                weight += heavy
            self._weight -= weight
            self._changed.notify_all()
            return taken
