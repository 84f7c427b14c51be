"""A house for every test that wants one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.daemon.house import House, house


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A started host on a data directory of its own."""
    async with house(tmp_path / "h") as made:
        yield made
