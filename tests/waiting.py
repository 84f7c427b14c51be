"""Waiting for a condition, never for a length of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, within: float = 20.0) -> None:
    """Let the loop run until *condition* holds; fail after *within* seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the condition is anything, not only an event
            # Threads and sockets need real moments; the condition, not the pause, decides.
            await asyncio.sleep(0.005)
