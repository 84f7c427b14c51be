"""The way from a verb to a whole Leitstand: the one that runs, or this process hosts one for the while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.cli.context import Context

if TYPE_CHECKING:
    from core.face import Face


@asynccontextmanager
async def hosted(context: Context) -> AsyncIterator[Face]:
    """An engine that has started: attached to where one runs on the data directory, hosted here elsewhere.

    What was begun on an attached one goes on there when the verb ends. When this process hosts and others
    have attached meanwhile, a Leitstand in the background takes over.
    """
    from core.daemon.hosting import HostingEngine, opened

    engine = opened(context.options)
    needed = False
    try:
        await engine.start()
        yield engine
        needed = isinstance(engine, HostingEngine) and engine.faces > 0
    finally:
        await engine.close()
    if needed:
        from core.daemon import background

        background.start(context.options)
