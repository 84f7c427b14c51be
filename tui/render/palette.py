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


# Where each role takes its colour from: theme variable, how much of it, bold, italic.
_TONES: Final[dict[Role, tuple[str, float, bool, bool]]] = {
    Role.TEXT: ("foreground", 0.92, False, False),
    Role.DIM: ("foreground", 0.55, False, False),
    Role.FAINT: ("foreground", 0.3, False, False),
    Role.NAME: ("foreground", 1.0, True, False),
    Role.THINK: ("foreground", 0.6, False, False),
    Role.HEADING1: ("foreground", 1.0, True, False),
    Role.HEADING2: ("foreground", 1.0, True, False),
    Role.HEADING3: ("foreground", 0.8, True, False),
    Role.MARKER: ("accent", 1.0, False, False),
    Role.CODE: ("foreground", 0.92, False, False),
    Role.ACCENT: ("accent", 1.0, False, False),
    Role.WARN: ("warning", 1.0, False, False),
    Role.ERROR: ("error", 1.0, False, False),
    Role.GOOD: ("success", 1.0, False, False),
    Role.KEYWORD: ("primary", 1.0, False, False),
    Role.STRING: ("success", 1.0, False, False),
    Role.NUMBER: ("warning", 1.0, False, False),
    Role.COMMENT: ("foreground", 0.5, False, True),
    Role.FUNCTION: ("accent", 1.0, False, False),
    Role.TYPE: ("secondary", 1.0, False, False),
    Role.OPERATOR: ("foreground", 0.7, False, False),
}


class Palette:
    """Turns style numbers into terminal styles for one theme; each is made once."""

    def __init__(
        self,
        theme: Mapping[str, str],
        background: Color | None = None,
        *,
        adapt: Callable[[Style], Style] | None = None,
    ) -> None:
        self._theme = theme
        self._background = background or self._colour("background")
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
        value = self._theme.get(name) or self._theme.get("foreground") or "#e0e0e0"
        return Color.parse(value)

    def _blend(self, colour: Color, share: float) -> tuple[Color, bool]:
        """Return the colour mixed into the background; a terminal's own colours can only be dimmed."""
        if share >= 1:
            return colour, False
        if colour.ansi is not None or self._background.ansi is not None:
            return colour, share < 0.7
        return self._background.blend(colour, share), False

    def _make(self, key: int) -> Style:
        name, share, bold, italic = _TONES[Role(key & _ROLE)]
        colour = self._colour("accent" if key & (LINK | INLINE_CODE) else name)
        background = self._background
        fade = (key & FADE) >> FADE_SHIFT
        dim = False
        if key & SELECTED:
            background = self._colour("screen-selection-background")
            colour = self._colour("screen-selection-foreground")
        elif key & FOUND:
            background, colour = self._colour("warning"), self._colour("background")
        else:
            colour, dim = self._blend(colour, share * (1 - _FADED[fade]))
        made = Style(
            color=colour.rich_color,
            bgcolor=background.rich_color,
            bold=bool(bold or key & STRONG or key & CURRENT),
            italic=bool(italic or key & EM),
            strike=bool(key & STRIKE),
            underline=bool(key & LINK or key & CURRENT or (key & _ROLE) == Role.HEADING1),
            dim=dim,
        )
        return self._adapt(made) if self._adapt else made
