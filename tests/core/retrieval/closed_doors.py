"""Reads a folder some of which is closed, opens that, and reads it again.

python -m tests.core.retrieval.closed_doors HOME    prints what was found each time, as JSON
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from core.retrieval.library import Space
from tests.core.retrieval.reading_room import ReadingRoom, reading_room

CLOSED = {"closed.md": 0o000, "shut": 0o000, "listed": 0o444}
"""What is closed, and how: a folder whose names may be read, and nothing else, is one more kind."""


async def found(room: ReadingRoom, space: Space) -> dict[str, Any]:
    """What was read, what was not, and why."""
    job = await room.ingested(space)
    documents = (await room.library.documents(space.id)).documents
    names = {one.id: str(Path(one.source).relative_to(room.shelf)) for one in documents}
    return {
        "job": job.state,
        "read": sorted(names[one.id] for one in documents if one.state == "ready"),
        "not read": {names[one.id]: one.error for one in documents if one.state == "failed"},
        "failed": job.progress.numbers["failed"],
    }


async def main(home: Path) -> None:
    async with reading_room(home, real=True) as room:
        for name in ("open.md", "closed.md", "shut/inside.md", "listed/inside.md"):
            room.write(name, f"# About {name}\n\nThe words of {name}.\n")
        room.shelf.joinpath("way.md").symlink_to(room.shelf / "shut" / "inside.md")
        space = await room.library.create_space("a")
        seen = []
        try:
            for name, mode in CLOSED.items():
                (room.shelf / name).chmod(mode)
            seen.append(await found(room, space))
            # Looking again while it is closed changes nothing.
            seen.append(await found(room, space))
        finally:
            for name in CLOSED:
                (room.shelf / name).chmod(0o700)
        seen.append(await found(room, space))
        # What was read stays when its folder is closed afterwards.
        (room.shelf / "shut").chmod(0)
        seen.append(await found(room, space))
        (room.shelf / "shut").chmod(0o700)
    print(json.dumps(seen))  # noqa: T201 - this is how the test hears of it


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
