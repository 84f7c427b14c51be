"""Conversations with everything they need, on a simulated server and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.bus import Bus, Event, Mailbox
from core.chat.following import applied
from core.chat.service import ChatService
from core.chat.types import ENDED, Turn, TurnChanged, TurnDelta
from core.config.schema import Chat as Settings
from core.config.schema import Queue
from core.errors import LeitstandError
from core.jobs.service import JobService
from core.ollama.address import Address
from core.ollama.client import Ollama
from core.simulator import Script, Setup, Simulator, toy
from core.store.database import Database
from core.tasks import Tasks
from tests.fakes.clock import ManualClock

MODELS = (
    toy(),
    toy("thinker:8b", capabilities=("completion", "thinking"), thinking="parser"),
    toy("seer:latest", capabilities=("completion", "vision")),
    toy("big:70b", count=70_000_000_000),
)


class House:
    """One Leitstand without faces."""

    def __init__(
        self,
        path: Path,
        simulator: Simulator | None,
        settings: Settings,
        queue: Queue,
        clock: ManualClock | None,
    ) -> None:
        self.path = path
        self.clock = clock or ManualClock()
        self.simulator = simulator or Simulator(Setup(installed=MODELS), clock=self.clock)
        self.settings = settings
        self.queue = queue
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self.reported: list[LeitstandError] = []
        self.noted: list[tuple[str, float]] = []
        """Models and how fast they answered, as the catalog heard it."""
        self.ollama = Ollama(Address(), transport=self.simulator.transport())
        self.store: Database
        self.jobs: JobService
        self.chat: ChatService

    async def open(self) -> None:
        self.store = await Database.open(self.path, clock=self.clock)
        self.jobs = JobService(self.store, self.bus, self.tasks, self.clock, settings=lambda: self.queue)
        self.chat = ChatService(
            self.store,
            self.bus,
            self.tasks,
            self.clock,
            self.jobs,
            client=lambda: self.ollama,
            report=lambda error, _: self.reported.append(error),
            settings=lambda: self.settings,
            personas=self.path.with_name("personas.toml"),
            note_answer=self._note,
        )
        await self.chat.recover()
        await self.jobs.start()
        await self.chat.start()

    async def _note(self, model: str, speed: float) -> None:
        self.noted.append((model, speed))

    async def close(self) -> None:
        await self.jobs.stop()
        await self.chat.close()
        await self.ollama.close()
        await self.tasks.close(0)
        await self.store.close()

    def next(self, *steps: Any, model: str = "") -> Script:
        """What the server says to the next question."""
        script = steps[0] if steps and isinstance(steps[0], Script) else Script(*steps)
        return self.simulator.next(script, model=model, route="chat")

    def asked(self) -> list[dict[str, Any]]:
        """Every chat request the server got, as it was sent."""
        return [
            msgspec.json.decode(request.body)
            for request in self.simulator.requests
            if request.path == "/api/chat"
        ]

    async def ended(self, turn: Turn | int) -> Turn:
        """Wait until an answer is over."""
        id = turn if isinstance(turn, int) else turn.id
        return await self.turn(id, lambda found: found.state in ENDED)

    async def turn(self, id: int, condition: Callable[[Turn], object]) -> Turn:
        """Wait until a turn is as it should be."""
        async with asyncio.timeout(20):
            with self.bus.subscribe() as mailbox:
                while not condition(found := await self.chat.turn(id)):
                    await mailbox.drain()
                return found

    async def put_back(self, turn: Turn) -> Turn:
        """Wait until an answer was given back to the queue, to be tried again."""
        with self.bus.subscribe() as mailbox:
            job = (await self.turn(turn.id, lambda found: found.job_id)).job_id
            assert job is not None
            waiting = (await self.jobs.plan()).waiting
            async with asyncio.timeout(20):
                while not any(each.id == job and each.error is not None for each in waiting):
                    await mailbox.drain()
                    waiting = (await self.jobs.plan()).waiting
        turn = await self.chat.turn(turn.id)
        assert (turn.state, turn.error is not None) == ("queued", True)
        return turn

    async def server_back(self, turn: Turn) -> None:
        """Let the server be back for an answer that waits for it."""
        await self.put_back(turn)
        self.jobs.server_back()

    async def say(self, *pieces: str, question: str = "Why?", chat: int | None = None) -> Turn:
        """Ask, and hear an answer that is known."""
        self.next(Script.saying(*pieces))
        sent = await self.chat.send(chat, question)
        return await self.ended(sent.answer)


@asynccontextmanager
async def living(
    path: Path,
    simulator: Simulator | None = None,
    *,
    queue: Queue | None = None,
    clock: ManualClock | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """A house for the length of the block."""
    given = Settings(**{"title_by_model": False, "model": "toy", **settings})
    house = House(path, simulator, given, queue or Queue(), clock)
    await house.open()
    try:
        yield house
    finally:
        await house.close()


class View:
    """What a face shows that follows the rule: skip what one has, read again at a gap."""

    def __init__(self) -> None:
        self.turns: dict[int, Turn] = {}
        self.gaps = 0

    def apply(self, event: Event) -> None:
        if isinstance(event, TurnChanged):
            self.turns[event.turn.id] = event.turn
        elif isinstance(event, TurnDelta) and (turn := self.turns.get(event.turn_id)) is not None:
            after = applied(turn, event)
            self.gaps += after is None
            self.turns[turn.id] = after or turn

    def take(self, mailbox: Mailbox) -> None:
        for event in mailbox.take():
            self.apply(event)
