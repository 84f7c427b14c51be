"""Short commands of the system: every one has a second, then it is as if it were not there."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Sequence

PATIENCE = 1.0
"""Seconds a command has: tmux answers in milliseconds or hangs for ever."""

Run = Callable[[Sequence[str]], str | None]
"""Runs a command and returns what it printed; None when it is missing, fails or takes too long."""

Feed = Callable[[Sequence[str], bytes], Awaitable[str | None]]
"""The same without blocking the loop, and with something to read for the command."""


def run(command: Sequence[str]) -> str | None:
    """Run a command and return what it printed."""
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


async def feed(command: Sequence[str], data: bytes = b"") -> str | None:
    """Run a command without blocking the loop, give it *data*, and return what it printed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        printed, _ = await asyncio.wait_for(process.communicate(data), PATIENCE)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return printed.decode("utf-8", "replace") if process.returncode == 0 else None
