"""A simulated server on a socket, beside commands that run to their end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.simulator import Simulator
from core.simulator.serve import serve


@contextmanager
def simulated(simulator: Simulator) -> Iterator[str]:
    """Serve on a thread of its own; gives the address."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    told: list[str] = []

    def here(address: str) -> None:
        told.append(address)
        ready.set()

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await serve(simulator, ready=here)

    serving = loop.create_task(run())
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield told[0]
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(20)
        loop.close()
