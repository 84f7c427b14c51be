"""The way out to the tty: never stuck in it, silent when it is gone, and able to let go of it."""

from __future__ import annotations

import contextlib
import os
import select
import termios
from typing import TextIO

RESTORE = (
    "\x1b[?2026l\x1b[r\x1b[m"  # no half frame, no scroll region, no colours
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l"  # mouse, focus, paste
    "\x1b[?7h\x1b[<u\x1b[>4m"  # line wrap, keyboard protocols
    "\x1b[?1049l\x1b[?25h"  # the screen as it was, and its cursor
)
"""Everything that may have been switched on, switched off."""

_LOOK_UP = 0.2
"""Seconds between looks at whether anybody still wants the rest, while a terminal takes nothing."""


class Outlet:
    """Writes to the terminal behind a stream, for a thread that must come back from every call.

    The terminal is opened once more for that: what makes writing not wait belongs to this opening alone,
    and the shell that shares the stream does not suffer from it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fd = -1
        self._parts: list[bytes] = []
        self._dropping = False

    def open(self) -> None:
        """Begin, or begin anew."""
        self.close()
        self._parts.clear()
        self._dropping = False
        with contextlib.suppress(OSError, ValueError):
            name = os.ttyname(self._stream.fileno())
            self._fd = os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        """Let the terminal go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def fileno(self) -> int:
        """The stream's own number."""
        return self._stream.fileno()

    def write(self, text: str) -> None:
        """Take text; `flush` sends it."""
        self._parts.append(text.encode(self._stream.encoding or "utf-8", "replace"))

    def flush(self) -> None:
        """Send what was taken, however long the terminal takes; drop it once the terminal is given up."""
        data = b"".join(self._parts)
        self._parts.clear()
        while data and not self._dropping:
            data = self._send(data)

    def give_up(self) -> None:
        """Want nothing of what is still to be sent."""
        self._dropping = True

    def last_words(self, text: str) -> None:
        """Drop what the terminal did not take, and send this at once or not at all."""
        with contextlib.suppress(OSError, termios.error, ValueError):
            termios.tcflush(self._target, termios.TCOFLUSH)
            if select.select([], [self._target], [], _LOOK_UP)[1]:
                os.write(self._target, text.encode())

    @property
    def _target(self) -> int:
        return self._fd if self._fd >= 0 else self._stream.fileno()

    def _send(self, data: bytes) -> bytes:
        """Send a part and return the rest; a terminal that is gone has taken everything."""
        try:
            return data[os.write(self._target, data) :]
        except BlockingIOError:
            with contextlib.suppress(OSError, ValueError):
                select.select([], [self._target], [], _LOOK_UP)
            return data
        except (OSError, ValueError):
            return b""


def vanished(fd: int) -> bool:
    """Tell whether the terminal behind a file descriptor has hung up."""
    poll = select.poll()
    poll.register(fd, 0)
    try:
        return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except OSError:
        return True
