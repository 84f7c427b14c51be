"""The real app on a real engine, with the simulator in the place of the network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from textual.pilot import Pilot

from core.daemon.hosting import HostingEngine, attached
from core.engine import Engine, Options
from core.face import Face
from core.health import Check
from core.simulator import INSTANT, Pace, Simulator
from tests.fakes.clock import ManualClock
from tests.fakes.machine import FakeMachine
from tests.waiting import until
from tui.app import LeitstandApp

TERMINAL = [
    Check("terminal", "ok", "TERM is tmux-256color inside tmux 3.5a."),
    Check("tmux extended-keys", "warn", "extended-keys is off.", "set -s extended-keys on"),
]

WIDE, NARROW = (140, 40), (80, 24)


class Shell(NamedTuple):
    """Everything a test of a screen holds in its hands."""

    app: LeitstandApp
    pilot: Pilot[int]
    engine: Engine
    """The one that does the work; the app may be attached to it."""
    simulator: Simulator
    clock: ManualClock
    home: Path


@pytest.fixture(autouse=True)
def one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times on the screen are local times: here all of them are UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


Where = Literal["local", "attached"]


@pytest.fixture
def where() -> Where:
    """Where the engine lives: a module that parametrises this proves its screens in both ways."""
    return "local"


both_ways = pytest.mark.parametrize("where", ["local", "attached"])
"""Marks tests of screens that must be the same on an engine in another process."""


OpenShell = Callable[..., AbstractAsyncContextManager[Shell]]


@pytest.fixture
def shell(tmp_path: Path, where: Where) -> OpenShell:
    """Open the app at a size and a page; everything that wobbles stands still."""

    @asynccontextmanager
    async def opened(
        page: str = "",
        size: tuple[int, int] = WIDE,
        *,
        config: str = "",
        faults: tuple[str, ...] = (),
        ready: bool = True,
        held: bool | asyncio.Event = False,
        machine: FakeMachine | None = None,
        alone: bool = False,
        pace: Pace = INSTANT,
    ) -> AsyncIterator[Shell]:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        if config:
            (home / "config.toml").write_text(config, encoding="utf-8")
        clock = ManualClock()
        simulator = Simulator(clock=clock, pace=pace)
        for fault in faults:
            simulator.fault(fault)
        options = Options(environment={"LEITSTAND_HOME": str(home), "HOME": str(home)})
        engine = (HostingEngine if where == "attached" else Engine).prepare(
            options,
            clock=clock,
            transport=simulator.transport(),
            probes=(machine or FakeMachine()).probes(),
        )
        face: Face = engine
        if where == "attached":
            await engine.start()
            face = await engine.tasks.in_thread(partial(attached, options, clock=clock))
        app = LeitstandApp(face, start=page, alone=alone, terminal_checks=lambda: TERMINAL)
        app.animation_level = "none"
        if held is not False:
            # The engine stays on its way up for as long as the test wants to look.
            gate, start = held if isinstance(held, asyncio.Event) else asyncio.Event(), face.start

            async def started() -> None:
                await gate.wait()
                await start()

            face.start = started  # type: ignore[method-assign]  # on purpose
        try:
            async with app.run_test(size=size) as pilot:
                await until(lambda: app.current_mode != "opening")
                if ready and held is False:
                    await until(lambda: app.engine_ready)
                    await until(
                        lambda: app.facts.server is not None and app.facts.server.phase != "connecting"
                    )
                    # Its last act is to let the page read what it shows.
                    await until(lambda: not any(each.group == "engine" for each in app.workers))
                    await pilot.pause()
                yield Shell(app, pilot, engine, simulator, clock, home)
        finally:
            await face.close()
            await engine.close()

    return opened
