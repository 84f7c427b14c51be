"""Random use of the sample app in this process: every byte goes to an emulator, which is then compared.

The other side of the comparison is Textual's own full drawing of the same screen, in a fresh emulator:
characters and attributes of every cell.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual import events
from textual._compositor import LayoutUpdate
from textual._context import visible_screen_stack
from textual.geometry import Size
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tests.fakes.emulator import Emulator
from tests.tui.terminal.sample import Box, Sample, word
from tui.terminal.cells import odd
from tui.terminal.diff import DifferentialOutput
from tui.terminal.driver import TerminalDriver
from tui.terminal.options import TerminalOptions

SIZES = ((60, 18), (60, 18), (40, 10), (81, 24), (100, 14))
THEMES = ("nord", "textual-dark", "textual-light", "dracula")
OPTIONS = TerminalOptions(frames=1000)
ODD = "❤\N{VARIATION SELECTOR-16} \U0001fae8 👍\N{EMOJI MODIFIER FITZPATRICK TYPE-4} "

PATIENCE = 60.0
"""Seconds for one thing a person does, and for the app to end: what takes longer stands still."""

Action = Callable[[], Awaitable[None]]


class Recorder(TerminalDriver):
    """A driver without a terminal: what is written is kept, and the terminal can be busy."""

    def __init__(self, app: Any, **keywords: Any) -> None:
        super().__init__(app, **keywords)
        self.fileno = os.open(os.devnull, os.O_RDWR)
        self.busy = False
        self.output: list[str] = []

    def start_application_mode(self) -> None:
        self._active = True

    def stop_application_mode(self) -> None:
        self._active = False

    def disable_input(self) -> None:
        pass

    def close(self) -> None:
        os.close(self.fileno)

    def write(self, data: str) -> None:
        self.output.append(data)

    @property
    def waiting(self) -> int:
        return int(self.busy)


@contextmanager
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Textual's frame timer tick quickly, so that a session takes as long as its work."""
    with monkeypatch.context() as patch:
        patch.setattr("textual.screen.UPDATE_PERIOD", 1 / 500)
        # What a session compares it waits for itself (`settle`): the pilot need not do it as well.
        patch.setattr("textual._wait.SLEEP_GRANULARITY", 0.004)
        yield


