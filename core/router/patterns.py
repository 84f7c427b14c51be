r"""Patterns people write, with bounded cost: a small part of regular expressions, checked before it is used.

Allowed are characters, classes, `.`, groups, `|`, the anchors `^ $ \b`, the shorthands `\d \w \s`, and
repetitions with an end: `?`, `{3}`, `{1,20}`. What could take long is refused with the reason: endless
repetitions, references, look-around, and anything with too many ways to match.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from core.errors import UsageError

LONGEST = 200
MOST_REPEATS = 64
MOST_STEPS = 3000
"""Steps a pattern may need at one place of a text: a thousand places are looked at."""

_SHORTHANDS = frozenset("dDwWsSbB")
_LITERAL_ESCAPES = frozenset(r".^$*+?{}[]()|\/-#&~'\"@%:;,<>=! tn")


class _Cost(NamedTuple):
    """How many ways there are to match, and how many steps all of them take."""

    ways: float
    steps: float


_ONE = _Cost(1, 1)
_NOTHING = _Cost(1, 0)


def compile_pattern(text: str) -> re.Pattern[str]:
    """Check and compile a pattern; raise UsageError with the reason when it cannot be used."""
    if not text:
        raise UsageError("the pattern is empty")
    if len(text) > LONGEST:
        raise UsageError(f"the pattern has {len(text)} characters; {LONGEST} is the most")
    cost = _Parser(text).whole()
    if cost.steps > MOST_STEPS:
        raise UsageError("the pattern has too many ways to match", "Use fewer or shorter repetitions.")
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise UsageError(f"the pattern cannot be read: {error}") from None


class _Parser:
    """Reads a pattern from left to right and adds up what it can cost."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> _Cost:
        cost = self._alternatives()
        if self._at < len(self._text):
            raise UsageError("the pattern has a ) without its (")
        return cost

    def _alternatives(self) -> _Cost:
        ways, steps = self._sequence()
        while self._take("|"):
            more = self._sequence()
            ways, steps = ways + more.ways, steps + more.steps
        return _Cost(ways, steps)

    def _sequence(self) -> _Cost:
        ways, steps = _NOTHING
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            piece = self._repeated(self._atom())
            # Every way to get here may have to try all of what follows.
            steps += ways * piece.steps
            ways *= piece.ways
            if steps > MOST_STEPS:
                raise UsageError(
                    "the pattern has too many ways to match", "Use fewer or shorter repetitions."
                )
        return _Cost(ways, steps)

    def _atom(self) -> _Cost:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            self._class()
            return _ONE
        if sign == "\\":
            return self._escape()
        if sign in "*+?{":
            raise UsageError(
                f"the pattern repeats nothing at “{sign}”", "Write \\ before a sign that is meant."
            )
        return _NOTHING if sign in "^$" else _ONE

    def _group(self) -> _Cost:
        if self._take("?") and not self._take(":"):
            raise UsageError("the pattern uses (?…)", "Only ( ) and (?: ) are possible.")
        cost = self._alternatives()
        if not self._take(")"):
            raise UsageError("the pattern has a ( without its )")
        return cost

    def _class(self) -> None:
        self._take("^")
        first = True
        while first or not self._take("]"):
            if self._next("the pattern has a [ without its ]") == "\\":
                self._next()
            first = False

    def _escape(self) -> _Cost:
        sign = self._next("the pattern ends with \\")
        if sign not in _SHORTHANDS and sign not in _LITERAL_ESCAPES:
            raise UsageError(
                f"the pattern uses \\{sign}", "Only \\d \\w \\s \\b and signs like \\. are possible."
            )
        return _NOTHING if sign in "bB" else _ONE

    def _repeated(self, atom: _Cost) -> _Cost:
        least, most = self._bounds()
        if (least, most) == (1, 1):
            return atom
        if most > MOST_REPEATS:
            raise UsageError(f"the pattern repeats more than {MOST_REPEATS} times")
        if atom.steps == 0 or (atom.ways > 1 and most > 1):
            raise UsageError("the pattern repeats a group that can match in several ways")
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise UsageError("the pattern repeats a repetition")
        return _Cost(most - least + 1, most * atom.steps + 1)

    def _bounds(self) -> tuple[int, int]:
        if self._take("?"):
            return 0, 1
        if self._take("*") or self._take("+"):
            raise UsageError(
                "the pattern repeats without end",
                f"Write {{0,20}} for *, and {{1,20}} for +, up to {MOST_REPEATS}.",
            )
        match = re.compile(r"\{(\d{1,4})(?:,(\d{1,4}))?\}").match(self._text, self._at)
        if match is None:
            if self._text[self._at : self._at + 1] == "{":
                raise UsageError(
                    "the pattern has a { that is no {3} or {1,20}", "Write \\{ for the sign itself."
                )
            return 1, 1
        self._at = match.end()
        least = int(match[1])
        most = int(match[2]) if match[2] else least
        if most < least or most == 0:
            raise UsageError(f"the pattern has {match[0]}, which repeats nothing")
        return least, most

    def _next(self, otherwise: str = "the pattern ends too early") -> str:
        if self._at >= len(self._text):
            raise UsageError(otherwise)
        sign = self._text[self._at]
        self._at += 1
        return sign

    def _take(self, sign: str) -> bool:
        if self._text[self._at : self._at + 1] != sign:
            return False
        self._at += 1
        return True
