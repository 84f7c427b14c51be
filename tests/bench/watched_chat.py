"""The real screens with a clock beside their loop: `python -m tests.bench.watched_chat FILE [leitstand's options]`.

The machine it looks at stands still, so that nothing moves by itself. The longest time the event loop was held up since the last SIGUSR1 is written to FILE, in milliseconds,
whenever SIGUSR2 comes.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from functools import partial
from pathlib import Path

from core.cli.context import Context
from core.cli.main import Faces
from core.cli.main import main as command
from core.engine import Engine
from tests.fakes.machine import FakeMachine
from tui.__main__ import _screens, _terminal_checks

FILE = Path(sys.argv[1])
_began, _prepared = Engine.start, Engine.prepare


class Lag:
    """How late the loop was, at worst, less what it waited for a processor that others had."""

    worst = 0.0

    async def measure(self) -> None:
        """Look at the clock a hundred times a second."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self.forget)
        loop.add_signal_handler(signal.SIGUSR2, self.tell)
        while True:
            before, queued = time.monotonic(), _queued()
            await asyncio.sleep(0.01)
            self.worst = max(self.worst, time.monotonic() - before - 0.01 - (_queued() - queued))

    def forget(self) -> None:
        """Begin anew."""
        self.worst = 0.0

    def tell(self) -> None:
        """Write it down."""
        FILE.write_text(f"{self.worst * 1000:.1f}")


def _queued() -> float:
    """Seconds this thread was ready to run and another one ran instead."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


async def start(engine: Engine) -> None:
    """Start as ever, and the clock with it."""
    engine.tasks.spawn("lag", Lag().measure())
    await _began(engine)


def screens(context: Context) -> int:
    """Open the real screens."""
    Engine.start = start  # type: ignore[method-assign, assignment]  # on purpose
    Engine.prepare = partial(_prepared, probes=FakeMachine().probes())  # type: ignore[method-assign]
    return _screens(context)


if __name__ == "__main__":
    sys.exit(command(sys.argv[2:], Faces(screens, _terminal_checks)))
