"""A small app with everything that is hard to draw: run it in a terminal with `python -m`.

    python -m tests.tui.terminal.sample '{"plain_output": true}'

Keys: ctrl+z suspends, ctrl+l repaints, F2 streams words, F9 stops them, F3 crashes, F4 opens the editor,
F6 a dialog, F8 leaves.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.driver import Driver
from textual.geometry import Region, Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Footer, Input, Static

from tui.terminal.diff import DifferentialOutput
from tui.terminal.editor import edit
from tui.terminal.lifecycle import end_process, given_back
from tui.terminal.options import TerminalOptions

STYLES = [
    Style.parse(text)
    for text in (
        "#d0d0d0 on #101418",
        "bold #8ec07c on #101418",
        "italic #d0d0d0 on #101418",
        "#fabd2f on #1d2021",
    )
]


class Words(ScrollView):
    """A transcript in miniature: lines of styled words, the last one growing; strips are kept."""

    BLANK = True

    def __init__(self) -> None:
        super().__init__()
        self._strips: list[Strip] = []
        self._last: list[Segment] = []

    def say(self, words: list[tuple[str, int]]) -> None:
        """Add words; a line is as long as there is room for."""
        width = max(10, self.scrollable_content_region.width)
        first = len(self._strips)
        at_end = self.scroll_offset.y >= self.max_scroll_y - 1
        for word, style in words:
            length = sum(segment.cell_length for segment in self._last)
            new = Segment(word, STYLES[style])
            if word == "\n" or length + new.cell_length > width:
                self._strips.append(self._line(width))
                self._last = [] if word == "\n" else [new]
            else:
                self._last.append(new)
        lines = len(self._strips) + 1
        if lines != self.virtual_size.height:
            self.virtual_size = Size(width, lines)
            if at_end:
                self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        self.refresh_lines(first, lines - first)

    def clear(self) -> None:
        """Forget everything."""
        self._strips, self._last = [], []
        self.virtual_size = Size(10, 1)
        self.refresh()

    def _line(self, width: int) -> Strip:
        return Strip(self._last).adjust_cell_length(width, STYLES[0])

    def render_lines(self, crop: Region) -> list[Strip]:
        """Strips as they are kept, past the cache of Textual."""
        width = self.scrollable_content_region.width
        blank = Strip.blank(width, STYLES[0])
        lines = [*self._strips, self._line(width)]
        top = self.scroll_offset.y + crop.y
        rows = [lines[y] if y < len(lines) else blank for y in range(top, top + crop.height)]
        return [row.crop_extend(crop.x, crop.right, STYLES[0]) for row in rows]


class Box(ModalScreen[None]):
    """A dialog over half-transparent rows."""

    CSS = """
    Box { align: center middle; background: $background 50%; }
    #box { width: 40; height: 8; border: round red; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """A frame with wide characters."""
        yield Static("a dialog 世界", id="box", markup=False)


class Sample(DifferentialOutput[int]):
    """The app."""

    CSS = """
    #side { width: 24; } #words { height: 1fr; } Input { height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", priority=True),
        Binding("ctrl+l", "repaint", "Repaint", priority=True),
        Binding("f2", "stream", "Stream"),
        Binding("f3", "crash", "Crash"),
        Binding("f4", "edit", "Edit"),
        Binding("f6", "box", "Box"),
        Binding("f8", "leave", "Leave"),
        Binding("f7", "page_back", show=False),
        Binding("f9", "silence", show=False),
        Binding("shift+enter", "say('shift+enter')", show=False, priority=True),
    ]

    def __init__(
        self,
        options: TerminalOptions | None = None,
        side: int = 40,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(terminal_options=options, driver_class=driver_class)
        self.lag = 0.0
        self._side = side

    def compose(self) -> ComposeResult:
        """A list, a transcript, a prompt."""
        with Horizontal(id="body"):
            if self._side:
                with VerticalScroll(id="side"):
                    for number in range(self._side):
                        yield Static(f"chat {number} 日本語 🎉", markup=False)
            yield Words()
        yield Input(placeholder="Ask")
        yield Footer()

    def on_mount(self) -> None:
        """The prompt has the focus."""
        prompt = self.query_one(Input)
        prompt.cursor_blink = bool(os.environ.get("BLINK"))
        prompt.focus()
        self.call_after_refresh(self.call_later, self._say_ready)

    def _say_ready(self) -> None:
        """Say that the first picture is complete."""
        if self._driver is not None:
            self._driver.write("\x1b]2;ready\x07")

    @property
    def words(self) -> Words:
        """The transcript."""
        return self.screen_stack[0].query_one(Words)

    def action_repaint(self) -> None:
        """Draw all anew."""
        self.repaint()

    def action_crash(self) -> None:
        """Fail with a private text."""
        private = "a secret"
        raise RuntimeError(private)

    def action_say(self, words: str) -> None:
        """Write into the prompt."""
        self.query_one(Input).insert_text_at_cursor(words)

    def action_page_back(self) -> None:
        """Scroll the transcript back by a page."""
        self.words.scroll_page_up(animate=False)

    def action_silence(self) -> None:
        """Stop the words."""
        self.workers.cancel_all()
        self.action_say(" stopped")

    def action_box(self) -> None:
        """Open the dialog."""
        self.push_screen(Box())

    def action_leave(self) -> None:
        """End, and say how long the loop was held up."""
        self.exit(0, message=f"lag {self.lag * 1000:.0f} ms; note {self.output_note!r}; link {self.link}")

    async def action_edit(self) -> None:
        """Hand the prompt to the editor."""
        prompt = self.query_one(Input)
        edited = await edit(
            prompt.value,
            environment=os.environ,
            directory=Path(os.environ["EDIT_IN"]),
            suspended=self.suspend,
        )
        prompt.value = "nothing" if edited is None else edited.replace("\n", " ")

    async def action_stream(self) -> None:
        """Say words without end, and measure how long the loop is held up."""
        self.run_worker(self.stream(rate=float(os.environ.get("RATE", "100"))), name="stream")
        self.run_worker(self.measure_lag(), name="lag")

    async def stream(self, rate: float, total: int = 1_000_000, batches: float = 30) -> None:
        """So many words a second, given to the transcript in so many batches."""
        said, started = 0, time.monotonic()
        if note := os.environ.get("STARTED"):
            _note(note, started)
        while said < total:
            await asyncio.sleep(1 / batches)
            due = min(total, int((time.monotonic() - started) * rate))
            self.words.say([word(number) for number in range(said, due)])
            said = due

    async def measure_lag(self) -> None:
        """Remember the worst delay of the event loop."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.lag = max(self.lag, time.monotonic() - before - 0.01)


def _note(file: str, started: float) -> None:
    """Tell a test when the words began."""
    Path(file).write_text(str(started))


def word(number: int) -> tuple[str, int]:
    """The words of a reply with some markdown to it; each carries its number."""
    if number % 12 == 11:
        return "\n", 0
    style = 3 if number // 12 % 7 == 6 else 1 if number % 23 == 0 else 2 if number % 17 == 0 else 0
    return f"w{number:05} " if number % 4 == 0 else ("and ", "tokens ", "世界 ")[number % 3], style


def main() -> None:
    """Run it as the real program is run."""
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    side = options.pop("side", 40)
    app = Sample(TerminalOptions(**options), side)
    with given_back():
        app.run(mouse=False)
    if app.crash is not None:
        sys.stderr.write(f"It stopped by a fault: {type(app.crash).__name__}\n")
    end_process(app.return_code or 0)


if __name__ == "__main__":
    main()
