"""A script says what the model says, one piece at a time and exactly when the test wants it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from core.simulator.wire import Hangup, Refusal


class Think(msgspec.Struct, frozen=True):
    """A piece of thinking."""

    text: str


class Say(msgspec.Struct, frozen=True):
    """A piece of the answer."""

    text: str


class Call(msgspec.Struct, frozen=True):
    """A tool call."""

    name: str
    arguments: dict[str, Any] = {}


class Raw(msgspec.Struct, frozen=True):
    """Bytes that go to the wire as they are."""

    data: bytes


class Finish(msgspec.Struct, frozen=True):
    """The final object; *metrics* replace what would have been counted."""

    reason: str = "stop"
    metrics: dict[str, Any] = {}


class Fail(msgspec.Struct, frozen=True):
    """An error: a status while nothing was said, a line after that."""

    text: str
    status: int = 500


class End(msgspec.Struct, frozen=True):
    """The stream ends properly, but without its final object."""


class Cut(msgspec.Struct, frozen=True):
    """The connection breaks."""


class Hang(msgspec.Struct, frozen=True):
    """Nothing more comes until the client goes away."""


Step = Think | Say | Call | Raw | Finish | Fail | End | Cut | Hang
_LAST = (Finish, Fail, End, Cut)


class ClientGone(Exception):
    """The client does not listen any more."""


class Script:
    """What one answer consists of.

    Steps given at the start are said as fast as the client reads. Each method adds one and returns when
    the client has taken it and asks for more: `await script.say("Hel")`. Without a last step the answer
    stays open for the test to go on.
    """

    def __init__(self, *steps: Step) -> None:
        self._steps: deque[tuple[Step, asyncio.Future[None] | None]] = deque((step, None) for step in steps)
        self._more = asyncio.Event()
        self._asked = asyncio.Event()
        self._over = asyncio.Event()
        self.request: dict[str, Any] = {}
        """What the client sent, once it asked."""

    @classmethod
    def saying(cls, *pieces: str, thinking: tuple[str, ...] = (), **metrics: Any) -> Script:
        """An answer that is known beforehand, with its end."""
        reason = metrics.pop("done_reason", "stop")
        said: list[Step] = [*map(Think, thinking), *map(Say, pieces), Finish(reason, metrics)]
        return cls(*said)

    async def think(self, text: str) -> None:
        """Think a piece."""
        await self.tell(Think(text))

    async def say(self, text: str) -> None:
        """Say a piece."""
        await self.tell(Say(text))

    async def call(self, name: str, **arguments: Any) -> None:
        """Call a tool."""
        await self.tell(Call(name, arguments))

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self.tell(Raw(data))

    async def finish(self, done_reason: str = "stop", **metrics: Any) -> None:
        """Send the final object and end."""
        await self.tell(Finish(done_reason, metrics))

    async def fail(self, text: str, status: int = 500) -> None:
        """Report an error and end."""
        await self.tell(Fail(text, status))

    async def end(self) -> None:
        """End without the final object."""
        await self.tell(End())

    async def cut(self) -> None:
        """Break the connection."""
        await self.tell(Cut())

    async def hang(self) -> None:
        """Fall silent until the client goes away; returns as soon as the silence began."""
        await self.tell(Hang())

    async def tell(self, step: Step) -> None:
        """Add a step and wait until the client has it."""
        if self.over:
            raise ClientGone("the client does not listen any more")
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._steps.append((step, told))
        self._more.set()
        await told

    async def asked(self) -> dict[str, Any]:
        """Wait until a client asked, and return what it sent."""
        await self._asked.wait()
        return self.request

    async def closed(self) -> None:
        """Wait until the answer is over: ended, or left by the client."""
        await self._over.wait()

    @property
    def over(self) -> bool:
        """Whether the answer is over."""
        return self._over.is_set()

    async def play(self, request: dict[str, Any]) -> AsyncGenerator[Think | Say | Call | Raw | Finish, None]:
        """Say it all; the simulator's side of a script."""
        self.request = request
        self._asked.set()
        told: asyncio.Future[None] | None = None
        try:
            while True:
                while not self._steps:
                    self._more.clear()
                    await self._more.wait()
                step, told = self._steps.popleft()
                match step:
                    case Fail(text, status):
                        raise Refusal(status, text, late=True)
                    case Cut():
                        raise Hangup
                    case Hang():
                        _settle(told)
                        await asyncio.Event().wait()
                    case Think() | Say() | Call() | Raw() | Finish():
                        yield step
                _settle(told)
                if isinstance(step, _LAST):
                    return
        finally:
            self._over.set()
            _settle(told)
            for _, waiting in self._steps:
                if waiting and not waiting.done():
                    waiting.set_exception(ClientGone("the client does not listen any more"))


def _settle(told: asyncio.Future[None] | None) -> None:
    if told and not told.done():
        told.set_result(None)
