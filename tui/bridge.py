"""From engine facts to visible screens: one reader, one batch a picture.

The next batch is taken only when the visible screens have dealt with the last: a slow paint makes
larger merges, never a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual.app import App
from textual.screen import Screen

from core.bus import UNHEARD, Bus, Event, Resync, TextEvent
from core.errors import LeitstandError

E = TypeVar("E", bound=Event)
Handler = Callable[[Any], Awaitable[None] | None]

LEAD = 0.008
"""Seconds before a picture in which the screens work facts into it."""

READ = 0.013
"""Seconds before a picture in which text is taken from the network, to be among those facts."""

NEAR = 0.003
"""Seconds that are not worth a sleep of their own."""

SHARE = 0.6
"""Part of a picture's time that passes before the next batch is looked for."""


class Bridge:
    """Lets screens follow engine facts for as long as they are visible, and the app follow always."""

    def __init__(
        self,
        app: App[Any],
        bus: Bus,
        *,
        frames: Callable[[], int] = lambda: 30,
        until_paint: Callable[[], float] = lambda: 0.0,
        failed: Callable[[LeitstandError], None] = lambda error: None,
    ) -> None:
        self._app = app
        self._bus = bus
        self._frames = frames
        self._until_paint = until_paint
        self._failed = failed
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
        followed = self._screens.setdefault(screen, {})
        if kind in followed:
            # The first would hear nothing any more, and nobody would know why.
            raise RuntimeError(f"{type(screen).__name__} follows {kind.__name__} already")
        followed[kind] = handler

    async def pump(self) -> None:
        """Carry facts until cancelled."""
        with self._bus.subscribe(rest=self._rest) as mailbox:
            while True:
                events = await mailbox.drain()
                # What is not painted yet need not be worked in yet: more of it merges meanwhile.
                if (early := self._until_paint() - LEAD) > NEAR:
                    await asyncio.sleep(early)
                    events += mailbox.take()
                for event in events:
                    await self._deliver(event)
                self.batches += 1
                await self._handled()
                await asyncio.sleep(SHARE / self._frames())

    def _rest(self) -> float:
        """Seconds until text is wanted: just before the next picture; seldom while nobody sees it."""
        if not any(TextEvent in kind.__mro__ for _, wanted in self._watching() for kind in wanted):
            return UNHEARD
        early = self._until_paint() - READ
        return early if early > 0 else max(0.0, early + 1 / self._frames())

    def _watching(self) -> Iterator[tuple[Screen[Any], dict[type[Event], Handler]]]:
        """The pages that somebody sees, and what they follow."""
        for screen, wanted in list(self._screens.items()):
            if screen.is_running and self._shown(screen):
                yield screen, wanted

    async def _deliver(self, event: Event) -> None:
        handlers = list(self._always.get(type(event), ()))
        for screen, wanted in self._watching():
            if isinstance(event, Resync):
                screen.call_next(screen.resync)  # type: ignore[attr-defined]  # every follower is an EngineScreen
            elif handler := wanted.get(type(event)):
                handlers.append(handler)
        for handler in handlers:
            try:
                waiting = handler(event)
                if waiting is not None:
                    await waiting
            except LeitstandError as error:
                # A handler reads what it needs, and the line may be cut: the rest still hears its news.
                self._failed(error)

    def _shown(self, screen: Screen[Any]) -> bool:
        """A page under its own dialog still follows; a page of another mode does not."""
        return screen in self._app.screen_stack

    async def _handled(self) -> None:
        # While the program ends there may be no screen left.
        screen = next(iter(self._app.screen_stack[-1:]), None)
        if screen is None or not screen.is_running:
            return
        done = asyncio.Event()
        screen.call_next(done.set)
        # A screen stuck in a handler must not stop the others from hearing the news.
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), 1)
