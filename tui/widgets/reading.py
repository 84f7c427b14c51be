"""What a reader does with a conversation besides moving over it: select, search, fold, follow links."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.selection import Selection

from core.retrieval.cite import CITED
from tui.render import copying, search
from tui.render.blocks import TurnBlock
from tui.render.cells import width_of
from tui.render.leaf import Kind, Line
from tui.render.paint import MARGIN
from tui.render.palette import CURRENT, FOUND, SELECTED, link_of
from tui.render.places import Found, Piece, Stop
from tui.render.search import Hit, Mark
from tui.render.stack import Spot
from tui.widgets.cursor import Cursor

_FAR = 1 << 20
_NUMBER = re.compile(r"\d+")


class Reading(Cursor):
    """A view with a selection and found words."""

    class LinkOpened(Message):
        """Somebody chose a link."""

        def __init__(self, view: Reading, target: str) -> None:
            super().__init__()
            self.view = view
            self.target = target

        @property
        def control(self) -> Reading:
            """The view it came from."""
            return self.view

    class SourceChosen(Message):
        """Somebody clicked on a citation, or on a source under an answer."""

        def __init__(self, view: Reading, turn_id: int, number: int) -> None:
            super().__init__()
            self.view = view
            self.turn_id = turn_id
            self.number = number

        @property
        def control(self) -> Reading:
            """The view it came from."""
            return self.view

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._selected: tuple[tuple[Spot | None, int], tuple[Spot | None, int]] | None = None
        self._hits: list[Hit] = []
        self._hits_of: dict[tuple[int, Piece], list[int]] = {}
        self._hit = -1

    def forget_places(self) -> None:
        """Drop cursor, selection and hits: there are other turns now."""
        super().forget_places()
        self._selected = None
        self._hits, self._hit = [], -1

    # -- selecting

    def selection_updated(self, selection: Selection | None) -> None:
        """Remember what is selected by what stands there: rows above may come and go."""
        if selection is None:
            self._selected = None
        else:
            self._selected = self._end_of(selection.start, 0), self._end_of(selection.end, _FAR)
        self.refresh()

    def _select(self, selection: Selection) -> None:
        self.screen.selections = {self: selection}
        self.selection_updated(selection)

    def _end_of(self, offset: Offset | None, column: int) -> tuple[Spot | None, int]:
        if offset is None:
            return None, column
        return self.stack.spot(offset.y), max(0, offset.x - MARGIN)

    def _selected_rows(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        if self._selected is None:
            return None
        (first, left), (last, right) = self._selected
        top = self.stack.row_of(first) if first is not None else 0
        bottom = self.stack.row_of(last) if last is not None else self.stack.height - 1
        return None if top is None or bottom is None else ((top, left), (bottom, right))

    @property
    def has_selection(self) -> bool:
        """Return whether something is selected here."""
        return self._selected is not None

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected source."""
        rows = self._selected_rows()
        return (copying.source_between(self.stack, *rows), "\n") if rows is not None else None

    def action_copy(self, what: str) -> None:
        """Ask for a copy of what is selected, or else of the block, the answer or everything."""
        selected = self.screen.get_selected_text() if what == "block" and self.has_selection else None
        if selected:
            self.post_message(self.CopyRequested(self, selected, "selection"))
        else:
            super().action_copy(what)

    def action_select(self, step: int) -> None:
        """Select row by row with the keyboard."""
        rows = self._selected_rows()
        if rows is None:
            low = self.top if step > 0 else self.top + self.window - 1
            if (block := self._cursor_block()) is not None and self._cursor is not None:
                low = (
                    self.stack.top_of(self.stack.index_of(self._cursor.turn)) + block.extent(self._cursor)[0]
                )
            (top, left), (bottom, right) = (low, 0), (low, _FAR)
        else:
            (top, left), (bottom, right) = rows
            bottom = max(top, min(bottom + step, self.stack.height - 1))
        self._select(Selection(Offset(left + MARGIN, top), Offset(right + MARGIN, bottom)))
        if bottom >= self.top + self.window:
            self.go_to(bottom - self.window + 1)

    def _select_block(self, block: TurnBlock, place: Found) -> None:
        if place.document is None or place.leaf is None:
            return
        leaf = place.document.leaves.index(place.leaf)
        stop = next((stop for stop in block.stops() if stop.first <= leaf <= stop.last), None)
        if stop is not None and stop.piece is place.piece:
            top = self.stack.top_of(self.stack.index_of(block.turn.id))
            low, high = block.extent(stop)
            self._select(Selection(Offset(MARGIN, top + low), Offset(_FAR, top + high - 1)))

    # -- searching

    def find(self, words: str) -> int:
        """Mark every place where the words stand, go to the first from here on, return how many there are."""
        self._hits = search.hits([self.stack.turn(index) for index in range(len(self.stack))], words)
        self._hits_of.clear()
        for number, hit in enumerate(self._hits):
            self._hits_of.setdefault((hit.turn, hit.piece), []).append(number)
        self._hit = -1
        if self._hits:
            index = self.stack.at(self.top)[0]
            here = next((i for i, hit in enumerate(self._hits) if self.stack.index_of(hit.turn) >= index), 0)
            self._go_to_hit(here)
        self.refresh()
        return len(self._hits)

    def action_hit(self, step: int) -> None:
        """Go to the next place that was found, or the one before; around at the ends."""
        if self._hits:
            self._go_to_hit((self._hit + step) % len(self._hits))

    def _go_to_hit(self, number: int) -> None:
        self._hit = number
        hit = self._hits[number]
        if hit.turn not in self.stack:
            return
        index = self.stack.index_of(hit.turn)
        block = self.stack.block(index)
        if hit.piece is Piece.THOUGHT and block.think is not None and not block.think.body_rows:
            block.think.choose(opened=True)
            block.measure()
        row = block.row_of_source(hit.piece, hit.start)
        self.stack.resized(block)
        row += self.stack.top_of(index)
        if not self.top <= row < self.top + self.window:
            self.go_to(row - self.window // 3)
        self.refresh()

    # -- marks

    def _marking(self, first: int, last: int) -> Callable[[int, Line], tuple[list[Mark], bool]] | None:
        rows = self._selected_rows()
        cursor = self._cursor_rows() if self.has_focus else None
        if rows is None and cursor is None and not self._hits:
            return None

        def marks_of(row: int, line: Line) -> tuple[list[Mark], bool]:
            marks = self._hit_marks(row, line) if self._hits else []
            if rows is not None and rows[0][0] <= row <= rows[1][0]:
                left = rows[0][1] if row == rows[0][0] else 0
                right = rows[1][1] if row == rows[1][0] else _FAR
                marks.append((left, right, SELECTED))
            return marks, cursor is not None and cursor[0] <= row < cursor[1]

        return marks_of

    def _hit_marks(self, row: int, line: Line) -> list[Mark]:
        found = self.stack.find(row)
        if found is None or found[1].document is None:
            return []
        places = self._hits_of.get((found[0].turn.id, found[1].piece), [])
        shown = [(start, end) for _, _, start, end in line.runs if start >= 0]
        if not places or not shown:
            return []
        low, high = min(shown)[0], max(end for _, end in shown)
        marks: list[Mark] = []
        for number in range(bisect_left(places, low, key=lambda number: self._hits[number].end), len(places)):
            hit = self._hits[places[number]]
            if hit.start >= high:
                break
            flag = CURRENT if places[number] == self._hit else FOUND
            marks.extend(search.marks(line, hit.start, hit.end, flag))
        return marks

    def _on_focus(self, event: events.Focus) -> None:
        self.enter()

    # -- the mouse, links

    def action_open(self) -> None:
        """Open what the cursor stands on: fold a think block, or go through the block's links."""
        block = self._cursor_block()
        if block is None or self._cursor is None:
            return
        if self._cursor.piece is not Piece.BODY:
            self.toggle_think(block.turn.id)
            return
        leaves = block.body.leaves[self._cursor.first : self._cursor.last + 1]
        targets = [target for leaf in leaves for target in dict.fromkeys(leaf.targets)]
        if targets:
            self._link = (self._link + 1) % len(targets)
            self.post_message(self.LinkOpened(self, targets[self._link]))

    def toggle_think(self, turn_id: int) -> None:
        """Open or close the think block of a turn."""

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        if self.is_bar(event):
            return
        row = self.top + event.y
        found = self.stack.find(row)
        if found is None or (self.has_selection and event.chain == 1):
            return
        block, place = found
        if event.chain == 2:
            self._select_block(block, place)
            return
        line = next(iter(self.stack.rows(row, row + 1)), None)
        number = _cited_at(line, event.x - MARGIN, anywhere=place.leaf is None) if line is not None else None
        if number is not None and block.turn.speaker == "answer":
            self.post_message(self.SourceChosen(self, block.turn.id, number))
        elif place.piece in (Piece.THINK, Piece.THOUGHT):
            self.toggle_think(block.turn.id)
        elif place.document is not None and place.leaf is not None:
            self._click_text(block, place, row, event.x - MARGIN)

    def _click_text(self, block: TurnBlock, place: Found, row: int, column: int) -> None:
        leaf, document = place.leaf, place.document
        assert leaf is not None
        assert document is not None
        index = document.leaves.index(leaf)
        line = next(iter(self.stack.rows(row, row + 1)), None)
        style = _style_at(line, column) if line is not None else 0
        if link_of(style):
            self.post_message(self.LinkOpened(self, document.target(leaf, link_of(style))))
            return
        self._cursor = Stop(block.turn.id, Piece.BODY, index, index)
        label = place.row == document.top_of(index) + leaf.gap
        if leaf.kind is Kind.FENCE and label and column >= self.columns - len(self.hint):
            self.action_copy("block")
        self.refresh()


def _cited_at(line: Line, column: int, *, anywhere: bool) -> int | None:
    """The number of the citation at a cell; among the chips below an answer its words belong to it, too."""
    text = "".join(run[0] for run in line.runs)
    chosen: int | None = None
    for found in CITED.finditer(text):
        first, last = width_of(text[: found.start()]), width_of(text[: found.end()])
        if first <= column and (anywhere or column < last):
            chosen = int(_NUMBER.findall(found[1])[0])
    return chosen


def _style_at(line: Line, column: int) -> int:
    """Return the style number at a cell of a row."""
    at = 0
    for text, style, _, _ in line.runs:
        at += width_of(text)
        if 0 <= column < at:
            return style
    return 0
