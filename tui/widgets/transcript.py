"""The conversation on the screen: told what turns say, it shows them as they grow.

Text is taken at once and costs nothing; a frame works in all that has come since the last. Frames keep
a distance that grows with their cost, and there are none while nobody can see them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual import events
from textual.message import Message

from tui import keymap
from tui.render.types import Part, ThinkMode, Turn
from tui.widgets.thinking import Thinking


class Transcript(Thinking):
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

    def __init__(
        self, *, id: str | None = None, hint: str = "y copy", clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(id=id, clock=clock)
        self.hint = hint
        self._more = False
        self._asked = False  # for earlier turns

    # -- what it is told

    def load(self, turns: Iterable[Turn], *, more: bool = False) -> None:
        """Show these turns from their end; *more* says that there are earlier ones."""
        self._stop_everything()
        self.forget_places()
        self.stack.put(turns, self.columns)
        self._more, self._asked = more, False
        self._set_following(following=True)
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
                self._thinking[turn_id] = (0.0, self.clock())
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
        if not self._window:
            return  # how much shows is not known yet; the first resize comes here again
        if self._more and not self._asked and len(self.stack) and self.top < self.window:
            self._asked = True
            self.post_message(self.NeedEarlier(self, self.stack.turn(0).id))

    def _on_resize(self, event: events.Resize) -> None:
        super()._on_resize(event)
        self._ask_for_earlier()

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

    def _on_show(self, event: events.Show) -> None:
        if self._pending:
            self.catch_up()
