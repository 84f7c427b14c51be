"""Deleting with time to take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from core.bus import Bus, Notice
from core.clock import Clock
from core.errors import LeitstandError, ModelNotFound, NotFound
from core.models.roster import Roster, key_of
from core.models.types import Model
from core.ollama.connection import ServerService
from core.tasks import Tasks

_LAST_WORDS = 3.0
"""Seconds that deletions which are due anyway may take when Leitstand closes."""


class Bin:
    """Models that are to be deleted in a moment."""

    def __init__(
        self,
        server: ServerService,
        roster: Roster,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        deleted: Callable[[], Awaitable[None]],
    ) -> None:
        self._server = server
        self._roster = roster
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._deleted = deleted
        self._waiting: dict[str, tuple[str, asyncio.Task[None]]] = {}

    def put(self, model: Model, seconds: float) -> Model:
        """Delete a model after that long; asking again changes nothing."""
        key = key_of(model.name)
        if key not in self._waiting:
            self._roster.set_leaving(model.name, self._clock.now() + seconds)
            task = self._tasks.spawn(f"deletion of {model.name}", self._later(model.name, seconds))
            self._waiting[key] = (model.name, task)
        return self._roster.here(model.name)

    def take_back(self, name: str) -> Model:
        """Let a model stay after all."""
        waiting = self._waiting.pop(key_of(name), None)
        if waiting is None:
            raise NotFound(f"{name} is not about to be deleted.", "If it is gone, download it again.")
        waiting[1].cancel()
        self._roster.set_leaving(name, None)
        return self._roster.here(name)

    async def delete(self, model: Model) -> None:
        """Delete a model now; what it says at this moment is said to its end."""
        client = self._server.client
        if model.memory is not None:
            await client.unload(model.name)
        with suppress(ModelNotFound):  # somebody else was quicker
            await client.delete(model.name)
        await self._deleted()

    async def empty(self) -> None:
        """Delete at once what waits: Leitstand closes, and the person had decided."""
        waiting, self._waiting = self._waiting, {}
        for _, task in waiting.values():
            task.cancel()
        with suppress(TimeoutError, LeitstandError):
            async with asyncio.timeout(_LAST_WORDS):
                for name, _ in waiting.values():
                    await self.delete(self._roster.here(name))

    async def _later(self, name: str, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._waiting.pop(key_of(name), None)
        try:
            await self.delete(self._roster.here(name))
        except LeitstandError as error:
            text = f"{name} was not deleted: {error.message}"
            self._bus.publish(Notice("error", text, error.hint, self._clock.now()))
        finally:
            self._roster.set_leaving(name, None)
