"""From engine facts to visible screens: one reader, at most one batch a frame.

The next batch is taken only when the visible screens have dealt with the last: a slow paint makes
larger merges, never a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual.app import App
from textual.screen import Screen

from core.bus import Bus, Event, Resync

E = TypeVar("E", bound=Event)
Handler = Callable[[Any], Awaitable[None] | None]

FRAME = 1 / 50
"""Seconds between two batches at least; the screens pace their painting themselves."""


class Bridge:
    """Lets screens follow engine facts for as long as they are visible, and the app follow always."""

    def __init__(self, app: App[Any], bus: Bus, *, frame: float = FRAME) -> None:
        self._app = app
        self._bus = bus
        self.frame = frame
        self._always: dict[type[Event], list[Handler]] = {}
        self._screens: WeakKeyDictionary[Screen[Any], dict[type[Event], Handler]] = WeakKeyDictionary()
        self.batches = 0

    def follow_always(self, kind: type[E], handler: Callable[[E], Awaitable[None] | None]) -> None:
        """Tell the app itself about every fact of this kind."""
        self._always.setdefault(kind, []).append(handler)

    def follow(
        self, screen: Screen[Any], kind: type[E], handler: Callable[[E], Awaitable[None] | None]
    ) -> None:
        """Tell a screen while it is the page that is shown; it reads a snapshot when it comes back."""
        self._screens.setdefault(screen, {})[kind] = handler

    async def pump(self) -> None:
        """Carry facts until cancelled."""
        with self._bus.subscribe() as mailbox:
            while True:
                for event in await mailbox.drain():
                    await self._deliver(event)
                self.batches += 1
                await self._handled()
                await asyncio.sleep(self.frame)

    async def _deliver(self, event: Event) -> None:
        handlers = list(self._always.get(type(event), ()))
        for screen, wanted in list(self._screens.items()):
            if screen.is_running and self._shown(screen):
                if isinstance(event, Resync):
                    screen.call_next(screen.resync)  # type: ignore[attr-defined]  # every follower is an EngineScreen
                elif handler := wanted.get(type(event)):
                    handlers.append(handler)
        for handler in handlers:
            waiting = handler(event)
            if waiting is not None:
                await waiting

    def _shown(self, screen: Screen[Any]) -> bool:
        """A page under its own dialog still follows; a page of another mode does not."""
        return screen in self._app.screen_stack

    async def _handled(self) -> None:
        screen = self._app.screen
        if not screen.is_running:
            return
        done = asyncio.Event()
        screen.call_next(done.set)
        # A screen stuck in a handler must not stop the others from hearing the news.
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), 1)
