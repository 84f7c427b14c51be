from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store.database import Database
from tests.core.store.files import NAME, opened, sound


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound database to take copies of."""
    return sound(tmp_path_factory.mktemp("template"))


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    (tmp_path / "data").mkdir()
    return Path(shutil.copy2(template, tmp_path / "data" / NAME))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open database with one table."""
    database = await opened(tmp_path / NAME)
    yield database
    await database.close()
