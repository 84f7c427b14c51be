"""A list of rows drawn by a function: only what is visible is ever painted, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui import keymap
from tui.render.pieces import Piece, Pieces, cut, strip
from tui.widgets.inked import Inked

R = TypeVar("R")

Painter = Callable[[R, int], Sequence[Pieces]]
"""Draws one row at a width: as many lines as the list's row height."""


class RowList(Inked, ScrollView, Generic[R], can_focus=True):
    """Rows with a cursor, an accent bar beside the selected one, and words where there are none."""

    DEFAULT_CSS = """
    RowList {
        height: 1fr; width: 1fr; background: $background;
        scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto;
    }
    """
    BINDINGS = keymap.bindings("list")

    class Opened(Message):
        """Enter, or a click on the selected row."""

        def __init__(self, rows: RowList[Any], row: Any) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> RowList[Any]:
            """The list it came from."""
            return self.rows

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, rows: RowList[Any], row: Any) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> RowList[Any]:
            """The list it came from."""
            return self.rows

    def __init__(
        self,
        painter: Painter[R],
        *,
        key: Callable[[R], object],
        row_height: int = 1,
        selectable: Callable[[R], bool] = lambda row: True,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._selectable = selectable
        self._painter = painter
        self._key = key
        self._row_height = row_height
        self._rows: list[R] = []
        self._cursor = 0
        self._touched = False
        self._words: Sequence[Pieces] = ()
        self._cache: dict[tuple[int, int], list[Strip]] = {}

    # What it shows ------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[R]:
        """The rows, in the order shown."""
        return self._rows

    @property
    def selected(self) -> R | None:
        """The row the cursor is on."""
        row = self._rows[self._cursor] if self._rows else None
        return row if row is not None and self._selectable(row) else None

    def put(self, rows: Sequence[R], *, words: Sequence[Pieces] = ()) -> None:
        """Show these rows, the cursor staying on the row it was on; *words* teach when there are none."""
        before = self.selected
        if list(rows) == self._rows and words == self._words:
            return
        watched = self._in_view()
        self._rows = list(rows)
        self._words = words
        self._cache.clear()
        # Until a person chose a row the first one is it, whatever comes to stand there.
        if before is not None and self._touched:
            wanted = self._key(before)
            index = next((i for i, row in enumerate(self._rows) if self._key(row) == wanted), None)
            self._cursor = index if index is not None else min(self._cursor, max(len(self._rows) - 1, 0))
        elif not self._touched:
            self._cursor = 0
        self._cursor = self._nearest(self._cursor, 1)
        self.virtual_size = Size(0, len(self._rows) * self._row_height)
        # Rows that come above push the cursor out of sight; whoever had scrolled away is left there.
        if watched and not self._in_view():
            self._reveal()
        self.refresh()
        if self.selected != before:
            self.post_message(self.Moved(self, self.selected))

    def select(self, key: object) -> bool:
        """Put the cursor on the row with this key."""
        for index, row in enumerate(self._rows):
            if self._key(row) == key:
                self._to(index)
                return True
        return False

    def keep(self) -> None:
        """Stay with the selected row from now on: a person did something with it."""
        self._touched = True

    def repaint(self) -> None:
        """Paint every visible row anew, because what the painter reads changed."""
        self._cache.clear()
        self.refresh()

    # Moving -------------------------------------------------------------------------------------

    def action_cursor(self, step: int) -> None:
        """Move the cursor by rows."""
        self._to(self._cursor + step)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        page = max(1, self.size.height // self._row_height - 1)
        self._to(self._cursor + direction * page)

    def action_first(self) -> None:
        """Go to the first row."""
        self._to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._to(len(self._rows) - 1)

    def action_open(self) -> None:
        """Open the selected row."""
        if self.selected is not None:
            self.post_message(self.Opened(self, self.selected))

    def _to(self, index: int) -> None:
        if not self._rows:
            return
        index = max(0, min(index, len(self._rows) - 1))
        index = self._nearest(index, 1 if index >= self._cursor else -1)
        if index == self._cursor:
            return
        self._touched = True
        self._repaint_row(self._cursor)
        self._cursor = index
        self._repaint_row(index)
        self._reveal()
        self._park()
        self.post_message(self.Moved(self, self.selected))

    def _in_view(self) -> bool:
        """Whether the cursor's row can be seen."""
        above = self._cursor * self._row_height - self.scroll_offset.y
        return 0 <= above <= max(self.size.height - self._row_height, 0)

    def _reveal(self) -> None:
        """Scroll to the cursor."""
        top = self._cursor * self._row_height
        self.scroll_to_region(Region(0, top, 1, self._row_height), animate=False, x_axis=False)

    def _park(self) -> None:
        """Put the terminal's own cursor on the row: braille lines and magnifiers follow it."""
        if self.has_focus:
            row = self._cursor * self._row_height - self.scroll_offset.y
            self.app.cursor_position = self.content_region.offset + Offset(0, row)

    def _nearest(self, index: int, step: int) -> int:
        """The next row in a direction that can be selected; in the other one when there is none."""
        for direction in (step, -step):
            at = index
            while 0 <= at < len(self._rows):
                if self._selectable(self._rows[at]):
                    return at
                at += direction
        return 0

    def _repaint_row(self, index: int) -> None:
        width = self.size.width
        self._cache.pop((index, width), None)
        top = index * self._row_height - self.scroll_offset.y
        self.refresh(Region(0, top, width, self._row_height))

    def on_click(self, event: events.Click) -> None:
        """Select the row under the pointer; a second click opens it."""
        index = (event.y + self.scroll_offset.y) // self._row_height
        if index >= len(self._rows):
            return
        if index == self._cursor and event.chain > 1:
            self.action_open()
        self._to(index)

    # Painting -----------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """Forget what was painted in the old colours."""
        self._cache.clear()
        super().notify_style_update()

    def on_focus(self) -> None:
        """Show the cursor as live."""
        self._repaint_row(self._cursor)
        self.call_after_refresh(self._park)  # a list that was just made has no place yet

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self._repaint_row(self._cursor)

    def render_line(self, y: int) -> Strip:
        """Paint one line of the row that is there, or the words of an empty list."""
        width = self.size.width
        if not self._rows:
            return self._word_line(y, width)
        index, line = divmod(y + self.scroll_offset.y, self._row_height)
        if index >= len(self._rows):
            return Strip.blank(width, self.inks["text"])
        found = self._cache.get((index, width))
        if found is None:
            if len(self._cache) > 500:
                self._cache.clear()
            found = self._cache[index, width] = self._paint(index, width)
        return found[line]

    def _paint(self, index: int, width: int) -> list[Strip]:
        selected = index == self._cursor and self._selectable(self._rows[index])
        over: Style | None = self.inks["selected"] if selected else None
        bar: Piece = ("▌" if selected else " ", "mark" if self.has_focus else "dim")
        lines = self._painter(self._rows[index], width - 1)
        return [strip([bar, *cut(pieces, width - 1)], self.inks, width, over=over) for pieces in lines]

    def _word_line(self, y: int, width: int) -> Strip:
        top = max(0, (self.size.height - len(self._words)) // 3)
        if top <= y < top + len(self._words):
            return strip([("  ", "text"), *cut(self._words[y - top], width - 2)], self.inks, width)
        return Strip.blank(width, self.inks["text"])

    def plain_lines(self) -> list[str]:
        """What is visible, as text: for tests and screen readers."""
        return [self.render_line(y).text.rstrip() for y in range(self.size.height)]
