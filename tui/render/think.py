"""The think block of a turn: a live window that follows, one line when it is over, all of it on demand."""

from __future__ import annotations

from typing import Final

from .cells import DECORATION
from .glyphs import Glyphs
from .leaf import Line
from .markdown import Document
from .palette import FADE_SHIFT, Role
from .types import ThinkMode

WINDOW: Final = 6
_INDENT: Final = 2
_LETTERS_A_TOKEN: Final = 4
_LEAST_STEPS: Final = 6
_MOST_STEPS: Final = 8
ROLL_SECONDS: Final = 0.5
LONGEST_ROLL: Final = 0.75
"""Seconds after which rolling up ends, however few of its steps could be shown."""


def duration(seconds: float) -> str:
    """Return a duration as the header says it: 7 s, 2 min 5 s."""
    whole = max(0, int(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def steps(rows: int) -> list[tuple[float, int, int]]:
    """Return the way from *rows* to none: when each step is due, how many rows it leaves, how faded.

    The steps come fast at first and slowly at the end; every one of them can be seen.
    """
    count = min(_MOST_STEPS, max(_LEAST_STEPS, rows))
    way = []
    for step in range(1, count + 1):
        share = step / count
        due = ROLL_SECONDS * (1 - (1 - share) ** 0.5)
        way.append((due, round(rows * (1 - share)), min(3, 1 + 3 * step // count)))
    return way


class ThinkBlock:
    """What a model thought, and how much of it is shown."""

    def __init__(self, glyphs: Glyphs, mode: ThinkMode) -> None:
        self.mode = mode
        self.live = False
        self.seconds: float | None = None
        self.tokens: int | None = None
        self.fade = 0
        self._chosen: bool | None = None  # a person's choice, which wins over the mode
        self._held = False  # stays as it is although the mode would close it now
        self._rolled: int | None = None  # rows left while it rolls up
        self._from_start = False
        self._glyphs = glyphs
        self._document: Document | None = None
        self._parts: list[str] = []
        self._length = 0
        self._width = 80
        self._header: tuple[object, Line] | None = None

    # -- text

    @property
    def source(self) -> str:
        """Return all that was thought."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def length(self) -> int:
        """Return how many characters were thought."""
        return self._length

    @property
    def document(self) -> Document:
        """Return the thought as a document; it is made when somebody wants to see it."""
        if self._document is None:
            made = Document(base=Role.THINK, glyphs=self._glyphs, indent=_INDENT)
            made.resize(self._width)
            made.append(self.source)
            if not self.live:
                made.finish()
            made.flush(shown=False)
            self._document = made
        return self._document

    def append(self, text: str) -> None:
        """Take more of the thought."""
        self._parts.append(text)
        self._length += len(text)
        if self._document is not None:
            self._document.append(text)

    def finish(self) -> None:
        """Say that the thinking is over."""
        self.live = False
        if self._document is not None:
            self._document.finish()

    def resize(self, width: int) -> None:
        """Lay out for another width."""
        self._width = width
        if self._document is not None:
            self._document.resize(width)

    # -- how much is shown

    @property
    def is_open(self) -> bool:
        """Return whether anything but the header shows, or is about to."""
        if self._chosen is not None:
            return self._chosen
        return self._held or self.mode == "open" or (self.mode == "auto" and self.live)

    @property
    def is_window(self) -> bool:
        """Return whether only the last rows show."""
        return self._chosen is None and self.mode == "auto" and (self.live or self._held)

    @property
    def rolls(self) -> bool:
        """Return whether the block is on its way between open and closed."""
        return self._rolled is not None

    def open_rows(self) -> int:
        """Return how many rows the block shows when nothing is rolling."""
        if not self.is_open:
            return 0
        if self._document is not None:
            height = self._document.height
        else:
            height = self.source.count("\n") + self._length // self._width + 1
        return min(WINDOW, height) if self.is_window else height

    @property
    def is_made(self) -> bool:
        """Return whether the thought has been looked at."""
        return self._document is not None

    @property
    def body_rows(self) -> int:
        """Return how many rows show below the header."""
        return self._rolled if self._rolled is not None else self.open_rows()

    @property
    def is_chosen(self) -> bool:
        """Return whether a person chose how it shows."""
        return self._chosen is not None

    def choose(self, *, opened: bool | None) -> None:
        """Take a person's choice, or give it back to the mode."""
        self._chosen = opened
        self._held = False

    def hold(self, *, held: bool) -> None:
        """Keep the window as it is for now, although the thinking is over."""
        self._held = held

    def roll(self, rows: int | None, fade: int = 0, *, from_start: bool = False) -> None:
        """Show so many rows for the moment, the last or the first ones; None when the block has arrived."""
        self._rolled = rows
        self._from_start = from_start
        self.fade = fade if rows is not None else 0

    # -- rows

    def header(self) -> Line:
        """Return the one row that always shows."""
        glyphs = self._glyphs
        sign = glyphs.opened if self.body_rows else glyphs.closed
        words = []
        if self.seconds is not None:
            words.append(duration(self.seconds))
        if self.live:
            said = f"{sign} Thinking{glyphs.ellipsis}"
        elif words:
            said = f"{sign} Thought for"
        else:
            said = f"{sign} Thought"
        tokens = self.tokens
        if self.live and tokens is None:
            tokens = self._length // _LETTERS_A_TOKEN  # near enough until the server says it
        if tokens:
            words.append(f"{tokens} token{'s' if tokens != 1 else ''}")
        said = " ".join([said, f" {glyphs.dot} ".join(words)]) if words else said
        if not self.live and self.seconds is None and words:
            said = f"{sign} Thought {glyphs.dot} {words[0]}"
        key = (said, self.live)
        if self._header is None or self._header[0] != key:
            role = Role.ACCENT if self.live else Role.DIM
            self._header = key, Line([(said, role, DECORATION, DECORATION)])
        return self._header[1]

    def rows(self, top: int, bottom: int) -> list[Line]:
        """Return body rows between two places among those that show."""
        first = self.first_row()
        found = self.document.rows(first + top, first + bottom)
        return [_faded(line, self.fade) for line in found] if self.fade else found

    def first_row(self) -> int:
        """Return the row of the document that is the first to show."""
        if self._rolled is not None and self._from_start:
            return 0
        return max(0, self.document.height - self.body_rows)


def _faded(line: Line, fade: int) -> Line:
    return Line([(text, style | fade << FADE_SHIFT, start, end) for text, style, start, end in line.runs])
