"""A terminal without a window: bytes in, cells out, and the answers a terminal would give.

It is pyte with what pyte lacks: private sequences are not drawn as text, half a wide character
never survives, zero-width characters join the cell before them, dim, double underline and overline are
attributes too, and there is an alternate screen.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder
from typing import Any

import pyte
from pyte.screens import Char
from wcwidth import wcwidth

Cell = Char
"""One cell: its character ("" for the right half of a wide one) and its attributes."""

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    r"|[ -/]+[0-~]"  # charsets and the like
    r"|[0-OQ-WYZ\\`-~]"  # two characters
    r")"
)

_ANSWERS = {
    "\x1b[?2026$p": "\x1b[?2026;2$y",
    "\x1b[c": "\x1b[?62;22c",
    "\x1b[5n": "\x1b[0n",
}
_ALTERNATE = {"\x1b[?1049h": True, "\x1b[?1049l": False}
_MARKS = {2: "dim", 21: "double", 53: "overline"}
_UNMARKS = {22: "dim", 24: "double", 55: "overline"}


class _Screen(pyte.Screen):
    """The cells; wide and zero-width characters as real terminals treat them."""

    def __init__(self, columns: int, lines: int) -> None:
        self.marks: set[str] = set()
        self._main: dict[int, Any] | None = None
        super().__init__(columns, lines)

    def alternate(self, *, on: bool) -> None:
        """Change to an empty screen, or back to what was there before."""
        if on != (self._main is None):
            return
        if self._main is None:
            self.save_cursor()
            self._main = self.buffer.copy()
            self.buffer.clear()
        else:
            self.buffer.clear()
            self.buffer.update(self._main)
            self._main = None
            self.restore_cursor()

    def draw(self, data: str) -> None:
        for character in data:
            if wcwidth(character) <= 0:
                self._join(character)
                continue
            self._free(self.cursor.x, wcwidth(character))
            super().draw(character)

    def _join(self, character: str) -> None:
        line = self.buffer[self.cursor.y]
        x = self.cursor.x - 1
        if x > 0 and line[x].data == "":
            x -= 1
        if x >= 0:
            joined = unicodedata.normalize("NFC", line[x].data + character)
            line[x] = line[x]._replace(data=joined)

    def _free(self, x: int, width: int) -> None:
        """Blank what is left of a wide character when its other half is written over."""
        line = self.buffer[self.cursor.y]
        x = min(x, self.columns - width)
        if x > 0 and line[x].data == "":
            line[x - 1] = line[x - 1]._replace(data=" ")
        after = x + width
        if after < self.columns and line[after].data == "":
            line[after] = line[after]._replace(data=" ")

    def select_graphic_rendition(self, *codes: int, private: bool = False) -> None:
        if private:
            return
        plain: list[int] = []
        rest = list(codes or (0,))
        while rest:
            code = rest.pop(0)
            if code in (38, 48):
                taken = 4 if rest[:1] == [2] else 2
                plain += [code, *rest[:taken]]
                del rest[:taken]
                continue
            if code == 0:
                self.marks.clear()
            elif code in _MARKS:
                self.marks.add(_MARKS[code])
            if code in _UNMARKS:
                self.marks.discard(_UNMARKS[code])
            if code not in _MARKS and code != 55:
                plain.append(code)
        attributes = self.cursor.attrs
        self.cursor.attrs = attributes._replace(fg=attributes.fg.partition("+")[0])
        if plain:
            super().select_graphic_rendition(*plain)
        if self.marks:
            attributes = self.cursor.attrs
            self.cursor.attrs = attributes._replace(fg="+".join([attributes.fg, *sorted(self.marks)]))


class Emulator:
    """What is on the screen of a terminal that was sent these bytes."""

    def __init__(self, columns: int = 80, rows: int = 24, *, answers: bool = True) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._torn = ""
        self._answers = answers
        self.truecolor = True
        """Whether it says that it keeps 24 bits of colour."""
        self.strings: list[str] = []
        """Every OSC, DCS, APC and PM string received, whole."""
        self.modes: set[int] = set()
        """The private modes that are set: 1049 alternate screen, 1000 mouse, 2004 paste, 25 cursor …"""
        self.private: list[str] = []
        """Every CSI with a private prefix other than "?": keyboard protocols."""

    def feed(self, data: bytes | str) -> bytes:
        """Take output; return what the terminal answers."""
        text = self._torn + (self._decode(data) if isinstance(data, bytes) else data)
        self._torn = ""
        replies: list[str] = []
        ready: list[str] = []
        position = 0
        while (start := text.find("\x1b", position)) >= 0:
            ready.append(text[position:start])
            match = _SEQUENCE.match(text, start)
            if match is None and 0 < (again := text.find("\x1b", start + 1)) < len(text) - 1:
                position = again  # a sequence within a sequence: the first is given up
                continue
            if match is None and len(text) - start < 200_000:
                self._torn, position = text[start:], len(text)
                break
            sequence = match.group() if match else text[start]
            position = start + len(sequence)
            if sequence in _ALTERNATE:
                self._draw(ready)
                self._screen.alternate(on=_ALTERNATE[sequence])
            if not self._notice(sequence):
                ready.append(sequence)
            if self._answers and (reply := self._answer(sequence, ready)):
                replies.append(reply)
        ready.append(text[position:])
        self._draw(ready)
        return "".join(replies).encode()

    def _draw(self, ready: list[str]) -> None:
        self._stream.feed("".join(ready))
        ready.clear()

    def _answer(self, sequence: str, ready: list[str]) -> str:
        if sequence == "\x1b[6n":
            self._draw(ready)
            return self._position()
        if sequence == "\x1bP$qm\x1b\\":
            self._draw(ready)
            return self._drawn_with()
        return _ANSWERS.get(sequence, "")

    def _drawn_with(self) -> str:
        """The answer to what attributes are set, as far as it concerns the background."""
        colour = self._screen.cursor.attrs.bg
        if self.truecolor and len(colour) == 6:
            red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
            return f"\x1bP1$r0;48:2::{red}:{green}:{blue}m\x1b\\"
        return "\x1bP1$r0;48;5;16m\x1b\\"

    def _position(self) -> str:
        x, y = self.cursor
        return f"\x1b[{y + 1};{x + 1}R"

    def _notice(self, sequence: str) -> bool:
        """Remember what is not drawing; tell whether it was that."""
        if sequence[1] in "]PX^_":
            self.strings.append(sequence)
            return True
        if sequence[1] != "[":
            return False
        if sequence[2] == "?" and sequence[-1] in "hl":
            codes = {int(code) for code in sequence[3:-1].split(";") if code.isdigit()}
            self.modes = self.modes | codes if sequence[-1] == "h" else self.modes - codes
            return not codes & {5, 6, 7}
        if sequence[2] in "<=>":
            self.private.append(sequence)
            return True
        return sequence[2] == "?" or "$" in sequence or sequence[-1] in "nct"

    def resize(self, columns: int, rows: int) -> None:
        """Another size: what was drawn is no longer to be trusted."""
        self._screen.resize(rows, columns)
        self._screen.buffer.clear()

    def spoil(self) -> None:
        """Fill the screen with rubbish, as another program writing to it would."""
        for y in range(self.rows):
            for x in range(self.columns):
                self._screen.buffer[y][x] = Char("~", fg="red")

    @property
    def columns(self) -> int:
        return self._screen.columns

    @property
    def rows(self) -> int:
        return self._screen.lines

    @property
    def cursor(self) -> tuple[int, int]:
        """Where the hardware cursor stands: column and row, from 0."""
        return min(self._screen.cursor.x, self.columns - 1), self._screen.cursor.y

    def row(self, y: int) -> list[Cell]:
        """The cells of one row."""
        line = self._screen.buffer[y]
        return [line[x] for x in range(self.columns)]

    def cells(self) -> list[list[Cell]]:
        """The cells of the whole screen."""
        return [self.row(y) for y in range(self.rows)]

    @property
    def lines(self) -> list[str]:
        """The text of every row."""
        return ["".join(cell.data for cell in self.row(y)) for y in range(self.rows)]

    @property
    def text(self) -> str:
        """The text of the whole screen, trailing blanks dropped."""
        return "\n".join(line.rstrip() for line in self.lines)
