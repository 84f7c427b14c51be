"""The conversation on the screen: told what turns say, it shows them as they grow.

Text is taken at once and costs nothing; a frame works in all that has come since the last. Frames keep
a distance that grows with their cost, and there are none while nobody can see them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from textual import events
from textual.message import Message

from tui import keymap
from tui.render.blocks import TurnBlock
from tui.render.places import Piece, Place
from tui.render.stack import Spot
from tui.render.think import ThinkBlock, steps
from tui.render.types import Part, ThinkMode, Turn
from tui.widgets.reading import Reading

_COST_SHARE: Final = 3
_LEAD: Final = 0.005


class Transcript(Reading):
    """All turns of one conversation."""

    BINDINGS = keymap.bindings("talk")

    class NeedEarlier(Message):
        """The reader is near the first turn, and there are earlier ones."""

        def __init__(self, view: Transcript, turn_id: int) -> None:
            super().__init__()
            self.view = view
            self.turn_id = turn_id

        @property
        def control(self) -> Transcript:
            """The view it came from."""
            return self.view

    class ThinkToggled(Message):
        """Somebody opened or closed a think block."""

        def __init__(self, view: Transcript, turn_id: int, *, opened: bool) -> None:
            super().__init__()
            self.view = view
            self.turn_id = turn_id
            self.opened = opened

        @property
        def control(self) -> Transcript:
            """The view it came from."""
            return self.view

    def __init__(
        self, *, id: str | None = None, hint: str = "y copy", clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(id=id)
        self.hint = hint
        self.frames_per_second = 20.0
        self.until_paint: Callable[[], float] | None = None
        """Where pictures have a rhythm of their own: seconds until the next one."""
        self.still = False
        """Nothing moves by itself: reduced motion, or a slow link."""
        self._clock = clock
        self._more = False
        self._asked = False  # for earlier turns
        self._changed: dict[int, None] = {}
        self._plan: asyncio.TimerHandle | None = None
        self._next_frame = 0.0
        self._beat: asyncio.TimerHandle | None = None
        self._thinking: dict[int, tuple[float, float]] = {}  # seconds so far, and when that was
        self._rolling: dict[int, asyncio.TimerHandle] = {}
        self._held: set[int] = set()

    # -- what it is told

    def load(self, turns: Iterable[Turn], *, more: bool = False) -> None:
        """Show these turns from their end; *more* says that there are earlier ones."""
        self._stop_everything()
        self.forget_places()
        found = list(turns)
        self.stack.put(found, self.columns)
        self._more, self._asked = more, False
        self._set_following(following=True)
        for turn in found:
            if turn.phase != "ended":
                self._keep_time(turn)
        self.settle_view()
        self._ask_for_earlier()

    def put_before(self, turns: Iterable[Turn], *, more: bool = False) -> None:
        """Put earlier turns above the first; what the reader sees stays where it is."""
        spot = self.stack.spot(self.top)
        self.stack.put_before(turns, self.columns)
        self._more, self._asked = more, False
        self.settle_view(spot)
        self._ask_for_earlier()

    def extend(self, turn_id: int, part: Part, offset: int, text: str) -> bool:
        """Take text of a turn that begins at *offset*; False when some before it is missing."""
        if turn_id not in self.stack:
            return False
        block = self.stack.block(self.stack.index_of(turn_id))
        have = block.length(part)
        if offset > have:
            return False
        if fresh := text[have - offset :]:
            if part == "answer" and block.think is not None and block.think.live:
                self._thought(block, block.think)
            block.extend(part, fresh)
            if part == "thinking" and turn_id not in self._thinking and block.think and block.think.live:
                self._thinking[turn_id] = (0.0, self._clock())
                self._start_beat()
            self._changed[turn_id] = None
            self._plan_frame()
        return True

    def update_turn(self, turn: Turn) -> None:
        """Take a turn as it is now; one that is not here yet comes last."""
        self._keep_time(turn)
        if turn.id not in self.stack:
            self.stack.add(turn)
            self.stack.let_go(self.top, self.window)
            self._changed[turn.id] = None
            self.flush()
            return
        block = self.stack.block(self.stack.index_of(turn.id))
        think = block.think
        if think is not None and think.live and turn.phase in ("answering", "ended"):
            self._thought(block, think)
        self.stack.update(turn)
        self._changed[turn.id] = None
        if turn.phase == "ended":
            self.flush()
        else:
            self._plan_frame()

    def remove_turn(self, turn_id: int) -> None:
        """Take a turn out; what the reader sees stays where it is."""
        if turn_id not in self.stack:
            return
        self._stop_rolling(turn_id)
        self._thinking.pop(turn_id, None)
        self._changed.pop(turn_id, None)
        spot = self.stack.spot(self.top)
        self.forget_places()
        self.stack.remove(turn_id)
        self.settle_view(spot)

    def show_turn(self, turn_id: int) -> None:
        """Bring the beginning of a turn into view and put the cursor there."""
        if turn_id in self.stack:
            index = self.stack.index_of(turn_id)
            self.go_to(self.stack.top_of(index))
            self.go_to(self.stack.top_of(index))  # heights above may only be known now
            if stops := self.stack.block(index).stops():
                self._cursor = stops[0]
            self.refresh()

    def set_mode(self, mode: ThinkMode) -> None:
        """Show all think blocks another way; what a person opened or closed stays so."""
        self.mode = mode
        spot = self.stack.spot(self.top)
        for block in self.stack.blocks:
            block.set_mode(mode)
            block.measure()
            self.stack.resized(block)
        self.settle_view(spot)

    # -- frames

    def _has_plan(self) -> bool:
        return self._plan is not None

    def _plan_frame(self) -> None:
        """Have what came worked in at the next frame, if anybody looks."""
        if self._plan is not None:
            return
        if not self.is_shown:
            self._pending = True
            return
        delay = max(0.0, self._next_frame - self._clock())
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
        started = self._clock()
        changed, self._changed = self._changed, {}
        spot = None if self._following else self.stack.spot(self.top)
        first = self._work_in(changed)
        self._show(first, spot)
        cost = self._clock() - started
        rhythm = 1 / self.frames_per_second if self.until_paint is None else 0.0
        self._next_frame = started + max(rhythm, _COST_SHARE * cost)

    def catch_up(self) -> None:
        """Bring the picture up to date with what came while nobody looked."""
        super().catch_up()
        self.flush()
        self._start_beat()

    def _work_in(self, changed: Iterable[int]) -> int:
        """Lay out what has come; return the first row of all that differs."""
        first = self.stack.height
        for turn_id in changed:
            block = self.stack.made(turn_id)
            if block is None:
                continue
            self._tell_time(block)
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

    # -- thinking

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
            self._settle_block(block)
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
        self._tell_time(block)
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
            self._settle_block(block)
            self._stay_with(spot)
            return
        way = iter(steps(rows))
        started = self._clock()
        loop = asyncio.get_running_loop()
        think.roll(rows, from_start=from_start)

        def step(left: int, fade: int) -> None:
            self._rolling.pop(turn_id, None)
            if not self.is_shown:
                left = 0
            think.roll(left or None, fade, from_start=from_start)
            self._settle_block(block)
            self._stay_with(None if self._following else spot or self._reader_spot(block))
            if left:
                plan()

        def plan() -> None:
            due, left, fade = next(way)
            delay = max(0.0, started + due - self._clock())
            self._rolling[turn_id] = loop.call_later(delay, step, left, fade)

        self._settle_block(block)
        plan()

    def _settle_block(self, block: TurnBlock) -> None:
        block.touch()
        self._changed[block.turn.id] = None

    def _stay_with(self, spot: Spot | None) -> None:
        """Work in a change of height that the reader's row must not follow."""
        self._work_in(list(self._changed))
        self._changed.clear()
        if spot is not None:
            row = self.stack.row_of(spot)
            self._place(self.top if row is None else row)
            self._set_following(following=self.top >= self.stack.height - self.window)
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
                self._thinking[turn.id] = (turn.seconds or 0.0, self._clock())
            self._start_beat()
        else:
            self._thinking.pop(turn.id, None)

    def _tell_time(self, block: TurnBlock) -> None:
        since = self._thinking.get(block.turn.id)
        if since is not None and block.think is not None and block.think.live:
            block.think.seconds = since[0] + self._clock() - since[1]
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

    # -- scrolling

    def page(self, direction: int) -> None:
        """Read on or back by a screenful."""
        self.go_to(self.top + direction * max(1, self.window - 2))

    def action_scroll_rows(self, rows: int) -> None:
        """Read on or back by some rows."""
        self.go_to(self.top + rows)

    def action_first(self) -> None:
        """Go to the beginning."""
        self.go_to(0)

    def action_last(self) -> None:
        """Go to the end and follow it."""
        self.follow()

    def follow(self) -> None:
        """Go to the end and stay there."""
        super().follow()
        self._let_go_held()

    def _scrolled(self) -> None:
        super()._scrolled()
        self._let_go_held()
        self._ask_for_earlier()

    def _ask_for_earlier(self) -> None:
        if self._more and not self._asked and len(self.stack) and self.top < self.window:
            self._asked = True
            self.post_message(self.NeedEarlier(self, self.stack.turn(0).id))

    # -- the end

    def _stop_everything(self) -> None:
        for handle in (self._plan, self._beat, *self._rolling.values()):
            if handle is not None:
                handle.cancel()
        self._plan = self._beat = None
        self._rolling.clear()
        self._thinking.clear()
        self._changed.clear()
        self._held.clear()

    def _on_unmount(self) -> None:
        self._stop_everything()
        super()._on_unmount()

    def _on_show(self, event: events.Show) -> None:
        super()._on_show(event)
        if self._pending:
            self.catch_up()
