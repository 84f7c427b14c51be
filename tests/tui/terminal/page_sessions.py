"""Random use of the program itself: its pages, dialogs and palette on a real engine with the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from httpx import AsyncBaseTransport
from textual.driver import Driver

from core.engine import Engine, Options
from core.simulator import INSTALLED, INSTANT, Setup, Simulator, Spec
from tests.fakes.clock import ManualClock
from tests.fakes.machine import FakeMachine
from tests.tui.terminal.sessions import OPTIONS, Action, Recorder, Use, Watching
from tests.waiting import until
from tui.app import LeitstandApp
from tui.pages import PAGES
from tui.terminal.options import TerminalOptions
from tui.theme import THEMES

QUESTIONS = (
    "a table of prices, and code",
    "世界 in wide words 🎉",
    "think about lists",
    "Grüße — é",
)
KEYS = (
    *("down", "up", "pagedown", "pageup", "home", "end", "tab", "shift+tab", "escape", "escape", "enter"),
    *("space", "slash", "s", "w", "i", "p", "f", "left_square_bracket", "backspace", "alt+t", "alt+c"),
    *("alt+up", "alt+down", "ctrl+t", "ctrl+o", "ctrl+f", "ctrl+r", "ctrl+n", "alt+n", "alt+o", "alt+s"),
)


class WatchedProgram(Watching, LeitstandApp):
    """The program, watched."""

    def get_driver_class(self) -> type[Driver]:
        """A terminal that is none."""
        return Recorder


class Pages(Use):
    """The program, and what a person might do with it."""

    app: WatchedProgram
    clock: ManualClock
    simulator: Simulator
    folder: Path
    sizes = ((80, 24), (80, 24), (120, 30), (40, 10), (60, 15))
    themes = tuple(theme.name for theme in THEMES)

    async def begin(self) -> None:
        """Something to look at on every page."""
        app = self.app
        await until(lambda: app.engine_ready)
        await until(lambda: app.facts.server is not None and app.facts.server.phase == "online")
        space = await app.engine.library.create_space("manuals", description="everything")
        await app.engine.library.ingest(space.id, (str(self.folder),))

    def actions(self) -> list[Action]:
        """Everything there is to do, what changes the most more often."""
        return [
            *super().actions(),
            *(self.go, self.go, self.go, self.press, self.press, self.press, self.ask, self.type),
            *(self.pass_time, self.pass_time, self.palette, self.help, self.notice, self.close),
        ]

    async def go(self) -> None:
        await self.app.action_go(self.random.choice(PAGES).name)

    async def press(self) -> None:
        await self.pilot.press(*self.random.choices(KEYS, k=3))

    async def type(self) -> None:
        await self.pilot.press(*self.random.choice(["hello", "世界", "é🎉", "q3:"]))

    async def ask(self) -> None:
        """A question that is answered while one looks, or while one is elsewhere."""
        if len(self.app.screen_stack) == 1 and self.random.random() < 0.5:
            await self.app.action_go("chat")
        chat = await self.app.engine.chat.create()
        await self.app.engine.chat.send(chat.id, self.random.choice(QUESTIONS))

    async def pass_time(self) -> None:
        await self.clock.advance(self.random.choice([0.2, 1, 3]))

    async def palette(self) -> None:
        self.app.action_command_palette()
        await self.app.screen._mounted_event.wait()

    async def help(self) -> None:
        self.app.action_help()

    async def notice(self) -> None:
        self.app.toast("warning", "something 世界 happened", "and a hint")

    async def close(self) -> None:
        await self.pilot.press("escape")


P = TypeVar("P", bound=Pages)


def _home(home: Path) -> Path:
    """Make a home without motion, and return its folder of documents."""
    folder = home / "shelf"
    folder.mkdir(parents=True)
    (home / "config.toml").write_text("[ui]\nreduced_motion = true\n", encoding="utf-8")
    (folder / "pump.md").write_text("# Pump 世界\n\nTwo litres of oil.\n", encoding="utf-8")
    return folder


@asynccontextmanager
async def program(
    kind: type[P],
    seed: int,
    home: Path,
    options: TerminalOptions = OPTIONS,
    *,
    installed: tuple[Spec, ...] = INSTALLED,
    network: Callable[[AsyncBaseTransport], AsyncBaseTransport] = lambda server: server,
) -> AsyncIterator[P]:
    """A session of the program with an engine of its own."""
    folder = _home(home)
    clock = ManualClock()
    simulator = Simulator(Setup(installed=installed), clock=clock, pace=INSTANT)
    engine = Engine.prepare(
        Options(environment={"LEITSTAND_HOME": str(home), "HOME": str(home)}),
        clock=clock,
        transport=network(simulator.transport()),
        probes=FakeMachine().probes(),
    )
    app = WatchedProgram(engine, terminal_options=options, terminal_checks=list)
    session = kind(seed, app)
    session.clock = clock
    session.simulator = simulator
    session.folder = folder
    try:
        yield session
    finally:
        await engine.close()