class Watching(DifferentialOutput[Any]):
    """An app, remembering what Textual gave it to draw since its last full drawing."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.updates: list[Any] = []
        super().__init__(*arguments, **keywords)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if isinstance(renderable, LayoutUpdate):
            self.updates.clear()
        if renderable is not None:
            self.updates.append(renderable)
        super()._display(screen, renderable)


class Watched(Watching, Sample):
    """The sample app, watched."""

    def __init__(self, options: TerminalOptions = OPTIONS) -> None:
        super().__init__(options, driver_class=Recorder)


class Use:
    """One app, one emulator, and the comparison of the two."""

    app: Watching
    pilot: Pilot[Any]
    sizes: tuple[tuple[int, int], ...] = SIZES
    themes: tuple[str, ...] = THEMES

    def __init__(self, seed: int, app: Watching) -> None:
        self.random = random.Random(seed)
        self.app = app
        self.emulator = Emulator(*self.sizes[0])
        self.bytes = 0
        self.compared = 0
        self.overlooked = 0
        """Rows that Textual itself would not have brought up to date."""

    @property
    def driver(self) -> Recorder:
        assert isinstance(self.app._driver, Recorder)
        return self.app._driver

    async def run(self, steps: int, then: Action | None = None) -> None:
        """Do so many things and compare after each; *then* is done at the end."""
        failure: list[BaseException] = []

        async def person(pilot: Pilot[Any]) -> None:
            try:
                self.pilot = pilot
                self.emulator.feed("\x1b[?7l")
                self.spoil()
                await self.done("begin", self.begin)
                await self.compare("start")
                for _ in range(steps):
                    if self.random.random() < 0.5:
                        self.driver.busy = False
                    action = self.random.choice(self.actions())
                    await self.done(action.__name__, action)
                    if self.driver.busy:
                        continue
                    await self.compare(action.__name__)
                self.driver.busy = False
                if then is not None:
                    await self.done("what comes last", then, 4 * PATIENCE)
                await self.compare("end")
            except BaseException as error:  # noqa: BLE001 - raised again outside the app
                failure.append(error)
            self.app.exit()
            ended.set()

        ended = asyncio.Event()
        running = asyncio.create_task(self.app.run_async(size=self.sizes[0], mouse=False, auto_pilot=person))
        person_left = asyncio.create_task(ended.wait())
        await asyncio.wait({running, person_left}, return_when=asyncio.FIRST_COMPLETED)
        person_left.cancel()
        await self._left(running)
        # What is compared after a crash is the picture of an app that is no more.
        if self.app.crash is not None:
            raise self.app.crash
        if failure:
            raise failure[0]
        assert self.app.output_note == "", "the drawing stepped aside"

    async def done(self, name: str, action: Action, patience: float = PATIENCE) -> None:
        """Do it; what never ends is named."""
        try:
            async with asyncio.timeout(patience):
                await action()
        except TimeoutError:
            raise AssertionError(f"{name} never ended") from None

    @staticmethod
    async def _left(running: asyncio.Task[object]) -> None:
        await asyncio.wait({running}, timeout=PATIENCE)
        if not running.done():
            running.cancel()
            raise AssertionError("the app never ended")
        await running

    async def begin(self) -> None:
        """Make ready what is to be used."""

    def actions(self) -> list[Action]:
        """What a person might do, as often as it is likely."""
        return [self.resize, self.change_theme, self.repaint, self.stall]

    async def settle(self) -> None:
        """Wait until nothing is left to draw or to send."""
        deadline = time.monotonic() + 20
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < deadline, "it never rests"
            await asyncio.sleep(0.002)
            quiet = 0 if self._working() else quiet + 1

    def _working(self) -> bool:
        app, screen, painter = self.app, self.app.screen, self.app._painter
        unfinished: list[object] = [
            app._batch_count,
            screen._dirty_widgets,
            screen._layout_required,
            screen._scroll_required,
            screen._repaint_required,
            screen._compositor._dirty_regions,
            screen.message_queue_size,
            app.message_queue_size,
            app.animator._animations,
            app._resize_timer,
            app._retry,
            painter is not None and painter.pending,
        ]
        return any(unfinished)

    def deliver(self) -> None:
        """Let the terminal take what was written."""
        data = "".join(self.driver.output)
        self.driver.output.clear()
        self.bytes += len(data.encode())
        self.feed(data)

    def feed(self, data: str) -> None:
        """What the terminal does with what was written."""
        self.emulator.feed(data)

    def spoil(self) -> None:
        """Another program writes to the terminal."""
        self.emulator.spoil()

    def resized(self, columns: int, rows: int) -> None:
        """The window has another size."""
        self.emulator.resize(columns, rows)

    async def compare(self, after: str) -> None:
        """The terminal shows what Textual would have drawn, if not at once then soon."""
        deadline = time.monotonic() + 10
        while True:
            await self.settle()
            self.deliver()
            difference = self.difference()
            if not difference:
                return
            # A widget on its way out is drawn no more, and the room it took is not yet drawn over.
            assert time.monotonic() < deadline, f"after {after}: {difference}"

    def difference(self) -> str:
        """The first cell that is not as Textual would have drawn it."""
        expected = self.drawn_by_textual()
        self.compared += len(expected)
        piecewise: list[list[Any]] = []
        for y, (row, other) in enumerate(zip(self.emulator.cells(), expected, strict=True)):
            if row != other and not any(odd(cell.data) for cell in other):
                piecewise = piecewise or self.drawn_piecewise()
                if row == piecewise[y]:
                    self.overlooked += 1
                    continue
                x = next(x for x in range(len(row)) if row[x] != other[x])
                return f"row {y} column {x} has {row[x]} instead of {other[x]}"
        return ""

    def drawn_piecewise(self) -> list[list[Any]]:
        """What Textual alone would show now: it overlooks a change now and then, and so must we."""
        app = self.app
        alone = Emulator(*app.screen._compositor.size)
        alone.feed("\x1b[?7l")
        for update in app.updates:
            alone.feed(update.render_segments(app.console).replace("\n", "\r\n"))
        return alone.cells()

    def drawn_by_textual(self) -> list[list[Any]]:
        """Textual's own full drawing of the same screen."""
        app, compositor = self.app, self.app.screen._compositor
        visible_screen_stack.set(app._background_screens)
        update = LayoutUpdate([[strip] for strip in compositor.render_strips()], compositor.size.region)
        fresh = Emulator(*compositor.size)
        fresh.feed("\x1b[?7l" + update.render_segments(app.console).replace("\n", "\r\n"))
        return fresh.cells()

    # what a person does with any app

    async def resize(self) -> None:
        columns, rows = self.random.choice(self.sizes)
        self.resized(columns, rows)
        self.spoil()
        self.driver._size = (columns, rows)
        size = Size(columns, rows)
        self.app.post_message(events.Resize(size, size))

    async def change_theme(self) -> None:
        self.app.theme = self.random.choice(self.themes)

    async def repaint(self) -> None:
        self.deliver()
        self.spoil()
        self.app.repaint()

    async def stall(self) -> None:
        """The terminal takes nothing for a while; pictures pass unseen."""
        self.driver.busy = True


