"""Styles as small numbers: what is laid out once is coloured by whatever theme is on.

A style number is a role (its low bits), plus flags, plus a link number. Layout never knows a colour,
so a change of theme repaints and lays out nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

from rich.style import Style
from textual.color import Color


class Role(IntEnum):
    """What a piece of text is; the palette knows what that looks like."""

    TEXT = 0
    DIM = 1
    FAINT = 2
    NAME = 3
    THINK = 4
    HEADING1 = 5
    HEADING2 = 6
    HEADING3 = 7
    MARKER = 8
    CODE = 9
    ACCENT = 10
    WARN = 11
    ERROR = 12
    GOOD = 13
    KEYWORD = 14
    STRING = 15
    NUMBER = 16
    COMMENT = 17
    FUNCTION = 18
    TYPE = 19
    OPERATOR = 20


STRONG: Final = 1 << 5
EM: Final = 1 << 6
STRIKE: Final = 1 << 7
INLINE_CODE: Final = 1 << 8
LINK: Final = 1 << 9
FADE_SHIFT: Final = 10
FADE: Final = 3 << FADE_SHIFT
SELECTED: Final = 1 << 12
FOUND: Final = 1 << 13
CURRENT: Final = 1 << 14
LINK_SHIFT: Final = 15
PAINTED: Final = (1 << LINK_SHIFT) - 1
_ROLE: Final = 31
_FADED: Final = (0.0, 0.3, 0.55, 0.8)


def link_of(style: int) -> int:
    """Return the number of the link a style belongs to, or 0."""
    return style >> LINK_SHIFT


# Where each role takes its colour from: theme variable, bold, italic.
_TONES: Final[dict[Role, tuple[str, bool, bool]]] = {
    Role.TEXT: ("ink-text", False, False),
    Role.DIM: ("ink-dim", False, False),
    Role.FAINT: ("ink-rule", False, False),
    Role.NAME: ("ink-strong", True, False),
    Role.THINK: ("ink-dim", False, False),
    Role.HEADING1: ("ink-strong", True, False),
    Role.HEADING2: ("ink-strong", True, False),
    Role.HEADING3: ("ink-text", True, False),
    Role.MARKER: ("ink-dim", False, False),
    Role.CODE: ("ink-text", False, False),
    Role.ACCENT: ("ink-accent", False, False),
    Role.WARN: ("ink-warn", False, False),
    Role.ERROR: ("ink-bad", False, False),
    Role.GOOD: ("ink-good", False, False),
    Role.KEYWORD: ("ink-accent", False, False),
    Role.STRING: ("ink-good", False, False),
    Role.NUMBER: ("ink-warn", False, False),
    Role.COMMENT: ("ink-dim", False, True),
    Role.FUNCTION: ("ink-key", False, False),
    Role.TYPE: ("ink-key", False, False),
    Role.OPERATOR: ("ink-dim", False, False),
}
# For a theme that has no inks of its own.
_STAND_INS: Final = {
    "ink-accent": "accent",
    "ink-key": "primary",
    "ink-good": "success",
    "ink-warn": "warning",
    "ink-bad": "error",
    "ink-find-back": "warning",
    "ink-find-text": "background",
}
_QUIET: Final = {"ink-dim": 0.6, "ink-rule": 0.35}


class Palette:
    """Turns style numbers into terminal styles for one theme; each is made once."""

    def __init__(self, theme: Mapping[str, str], adapt: Callable[[Style], Style] | None = None) -> None:
        self._theme = theme
        self._background = self._colour("background")
        self._adapt = adapt
        self._made: dict[int, Style] = {}

    def __getitem__(self, style: int) -> Style:
        """Return the terminal style of a style number; its link plays no part."""
        key = style & PAINTED
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(key)
        return made

    def _colour(self, name: str) -> Color:
        theme = self._theme
        value = theme.get(name) or theme.get(_STAND_INS.get(name, "foreground"))
        return Color.parse(value or ("#101010" if name == "background" else "#e0e0e0"))

    def _blend(self, colour: Color, share: float) -> tuple[Color, bool]:
        """Return the colour mixed into the background; a terminal's own colours can only be dimmed."""
        if share >= 1:
            return colour, False
        if colour.ansi is not None or self._background.ansi is not None:
            return colour, True
        return self._background.blend(colour, share), False

    def _make(self, key: int) -> Style:
        name, bold, italic = _TONES[Role(key & _ROLE)]
        background = self._background
        if key & SELECTED:
            background = self._colour("screen-selection-background")
            colour, dim = self._colour("screen-selection-foreground"), False
        elif key & (FOUND | CURRENT):
            background, colour, dim = self._colour("ink-find-back"), self._colour("ink-find-text"), False
        else:
            name = "ink-accent" if key & LINK else "ink-key" if key & INLINE_CODE else name
            share = 1 - _FADED[(key & FADE) >> FADE_SHIFT]
            share *= 1 if name in self._theme else _QUIET.get(name, 1)
            colour, dim = self._blend(self._colour(name), share)
        made = Style(
            color=colour.rich_color,
            bgcolor=background.rich_color,
            bold=bool(bold or key & (STRONG | CURRENT)),
            italic=bool(italic or key & EM),
            strike=bool(key & STRIKE),
            underline=bool(key & (LINK | CURRENT) or (key & _ROLE) == Role.HEADING1),
            dim=dim,
        )
        return self._adapt(made) if self._adapt else made
