"""The driver between Textual and the tty: it never blocks, asks how far away that is, and lets go in time."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Any, cast

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.terminal import seam
from tui.terminal.keys import EXTENDED_OFF, EXTENDED_ON, f3_with_modifiers, let_alt_through, plain_key
from tui.terminal.options import TerminalOptions
from tui.terminal.outlet import RESTORE, Outlet
from tui.terminal.pace import SILENCE

log = logging.getLogger("leitstand.terminal")

QUESTION = "\x1b[6n"
"""Where is the cursor: every terminal answers, and only after everything before it."""

_LAST_ANSWERS = 0.5
"""Seconds to wait for answers under way before the terminal is given back: the shell would read them."""

_LAST_WRITES = 1.0
"""Seconds a terminal has to take what was written last."""


class TerminalDriver(LinuxDriver):
    """Textual's driver for Unix with what a slow, stalled or vanished terminal needs."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        let_alt_through()
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._options: TerminalOptions = getattr(app, "terminal_options", TerminalOptions())
        # In place of the stream itself: a write to a stalled terminal would never return.
        self._outlet = Outlet(sys.__stderr__ or sys.stderr)
        self._file = cast("Any", self._outlet)
        self._active = False
        self._expected: deque[tuple[tuple[int, int], float]] = deque(maxlen=64)
        self._answer = Condition()
        self.on_answer: Callable[[float], None] = lambda _: None
        """Called on the loop with the time an answer arrived."""
        self.on_key: Callable[[], None] = lambda: None
        """Called on the loop before a key goes its way."""
        self.on_gone: Callable[[], None] = lambda: None
        """Called on the loop when the terminal has vanished."""

    @property
    def active(self) -> bool:
        """Tell whether the terminal is ours to draw on."""
        return self._active

    # beginning and end

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._outlet.open()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual leaves it without
        if self._writer_thread is None:
            return  # in the background: Textual waits for the next SIGCONT
        self._active = True
        seam.never_block(self)
        if self._options.extended_keys:
            self.write(EXTENDED_ON)
        if self._options.show_cursor:
            self.write("\x1b[?25h")

    def stop_application_mode(self) -> None:
        """Give the terminal back; what it still has to answer is waited for, a little."""
        if not self._active:
            return
        with self._answer:
            self._answer.wait_for(lambda: not self._awaited(), timeout=_LAST_ANSWERS)
            self._expected.clear()
        if self._options.extended_keys:
            self.write(EXTENDED_OFF)
        self.write("\x1b[r\x1b[m")
        super().stop_application_mode()
        self._active = False

    def resume_application_mode(self) -> None:
        """Take the terminal again, also after a stop that nobody announced."""
        if self._active:
            # SIGSTOP and SIGCONT from outside: the shell may have changed everything meanwhile.
            self.suspend_application_mode()
            self._must_signal_resume = True
        super().resume_application_mode()

    def close(self) -> None:
        """End the writing, whether or not the terminal takes the rest."""
        writer = self._writer_thread
        if writer is None or not writer.is_alive():
            return
        seam.end_writes(self)
        writer.join(_LAST_WRITES)
        if writer.is_alive():
            self._outlet.give_up()
            writer.join(_LAST_WRITES)
            self._outlet.last_words(RESTORE)
        self._outlet.close()

    # output

    def write(self, data: str) -> None:
        """Write; while somebody else has the terminal, nothing is."""
        writer = self._writer_thread
        if writer is not None and writer.is_alive():
            writer.write(data)

    @property
    def waiting(self) -> int:
        """How many writes the terminal has not taken."""
        return seam.waiting(self)

    def ask(self, cursor: tuple[int, int]) -> str:
        """The question to put behind a frame that leaves the cursor there."""
        with self._answer:
            self._expected.append((cursor, time.monotonic()))
        return QUESTION

    def _awaited(self) -> bool:
        """Tell whether an answer may still come; silence for long is one."""
        latest = time.monotonic() - SILENCE
        while self._expected and self._expected[0][1] <= latest:
            self._expected.popleft()
        return bool(self._expected)

    # input

    def process_message(self, message: Message) -> None:
        """Take answers out, and give keys one name each. Runs on the input thread."""
        if isinstance(message, events.CursorPosition):
            self._answered(message.x, message.y)
            return
        if isinstance(message, events.Key):
            name, character = plain_key(message.key, message.character)
            if (name, character) != (message.key, message.character):
                message = events.Key(name, character)
            self._loop.call_soon_threadsafe(self.on_key)
        super().process_message(message)

    def _answered(self, x: int, y: int) -> None:
        with self._answer:
            modified_f3 = y == 0 and 1 <= x < 8 and all(cursor != (x, y) for cursor, _ in self._expected)
            if not modified_f3:
                if self._expected:
                    self._expected.popleft()
                self._answer.notify_all()
        if modified_f3:
            super().process_message(events.Key(f3_with_modifiers(x), None))
        else:
            self._loop.call_soon_threadsafe(self.on_answer, time.monotonic())

    def _run_input_thread(self) -> None:
        """Read keys; rubbish on the line is skipped, a line that is gone is reported."""
        for _ in range(1000):
            try:
                self.run_input_thread()
            except OSError:
                with contextlib.suppress(RuntimeError):  # the loop has ended before us
                    self._loop.call_soon_threadsafe(self.on_gone)
                return
            except Exception as error:  # noqa: BLE001 - Textual's parser raises anything on malformed input
                log.debug("input that is no key: %s", type(error).__name__)
                continue
            return