class Session(Use):
    """The sample app, and what a person might do with it."""

    app: Watched

    def __init__(self, seed: int, options: TerminalOptions = OPTIONS) -> None:
        super().__init__(seed, Watched(options))
        self.words = 0

    def actions(self) -> list[Action]:
        """Everything there is to do, what changes the most more often."""
        return [
            *super().actions(),
            *(self.scroll, self.stream, self.stream, self.type, self.scroll_list, self.scroll_both),
            *(self.say_odd, self.erase, self.open_or_close, self.open_or_close, self.toggle_list),
            *(self.focus, self.notice),
        ]

    async def scroll(self) -> None:
        words = self.app.words
        words.scroll_relative(y=self.random.choice([-9, -3, -1, 1, 2, 8]), animate=False, immediate=True)

    async def scroll_list(self) -> None:
        if side := self.app.screen_stack[0].query("#side"):
            side.first().scroll_relative(y=self.random.choice([-5, 1, 7]), animate=False, immediate=True)

    async def scroll_both(self) -> None:
        await self.scroll()
        await self.scroll_list()

    async def stream(self) -> None:
        count = self.random.choice([1, 4, 30, 200])
        self.app.words.say([word(number) for number in range(self.words, self.words + count)])
        self.words += count

    async def say_odd(self) -> None:
        self.app.words.say([(ODD, 0), ("behind ", 1)])

    async def type(self) -> None:
        prompt = self.app.screen_stack[0].query_one(Input)
        prompt.insert_text_at_cursor(self.random.choice(["a", "hello ", "世界", "🎉", "é"]))

    async def erase(self) -> None:
        self.app.screen_stack[0].query_one(Input).value = ""

    async def open_or_close(self) -> None:
        if len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
            return
        if self.random.random() < 0.5:
            self.app.push_screen(Box())
        else:
            self.app.action_command_palette()
        # Textual's palette cannot be closed before it has been mounted; no key arrives that early either.
        await self.app.screen._mounted_event.wait()

    async def toggle_list(self) -> None:
        for side in self.app.screen_stack[0].query("#side"):
            side.display = not side.display

    async def focus(self) -> None:
        if len(self.app.screen_stack) == 1:
            self.app.action_focus_next()

    async def notice(self) -> None:
        self.app.notify("something 世界 happened", markup=False, timeout=0.05)
