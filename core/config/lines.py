"""On which line of a TOML text each key stands: what a parser forgets and a person needs."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from typing import NamedTuple

from core.config.types import Keys

DEEPEST = 32
"""Keys below which lines are not told apart: no table of settings is that deep."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_REST_OF_LINE = re.compile(r"[^\n]*\n?")
_REST_AND_COMMENTS = re.compile(r"[^\n]*\n?(?:[ \t]*#[^\n]*\n?)*")
_STRINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r'"""(?:[^\\]|\\.)*?"{3,5}(?!")',
        r"'''.*?'{3,5}(?!')",
        r'"(?:[^"\\\n]|\\.)*"',
        r"'[^'\n]*'",
    )
)


def locate(text: str) -> dict[Keys, int]:
    """Return the first line of every table and key of a text that `tomllib` has accepted."""
    finder = _Finder(text)
    with suppress(_LostError, RecursionError):
        # A line is a courtesy: what was found until here is right, the rest goes without.
        finder.run()
    return finder.found


def nearest(found: dict[Keys, int], keys: Keys) -> int | None:
    """Return the line of a key, or of the table around it."""
    keys = keys[:DEEPEST]
    while keys and keys not in found:
        keys = keys[:-1]
    return found.get(keys)


def room_for(text: str, table: Keys, name: str) -> int | None:
    """Return where a line for a new key of a table may go; None when the table has no header.

    Below the comment that shows the key, as the example file has one; else below the last key of the
    table; else below its header and what is said there. Never among the words before the next header.
    """
    finder = _Finder(text)
    try:
        finder.run()
    except (_LostError, RecursionError):
        return None
    block = _block(finder.statements, table)
    if not block:
        return None
    after = [one.start for one in finder.statements if one.start > block[-1].start]
    end = min(after, default=len(text))
    shown = re.compile(rf"^[ \t]*#[ \t]*{re.escape(name)}[ \t]*=[^\n]*\n?", re.MULTILINE)
    for found in shown.finditer(text, block[0].end, end):
        # A line of a long text may look like a comment.
        if not any(one.start <= found.start() < one.end for one in block):
            return found.end()
    rest = _REST_OF_LINE if len(block) > 1 else _REST_AND_COMMENTS
    found_rest = rest.match(text, block[-1].end)
    return found_rest.end() if found_rest else None


class _Statement(NamedTuple):
    """A header, with the table it opens, or a key and its value."""

    start: int
    end: int
    header: Keys | None


def _block(statements: list[_Statement], table: Keys) -> list[_Statement]:
    """Return the header of a table and the keys below it."""
    block: list[_Statement] = []
    for one in statements:
        if one.header is not None:
            if block:
                break
            if one.header == table:
                block.append(one)
        elif block:
            block.append(one)
    return block


class _LostError(Exception):
    """The text is not what the scanner thinks it is."""


def _name(quoted: str) -> str:
    try:
        name: str = tomllib.loads(f"key = {quoted}")["key"]
    except tomllib.TOMLDecodeError:
        raise _LostError from None
    return name


class _Finder:
    """Walks once over the text, remembering where keys begin."""

    def __init__(self, text: str) -> None:
        self.found: dict[Keys, int] = {}
        self.statements: list[_Statement] = []
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def run(self) -> None:
        """Read statement after statement."""
        table: Keys = ()
        while self._skip(_BLANK) < len(self._text):
            start, is_header = self._at, self._text[self._at] == "["
            if is_header:
                table = self._header()
            else:
                self._pair(table)
            self.statements.append(_Statement(start, self._at, table if is_header else None))

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _LostError
        self._at = found.end()
        return self._at

    def _next(self, expected: str) -> bool:
        if self._text.startswith(expected, self._at):
            self._at += len(expected)
            return True
        return False

    def _note(self, keys: Keys, start: int) -> None:
        self._line += self._text.count("\n", self._counted, start)
        self._counted = start
        for depth in range(1, min(len(keys), DEEPEST) + 1):
            self.found.setdefault(keys[:depth], self._line)

    def _header(self) -> Keys:
        start = self._at
        double = self._next("[[") or not self._next("[")
        keys = self._keys()
        if not self._next("]]" if double else "]"):
            raise _LostError
        self._note(keys, start)
        return keys

    def _keys(self) -> Keys:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._text[start : start + 1] in {'"', "'"}:
                self._string()
                keys.append(_name(self._text[start : self._at]))
            else:
                keys.append(self._text[start : self._skip(_BARE_KEY)])
            self._skip(_SPACE)
            if not self._next("."):
                return tuple(keys)

    def _pair(self, table: Keys) -> None:
        start = self._at
        keys = (*table, *self._keys())
        self._note(keys, start)
        if not self._next("="):
            raise _LostError
        self._skip(_SPACE)
        self._value(keys)

    def _value(self, keys: Keys) -> None:
        first = self._text[self._at : self._at + 1]
        if first in {'"', "'"}:
            self._string()
        elif self._next("["):
            self._until("]", keys)
        elif self._next("{"):
            self._until("}", keys)
        else:
            self._skip(_SCALAR)

    def _until(self, end: str, keys: Keys) -> None:
        while True:
            self._skip(_BLANK)
            if self._next(end):
                return
            if self._next(","):
                continue
            before = self._at
            if end == "}":
                self._pair(keys)
            else:
                self._value(keys)
            if self._at == before:
                raise _LostError

    def _string(self) -> None:
        for pattern in _STRINGS:
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return
        raise _LostError
