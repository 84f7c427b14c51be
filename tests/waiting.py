"""Waiting for a condition, never for a length of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], object], *, within: float = 20.0) -> None:
    """Let the loop run until *condition* holds; fail after *within* seconds."""
    async with asyncio.timeout(within):
        while True:
            asked = time.thread_time()
            if condition():
                return
            # Threads and sockets need real moments; the condition, not the pause, decides. One that draws
            # a whole screen to look at it must not take all the time from those it waits for.
            await asyncio.sleep(max(0.005, 2 * (time.thread_time() - asked)))
