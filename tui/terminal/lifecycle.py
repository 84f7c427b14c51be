"""The screens end when the outside says so, and the terminal is given back whatever happens.

with given_back():                  # around everything: the last door
    watch = Watch(leave=…)          # signals and a terminal that vanishes
    watch.start(fd)
    …
    watch.stop()
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from tui.terminal.outlet import RESTORE, Outlet, vanished

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

LOOK_EVERY = 0.5
"""Seconds between looks at whether the terminal is still there; a hang-up usually comes as a signal too."""


class Watch:
    """Tells once when the screens have to end, with the exit code; a second signal ends the process."""

    def __init__(
        self, leave: Callable[[int], None], *, may_interrupt: Callable[[], bool] = lambda: True
    ) -> None:
        self._leave = leave
        self._may_interrupt = may_interrupt
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look: asyncio.TimerHandle | None = None
        self._fd = -1
        self._leaving = False

    def start(self, fd: int) -> None:
        """Watch the signals, and the terminal behind *fd*."""
        self._loop, self._fd = asyncio.get_running_loop(), fd
        for number in SIGNALS:
            # Never ignored, even where nohup asked for it: a terminal that is gone must not be spun on.
            self._loop.add_signal_handler(number, self._signalled, number)
        self._look_again()

    def stop(self) -> None:
        """Watch no longer."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._loop is not None and not self._loop.is_closed():
            for number in SIGNALS:
                self._loop.remove_signal_handler(number)

    def gone(self) -> None:
        """The terminal has vanished."""
        self._end(128 + signal.SIGHUP)

    def _signalled(self, number: signal.Signals) -> None:
        if number == signal.SIGINT and not self._may_interrupt():
            return  # ctrl+c in an editor that has the terminal: it is not meant for us
        if self._leaving and number != signal.SIGHUP:
            give_back_now()
            os._exit(128 + number)
        self._end(128 + number)

    def _end(self, code: int) -> None:
        if not self._leaving:
            self._leaving = True
            self._leave(code)

    def _look_again(self) -> None:
        assert self._loop is not None
        if vanished(self._fd):
            self.gone()
            return
        self._look = self._loop.call_later(LOOK_EVERY, self._look_again)


@contextlib.contextmanager
def given_back() -> Iterator[None]:
    """Leave the terminal as it was found, also when what runs inside fails in a way nobody foresaw."""
    before = _attributes()
    try:
        yield
    except BaseException:
        give_back_now(before)
        raise
    finally:
        _set_attributes(before)


def give_back_now(attributes: list[Any] | None = None) -> None:
    """Switch everything off without asking anybody, and without waiting for a terminal that stalls."""
    stream = sys.__stderr__
    if stream is not None and stream.isatty():
        Outlet(stream).last_words(RESTORE)
    _set_attributes(attributes)


def end_process(code: int) -> NoReturn:
    """End with that code at once: a thread that still hangs in a system call is not waited for."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _attributes() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ is not None else None
    except (termios.error, OSError, ValueError):
        return None


def _set_attributes(attributes: list[Any] | None) -> None:
    if attributes is None or sys.__stdin__ is None:
        return
    # A process in the background would be stopped for touching the terminal.
    before: Callable[[int, FrameType | None], Any] | int | None = signal.SIG_DFL
    main = threading.current_thread() is threading.main_thread()
    if main:
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with contextlib.suppress(termios.error, OSError, ValueError):
        termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, attributes)
    if main:
        signal.signal(signal.SIGTTOU, before)
