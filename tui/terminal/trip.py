"""How far away the person is: asked of the terminal, or of the kernel where tmux would answer instead."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from tui.terminal import tmux
from tui.terminal.process import Feed, Run, feed, run
from tui.terminal.query import unechoed

_QUESTION, _ANSWER = b"\x1b[5n", re.compile(rb"\x1b\[0n")
_TIMES = 3
_PATIENCE = 2.0
_TRIP = re.compile(r"\brtt:(\d+(?:\.\d+)?)/")


def measured(environment: Mapping[str, str], run: Run = run, *, asking: bool = True) -> float | None:
    """Seconds there and back, as a command may find out; None when it is local or cannot be known.

    *asking* asks the terminal itself, and only while no program has it: the answer is read from it. The
    kernel is asked where the terminal is not, or where it would not be the person's.
    """
    if tmux.inside(environment):
        return _of_kernel(run(_socket(run(_session(environment)) or "")) or "")
    if not environment.get("SSH_CONNECTION"):
        return None
    source, target = sys.__stdin__, sys.__stderr__
    if not asking or source is None or target is None or not (source.isatty() and target.isatty()):
        return _of_kernel(run(_socket(_line(environment))) or "")
    return ask(source.fileno(), target.fileno())


async def through_tmux(environment: Mapping[str, str], feed: Feed = feed) -> float | None:
    """The same inside tmux, where the terminal is somebody else's, without holding up the loop."""
    session = await feed(_session(environment), b"")
    return _of_kernel(await feed(_socket(session or ""), b"") or "")


def ask(source: int, target: int) -> float | None:
    """Ask the terminal whether it is well, some times, and take the quickest answer."""
    trips: list[float] = []
    try:
        with unechoed(source):
            for _ in range(_TIMES):
                asked = time.monotonic()
                os.write(target, _QUESTION)
                if not _answered(source, asked + _PATIENCE):
                    break
                trips.append(time.monotonic() - asked)
    except (OSError, termios.error):
        return None
    return min(trips, default=None)


def _answered(source: int, until: float) -> bool:
    answer = b""
    while (left := until - time.monotonic()) > 0 and select.select([source], [], [], left)[0]:
        data = os.read(source, 4096)
        answer += data
        if not data or _ANSWER.search(answer):
            return bool(data)
    return False


def _session(environment: Mapping[str, str]) -> Sequence[str]:
    # The pane may be older than the connection through which it is looked at now.
    return ["tmux", "show-environment", "SSH_CONNECTION"]


def _line(environment: Mapping[str, str]) -> str:
    return f"SSH_CONNECTION={environment.get('SSH_CONNECTION', '')}"


def _socket(line: str) -> Sequence[str]:
    """The question to the kernel about a connection that is told as `SSH_CONNECTION=there port here port`."""
    there, port, here, own = [*line.strip().partition("=")[2].split(), "", "", "", ""][:4]
    if not (port.isdigit() and own.isdigit() and _is_address(there) and _is_address(here)):
        return ["false"]
    return ["ss", "-tinH", "dst", f"{_quoted(there)}:{port}", "sport", "=", f":{own}"]


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _quoted(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _of_kernel(told: str) -> float | None:
    found = _TRIP.search(told)
    return float(found[1]) / 1000 if found else None
