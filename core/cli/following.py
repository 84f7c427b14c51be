"""Following work to its end, wherever it runs: over a host that is replaced, and not for ever without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from core.bus import Event, Mailbox, Resync
from core.cli.exits import DONE
from core.cli.output import Output, dim
from core.errors import ConnectionLost
from core.presence import LinkChanged

if TYPE_CHECKING:
    from core.face import Face

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds a command waits for another host when its own has ended: handing over takes about two."""

HUNG_UP = "told to end"
"""What a cancelled command is told when nobody pressed ctrl+c: its terminal is gone, or somebody ends it."""


class Following:
    """A mailbox of some kinds of facts, and the news that one has to read again."""

    def __init__(self, mailbox: Mailbox, engine: Face) -> None:
        self._mailbox = mailbox
        self._engine = engine

    async def next(self) -> list[Event]:
        """Wait for facts; a Resync among them means: read what you follow anew."""
        while True:
            if not self._engine.link.up:
                await self._back()
            events = await self._mailbox.drain()
            if facts := [event for event in events if not isinstance(event, LinkChanged)]:
                return facts

    async def read(self, verb: Callable[[], Awaitable[T]]) -> T:
        """Call a verb; one that fails because the host ends is called again at the next one."""
        while True:
            try:
                return await verb()
            except ConnectionLost:
                if self._engine.link.up:
                    raise
                await self._back()

    async def _back(self) -> None:
        """Wait until somebody hosts again, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not self._engine.link.up:
                    if any(isinstance(event, Resync) for event in await self._mailbox.drain()):
                        break
        if not self._engine.link.up:
            raise ConnectionLost(self._engine.link.message)
        self._mailbox.put(Resync())


@asynccontextmanager
async def following(engine: Face, *kinds: type[Event]) -> AsyncIterator[Following]:
    """Follow facts of these kinds for the length of the block."""
    with engine.bus.subscribe(*kinds, LinkChanged) as mailbox:
        yield Following(mailbox, engine)


def left(out: Output, job: int, title: str, state: str) -> int:
    """Say that a job goes on without this command."""
    if out.json:
        out.event({"detached": True, "job": job, "name": title, "state": state})
    else:
        out.line(f"{title} goes on in the background, job {job}", dim(f"  leitstand queue wait {job}"))
    return DONE


def goes_on(engine: Face, out: Output, what: str, job: int | None = None) -> None:
    """Say that work goes on without this command, and how to end it."""
    end = "" if job is None else f"; leitstand queue cancel {job} ends it"
    if not out.json:
        out.passing("")
        out.aside(f"{what} goes on in the Leitstand that runs, process {engine.link.pid}{end}.\n")


def was_asked(error: BaseException) -> bool:
    """Whether a person pressed ctrl+c, or stopped reading; not when the terminal was lost."""
    return not (isinstance(error, asyncio.CancelledError) and HUNG_UP in error.args)
