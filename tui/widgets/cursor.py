"""A cursor that goes over the blocks of a conversation, and what can be copied from under it."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from tui.render import copying
from tui.render.blocks import TurnBlock
from tui.render.leaf import Kind
from tui.render.places import Piece, Stop
from tui.widgets.stack_view import StackView

_FAR = 1 << 20


class Cursor(StackView):
    """A stack view with a cursor on one of its blocks."""

    class CopyRequested(Message):
        """Somebody wants this source text in the clipboard; empty when there is none yet."""

        def __init__(self, view: Cursor, text: str, what: str) -> None:
            super().__init__()
            self.view = view
            self.text = text
            self.what = what

        @property
        def control(self) -> Cursor:
            """The view it came from."""
            return self.view

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor: Stop | None = None
        self._link = -1  # which of the block's links was opened last

    def forget_places(self) -> None:
        """Drop the cursor: there are other turns now."""
        self._cursor = None

    @property
    def cursor_turn(self) -> int | None:
        """Return the turn the cursor stands in."""
        return self._cursor.turn if self._cursor is not None else None

    def _cursor_block(self) -> TurnBlock | None:
        if self._cursor is None or self._cursor.turn not in self.stack:
            return None
        return self.stack.block(self.stack.index_of(self._cursor.turn))

    def _stand_on(self, stop: Stop) -> None:
        """Put the cursor on a stop and bring that into view."""
        self._cursor, self._link = stop, -1
        index = self.stack.index_of(stop.turn)
        block = self.stack.block(index)
        low, high = block.extent(stop)
        self.stack.resized(block)
        if stop in block.stops()[:1]:
            low = 0  # whose turn it is stands above it
        top = self.stack.top_of(index)
        low, high = top + low, top + high
        if low < self.top or high - low >= self.window:
            self.go_to(low)
        elif high > self.top + self.window:
            self.go_to(high - self.window)
        self.refresh()

    def enter(self) -> None:
        """Put the cursor on what the reader sees last, when it stands nowhere yet; nothing moves."""
        if self._cursor is not None or not len(self.stack):
            return
        index, inside = self.stack.at(min(self.top + self.window, self.stack.height) - 1)
        block = self.stack.block(index)
        stops = [stop for stop in block.stops() if block.extent(stop)[0] <= inside]
        self._cursor = stops[-1] if stops else None

    def action_block(self, step: int) -> None:
        """Move the cursor to the next block, or the one before."""
        self._move(step, lambda _: True)

    def action_turn(self, step: int) -> None:
        """Move the cursor to the next turn, or the one before."""
        if not len(self.stack):
            return
        if self._cursor is None:
            index = self.stack.at(self.top if step > 0 else self.top + self.window - 1)[0]
        else:
            index = self.stack.index_of(self._cursor.turn) + step
        while 0 <= index < len(self.stack):
            if stops := self.stack.block(index).stops():
                self._stand_on(stops[0])
                return
            index += step

    def action_fence(self, step: int) -> None:
        """Move the cursor to the next piece of code, or the one before."""
        block = self._cursor_block()
        if block is not None and self._cursor is not None and self._cursor.piece is Piece.BODY:
            # A list or a quote can hold several: go through them one by one.
            here = (
                self._cursor.first
                if step < 0 or self._is_code(block, self._cursor)
                else self._cursor.first - 1
            )
            if found := self._code_in(block, here, step):
                self._stand_on(found)
                return
        self._move(step, lambda stop: self._code_of(stop, step) is not None)
        if self._cursor is not None and (found := self._code_of(self._cursor, step)):
            self._stand_on(found)

    def _is_code(self, block: TurnBlock, stop: Stop) -> bool:
        leaves = block.body.leaves
        return stop.first == stop.last < len(leaves) and leaves[stop.first].kind in (Kind.FENCE, Kind.CODE)

    def _code_in(
        self, block: TurnBlock, after: int, step: int, low: int = 0, high: int = _FAR
    ) -> Stop | None:
        leaves = block.body.leaves
        index = after + step
        while max(0, low) <= index <= min(high, len(leaves) - 1):
            if leaves[index].kind in (Kind.FENCE, Kind.CODE):
                return Stop(block.turn.id, Piece.BODY, index, index)
            index += step
        return None

    def _code_of(self, stop: Stop, step: int) -> Stop | None:
        if stop.piece is not Piece.BODY:
            return None
        block = self.stack.block(self.stack.index_of(stop.turn))
        start = stop.first - 1 if step > 0 else stop.last + 1
        return self._code_in(block, start, step, stop.first, stop.last)

    def _move(self, step: int, wanted: Callable[[Stop], bool]) -> None:
        if not len(self.stack):
            return
        if self._cursor is None or self._cursor.turn not in self.stack:
            row = self.top if step > 0 else min(self.top + self.window, self.stack.height) - 1
            index, inside = self.stack.at(max(0, row))
            block = self.stack.block(index)
            stops = block.stops()
            place = next((i for i, stop in enumerate(stops) if block.extent(stop)[1] > inside), len(stops))
            place -= step > 0
        else:
            index = self.stack.index_of(self._cursor.turn)
            stops = self.stack.block(index).stops()
            here = (self._cursor.piece, self._cursor.first)
            place = max((i for i, stop in enumerate(stops) if (stop.piece, stop.first) <= here), default=0)
        while True:
            place += step
            while not 0 <= place < len(stops):
                index += step
                if not 0 <= index < len(self.stack):
                    return
                stops = self.stack.block(index).stops()
                place = 0 if step > 0 else len(stops) - 1
            if wanted(stops[place]):
                self._stand_on(stops[place])
                return

    # -- copying

    def current_block_source(self) -> str:
        """Return the source of what the cursor stands on; of code only what is between its fences."""
        block = self._cursor_block()
        if block is None or self._cursor is None:
            return ""
        if self._cursor.piece is not Piece.BODY:
            return block.think.source if block.think is not None else ""
        return copying.block_source(block.body, self._cursor.first, self._cursor.last)

    def answer_source(self) -> str:
        """Return the source of the answer under the cursor, or of the last one."""
        block = self._cursor_block()
        if block is not None and block.turn.speaker == "answer":
            return block.text
        turns = (self.stack.turn(index) for index in range(len(self.stack) - 1, -1, -1))
        return next((turn.text for turn in turns if turn.speaker == "answer"), "")

    def all_source(self) -> str:
        """Return the whole conversation as Markdown, who speaks above what is said."""
        turns = (self.stack.turn(index) for index in range(len(self.stack)))
        return "\n\n".join(f"## {turn.name}\n\n{turn.text}" for turn in turns if turn.speaker != "note")

    def action_copy(self, what: str) -> None:
        """Ask for a copy of the block, the answer or everything."""
        text = {"block": self.current_block_source, "answer": self.answer_source, "all": self.all_source}[
            what
        ]()
        if not text and what == "block":
            text, what = self.answer_source(), "answer"
        self.post_message(self.CopyRequested(self, text, what))

    def _cursor_rows(self) -> tuple[int, int] | None:
        block = self._cursor_block()
        if block is None or self._cursor is None:
            return None
        top = self.stack.top_of(self.stack.index_of(self._cursor.turn))
        low, high = block.extent(self._cursor)
        return top + low, top + high
