"""Facts travel on one bus, and unread facts merge.

An event is a fact that already happened and carries the new state of one thing. Publishing never
waits and never drops: each subscriber owns a mailbox, and an event merges into the last unread one
of its own topic. A mailbox nobody reads is bounded: past its limit it holds a single `Resync`, which
tells its reader to read a snapshot again.

    with bus.subscribe() as mailbox:       # 1 follow
        state = await service.snapshot()   # 2 read
        while True:
            for event in await mailbox.drain():
                state = state.apply(event)  # 3 apply; what the snapshot already had is skipped

The bus belongs to one event loop; other threads reach it through `loop.call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec


class Event(msgspec.Struct, frozen=True, tag=True):
    """A fact. Subclasses say which topic they belong to and how they merge."""

    @property
    def topic(self) -> Hashable:
        """Events of one topic stay in order and may merge; one topic a class unless it says otherwise."""
        return type(self)

    def merge(self, newer: Event) -> Event | None:
        """Return this event and *newer* as one, or None to keep both."""
        return None


class StateEvent(Event, frozen=True, tag=True):
    """The new state of one thing: the newest replaces what was not read yet."""

    def merge(self, newer: Event) -> Event | None:
        """Keep the newest of one class."""
        return newer if type(newer) is type(self) else None


class TextEvent(Event, frozen=True, tag=True, kw_only=True):
    """Text appended to something; *offset* is where it starts. Contiguous pieces join."""

    offset: int
    text: str

    def merge(self, newer: Event) -> Event | None:
        """Join *newer* when it continues exactly where this one ends."""
        if type(newer) is not type(self):
            return None
        assert isinstance(newer, TextEvent)
        if newer.offset != self.offset + len(self.text):
            return None
        return msgspec.structs.replace(self, text=self.text + newer.text)


class Resync(Event, frozen=True, tag=True):
    """Something was missed: whoever shows state should read it again."""


Level = Literal["info", "good", "warning", "error"]


class Notice(Event, frozen=True, tag=True):
    """A sentence for the person at the screen; never merged, never private text."""

    level: Level
    text: str
    hint: str = ""
    at: float = 0.0


UNHEARD = 0.2
"""Seconds that text may gather while nobody hears it."""


def at_once() -> float:
    """Want everything as it comes."""
    return 0.0


class Mailbox:
    """The events one subscriber has not read yet, merged per topic, in order within a topic."""

    def __init__(self, limit: int = 4096, rest: Callable[[], float] = at_once) -> None:
        self.rest = rest
        """Seconds for which its reader wants no more: a screen that has just been painted."""
        self._pending: dict[int, Event] = {}
        self._last: dict[Hashable, int] = {}
        self._count = 0
        self._limit = limit
        self._ready = asyncio.Event()

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, event: Event) -> None:
        """Add a fact; never waits."""
        topic = event.topic
        slot = self._last.get(topic)
        if slot is not None and (merged := self._pending[slot].merge(event)) is not None:
            self._pending[slot] = merged
            return
        if len(self._pending) >= self._limit:
            self._pending.clear()
            self._last.clear()
            event, topic = Resync(), Resync
        self._count += 1
        self._pending[self._count] = event
        self._last[topic] = self._count
        self._ready.set()

    def take(self) -> list[Event]:
        """Take everything that is pending, without waiting."""
        self._ready.clear()
        events = list(self._pending.values())
        self._pending.clear()
        self._last.clear()
        return events

    async def drain(self) -> list[Event]:
        """Wait until something is pending, then take all of it."""
        await self._ready.wait()
        return self.take()


class Bus:
    """Hands every published event to every mailbox."""

    def __init__(self) -> None:
        self._boxes: dict[Mailbox, tuple[type[Event], ...]] = {}

    def publish(self, event: Event) -> None:
        """Tell everybody who wants it, and of something missed really everybody; never waits."""
        for box, kinds in tuple(self._boxes.items()):
            if not kinds or isinstance(event, kinds) or type(event) is Resync:
                box.put(event)

    def rest(self, kind: type[Event]) -> float:
        """Seconds for which nobody wants another event of a kind: whoever makes many may gather them."""
        rests = [box.rest() for box, kinds in self._boxes.items() if not kinds or issubclass(kind, kinds)]
        return min(rests, default=UNHEARD)

    @contextmanager
    def subscribe(
        self, *kinds: type[Event], limit: int = 4096, rest: Callable[[], float] = at_once
    ) -> Iterator[Mailbox]:
        """Own a mailbox for the length of the block; of these kinds only, where any are named.

        A reader who names them is not woken by every token that somebody else streams. *rest* says for how
        long it wants nothing more.
        """
        box = Mailbox(limit, rest)
        self._boxes[box] = kinds
        try:
            yield box
        finally:
            del self._boxes[box]
