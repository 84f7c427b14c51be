"""Only changed cells leave: an App whose every screen is drawn by difference.

    class LeitstandApp(DifferentialOutput[int]):
        def __init__(self) -> None:
            super().__init__(terminal_options=TerminalOptions.here(terminal))

Pages, dialogs and the command palette are all covered, because Textual's updates are caught where the
app displays them. When Textual is not the one this was made for, or the drawing fails, Textual draws
alone; so it does with `plain_output`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import Widget

from core.tasks import place
from tui.terminal import seam, tmux, trip
from tui.terminal.driver import TerminalDriver
from tui.terminal.lifecycle import Watch
from tui.terminal.options import TerminalOptions
from tui.terminal.pace import LinkState, Pace
from tui.terminal.paint import Painter
from tui.terminal.uncoloured import without_greys

log = logging.getLogger("leitstand.terminal")

ReturnType = TypeVar("ReturnType")

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"

_SYNC_FROM = 400
"""Bytes from which a frame is worth the sixteen that keep it from tearing."""

_MEASURE_EVERY = 30.0
"""Seconds between two looks at how far away the person is, where the terminal itself cannot be asked."""

_NEWS = 1.5
"""How many times as long, or as short, the way must have become to be told again."""

_SOON, _LATER = 0.01, 0.1
"""Seconds between looks at a terminal that has not taken the last frame: at first, and in the long run."""

_BEHIND_EVERY = 0.25
"""Seconds between two pictures of what changed behind a dialog."""


class DifferentialOutput(App[ReturnType]):
    """An app that knows what is on the terminal, and gives the terminal back."""

    def __init__(self, *args: Any, terminal_options: TerminalOptions | None = None, **keywords: Any) -> None:
        self.terminal_options = terminal_options or TerminalOptions()
        self.output_note = ""
        """Why Textual draws alone; empty when differences are drawn."""
        self.crash: Exception | None = None
        """What ended the screens, when it was a fault."""
        self._painter: Painter | None = None
        self._places: tuple[Screen[Any] | None, seam.Places] = (None, {})
        self._retry: asyncio.TimerHandle | None = None
        self._retry_after = _SOON
        self._behind: asyncio.TimerHandle | None = None
        self._next_behind = 0.0
        self._told_trip: float | None = None
        self._watch = Watch(self._leave, may_interrupt=lambda: self._terminal is not None)
        self._pace = Pace(
            time.monotonic,
            frames=self.terminal_options.frames,
            acknowledged=self.terminal_options.acknowledged,
            low_bandwidth=self.terminal_options.low_bandwidth,
            on_low=self.low_bandwidth_changed,
        )
        super().__init__(*args, **keywords)

    # what an app can ask and say

    @property
    def link(self) -> LinkState:
        """How the terminal is reached: frames, round trip, rate."""
        return self._pace.state

    def until_paint(self) -> float:
        """Seconds until the terminal takes another picture: who prepares one earlier prepares it twice."""
        return self._pace.wait() if self._terminal is not None else 0.0

    def low_bandwidth_changed(self, low: bool) -> None:  # noqa: FBT001 - the one thing it says
        """Called when the line turns out to be slow, or quick again; an app may override it."""

    def line_changed(self, state: LinkState) -> None:
        """Called when the way to the terminal is longer or shorter than was told; an app may override it."""

    def rest(self, *, resting: bool) -> None:
        """Paint less often while the window has no focus; one that does not tell is never at rest."""
        self._pace.rest(resting=resting)

    def set_pace(self, options: TerminalOptions) -> None:
        """Follow changed settings."""
        self.terminal_options = options
        self._pace.configure(frames=options.frames, low_bandwidth=options.low_bandwidth)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What colours go through; without colours, greys would hide words where there are sixteen."""
        filters = super().get_line_filters()
        return without_greys(filters) if self.no_color and self.current_theme.ansi else filters

    def repaint(self) -> None:
        """Take nothing on the terminal for granted and draw everything anew."""
        if self._painter is not None:
            self._painter.forget()
        self.refresh(layout=True)

    # beginning and end

    def get_driver_class(self) -> type[Driver]:
        """Our driver wherever Textual would take the one for Unix."""
        chosen = super().get_driver_class()
        return TerminalDriver if chosen is LinuxDriver else chosen

    def _on_mount(self, _: events.Mount) -> None:
        driver = self._terminal
        if driver is None:
            return
        driver.on_answer = self._answered
        driver.on_key = self._pace.key
        driver.on_gone = self._watch.gone
        self._watch.start(driver.fileno)
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())
        if self.terminal_options.remote and not self.terminal_options.acknowledged:
            self.set_interval(_MEASURE_EVERY, self._measure)
            self.call_later(self._measure)
        self.output_note = "asked for" if self.terminal_options.plain_output else seam.trouble()
        if self.output_note:
            log.info("plain output: %s", self.output_note)
        else:
            options = self.terminal_options
            self._painter = Painter(*self.size, scroll_regions=options.scroll_regions, erases=options.erases)

    def _on_unmount(self) -> None:
        self._watch.stop()
        for handle in (self._retry, self._behind):
            if handle is not None:
                handle.cancel()

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)

    @property
    def _terminal(self) -> TerminalDriver | None:
        """The driver while the terminal is ours."""
        driver = self._driver
        return driver if isinstance(driver, TerminalDriver) and driver.active else None

    def _handle_exception(self, error: Exception) -> None:
        if not isinstance(self._driver, TerminalDriver):
            super()._handle_exception(error)
            return
        # Textual would print a traceback with the values of every variable: private text, raw.
        if self.crash is None:
            self.crash = error
        self._return_code = 1
        self._exception = self._exception or error
        self._close_messages_no_wait()

    # painting

    def _register_child(self, parent: DOMNode, child: Widget, before: int | None, after: int | None) -> None:
        if isinstance(child, Screen):
            seam.pace(child, self._paint_in_turn)
        super()._register_child(parent, child, before, after)

    def _paint_in_turn(self, screen: Screen[Any], update: Callable[[], None]) -> None:
        """Paint when it is time. Otherwise nothing happens: the screen's timer asks again."""
        if not self.output_note and screen in seam.behind(self):
            seam.put_off(screen)
            self._paint_behind()
            return
        driver = self._terminal
        if driver is None:
            update()
            return
        if not self._pace.may_paint() or (self._painter is None and driver.waiting):
            return
        started, before = time.monotonic(), time.thread_time()
        update()
        self._pace.painted(started, time.thread_time() - before)

    def _paint_behind(self) -> None:
        """Paint what changed behind a dialog, a few times a second: nobody reads there, but all is seen."""
        if self._behind is None:
            wait = max(0.0, self._next_behind - time.monotonic())
            self._behind = asyncio.get_running_loop().call_later(wait, self._show_through)

    def _show_through(self) -> None:
        self._behind = None
        self._next_behind = time.monotonic() + _BEHIND_EVERY
        if self._batch_count:
            self._paint_behind()
        elif self._running and not self._closed:
            seam.show_through(self)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        painter = self._painter
        if painter is not None:
            self._draw_over_what_left(screen)
        if painter is None or renderable is None or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        try:
            drawn = self._draw(painter, screen, renderable)
        except Exception as error:  # noqa: BLE001 - whatever it is, Textual can still draw
            # The text of an error may quote what is on the screen.
            drawn = False
            self._painter = None
            self.output_note = f"drawing failed: {type(error).__name__}"
            log.error("drawing failed: %s at %s; Textual draws alone", type(error).__name__, place(error))  # noqa: TRY400 - no private text in the log
            self.call_later(self.refresh, layout=True)
        if drawn:
            self.post_display_hook()
        else:
            super()._display(screen, renderable)

    def _draw_over_what_left(self, screen: Screen[Any]) -> None:
        now = seam.places(screen)
        shown, before = self._places
        if now is before:
            return
        self._places = (screen, now)
        if shown is screen and (regions := seam.left_behind(before, now)):
            self.call_later(screen.refresh, *regions)

    def _draw(self, painter: Painter, screen: Screen[Any], renderable: Any) -> bool:
        size = seam.size_of(renderable)
        if size is None:
            # Something that we do not know writes to the terminal: nothing there is certain any more.
            painter.forget()
            return False
        if size != (painter.width, painter.height) or painter.pens.exhausted:
            painter.begin(*size)
            screen.refresh()
        seam.paint(painter, renderable, self.console)
        self._send_frame()
        return True

    # sending

    def _send_frame(self) -> None:
        """Send what changed since the last frame, as soon as the terminal has taken that."""
        painter, driver = self._painter, self._terminal
        if painter is None or driver is None or self._closed or not self._screen_stack:
            return
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not painter.pending and painter.cursor == cursor:
            return
        if self._batch_count or not self._pace.may_send(driver.waiting):
            # In a batch the picture is half done; Textual would drop it, and what it drops is never drawn.
            self._send_later()
            return
        self._retry_after = _SOON
        frame = painter.frame((cursor.x, cursor.y))
        if not frame:
            return
        if self._sync_available and len(frame) >= _SYNC_FROM:
            frame = f"{_SYNC_START}{frame}{_SYNC_END}"
        asked = self._pace.asks()
        driver.write(frame + driver.ask((cursor.x, cursor.y)) if asked else frame)
        self._pace.sent(len(frame), asked=asked)

    def _send_later(self) -> None:
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(self._retry_after, self._send_again)
            self._retry_after = min(self._retry_after * 1.5, _LATER)

    def _send_again(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._send_frame()

    async def _measure(self) -> None:
        """Ask the kernel how far away the person is: tmux would answer for the terminal."""
        self._pace.learn(await trip.through_tmux(os.environ))
        self._tell_line()

    def _tell_line(self) -> None:
        """Say once how far the terminal is, and again only when that has really changed.

        What is told is painted, what is painted is asked after, and what is answered would be told.
        """
        now, before = self.link.round_trip, self._told_trip
        if now is None or (before is not None and before / _NEWS <= now <= before * _NEWS):
            return
        if self._pace.line.measured:
            self._told_trip = now
            self.line_changed(self.link)

    def _answered(self, at: float) -> None:
        self._pace.answered(at)
        self._tell_line()
        if self._retry is not None:
            self._send_again()

    # what makes the copy of the terminal worthless

    async def _on_resize(self, event: events.Resize) -> None:
        painter = self._painter
        if painter is None:
            return
        painter.forget()
        if event.size == (painter.width, painter.height):
            # The size went away and came back: Textual sees no change, the terminal has lost cells.
            self._send_frame()
        if self.terminal_options.extended_keys:
            self.run_worker(self._look_at_tmux(), group="terminal", exclusive=True, exit_on_error=False)

    async def _look_at_tmux(self) -> None:
        """A pane that was split or joined scrolls dearly or cheaply."""
        whole = await tmux.whole_width(os.environ)
        if self._painter is not None:
            self._painter.scroll_regions = whole
