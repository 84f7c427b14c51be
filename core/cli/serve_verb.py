"""`serve`: Leitstand without screens, for others to attach to, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from core.cli.context import Context
from core.cli.exits import DONE
from core.cli.output import dim
from core.errors import Cancelled, DataDirectoryBusy, LeitstandError, Timeout, UsageError
from core.store.lock import Holder, held

if TYPE_CHECKING:
    from core.daemon.hosting import HostingEngine

GRACE = 10.0
"""Seconds that running jobs get to finish when it is told to stop."""

IDLE = 60.0
"""Seconds without work and without anybody attached after which --until-idle ends."""

_LAST = 20.0
"""Seconds that saving and closing may take after that."""

_LOOK = 5.0
_PATIENCE = 20.0
"""Seconds for a Leitstand in the background to be ready."""


async def serve(context: Context) -> int:
    """Host until SIGTERM or ctrl+c."""
    if context.values["demo"]:
        raise UsageError("A demonstration cannot be attached to.", "Leave out --demo.")
    if context.values["detach"]:
        return await _detached(context)
    from core import heap
    from core.daemon.hosting import HostingEngine
    from core.daemon.notify import Notifier
    from core.daemon.standing import standing

    heap.hold()
    notifier = Notifier(context.environment)
    engine = HostingEngine.prepare(context.options)
    engine.headless = True
    keeper = None
    try:
        await engine.start()
        if not engine.socket:
            raise LeitstandError("Nobody could attach to it.", "Look into the log.")
        _ready(context, os.getpid(), engine.socket)
        keeper = engine.tasks.spawn("memory", heap.keep(engine.clock))
        async with standing(notifier, engine):
            await _until_idle(engine) if context.values["until_idle"] else await asyncio.Event().wait()
    except asyncio.CancelledError as error:
        # To be told to stop is how it ends; before it was ready it has failed.
        if keeper is None:
            raise Cancelled("Stopped before it was ready.") from error
    finally:
        if keeper is not None:
            keeper.cancel()
        notifier.stopping("finishing what runs", within=GRACE + _LAST)
        await engine.close(GRACE, goes_on=True)
    _stopped(context)
    return DONE


async def _until_idle(engine: HostingEngine) -> None:
    """Return when for a while nothing was to do and nobody was attached."""
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < IDLE:
        await asyncio.sleep(_LOOK)
        lanes = await engine.jobs.lanes()
        busy = any(lane.running or (lane.waiting and not lane.paused) for lane in lanes)
        if busy or engine.faces or engine.backups.busy:
            idle_since = time.monotonic()


async def _detached(context: Context) -> int:
    """Start one in the background unless one runs, and return when it can be attached to."""
    from core.daemon import background

    if held(context.paths.lock) is None:
        background.start(context.options, until_idle=bool(context.values["until_idle"]))
    who = await _listening(context)
    _ready(context, who.pid, who.socket)
    return DONE


async def _listening(context: Context) -> Holder:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while True:
                who = held(context.paths.lock)
                if who is not None and who.socket:
                    return who
                await asyncio.sleep(0.05)
    who = held(context.paths.lock)
    if who is not None:
        raise DataDirectoryBusy(f"The data directory {context.paths.data} is in use by process {who.pid}.")
    raise Timeout("The Leitstand in the background did not get ready.", f"See {context.paths.log}.")


def _ready(context: Context, pid: int, socket: str) -> None:
    out = context.out
    if out.json:
        out.event({"ready": True, "pid": pid, "socket": socket, "data": str(context.paths.data)})
        return
    out.line(f"Leitstand is ready, process {pid}.", dim(f"  {socket}"))
    out.flush()


def _stopped(context: Context) -> None:
    if context.out.json:
        context.out.event({"done": True})
    else:
        context.out.line("Stopped. What was not finished goes on at the next start.")
