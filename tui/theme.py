"""Four looks, and the inks that everything drawn by hand uses.

A theme is a set of colours; an ink is a named way of writing ("dim", "accent", "bad") that the
drawing code asks for. Nothing else in the screens names a colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

Ink = Literal[
    "text", "dim", "strong", "accent", "good", "warn", "bad", "rule", "key", "selected", "mark", "find"
]


def _theme(name: str, *, dark: bool, colours: Mapping[str, str], ansi: bool = False) -> Theme:
    """Build a theme from the eleven colours that matter; the rest follows from them."""
    c = colours
    return Theme(
        name=name,
        dark=dark,
        ansi=ansi,
        primary=c["accent"],
        secondary=c["dim"],
        accent=c["accent"],
        foreground=c["text"],
        background=c["back"],
        surface=c["back"],
        panel=c["panel"],
        boost=c["panel"],
        success=c["good"],
        warning=c["warn"],
        error=c["bad"],
        variables={
            "ink-text": c["text"],
            "ink-dim": c["dim"],
            "ink-strong": c["strong"],
            "ink-accent": c["accent"],
            "ink-good": c["good"],
            "ink-warn": c["warn"],
            "ink-bad": c["bad"],
            "ink-rule": c["rule"],
            "ink-key": c["key"],
            "ink-selected-back": c["selected"],
            "ink-find-back": c["find"],
            "ink-find-text": c["on_find"],
            "block-cursor-background": c["accent"],
            "block-cursor-foreground": c["back"] if not ansi else "ansi_black",
            "input-cursor-background": c["accent"],
            "input-cursor-foreground": c["back"] if not ansi else "ansi_black",
            "input-selection-background": c["find"],
            "screen-selection-background": c["find"],
            "screen-selection-foreground": c["on_find"],
            "scrollbar": c["rule"],
            "scrollbar-hover": c["dim"],
            "scrollbar-active": c["accent"],
            "scrollbar-background": c["back"],
            "scrollbar-background-hover": c["back"],
            "scrollbar-background-active": c["back"],
            "scrollbar-corner-color": c["back"],
            "border": c["accent"],
            "border-blurred": c["rule"],
            "footer-key-foreground": c["accent"],
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
        },
    )


THEMES: tuple[Theme, ...] = (
    _theme(
        "leitstand-dark",
        dark=True,
        colours={
            "back": "#11151a",
            "panel": "#181e25",
            "text": "#d6dce4",
            "strong": "#f2f5f8",
            "dim": "#8793a1",
            "rule": "#38424e",
            "accent": "#58b7d8",
            "key": "#a9d8e8",
            "good": "#7cc48a",
            "warn": "#e3a857",
            "bad": "#f08480",
            "selected": "#1f2832",
            "find": "#e3c567",
            "on_find": "#11151a",
        },
    ),
    _theme(
        "leitstand-light",
        dark=False,
        colours={
            "back": "#fbfaf7",
            "panel": "#f1efe9",
            "text": "#2b3138",
            "strong": "#0c1014",
            "dim": "#626c77",
            "rule": "#c9c6bd",
            "accent": "#0b6a8f",
            "key": "#0b5573",
            "good": "#23703a",
            "warn": "#6f3b00",
            "bad": "#b3261e",
            "selected": "#e8e6de",
            "find": "#f0cf5d",
            "on_find": "#0c1014",
        },
    ),
    _theme(
        "leitstand-contrast",
        dark=True,
        colours={
            "back": "#000000",
            "panel": "#000000",
            "text": "#ffffff",
            "strong": "#ffffff",
            "dim": "#d0d0d0",
            "rule": "#9a9a9a",
            "accent": "#ffd700",
            "key": "#ffd700",
            "good": "#5fff87",
            "warn": "#ffaf5f",
            "bad": "#ff8787",
            "selected": "#303030",
            "find": "#ffffff",
            "on_find": "#000000",
        },
    ),
    # Only the terminal's own sixteen colours, so that it looks right wherever those were chosen well.
    _theme(
        "leitstand-16",
        dark=True,
        ansi=True,
        colours={
            "back": "ansi_default",
            "panel": "ansi_default",
            "text": "ansi_default",
            "strong": "ansi_bright_white",
            "dim": "ansi_white",
            "rule": "ansi_bright_black",
            "accent": "ansi_cyan",
            "key": "ansi_bright_cyan",
            "good": "ansi_green",
            "warn": "ansi_yellow",
            "bad": "ansi_red",
            "selected": "ansi_default",
            "find": "ansi_yellow",
            "on_find": "ansi_black",
        },
    ),
)

DEFAULT_THEME = "leitstand-dark"

SIXTEEN = "leitstand-16"
"""The theme for terminals with no more colours than that."""


def rich_colour(value: str) -> RichColor:
    """Turn a theme variable into the colour a strip is painted with."""
    if value.startswith("ansi_"):
        name = value.removeprefix("ansi_")
        return RichColor.parse(name)
    return Color.parse(value).rich_color


def inks(variables: Mapping[str, str]) -> dict[Ink, Style]:
    """Return every ink of a theme as a style on the theme's background."""
    back = rich_colour(variables["background"])

    def on(colour: str, *, bold: bool = False) -> Style:
        return Style(color=rich_colour(variables[colour]), bgcolor=back, bold=bold or None)

    found: dict[Ink, Style] = {
        "text": on("ink-text"),
        "dim": on("ink-dim"),
        "strong": on("ink-strong", bold=True),
        "accent": on("ink-accent"),
        "good": on("ink-good"),
        "warn": on("ink-warn"),
        "bad": on("ink-bad"),
        "rule": on("ink-rule"),
        "key": on("ink-key"),
        "selected": Style(bgcolor=rich_colour(variables["ink-selected-back"])),
        "mark": on("ink-accent", bold=True),
        "find": Style(
            color=rich_colour(variables["ink-find-text"]), bgcolor=rich_colour(variables["ink-find-back"])
        ),
    }
    return found
