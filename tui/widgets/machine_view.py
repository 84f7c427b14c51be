"""The gauges as lines: of what changed since the last look, and of nothing else, is anything painted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.render.machine_line import Hue, Row
from tui.theme import Ink
from tui.widgets.inked import Inked


class MachineView(Inked, ScrollView, can_focus=True):
    """Told its lines; scrolls where they are more than the window has."""

    DEFAULT_CSS = """
    MachineView {
        height: 1fr; width: 1fr; background: $background;
        scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    """

    class Resized(Message):
        """There is another room to draw in."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Hue, Style] = {}

    @property
    def room(self) -> Size:
        """The columns a line has, and the lines that are seen at once."""
        return self.scrollable_content_region.size

    def put(self, lines: Sequence[Row]) -> None:
        """Show these lines."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self._strips.clear()
            self.virtual_size = Size(0, len(self._lines))
            self.refresh()
            return
        width, top = self.size.width, self.scroll_offset.y
        changed = [y for y, (old, new) in enumerate(zip(before, self._lines, strict=True)) if old != new]
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y - top, width, 1) for y in changed))

    def on_resize(self) -> None:
        """Ask for lines of another width."""
        self._strips.clear()
        self.post_message(self.Resized())

    def notify_style_update(self) -> None:
        """Forget what was painted in the old colours."""
        self._strips.clear()
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        inks, width, y = self.inks, self.size.width, y + self.scroll_offset.y
        if y >= len(self._lines):
            return Strip.blank(width, inks["text"])
        found = self._strips.get(y)
        if found is None or found.cell_length != width:
            segments = [Segment(text, self._style(hue, inks)) for text, hue in self._lines[y] if text]
            found = self._strips[y] = Strip(segments).adjust_cell_length(width, inks["text"])
        return found

    def _style(self, hue: Hue, inks: Mapping[Ink, Style]) -> Style:
        if isinstance(hue, str):
            return inks[hue]
        found = self._styles.get(hue)
        if found is None:
            found = self._styles[hue] = Style(color=inks[hue[0]].color, bgcolor=inks[hue[1]].color)
        return found

    def plain_lines(self) -> list[str]:
        """Every line as text: for tests and screen readers."""
        return ["".join(text for text, _ in line).rstrip() for line in self._lines]
