"""Runs a verb that waits, and lets it end in order when it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from core.cli.following import HUNG_UP
from core.errors import Cancelled


def finish(work: Coroutine[Any, Any, int]) -> int:
    """Run *work* to its end; SIGTERM and a lost terminal cancel it as ctrl+c does."""
    try:
        return asyncio.run(_heeding(work))
    except asyncio.CancelledError:
        raise Cancelled("Cancelled.") from None


async def _heeding(work: Coroutine[Any, Any, int]) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Ignored means somebody wants it to go on, as nohup does.
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(ValueError, RuntimeError):  # not the main thread: the signals are another's
                loop.add_signal_handler(number, task.cancel, HUNG_UP)
    return await work
