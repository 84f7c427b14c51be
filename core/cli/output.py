"""The only writer to stdout and stderr: text for people or JSON for scripts, and never a control sequence.

Everything printed passes `guard` here, once. Styles are added after that, only on a terminal that wants them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TextIO

from core.errors import LeitstandError
from core.guard import harmless
from core.numbers import grouped


class Unwritable(Exception):
    """The answer has nowhere to go: a full disk, a stream that was closed."""


class Styled(NamedTuple):
    """A piece of a line that a terminal shows in another weight or colour."""

    text: str
    sgr: str


Piece = str | Styled


def bold(text: str) -> Styled:
    """A heading."""
    return Styled(text, "1")


def dim(text: str) -> Styled:
    """A label or a unit."""
    return Styled(text, "2")


def green(text: str) -> Styled:
    """A good state."""
    return Styled(text, "32")


def yellow(text: str) -> Styled:
    """A state to look at."""
    return Styled(text, "33")


def red(text: str) -> Styled:
    """A bad state."""
    return Styled(text, "31")


def plural(number: int, one: str) -> str:
    """A number and its noun as people read them: `1 chunk`, `10 000 chunks`."""
    return f"{grouped(number)} {one}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """Bytes as people read them: `512 B`, `3.4 kB`, `18.6 MB`."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number} B"


class Output:
    """Writes the answer of a verb to stdout, and what went wrong to stderr."""

    def __init__(
        self, out: TextIO, err: TextIO, *, json: bool = False, environment: Mapping[str, str] | None = None
    ) -> None:
        self.json = json
        self._out = out
        self._err = err
        self._style = _wants_style(out, environment or {})
        self._error_style = _wants_style(err, environment or {})
        self._draws = out.isatty() and _obeys(environment or {})
        self._redraws = not json and self.watched and _obeys(environment or {})
        self._passing = False
        self.unicode = (out.encoding or "utf-8").lower().replace("-", "").startswith("utf")
        """Whether the reader of stdout can take more than ASCII."""

    @property
    def width(self) -> int:
        """How many columns to use: what there is, between what can be read and what is comfortable."""
        try:
            columns = os.get_terminal_size(self._out.fileno()).columns
        except (OSError, ValueError):
            return 80
        return min(max(columns, 40), 100)

    def value(self, value: Any) -> None:
        """Write one JSON value on a line of its own."""
        self._put(encode(value, ascii_only=not self.unicode) + "\n")

    def event(self, value: Any) -> None:
        """Write one JSON value that somebody may be waiting for."""
        self.value(value)
        self.flush()

    def line(self, *pieces: Piece) -> None:
        """Write one line of text; a line break inside a piece does not make another line."""
        self._put("".join(_drawn(piece, self._style) for piece in pieces).rstrip() + "\n")

    def text(self, text: str) -> None:
        """Write text of any number of lines, as it comes."""
        self._put(harmless(text))

    @property
    def watched(self) -> bool:
        """Whether a person sees both streams: then there may be more than the answer."""
        return self._out.isatty() and self._err.isatty()

    @property
    def draws(self) -> bool:
        """Whether stdout is a terminal that does more than print."""
        return self._draws

    def aside(self, text: str) -> None:
        """Write what is not the answer to stderr, dim where that can be; it comes after what was written."""
        self.flush()
        plain = harmless(text)
        with suppress(OSError):
            self._err.write(f"\x1b[2m{plain}\x1b[0m" if self._error_style and plain else plain)
            self._err.flush()

    def passing(self, text: str) -> None:
        """Show a line that the next one replaces, where a person watches; an empty one clears it."""
        if not self._redraws or (not text and not self._passing):
            return
        self.flush()
        plain = _flat(text)[: self.width - 1]
        self._passing = bool(plain)
        with suppress(OSError):
            self._err.write(f"\r{plain}\x1b[K")
            self._err.flush()

    def table(self, rows: Iterable[Sequence[Piece]], *, right: Sequence[int] = ()) -> None:
        """Write rows with aligned columns; the columns named in *right* end at the same place."""
        kept = [tuple(row) for row in rows]
        columns = max((len(row) for row in kept), default=0)
        widths = [max(_columns(row[at]) for row in kept if at < len(row)) for at in range(columns)]
        for row in kept:
            cells: list[Piece] = []
            for at, piece in enumerate(row):
                padding = " " * (widths[at] - _columns(piece))
                cells += ["  " if at else "", *((padding, piece) if at in right else (piece, padding))]
            self.line(*cells)

    def flush(self) -> None:
        """Hand everything over now."""
        self._put("", flush=True)

    def error(self, error: LeitstandError) -> None:
        """Say what went wrong: on stderr for people, as the last line of stdout for scripts."""
        if self.json:
            self.event({"error": describe(error)})
            return
        # What was written before comes first when both streams end on one terminal.
        self.flush()
        self.complain(error)

    def complain(self, error: LeitstandError) -> None:
        """Say on stderr what went wrong; when that cannot be written either, nobody listens."""
        label = _drawn(red("leitstand:"), self._error_style)
        hint = f"{_flat(error.hint)}\n" if error.hint else ""
        with suppress(OSError):
            self._err.write(f"{label} {_flat(error.message)}\n{hint}")
            self._err.flush()

    def _put(self, text: str, *, flush: bool = False) -> None:
        try:
            self._out.write(text)
            if flush:
                self._out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unwritable(error.strerror) from None


def describe(error: LeitstandError) -> dict[str, str]:
    """An error as scripts get it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def encode(value: Any, *, ascii_only: bool = False) -> str:
    """JSON on one line in which nothing can act on a terminal."""
    import json

    text = json.dumps(
        value, ensure_ascii=ascii_only, separators=(", ", ": "), allow_nan=False, default=_builtin
    )
    if harmless(text) == text:
        return text
    # Inside JSON such characters stand in strings only, where an escape means the same.
    return "".join(char if harmless(char) == char else json.dumps(char)[1:-1] for char in text)


def _builtin(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value)


def _flat(text: str) -> str:
    return harmless(text).replace("\n", " ").replace("\t", " ")


def _drawn(piece: Piece, style: bool) -> str:  # noqa: FBT001 - a value, not a switch somebody flips
    if isinstance(piece, str):
        return _flat(piece)
    plain = _flat(piece.text)
    return f"\x1b[{piece.sgr}m{plain}\x1b[0m" if style and plain else plain


def _columns(piece: Piece) -> int:
    plain = _flat(piece if isinstance(piece, str) else piece.text)
    if plain.isascii():
        return len(plain)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in plain)


def _wants_style(stream: TextIO, environment: Mapping[str, str]) -> bool:
    return stream.isatty() and not environment.get("NO_COLOR") and _obeys(environment)


def _obeys(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is one that does more than print."""
    return environment.get("TERM", "dumb") not in ("", "dumb")
