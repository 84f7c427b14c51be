"""The way from a verb to a whole Leitstand: the one that runs, or this process hosts one for the while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.cli.context import Context
from core.errors import UsageError

if TYPE_CHECKING:
    from core.face import Face


@asynccontextmanager
async def hosted(context: Context, *, outlives: bool = False) -> AsyncIterator[Face]:
    """An engine that has started: attached to where one runs on the data directory, hosted here elsewhere.

    What was begun on an attached one goes on there when the verb ends; one that *outlives* the verb is
    started in the background when none runs. When this process hosts and others have attached meanwhile,
    a Leitstand in the background takes over.
    """
    from core.daemon import background
    from core.daemon.hosting import lasting, opened

    if outlives and context.values["demo"]:
        raise UsageError("A demonstration ends with its command.", "Leave out --detach or --demo.")
    engine: Face = lasting(context.options) if outlives else opened(context.options)
    needed = False
    try:
        await engine.start()
        yield engine
        needed = engine.faces > 0
    finally:
        await engine.close(goes_on=needed)
    if needed:
        background.start(context.options)


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Face | None]:
    """The engine that runs on the data directory; None when none does, and none is started."""
    from core.daemon.hosting import running as found

    engine = None if context.values["demo"] else found(context.options)
    if engine is None:
        yield None
        return
    try:
        await engine.start()
        yield engine
    finally:
        await engine.close()
