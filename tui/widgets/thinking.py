"""Think blocks on the screen: they count their seconds, roll up when the answer begins, open on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.message import Message

from tui.render.blocks import TurnBlock
from tui.render.places import Piece, Place
from tui.render.stack import Spot
from tui.render.think import LONGEST_ROLL, ThinkBlock, steps
from tui.render.types import Turn
from tui.widgets.framed import Framed

_LOOK_AGAIN = 0.01
"""Seconds between two looks at whether a step was painted."""


class Thinking(Framed):
    """A view whose think blocks live."""

    class ThinkToggled(Message):
        """Somebody opened or closed a think block."""

        def __init__(self, view: Thinking, turn_id: int, *, opened: bool) -> None:
            super().__init__()
            self.view = view
            self.turn_id = turn_id
            self.opened = opened

        @property
        def control(self) -> Thinking:
            """The view it came from."""
            return self.view

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=id, clock=clock)
        self.still = False
        """Nothing moves by itself: reduced motion, or a slow link."""
        self._beat: asyncio.TimerHandle | None = None
        self._thinking: dict[int, tuple[float, float]] = {}  # seconds so far, and when that was
        self._rolling: dict[int, asyncio.TimerHandle] = {}
        self._held: set[int] = set()

    def catch_up(self) -> None:
        """Bring the picture up to date with what came while nobody looked."""
        super().catch_up()
        self._start_beat()

    def make_block(self, turn: Turn) -> TurnBlock:
        """Return a turn as rows; one that thinks begins to count its seconds."""
        if turn.phase == "thinking":
            self._keep_time(turn)
        return super().make_block(turn)

    def toggle_think(self, turn_id: int) -> None:
        """Open or close the think block of a turn; this choice wins over every mode."""
        block = self.stack.made(turn_id)
        if block is None or block.think is None:
            return
        think = block.think
        opened = not think.is_open
        self._stop_rolling(turn_id)
        self._held.discard(turn_id)
        before, whole = think.body_rows, not think.is_window
        think.choose(opened=opened)
        self.post_message(self.ThinkToggled(self, turn_id, opened=opened))
        spot = self._reader_spot(block)
        if opened:
            self._mark(block)
            self._work_in(list(self._changed))
            # What was opened stays in view, even if that means to leave the end.
            self._set_following(following=self._following and self.top >= self.stack.height - self.window)
            self._stay_with(spot)
        else:
            self._roll(block, think, before, spot, from_start=whole)

    def action_think(self) -> None:
        """Open or close the think block under the cursor, or the last one."""
        turns = [self.stack.turn(index).id for index in range(len(self.stack) - 1, -1, -1)]
        if self.cursor_turn is not None:
            turns.insert(0, self.cursor_turn)
        for turn_id in turns:
            block = self.stack.made(turn_id)
            if block is not None and block.think is not None:
                self.toggle_think(turn_id)
                return

    def _thought(self, block: TurnBlock, think: ThinkBlock) -> None:
        """Close the window of a model that has finished thinking, unless that would move the reader's row."""
        self.tell_time(block)
        rows = think.body_rows
        automatic = think.is_window
        think.live = False
        turn_id = block.turn.id
        self._thinking.pop(turn_id, None)
        self._changed[turn_id] = None
        block.touch()
        if not automatic or not rows:
            return
        if self._reads_in(block, rows):
            think.hold(held=True)
            self._held.add(turn_id)
        elif self._in_view(block, rows):
            self._roll(block, think, rows, None)

    def _in_view(self, block: TurnBlock, rows: int) -> bool:
        top = self.stack.top_of(self.stack.index_of(block.turn.id)) + block.top_of(Piece.THINK)
        return self.is_shown and top <= self.top + self.window and top + rows >= self.top

    def _reads_in(self, block: TurnBlock, rows: int) -> bool:
        """Return whether a person may be reading what would roll up."""
        return (self.has_selection or not self._following) and self._in_view(block, rows)

    def _reader_spot(self, block: TurnBlock) -> Spot | None:
        """Return the row to keep in its place when a think block opens or closes."""
        spot = self.stack.spot(self.top)
        if spot is not None and spot.turn == block.turn.id and spot.place.piece is Piece.THOUGHT:
            return Spot(block.turn.id, Place(Piece.THINK, 0, 0))  # what was read is gone: its header stays
        return spot

    def _roll(
        self, block: TurnBlock, think: ThinkBlock, rows: int, spot: Spot | None, *, from_start: bool = False
    ) -> None:
        """Close a think block row by row."""
        turn_id = block.turn.id
        rows = min(rows, self.window)
        if self.still or self.app.animation_level == "none" or not self._in_view(block, rows):
            self._mark(block)
            self._stay_with(spot)
            return
        way = iter(steps(rows))
        loop = asyncio.get_running_loop()
        started = loop.time()
        think.roll(rows, from_start=from_start)

        def step(left: int, fade: int, pictures: int) -> None:
            self._rolling.pop(turn_id, None)
            late = loop.time() >= started + LONGEST_ROLL
            if not self.is_shown or late:
                left = 0
            elif self.pictures == pictures:
                # Nobody has seen the step before: a picture that comes late must not skip it.
                self._rolling[turn_id] = loop.call_later(_LOOK_AGAIN, step, left, fade, pictures)
                return
            think.roll(left or None, fade, from_start=from_start)
            self._mark(block)
            self._stay_with(None if self._following else spot or self._reader_spot(block))
            if left:
                plan(self.pictures)

        def plan(pictures: int) -> None:
            due, left, fade = next(way)
            self._rolling[turn_id] = loop.call_at(started + due, step, left, fade, pictures)

        self._mark(block)
        plan(-1)  # as it is now it was seen

    def _mark(self, block: TurnBlock) -> None:
        block.touch()
        self._changed[block.turn.id] = None

    def _stay_with(self, spot: Spot | None) -> None:
        """Work in a change of height that the reader's row must not follow."""
        self._work_in(list(self._changed))
        self._changed.clear()
        if spot is not None:
            row = self.stack.row_of(spot)
            self._place(self.top if row is None else row)
        self.settle_view(spot)

    def _stop_rolling(self, turn_id: int) -> None:
        if handle := self._rolling.pop(turn_id, None):
            handle.cancel()
        block = self.stack.made(turn_id)
        if block is not None and block.think is not None:
            block.think.roll(None)

    def _let_go_held(self) -> None:
        """Close the windows that were held open for a reader who has gone on."""
        for turn_id in list(self._held):
            block = self.stack.made(turn_id)
            if block is None or block.think is None:
                self._held.discard(turn_id)
                continue
            rows = block.think.body_rows
            if not self._reads_in(block, rows):
                self._held.discard(turn_id)
                block.think.hold(held=False)
                self._roll(block, block.think, rows, None if self._following else self.stack.spot(self.top))

    # -- time

    def _keep_time(self, turn: Turn) -> None:
        if turn.phase == "thinking":
            if turn.seconds is not None or turn.id not in self._thinking:
                self._thinking[turn.id] = (turn.seconds or 0.0, self.clock())
            self._start_beat()
        else:
            self._thinking.pop(turn.id, None)

    def tell_time(self, block: TurnBlock) -> None:
        """Bring the seconds a block has thought up to date."""
        since = self._thinking.get(block.turn.id)
        if since is not None and block.think is not None and block.think.live:
            block.think.seconds = since[0] + self.clock() - since[1]
            block.touch()

    def _start_beat(self) -> None:
        if self._thinking and self._beat is None and self.is_shown:
            self._beat = asyncio.get_running_loop().call_later(1.0, self._count_on)

    def _count_on(self) -> None:
        """Let the seconds of what thinks run on although it says nothing."""
        self._beat = None
        if self._thinking and self.is_shown:
            self._changed.update(dict.fromkeys(self._thinking))
            self._plan_frame()
            self._start_beat()
