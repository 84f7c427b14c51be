from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from core.simulator import Simulator
from core.simulator.serve import serve

BASE = "http://127.0.0.1:11434"


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


def client(simulator: Simulator) -> httpx.AsyncClient:
    """A client of that simulator, without a socket."""
    return httpx.AsyncClient(transport=simulator.transport(), base_url=BASE)


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with client(simulator) as found:
        yield found


@asynccontextmanager
async def listening(simulator: Simulator) -> AsyncIterator[str]:
    """The simulator on a socket of its own; gives its address."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(simulator, ready=address.set_result))
    try:
        yield await asyncio.wait_for(address, 10)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
