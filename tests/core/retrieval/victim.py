"""A process that reads into a space until it is killed: its data directory outlives it.

python -m tests.core.retrieval.victim HOME    prints what happens, a line a fact
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.clock import SystemClock
from tests.core.retrieval.reading_room import ReadingRoom


async def tell(room: ReadingRoom) -> None:
    """Print that something happened, whatever it is: these are the moments to be killed at."""
    with room.bus.subscribe() as mailbox:
        while True:
            for event in await mailbox.drain():
                print(type(event).__name__, flush=True)  # noqa: T201 - this is how the test hears of it


async def main(home: Path) -> None:
    room = ReadingRoom(home, clock=SystemClock())
    await room.open()
    room.tasks.spawn("telling", tell(room))
    await room.start()
    space = await room.library.find_space("a") or await room.library.create_space("a")
    job = await room.ingested(space)
    print("over", job.state, flush=True)  # noqa: T201 - as above
    await room.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
