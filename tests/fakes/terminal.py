"""Run a command in a real pty, as a terminal would: read it, answer it, type, resize, stall, hang up.

    with Terminal([sys.executable, "-m", "tui"], rows=40, columns=120) as terminal:
        terminal.until("Ask")
        before = terminal.mark()
        terminal.send("hello")
        terminal.until("hello")
        assert len(terminal.since(before)) < 500

Nothing reads in the background: the terminal takes output while a method waits, and only then. `stall`
lets time pass without reading. An async test waits with `await terminal.shows(…)` so that its own loop
runs on. With `link=Link(rate, delay)` a slow line lies between the program and the terminal.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import signal
import struct
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.fakes.emulator import Emulator
from tests.fakes.tmux import Tmux as Tmux
from tests.fakes.tmux import needs_tmux as needs_tmux

_NOT_INHERITED = (
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "TMUX",
    "TMUX_PANE",
    "TERM_PROGRAM",
    "SSH_CONNECTION",
    "SSH_TTY",
)


class Link:
    """A line of so many bytes a second and so many seconds one way, with an endless buffer before it."""

    def __init__(self, rate: float, delay: float) -> None:
        self.rate = rate
        self.delay = delay
        self.waiting: deque[bytes] = deque()
        self.flying: deque[tuple[float, bytes]] = deque()
        self.typed: deque[tuple[float, bytes]] = deque()
        self.most_waiting = 0
        self._free_at = 0.0

    def carry(self, now: float) -> None:
        """Put on the line what it has room for."""
        self.most_waiting = max(self.most_waiting, sum(map(len, self.waiting)))
        self._free_at = max(self._free_at, now - 0.02)
        while self.waiting and self._free_at <= now:
            data = self.waiting.popleft()
            piece, rest = data[:512], data[512:]
            if rest:
                self.waiting.appendleft(rest)
            self._free_at += len(piece) / self.rate
            self.flying.append((max(now, self._free_at) + self.delay, piece))

    def due(self) -> float | None:
        """When something happens next."""
        times = [queue[0][0] for queue in (self.flying, self.typed) if queue]
        if self.waiting:
            times.append(self._free_at)
        return min(times, default=None)


class Terminal:
    """A program in a pty and everything a person sees of it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        rows: int = 24,
        columns: int = 80,
        environment: Mapping[str, str | None] | None = None,
        directory: str | Path | None = None,
        link: Link | None = None,
        answers: bool = True,
    ) -> None:
        self.screen = Emulator(columns, rows, answers=answers)
        self.records: list[tuple[float, bytes]] = []
        """Every piece that arrived at the terminal, and when (`time.monotonic`)."""
        self.draws = True
        """False makes it a terminal without cost: it takes every byte at once, draws and answers nothing."""
        self.exit_code: int | None = None
        """As `os.waitstatus_to_exitcode` says: minus the signal when one killed it."""
        self._link = link
        self._closed = False
        self._ended = False
        surroundings = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
        surroundings |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        for key, value in (environment or {}).items():
            surroundings.pop(key, None)
            if value is not None:
                surroundings[key] = value
        self._fd, slave = os.openpty()
        self._set_size(self._fd, rows, columns)
        if directory is not None:
            command = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(directory), *command]
        # The leader of a new session that opens a terminal gets it as its own: no fork of ours needed.
        self.pid = os.posix_spawnp(
            command[0],
            list(command),
            surroundings,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.ttyname(slave), os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGPIPE],
        )
        os.close(slave)
        os.set_blocking(self._fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program, whatever it does, and forget it."""
        if self._closed:
            return
        self.hang_up()
        if self.exit_code is None and not self._reap(within=0.5):
            self.signal(signal.SIGKILL)
            self._reap(within=10)

    # what the terminal does

    def pump(self, timeout: float = 0.0) -> bool:
        """Take what is there, waiting up to *timeout* for it; False when nothing more will ever come."""
        deadline = time.monotonic() + timeout
        while True:
            due = self._link.due() if self._link else None
            if self._ended and due is None:
                return False
            self._read(max(0.0, min(deadline, deadline if due is None else due) - time.monotonic()))
            if self._deliver() or time.monotonic() >= deadline:
                return True

    def _read(self, wait: float) -> None:
        if self._ended:
            time.sleep(wait)
            return
        if not select.select([self._fd], [], [], wait)[0]:
            return
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended = True
        elif self._link is None:
            self._arrived(data)
        else:
            self._link.waiting.append(data)

    def _deliver(self) -> bool:
        """Move what travels on the link; tell whether anything new is on the screen."""
        link, now = self._link, time.monotonic()
        if link is None:
            return True
        link.carry(now)
        seen = False
        while link.flying and link.flying[0][0] <= now:
            self._arrived(link.flying.popleft()[1])
            seen = True
        while link.typed and link.typed[0][0] <= now:
            self._write(link.typed.popleft()[1])
        return seen

    def _arrived(self, data: bytes) -> None:
        self.records.append((time.monotonic(), data))
        if self.draws and (reply := self.screen.feed(data)):
            self.send(reply)

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except OSError:
            return  # it is gone; `wait` says how

    def send(self, keys: str | bytes) -> None:
        """Type: the bytes go to the program as they are."""
        data = keys.encode() if isinstance(keys, str) else keys
        if self._link is None:
            self._write(data)
        else:
            self._link.typed.append((time.monotonic() + self._link.delay, data))

    def resize(self, rows: int, columns: int) -> None:
        """Give the window another size; the program is told by SIGWINCH."""
        self.screen.resize(columns, rows)
        self._set_size(self._fd, rows, columns)

    @staticmethod
    def _set_size(fd: int, rows: int, columns: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Take the terminal away."""
        if not self._closed:
            self._closed = self._ended = True
            os.close(self._fd)

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        if self.exit_code is None:
            os.kill(self.pid, number)

    # waiting

    def until(self, wanted: str | Callable[[], bool], *, within: float = 15.0) -> None:
        """Read until the screen shows a text, or a condition holds; fail with the screen otherwise."""
        holds = self._condition(wanted)
        deadline = time.monotonic() + within
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(self._never(wanted, within))
            if not self.pump(min(0.5, left)):
                time.sleep(
                    min(0.02, left)
                )  # nothing more will arrive, but the condition may be of another kind

    async def shows(self, wanted: str | Callable[[], bool], *, within: float = 15.0) -> None:
        """Do the same and let the test's own loop run meanwhile."""
        holds = self._condition(wanted)
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() >= deadline:
                raise AssertionError(self._never(wanted, within))
            self.pump()
            await asyncio.sleep(0.01)

    def _condition(self, wanted: str | Callable[[], bool]) -> Callable[[], bool]:
        return (lambda: wanted in self.screen.text) if isinstance(wanted, str) else wanted

    def _never(self, wanted: object, within: float) -> str:
        what = repr(wanted) if isinstance(wanted, str) else "what was waited for"
        return f"{what} never appeared within {within:g} s; the screen was:\n{self.screen.text}"

    def settle(self, quiet: float = 0.25, *, within: float = 15.0) -> None:
        """Read until nothing has arrived for *quiet* seconds."""
        deadline = time.monotonic() + within
        last = time.monotonic()
        while time.monotonic() - last < quiet:
            assert time.monotonic() < deadline, "the output never rests"
            before = len(self.records)
            if not self.pump(quiet):
                return
            if len(self.records) > before:
                last = time.monotonic()

    def watch(self, seconds: float) -> None:
        """Read for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and self.pump(left):
            pass

    def stall(self, seconds: float) -> None:
        """Read nothing for so long: the line is dead, the window frozen."""
        time.sleep(seconds)

    def wait(self, within: float = 15.0) -> int:
        """Read until the program has ended; return its exit code."""
        deadline = time.monotonic() + within
        while self.exit_code is None:
            assert time.monotonic() < deadline, f"still running after {within:g} s:\n{self.screen.text}"
            if not self.pump(0.05):
                self._reap(0.05)
            else:
                self._reap(0.0)
        # What it wrote last is still on the way; a child it left behind may hold the line open for ever.
        last = time.monotonic() + 1.0
        while self.pump(0.05) and time.monotonic() < last:
            pass
        return self.exit_code

    def stopped(self, within: float = 10.0) -> bool:
        """Tell whether the program gets suspended."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                return os.WIFSTOPPED(status)
        return False

    def _reap(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)

    # what was seen

    @property
    def output(self) -> bytes:
        """Every byte that arrived."""
        return b"".join(data for _, data in self.records)

    def mark(self) -> int:
        """A place in the output to measure from."""
        return len(self.records)

    def since(self, mark: int) -> bytes:
        """Every byte that arrived after a mark."""
        return b"".join(data for _, data in self.records[mark:])

    def cpu(self) -> float:
        """Seconds of processor time its threads have used."""
        spent = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9
