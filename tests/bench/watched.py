"""The product with a watch on its event loop: `python -m tests.bench.watched FILE ARGUMENTS…`.

FILE gets the lateness of a tick that wants to run every ten milliseconds, a number a line.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tui.app import LeitstandApp

EVERY = 0.01


def main() -> int:
    """Run the screens, and write down how late each tick came when they are left."""
    target = Path(sys.argv.pop(1))
    late: list[float] = []
    usual = LeitstandApp.on_mount

    def mounted(app: LeitstandApp) -> Any:
        loop = asyncio.get_running_loop()

        def tick(due: float) -> None:
            if app._exit:
                return  # leaving waits for the thread that reads keys: nobody waits for the loop any more
            late.append(loop.time() - due)
            loop.call_at(max(due + EVERY, loop.time()), tick, max(due + EVERY, loop.time()))

        loop.call_later(1.0, tick, loop.time() + 1.0)
        return usual(app)

    LeitstandApp.on_mount = mounted  # type: ignore[method-assign, assignment]  # the one thing that is not the product
    from tui.__main__ import main as product

    try:
        return product()
    finally:
        target.write_text("\n".join(f"{seconds:.6f}" for seconds in late))


if __name__ == "__main__":
    sys.exit(main())
