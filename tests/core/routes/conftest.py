"""A whole engine on a simulated server with a small, a coding and a large model; the clock stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from core.chat.types import Sent, Turn
from core.engine import Engine, Options
from core.simulator import INSTANT, Script, Setup, Simulator, toy
from core.simulator.models import Spec
from tests.fakes.clock import ManualClock
from tests.fakes.machine import FakeMachine
from tests.waiting import until

SMALL, CODER, LARGE = "llama3.2:3b", "qwen2.5-coder:7b", "gemma3:12b"
MODELS = (
    toy(SMALL, weights=2_000_000_000),
    toy(CODER, weights=4_700_000_000),
    toy(LARGE, weights=8_100_000_000, capabilities=("completion", "vision")),
)

CODE, FACT, ESSAY = "Write a Python function", "Who wrote Faust?", "Compare Kant and Hume on causality"


class Home:
    """One Leitstand and its server."""

    def __init__(self, engine: Engine, simulator: Simulator, clock: ManualClock) -> None:
        self.engine = engine
        self.simulator = simulator
        self.clock = clock

    async def ask(self, text: str, *, chat: int | None = None, model: str = "") -> Turn:
        """Ask, and hear the answer to its end."""
        return await self.ended((await self.sent(text, chat=chat, model=model)).answer)

    async def sent(self, text: str, *, chat: int | None = None, model: str = "") -> Sent:
        return await self.engine.chat.send(chat, text, model=model)

    async def ended(self, turn: Turn, *, passing: float = 0.0) -> Turn:
        """Wait until an answer is over, while so many seconds pass at each look."""
        async with asyncio.timeout(20):
            while True:
                found = await self.engine.chat.turn(turn.id)
                if found.ended:
                    return found
                await self.clock.advance(passing)
                await asyncio.sleep(0.005)

    def says(self, *words: str, model: str = "") -> Script:
        return self.simulator.next(Script.saying(*words), model=model, route="chat")


OpenHome = Callable[..., AbstractAsyncContextManager[Home]]


@pytest.fixture
def home(tmp_path: Path) -> OpenHome:
    @asynccontextmanager
    async def opened(
        *,
        config: str = "",
        models: tuple[Spec, ...] = MODELS,
        synced: bool = True,
        faults: tuple[str, ...] = (),
    ) -> AsyncIterator[Home]:
        text = f"[chat]\ntitle_by_model = false\n{config}"
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        clock = ManualClock()
        simulator = Simulator(Setup(installed=models), clock=clock, pace=INSTANT)
        for fault in faults:
            simulator.fault(fault)
        engine = Engine.prepare(
            Options(environment={"LEITSTAND_HOME": str(tmp_path), "HOME": str(tmp_path)}),
            clock=clock,
            transport=simulator.transport(),
            probes=FakeMachine().probes(),
        )
        try:
            await engine.start()
            if synced:
                await until(lambda: engine.server.current.phase == "online")
                await engine.models.sync()
            yield Home(engine, simulator, clock)
        finally:
            await engine.close()

    return opened
