"""Lines from the keyboard or a pipe, read beside everything else that goes on.

    lines = Lines(sys.stdin)
    with lines:
        line = await lines.next()       # None at the end

Lines that arrive together were pasted, not typed one by one: whoever reads can tell.
"""

from __future__ import annotations

import asyncio
import os
from codecs import getincrementaldecoder
from collections import deque
from contextlib import suppress
from typing import Self, TextIO

_TOGETHER = 0.05
"""Seconds within which nobody types a second line."""

_READ = 65_536

LONGEST_TYPED = 4095
"""Bytes a terminal takes in one line; the kernel drops what comes after that."""


class Lines:
    """The lines of a stream; a terminal edits them itself, so nothing here depends on what it can do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.typed = stream.isatty()
        """Whether a person types them."""
        self._fd = -1
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._begun = ""
        self._lines: deque[tuple[str, float]] = deque()
        self._ended = False
        self._news = asyncio.Event()
        self._last = -1.0

    def __enter__(self) -> Self:
        # A file or a stream of the program's own cannot be waited for, and never keeps anybody waiting.
        with suppress(OSError, ValueError, NotImplementedError):
            fd = self._stream.fileno()
            asyncio.get_running_loop().add_reader(fd, self._read)
            self._fd = fd
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._fd = -1

    async def next(self) -> str | None:
        """Wait for a line; None at the end."""
        if self._fd < 0 and not self._lines and not self._ended:
            line = self._stream.readline()
            return line.rstrip("\n") if line else None
        while not self._lines and not self._ended:
            self._news.clear()
            await self._news.wait()
        if not self._lines:
            return None
        line, self._last = self._lines.popleft()
        return line

    async def pasted(self) -> bool:
        """Tell whether another line came together with the last one."""
        if not self.typed or self._fd < 0:
            return False
        if not self._lines and not self._ended:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _TOGETHER)
        return bool(self._lines) and self._lines[0][1] - self._last <= _TOGETHER

    @property
    def waiting(self) -> str | None:
        """The next line, if it is there already."""
        return self._lines[0][0] if self._lines else None

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return
        except OSError:  # the terminal is gone
            data = b""
        *lines, self._begun = (self._begun + self._decode(data, final=not data)).split("\n")
        at = asyncio.get_running_loop().time()
        self._lines.extend((line.rstrip("\r"), at) for line in lines)
        if not data:
            if self._begun:
                self._lines.append((self._begun, at))
                self._begun = ""
            self._ended = True
            asyncio.get_running_loop().remove_reader(self._fd)
        self._news.set()
