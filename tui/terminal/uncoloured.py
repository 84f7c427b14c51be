"""No colours at all: for terminals with sixteen of them or none, where greys would be black on black.

What stood out by its background is shown in reverse, what was quiet is dim; everything else is as the
terminal itself writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, Monochrome

_QUIET = frozenset({7, 8})
"""White and bright black: what a theme of sixteen colours writes in them is not meant to shout."""


class Uncoloured(LineFilter):
    """Take the colours away and keep what they said."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the same segments without colours."""
        return [Segment(text, style and uncoloured(style), control) for text, style, control in segments]


@lru_cache(maxsize=1024)
def uncoloured(style: Style) -> Style:
    """Return a style that says the same by attributes alone."""
    marked = _is_colour(style.bgcolor)
    quiet = not marked and style.color is not None and style.color.number in _QUIET
    plain = style.without_color
    if marked:
        plain += Style(reverse=not style.reverse)
    return plain + Style(dim=True) if quiet and not style.bold else plain


def _is_colour(colour: RichColor | None) -> bool:
    return colour is not None and not colour.is_default


def without_greys(filters: Sequence[LineFilter]) -> list[LineFilter]:
    """Put no colours in the place of greys."""
    return [_UNCOLOURED if isinstance(each, Monochrome) else each for each in filters]


_UNCOLOURED = Uncoloured()
