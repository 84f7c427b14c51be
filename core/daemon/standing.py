"""What a host without screens tells the service manager for as long as it stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.daemon.notify import Notifier, keep_watch
from core.jobs.types import LaneChanged, LaneState
from core.ollama.connection import ServerChanged, ServerState

if TYPE_CHECKING:
    from core.engine import Engine

_PAUSE = 2.0
"""Seconds between two lines of status: nobody reads faster."""


@asynccontextmanager
async def standing(notifier: Notifier, engine: Engine) -> AsyncIterator[None]:
    """Tell that it is ready, then how it stands, and feed the watchdog, until the block is left."""
    notifier.ready(await _line(engine))
    running = (
        engine.tasks.spawn("service status", _follow(notifier, engine)),
        engine.tasks.spawn("service watchdog", keep_watch(notifier, engine.clock, engine.jobs.pulse)),
    )
    try:
        yield
    finally:
        for task in running:
            task.cancel()


async def _follow(notifier: Notifier, engine: Engine) -> None:
    with engine.bus.subscribe(LaneChanged, ServerChanged) as mailbox:
        while True:
            await mailbox.drain()
            notifier.status(await _line(engine))
            await engine.clock.sleep(_PAUSE)


async def _line(engine: Engine) -> str:
    return status_line(engine.server.current, await engine.jobs.lanes())


def status_line(server: ServerState, lanes: Sequence[LaneState]) -> str:
    """Say in one line whether the server answers and how much work there is."""
    running, waiting = (sum(getattr(lane, name) for lane in lanes) for name in ("running", "waiting"))
    where = {"online": f"{server.url} answers", "connecting": f"looking for {server.url}"}
    said = where.get(server.phase, f"{server.url} is away")
    if running:
        said += f", {running} {'job runs' if running == 1 else 'jobs run'}"
    if waiting:
        said += f", {waiting} {'waits' if waiting == 1 else 'wait'}"
    return said if running or waiting else f"{said}, nothing to do"
