"""What a service tells systemd: ready, what it is doing, still alive, stopping. Silent where nobody asked.

The protocol is one datagram of `NAME=value` lines to the socket that systemd names in the environment.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

from core.clock import Clock
from core.guard import one_line


class Notifier:
    """Speaks to the service manager that started this process, if one did."""

    def __init__(self, environment: Mapping[str, str], *, pid: int | None = None) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        mine = environment.get("WATCHDOG_PID", "") in {"", str(os.getpid() if pid is None else pid)}
        self.watchdog = _seconds(environment.get("WATCHDOG_USEC", "")) if mine and self._address else None
        """After how many silent seconds systemd restarts this process; None when nobody watches."""

    def ready(self, status: str) -> None:
        """Say that the work has begun: clients are answered from now on."""
        self._send(f"READY=1\nSTATUS={one_line(status, 200)}")

    def status(self, status: str) -> None:
        """Say in one line what is going on; `systemctl status` shows it."""
        self._send(f"STATUS={one_line(status, 200)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self, status: str, *, within: float) -> None:
        """Say that the end has begun, and how long it may take."""
        self._send(
            f"STOPPING=1\nSTATUS={one_line(status, 200)}\nEXTEND_TIMEOUT_USEC={int(within * 1_000_000)}"
        )

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # An @ stands for the zero byte of an abstract address.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        # Not being heard is no reason to stop working.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto(text.encode(), address)


async def keep_watch(notifier: Notifier, clock: Clock, pulse: Callable[[], Awaitable[object]]) -> None:
    """Feed the watchdog for as long as *pulse* comes back: a loop that turns is not enough.

    *pulse* goes through everything that must not hang; while it does not return nothing is fed, and
    systemd restarts the service.
    """
    if notifier.watchdog is None:
        return
    while True:
        await pulse()
        notifier.alive()
        await clock.sleep(notifier.watchdog / 3)


def _seconds(microseconds: str) -> float | None:
    try:
        seconds = int(microseconds) / 1_000_000
    except ValueError:
        return None
    return seconds if seconds > 0 else None
