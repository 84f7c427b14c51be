"""Ask the terminal itself, once, before anything is drawn: over SSH the environment does not say what it is.

A colour is set, the terminal is asked what it has set, and then who it is. Every terminal answers the last
question, so nobody waits for a terminal that does not know the first one.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator

PATIENCE = 1.5
"""Seconds for the way there and back; a terminal that takes longer is not asked anything else either."""

_QUESTIONS = b"\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m\x1b[c"
_END = re.compile(rb"\x1b\[\?[\d;]*c")
_KEPT = re.compile(rb"48[:;]2[:;]{1,2}1[:;]2[:;]3")
# What a terminal may have drawn that knows no questions.
_WIPE = b"\r\x1b[K"


def shows_truecolor() -> bool:
    """Tell whether the terminal keeps a colour of 24 bits as it was set. Only while nobody else reads it."""
    source, target = sys.__stdin__, sys.__stderr__
    if source is None or target is None or not (source.isatty() and target.isatty()):
        return False
    return ask(source.fileno(), target.fileno())


def ask(source: int, target: int) -> bool:
    """Ask the terminal that is read from *source* and written to at *target*."""
    try:
        with unechoed(source):
            os.write(target, _QUESTIONS)
            answer = _read(source)
            os.write(target, _WIPE)
    except (OSError, termios.error):
        return False
    return bool(_KEPT.search(answer))


def _read(source: int) -> bytes:
    answer = b""
    end = time.monotonic() + PATIENCE
    while not _END.search(answer) and (left := end - time.monotonic()) > 0:
        if not select.select([source], [], [], left)[0]:
            break
        data = os.read(source, 4096)
        if not data:
            break
        answer += data
    return answer


@contextlib.contextmanager
def unechoed(source: int) -> Iterator[None]:
    """Read what comes as it comes, and show none of it."""
    before = termios.tcgetattr(source)
    tty.setcbreak(source, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)
