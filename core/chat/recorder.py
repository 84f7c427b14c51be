"""Keeps an answer while it is being given: on the bus at once, on the disk a moment later.

A row is at most half a second or four KiB behind. How an answer ended is on the disk at once, in one
transaction with everything that follows from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from core.bus import Bus, Notice
from core.chat.think import Moved, Piece
from core.chat.tree import Tree
from core.chat.types import Part, Turn, TurnChanged, TurnDelta, TurnError, TurnState
from core.clock import Clock
from core.errors import LeitstandError
from core.store.database import Transaction
from core.tasks import Tasks

EVERY = 0.5
"""Seconds that what was said may wait to be written."""
GATHERED = 4096
"""Characters that may wait to be written."""

AGAIN = 10.0
"""Seconds between two tries when the disk does not take the end of an answer."""

Also = Callable[[Transaction, Turn], Awaitable[None]]

log = logging.getLogger("leitstand.chat")


class Recorder:
    """One answer while it is being given."""

    def __init__(
        self, turn: Turn, live: dict[int, Recorder], *, tree: Tree, bus: Bus, tasks: Tasks, clock: Clock
    ) -> None:
        live[turn.id] = self
        self._live = live
        self._turn = turn
        self._tree = tree
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._texts: dict[Part, list[str]] = {"thinking": [turn.thinking], "answer": [turn.text]}
        self._lengths: dict[Part, int] = {"thinking": len(turn.thinking), "answer": len(turn.text)}
        self._unwritten: dict[Part, list[str]] = {"thinking": [], "answer": []}
        self._waiting = 0
        self._rewrite = False
        self._writing = asyncio.Lock()
        self._due: asyncio.Task[None] | None = None
        self._over = False
        self._complained = False

    @property
    def turn(self) -> Turn:
        """The answer as it is at this moment."""
        for part, pieces in self._texts.items():
            self._texts[part] = ["".join(pieces)]
        [text], [thinking] = self._texts["answer"], self._texts["thinking"]
        self._turn = msgspec.structs.replace(self._turn, text=text, thinking=thinking)
        return self._turn

    @property
    def state(self) -> TurnState:
        """What it is doing."""
        return self._turn.state

    @property
    def said(self) -> bool:
        """Whether there is a word yet, of either text."""
        return any(self._lengths.values())

    def length(self, part: Part) -> int:
        """How long one of its texts is."""
        return self._lengths[part]

    def add(self, piece: Piece) -> None:
        """Take a piece: everybody who follows has it at once."""
        if isinstance(piece, Moved):
            self._move(piece)
            return
        part, text = piece
        offset = self._lengths[part]
        self._append(part, text)
        self._bus.publish(
            TurnDelta(chat_id=self._turn.chat_id, turn_id=self._turn.id, part=part, offset=offset, text=text)
        )
        self._unwritten[part].append(text)
        self._write_soon(len(text))

    def enter(self, state: TurnState, **changes: Any) -> None:
        """Go on to another state, or tell what else changed about the answer."""
        since = self._turn.since if state == self._turn.state else self._clock.now()
        before = self._turn
        self._turn = msgspec.structs.replace(before, state=state, since=since, **changes)
        if self._turn != before:
            self._tell()
            self._write_soon(0)

    def note(self, **changes: Any) -> None:
        """Keep what is told and written with the next change of state."""
        self._turn = msgspec.structs.replace(self._turn, **changes)

    async def finish(
        self, state: TurnState, *, error: TurnError | None = None, also: Also | None = None, **changes: Any
    ) -> Turn:
        """Write the end, and with it what *also* writes; nothing can come between."""
        now = self._clock.now()
        await self._end(also, state=state, since=now, finished=now, error=error, **changes)
        return self._turn

    async def leave(
        self, state: TurnState, *, error: TurnError | None = None, also: Also | None = None, **changes: Any
    ) -> None:
        """Give the answer back to the queue, which will try it again."""
        await self._end(also, state=state, since=self._clock.now(), error=error, **changes)

    async def _end(self, also: Also | None, **changes: Any) -> None:
        self._over = True
        if self._due is not None:
            self._due.cancel()
        end = msgspec.structs.replace(self.turn, **changes)
        # Whoever cancels a second time does not lose how it ended.
        await asyncio.shield(self._tasks.spawn("end of an answer", self._write_end(end, also)))

    async def _write_end(self, end: Turn, also: Also | None) -> None:
        try:
            await self._write(end, also)
        except LeitstandError as error:
            self._complain(error)
            self._tasks.spawn("answer that waits for the disk", self._keep_trying(end, also))
        else:
            self._forget()
        # Nobody hears that it is over before it is on the disk, unless the disk does not take it.
        self._turn = end
        self._tell()

    async def _keep_trying(self, end: Turn, also: Also | None) -> None:
        """Until it is on the disk it is here, and whoever opens the chat sees it."""
        while True:
            await self._clock.sleep(AGAIN)
            try:
                await self._write(end, also)
            except LeitstandError:
                continue
            self._forget()
            return

    def _forget(self) -> None:
        if self._live.get(self._turn.id) is self:
            del self._live[self._turn.id]

    def _complain(self, error: LeitstandError) -> None:
        log.warning("an answer could not be saved: %s", error.code)
        if not self._complained:
            self._complained = True
            self._bus.publish(Notice("error", error.message, error.hint, self._clock.now()))

    def _tell(self) -> None:
        self._bus.publish(TurnChanged(self.turn))

    def _append(self, part: Part, text: str) -> None:
        self._texts[part].append(text)
        self._lengths[part] += len(text)

    def _move(self, piece: Moved) -> None:
        """What was taken for one text turns out to be the other: both are written anew."""
        source: Part = "answer" if piece.part == "thinking" else "thinking"
        whole = "".join(self._texts[source])
        at = len(whole) - piece.length
        self._texts[source] = [whole[:at]]
        self._lengths[source] = at
        self._append(piece.part, piece.lead + whole[at:])
        self._rewrite = True
        self._tell()
        self._write_soon(GATHERED)

    def _write_soon(self, added: int) -> None:
        self._waiting += added
        if self._waiting >= GATHERED:
            self._waiting = 0
            self._tasks.spawn("saving an answer", self._save())
        elif self._due is None:
            self._due = self._tasks.spawn("saving an answer soon", self._save_later())

    async def _save_later(self) -> None:
        await self._clock.sleep(EVERY)
        self._due = None
        await self._save()

    async def _save(self) -> None:
        try:
            await self._write()
        except LeitstandError as error:
            self._complain(error)  # what could not be written is tried again with what comes next

    async def _write(self, end: Turn | None = None, also: Also | None = None) -> None:
        async with self._writing:
            if self._over and end is None:
                return
            turn = end or self.turn
            fresh, self._unwritten = self._unwritten, {"thinking": [], "answer": []}
            rewrite, self._rewrite, self._waiting = self._rewrite, False, 0
            try:
                async with self._tree.database.write() as tx:
                    if rewrite:
                        await self._tree.rewrite(tx, turn)
                    elif fresh["answer"] or fresh["thinking"]:
                        answer, thinking = "".join(fresh["answer"]), "".join(fresh["thinking"])
                        await self._tree.append(tx, turn.id, answer=answer, thinking=thinking)
                    await self._tree.put_turn(tx, turn)
                    if also is not None:
                        await also(tx, turn)
            except BaseException:
                self._rewrite = True
                raise
