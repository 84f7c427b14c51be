"""Verbs that end in every way a verb can end."""

from __future__ import annotations

import asyncio
import os
import signal

from core.cli.arguments import Verb
from core.cli.context import Context
from core.errors import DiskFull

SECRET = "what somebody wrote"


def crash(context: Context) -> int:
    raise RuntimeError(SECRET)


async def refuse(context: Context) -> int:
    raise DiskFull("There is no space.", "Make some.")


def interrupted(context: Context) -> int:
    context.out.line("half")
    raise KeyboardInterrupt


async def terminated(context: Context) -> int:
    os.kill(os.getpid(), signal.SIGTERM)
    try:
        await asyncio.Event().wait()
    finally:
        context.out.line("closed in order")
    return 0


async def hung_up(context: Context) -> int:
    os.kill(os.getpid(), signal.SIGHUP)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        await asyncio.Event().wait()
    return 0


def seven(context: Context) -> int:
    context.out.value({"options": str(context.options.data), "environment": context.environment.get("X")})
    return 7


VERBS = tuple(
    Verb(name, "", "", f"{__name__}:{name}")
    for name in ("crash", "refuse", "interrupted", "terminated", "hung_up", "seven")
)
