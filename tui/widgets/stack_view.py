"""The window on a conversation: what is painted, where it stands, whether it follows the end.

One line-API view for all turns. Painting marks only the rows that changed and hands out strips that
are kept with the rows; scrolling and growing never start a layout of the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.render.blocks import TurnBlock
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.leaf import Line
from tui.render.paint import MARGIN, RIGHT, Painter
from tui.render.palette import Palette
from tui.render.search import Mark
from tui.render.stack import Spot, Stack
from tui.render.types import ThinkMode, Turn

_WHEEL_ROWS = 3


class StackView(ScrollView, can_focus=True):
    """Shows a stack of turns and keeps the reader's row where it is."""

    DEFAULT_CSS = """
    StackView {
        height: 1fr; width: 1fr; background: $background;
        overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 0;
    }
    """

    class FollowChanged(Message):
        """The view began or ceased to follow the end."""

        def __init__(self, view: StackView, *, following: bool) -> None:
            super().__init__()
            self.view = view
            self.following = following

        @property
        def control(self) -> StackView:
            """The view it came from."""
            return self.view

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stack = Stack(self.make_block)
        self.glyphs: Glyphs = UNICODE
        self.mode: ThinkMode = "auto"
        self.hint = ""
        self._following = True
        self._painter: Painter | None = None
        self._look: tuple[object, ...] = ()
        self._own_scroll = False
        self._thumb = (0, 0)  # rows of the view that the scroll bar's thumb stands beside
        self._grabbed: int | None = None  # where the thumb is held, counted from its top
        self.pictures = 0
        """How many pictures were made of it so far: what moves waits until the last step was seen."""
        self._pending = False  # something came that is not in the picture yet
        # Textual works these out anew each time it is asked, and a frame asks often.
        self._columns, self._window, self._top = 10, 0, 0

    def make_block(self, turn: Turn) -> TurnBlock:
        """Return a turn as rows, laid out for this view."""
        return TurnBlock(turn, self.glyphs, self.mode, self.hint, self.columns)

    # -- the picture

    @property
    def columns(self) -> int:
        """Return how many cells a row of text may take."""
        return self._columns

    @property
    def window(self) -> int:
        """Return how many rows the view shows."""
        return max(1, self._window)

    @property
    def top(self) -> int:
        """Return the first row that shows."""
        return self._top

    @property
    def is_shown(self) -> bool:
        """Return whether somebody can see the view now."""
        return self._window > 0 and self.is_attached and self.screen.is_active

    def use_ascii(self, *, plain: bool) -> None:
        """Draw with ASCII signs only, or not; takes effect with the next ``load``."""
        self.glyphs = ASCII if plain else UNICODE
        self._look = ()

    def _paint_with(self) -> Painter:
        app = self.app
        filters = tuple(self.get_line_filters())
        look = (app.theme, self.size.width, self.glyphs, filters)
        if self._painter is None or look != self._look:
            self._look = look
            background = self.background_colors[1]

            def adapt(style: Style) -> Style:
                for line_filter in filters:
                    style = line_filter.apply([Segment(" ", style)], background)[0].style or style
                return style

            palette = Palette(app.theme_variables, adapt if filters else None)
            self._painter = Painter(palette, self.size.width, self.glyphs)
        return self._painter

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the view as strips."""
        if self._pending and not self._has_plan():
            self.call_next(self.catch_up)
        self.pictures += 1
        painter = self._paint_with()
        first = self.top + crop.y
        lines = self.stack.rows(first, first + crop.height)
        low, high = self._thumb[0] - crop.y, self._thumb[1] - crop.y
        strip = painter.strip
        strips = [strip(line, thumb=low <= row < high) for row, line in enumerate(lines)]
        if marks_of := self._marking(first, first + len(lines)):
            for row, line in enumerate(lines):
                marks, cursor = marks_of(first + row, line)
                if marks or cursor:
                    strips[row] = painter.marked(line, marks, cursor=cursor, thumb=low <= row < high)
        strips += [painter.blank(thumb=low <= row < high) for row in range(len(lines), crop.height)]
        if crop.x or crop.width != self.size.width:
            strips = [strip.crop(crop.x, crop.x + crop.width) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """Return one row with the places of its characters: what the mouse selects by."""
        row = self.top + y
        line = self.render_lines(Region(0, y, self.size.width, 1))[0]
        return line.apply_offsets(0, row) if row < self.stack.height else line

    def _marking(self, first: int, last: int) -> Callable[[int, Line], tuple[list[Mark], bool]] | None:
        """Return what finds the marks of a row, or None while nothing is marked."""
        return None

    def _has_plan(self) -> bool:
        """Return whether the next repaint is on its way already."""
        return False

    def catch_up(self) -> None:
        """Bring the picture up to date with what came while nobody looked."""
        self._pending = False

    # -- where it stands

    @property
    def following(self) -> bool:
        """Return whether the view stays at the end."""
        return self._following

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._set_following(following=True)
        self.settle_view()

    def _set_following(self, *, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.post_message(self.FollowChanged(self, following=following))

    def settle_view(self, anchor: Spot | None = None) -> None:
        """Lay out what shows and put it where it belongs: at the end, or with the anchor where it was."""
        if not self._window:
            return  # nothing shows yet; the first resize comes here again
        top = self.top
        if self._following:
            self.stack.settle_end(2 * self.window)
            top = self.stack.height - self.window
        else:
            if anchor is not None:
                now = self.stack.row_of(anchor)
                top = top if now is None else now
            top = self.stack.settle(max(0, top), self.window)
        self._place(top)
        self.refresh()

    def go_to(self, top: int) -> None:
        """Scroll as a person does: reaching the end follows it, leaving it does not."""
        top = max(0, min(top, self.stack.height - self.window))
        top = self.stack.settle(top, self.window)
        end = self.stack.height - self.window
        self._set_following(following=top >= end)
        before = self.top
        self._place(end if self._following else top)
        if self.top != before:
            self.refresh()
            self._scrolled()

    def _scrolled(self) -> None:
        """Do what is to be done after a person has scrolled."""
        self.stack.let_go(self.top, self.window)

    def _place(self, top: int) -> None:
        """Show the rows from *top* on, without a layout and without a repaint of its own."""
        height = self.stack.height
        if height != self.virtual_size.height:
            self.set_reactive(Widget.virtual_size, Size(self.size.width, height))
        top = max(0, min(top, height - self.window))
        if top != self._top or top != self.scroll_y:
            self._own_scroll = True
            try:
                self.scroll_target_y = self.scroll_y = top
            finally:
                self._own_scroll = False
        self._move_thumb()

    def _move_thumb(self) -> None:
        """Work out where the scroll bar's thumb stands, and mark the rows beside which it came or went."""
        window, height = self.window, self.stack.height
        thumb = (0, 0)
        if height > window:
            size = max(1, window * window // height)
            low = round(self.top * (window - size) / (height - window))
            thumb = (low, low + size)
        if thumb != self._thumb:
            low, high = min(thumb[0], self._thumb[0]), max(thumb[1], self._thumb[1])
            self._thumb = thumb
            self.refresh(Region(self.size.width - 1, low, 1, high - low))

    def repaint_from(self, row: int) -> None:
        """Paint the rows from one on."""
        first = max(row, self.top)
        last = self.top + self.window
        if first < last:
            self.refresh(Region(0, first - self.top, self.size.width, last - first))

    # -- what Textual asks for

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Take a scroll that was not ours: dragging a selection past the edge scrolls on."""
        self._top = round(new_value)
        if not self._own_scroll and round(old_value) != self._top:
            self._set_following(following=self.top >= self.stack.height - self.window)
            self.call_next(self._settle_here)
            self._move_thumb()
            self.refresh()

    def _settle_here(self) -> None:
        top = self.stack.settle(self.top, self.window)
        if top != self.top or self.stack.height != self.virtual_size.height:
            self._place(top)
            self.refresh()

    def _scroll_to(self, x: float | None = None, y: float | None = None, **how: Any) -> bool:
        """Take every scroll a person asks for: wheel, keys and scroll bar all come here."""
        if y is None:
            return False
        before = self.top
        self.go_to(round(y))
        return self.top != before

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.go_to(self.top + _WHEEL_ROWS)
        event.stop()
        event.prevent_default()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.go_to(self.top - _WHEEL_ROWS)
        event.stop()
        event.prevent_default()

    def is_bar(self, event: events.MouseEvent) -> bool:
        """Return whether the pointer is on the scroll bar."""
        return event.x >= self.size.width - 1 and self._thumb != (0, 0)

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if not self.is_bar(event):
            return
        self.screen.clear_selection()  # what begins here is no selection
        self.capture_mouse()
        low, high = self._thumb
        inside = event.y - low if low <= event.y < high else (high - low) // 2
        self._grabbed = inside
        self._drag_to(event.y)

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grabbed is not None:
            self._drag_to(event.y)

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        if self._grabbed is not None:
            self._grabbed = None
            self.release_mouse()

    def _drag_to(self, row: int) -> None:
        """Scroll so that the thumb is held where it was grabbed."""
        low, high = self._thumb
        room = self.window - (high - low)
        if self._grabbed is not None and room > 0:
            share = (row - self._grabbed) / room
            self.go_to(round(share * (self.stack.height - self.window)))

    def _on_resize(self, event: events.Resize) -> None:
        spot = self.stack.spot(self.top)
        self._window = self.size.height
        self._columns = max(10, self.size.width - MARGIN - RIGHT)
        self.stack.guess(self._columns)
        self.settle_view(spot)
