"""Documents of several kinds in a folder, and a space that has read them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from core.retrieval.library import Space
from tests.pictures import screen_text
from tests.tui.conftest import Shell
from tui.modals.inspect import Inspect

MANUAL = """# Pump manual

## Care

### Oil

The pump is lubricated with two litres of mineral oil every three months. Old oil is let out first.

### Filter

The filter is changed once a year, in spring, before the season begins.

## Safety

Nobody works on the pump while it runs. The main switch is locked first.
"""
LEASE = (
    "# Lease\n\nThe notice period is three months to the end of a quarter.\n\nRent is due on the third day.\n"
)


def shelf(home: Path) -> Path:
    """A folder with documents of several kinds, one of which cannot be read."""
    folder = home / "shelf"
    folder.mkdir()
    (folder / "pump.md").write_text(MANUAL)
    (folder / "lease.md").write_text(LEASE)
    (folder / "prices.csv").write_text("part,price\nfilter,12\noil,30\n")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 broken")
    for number, name in enumerate(sorted(folder.iterdir())):
        os.utime(name, (1_700_000_000 + number, 1_700_000_000 + number))
    return folder


async def quiet(here: Shell, *words: str) -> None:
    """Let time pass until nothing waits in the queue and the status line says these words, too."""
    for _ in range(200):
        line = screen_text(here.app).splitlines()[-2]
        if "queue" not in line and all(word in line for word in words):
            break
        await here.clock.advance(1)
        await here.pilot.pause()
    await here.pilot.pause()


async def filled(here: Shell, name: str = "manuals") -> Space:
    """A space with the shelf in it, read to the end."""
    space = await here.engine.library.create_space(
        name, description="Everything about the pump", colour="green"
    )
    await here.engine.library.ingest(space.id, (str(shelf(here.home)),))

    async def settled() -> bool:
        (ingest,) = await here.engine.library.ingests(space=space.id)
        return not ingest.unfinished

    for _ in range(400):
        if await settled():
            break
        await here.clock.advance(0.5)
        await here.pilot.pause()
    assert await settled()
    await quiet(here, "nomic-embed-text")
    return await here.engine.library.space(space.id)


def timeless(here: Shell) -> None:
    """Show every step of a search as if it had taken no time: pictures are the same on any machine."""
    window = here.app.screen
    assert isinstance(window, Inspect)
    window._found = msgspec.structs.replace(window._found, seconds=dict.fromkeys(window._found.seconds, 0.0))
    window._say()
