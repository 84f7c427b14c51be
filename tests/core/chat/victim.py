"""A process that gives an answer until it is killed: tells every moment how much it has said.

python -m tests.core.chat.victim DATABASE
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from core.bus import Bus
from core.chat.service import ChatService
from core.chat.types import TurnDelta
from core.clock import SystemClock
from core.config.schema import Chat as Settings
from core.jobs.service import JobService
from core.ollama.address import Address
from core.ollama.client import Ollama
from core.simulator import Pace, Setup, Simulator, toy
from core.store.database import Database
from core.tasks import Tasks


async def main(path: Path) -> None:
    """Ask for a long answer, and follow it."""
    clock, bus = SystemClock(), Bus()
    tasks = Tasks(bus)
    simulator = Simulator(Setup(installed=(toy(),)), clock=clock, pace=Pace(rate=200, load=1e12, settle=0))
    ollama = Ollama(Address(), transport=simulator.transport())
    store = await Database.open(path, clock=clock)
    jobs = JobService(store, bus, tasks, clock)
    chat = ChatService(
        store, bus, tasks, clock, jobs,
        client=lambda: ollama, report=lambda error, server: None, settings=lambda: Settings(model="toy"),
    )  # fmt: skip
    await chat.recover()
    await jobs.start()
    await chat.start()
    with bus.subscribe() as mailbox:
        await chat.send(None, "Write 100000 tokens")
        while True:
            for event in await mailbox.drain():
                if isinstance(event, TurnDelta):
                    sys.stdout.write(f"{time.monotonic()} {event.offset + len(event.text)}\n")
                    sys.stdout.flush()


asyncio.run(main(Path(sys.argv[1])))
