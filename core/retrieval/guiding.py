"""Keeps the router of spaces up with what is in them; learning never holds up a question for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from core.errors import LeitstandError
from core.retrieval.desk import Desk, Maker
from core.retrieval.library import Space
from core.retrieval.route import SpaceRouter
from core.retrieval.seams import Embedder

_PATIENCE = 2.0
"""Seconds a question waits for what is learned of its spaces; then it is asked without."""

log = logging.getLogger("leitstand.library")


class Guide:
    """What is known of spaces, beside what is in them."""

    def __init__(
        self, desk: Desk, router: SpaceRouter, *, embedder: Callable[[Maker], Awaitable[Embedder]]
    ) -> None:
        self.router = router
        self._desk = desk
        self._embedder = embedder
        self._learning: dict[int, asyncio.Task[None]] = {}
        """Of every space that was looked at since the start, the last look."""

    def changed(self, space: int) -> None:
        """Look at a space again, in the background."""
        with suppress(LeitstandError):  # closing
            self._learning[space] = self._desk.tasks.spawn("learning a space", self._learn(space))

    def forget(self, space: int) -> None:
        """A space is gone."""
        self._learning.pop(space, None)
        self.router.forget(space)

    async def close(self) -> None:
        """Stop looking at spaces, and wait until their requests have ended."""
        looks = [look for look in self._learning.values() if not look.done()]
        for look in looks:
            look.cancel()
        if looks:
            await asyncio.wait(looks, timeout=_PATIENCE)

    async def know(self, spaces: Sequence[Space]) -> None:
        """See that spaces were looked at once; what takes longer goes on behind the question."""
        for space in spaces:
            if space.id not in self._learning:
                self.changed(space.id)
        looks = {self._learning[space.id] for space in spaces if space.id in self._learning}
        running = {look for look in looks if not look.done()}
        if running:
            await asyncio.wait(running, timeout=_PATIENCE)

    async def _learn(self, id: int) -> None:
        try:
            space = await self._desk.spaces.space(id)
            embedder = None
            if space.made_by and space.embedded:
                embedder = await self._embedder(Maker(space.made_by, space.digest))
            await self.router.learn(id, embedder)
        except LeitstandError as error:
            log.info("nothing was learned of a space: %s", error.code)
            self._learning.pop(id, None)  # tried again with the next question
