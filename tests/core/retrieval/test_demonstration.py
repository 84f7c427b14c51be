from __future__ import annotations

import asyncio

from core.retrieval.library import IngestProgress
from tests.core.retrieval.reading_room import ReadingRoom


async def test_the_demonstration_has_documents_to_ask_about(room: ReadingRoom) -> None:
    with room.bus.subscribe(IngestProgress) as mailbox:
        showing = asyncio.create_task(room.library.demonstrate())
        await room.clock.sleepers()
        await room.clock.advance(3)
        await showing
        async with asyncio.timeout(60):
            while any(one.unfinished for one in await room.library.ingests()):
                await mailbox.drain()
    assert [(one.name, one.documents) for one in await room.library.spaces()] == [
        ("Verträge", 1),
        ("workshop", 2),
    ]
    found = await room.library.search("Kündigungsfrist", auto=True)
    assert "sechs Monate zum" in found.passages[0].text
