from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from core.simulator import Simulator
from tests.core.simulator.helpers import client


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with client(simulator) as found:
        yield found
