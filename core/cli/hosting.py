"""The way from a verb to a whole Leitstand: this process hosts the engine for as long as the verb runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.cli.context import Context

if TYPE_CHECKING:
    from core.engine import Engine


@asynccontextmanager
async def hosted(context: Context) -> AsyncIterator[Engine]:
    """Start an engine on the data directory, and close it in order; DataDirectoryBusy when one runs there."""
    from core.engine import Engine

    engine = Engine.prepare(context.options)
    try:
        await engine.start()
        yield engine
    finally:
        await engine.close()
