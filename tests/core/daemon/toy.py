"""A service with every kind of verb, for what the services of the house do not need yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from core.exposed import exposed


class Thing(msgspec.Struct, frozen=True):
    """A value with everything that is awkward on a wire."""

    name: str
    data: bytes
    parts: tuple[int, ...] = ()
    by_number: dict[int, str] = {}
    raw: msgspec.Raw = msgspec.Raw(b"null")
    maybe: float | None = None


class Toy:
    """Waits, streams, fails, and gives back what it gets."""

    def __init__(self) -> None:
        self.waiting = 0
        self.streaming = 0
        self.streamed = 0
        self.go = asyncio.Event()

    @exposed
    async def echo(self, thing: Thing, *, times: int = 1) -> list[Thing]:
        """Give it back."""
        return [thing] * times

    @exposed
    async def wait(self) -> str:
        """Wait until somebody says go."""
        self.waiting += 1
        try:
            await self.go.wait()
        finally:
            self.waiting -= 1
        return "went"

    @exposed
    async def count(self, to: int, *, fail_at: int | None = None) -> AsyncIterator[int]:
        """Count."""
        self.streaming += 1
        try:
            for number in range(to):
                if number == fail_at:
                    raise ValueError("private words")
                self.streamed += 1
                yield number
        finally:
            self.streaming -= 1

    @exposed
    async def crash(self) -> None:
        """Have a fault."""
        raise ValueError("private words")

    @exposed
    async def surrogate(self) -> str:
        """Answer what cannot be written."""
        return "\ud800"
