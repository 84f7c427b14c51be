"""Frames: what has come is worked in at a measured pace, and never while nobody looks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from tui.render.blocks import TurnBlock
from tui.render.stack import Spot
from tui.widgets.reading import Reading

_COST_SHARE: Final = 3
_LEAD: Final = 0.012


class Framed(Reading):
    """A view that gathers changes and shows them a frame at a time."""

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=id)
        self.frames_per_second = 20.0
        self.until_paint: Callable[[], float] | None = None
        """Where pictures have a rhythm of their own: seconds until the next one."""
        self.clock = clock
        """Seconds that never run backwards; whoever holds a clock of its own may put it here."""
        self._changed: dict[int, None] = {}
        self._plan: asyncio.TimerHandle | None = None
        self._next_frame = 0.0
        self._along: Callable[[], None] | None = None

    def along(self, call: Callable[[], None]) -> None:
        """Have something drawn in one picture with what is planned; at once where nothing is."""
        if self._plan is None:
            call()
        else:
            self._along = call

    def tell_time(self, block: TurnBlock) -> None:
        """Bring what runs on by itself up to date before a turn is laid out."""

    def _has_plan(self) -> bool:
        return self._plan is not None

    def _plan_frame(self) -> None:
        """Have what came worked in at the next frame, if anybody looks."""
        if self._plan is not None:
            return
        if not self.is_shown:
            self._pending = True
            return
        delay = max(0.0, self._next_frame - self.clock())
        if self.until_paint is not None:
            # Ready just before the picture is made: text that comes until then is in it.
            delay = max(delay, self.until_paint() - _LEAD)
        self._plan = asyncio.get_running_loop().call_later(delay, self.flush)

    def flush(self) -> None:
        """Work in everything that has come and mark what it changed for painting."""
        if self._plan is not None:
            self._plan.cancel()
            self._plan = None
        if not self.is_shown:
            self._pending = True
            return
        if (along := self._along) is not None:
            self._along = None
            along()
        started = self.clock()
        changed, self._changed = self._changed, {}
        spot = None if self._following else self.stack.spot(self.top)
        first = self._work_in(changed)
        self._show(first, spot)
        cost = self.clock() - started
        rhythm = 1 / self.frames_per_second if self.until_paint is None else 0.0
        self._next_frame = started + max(rhythm, _COST_SHARE * cost)

    def catch_up(self) -> None:
        """Bring the picture up to date with what came while nobody looked."""
        super().catch_up()
        self.flush()

    def _work_in(self, changed: Iterable[int]) -> int:
        """Lay out what has come; return the first row of all that differs."""
        first = self.stack.height
        for turn_id in changed:
            block = self.stack.made(turn_id)
            if block is None:
                continue
            self.tell_time(block)
            start = self.stack.top_of(self.stack.index_of(turn_id))
            end = start + block.size
            # The end of a text that nobody is near is only counted, not laid out.
            near = self._following or self.top - self.window <= end <= self.top + 3 * self.window
            row = block.flush(shown=near)
            if row < block.size or end != start + block.size:
                first = min(first, start + row)
            self.stack.resized(block)
        return first

    def _show(self, first: int, spot: Spot | None) -> None:
        """Move the view to where it belongs and mark the rows from *first* on for painting."""
        before = self.top
        height = self.virtual_size.height
        if spot is None:
            self.stack.settle_end(self.window)
            top = self.stack.height - self.window
        else:
            row = self.stack.row_of(spot)
            top = before if row is None else row
            if first < top + 2 * self.window:
                top = self.stack.settle(top, self.window)
        self._place(top)
        if self.top != before:
            self.refresh()
        elif first < max(height, self.stack.height):
            self.repaint_from(first)
