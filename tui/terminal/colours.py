"""How many colours to send: found from what the environment and tmux say, never by guessing upwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

Depth = Literal["truecolor", "256", "16", "mono", "none"]
"""What a terminal can show; "none" cannot be drawn on at all."""

Wish = Literal["auto", "truecolor", "256", "16", "mono"]
"""The setting `ui.colours`."""

# Terminals that tell their name by TERM show 24 bits wherever they are reached from.
_TRUECOLOR_TERMS = ("xterm-kitty", "xterm-ghostty", "ghostty", "alacritty", "foot", "wezterm", "contour")
# Set by the terminal itself; some of these cross SSH when the person lets them.
_TRUECOLOR_MARKS = ("KITTY_WINDOW_ID", "WEZTERM_PANE", "WT_SESSION", "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID")
_TRUECOLOR_PROGRAMS = ("iTerm.app", "WezTerm", "ghostty", "vscode", "mintty", "Hyper", "rio")
_MONO_TERMS = ("vt52", "vt100", "vt102", "vt220", "vt320", "xterm-mono")
_16_TERMS = ("xterm", "screen", "tmux", "linux", "rxvt", "ansi", "cygwin", "konsole", "eterm", "putty")

_NAMES: dict[Depth, str] = {"truecolor": "truecolor", "256": "256", "16": "standard"}


class Colours(msgspec.Struct, frozen=True):
    """How many colours to send, how many there are, and why."""

    depth: Depth
    found: Depth
    why: str


def colours(wish: Wish, environment: Mapping[str, str], tmux_features: Collection[str] | None) -> Colours:
    """Decide: the setting wins, then NO_COLOR, then what was found. *tmux_features* is None outside tmux."""
    found, why = found_depth(environment, tmux_features)
    if found == "none":
        return Colours(found, found, why)
    if wish != "auto":
        return Colours(wish, found, f"the setting ui.colours is {wish}")
    if environment.get("NO_COLOR"):
        return Colours("mono", found, "NO_COLOR is set")
    return Colours(found, found, why)


def found_depth(environment: Mapping[str, str], tmux_features: Collection[str] | None) -> tuple[Depth, str]:
    """What the terminal can show, and how that is known."""
    term = environment.get("TERM", "").strip().lower()
    if term in {"", "dumb", "unknown"}:
        return "none", f"TERM is {term}" if term else "TERM is not set"
    if term in _MONO_TERMS:
        return "mono", f"TERM is {term}"
    if tmux_features:
        if "rgb" in {feature.lower() for feature in tmux_features}:
            return "truecolor", "tmux knows that the terminal outside has RGB"
        # Whatever the environment says: tmux would turn 24 bits into 256 colours on the way out.
        return ("256" if "256" in term or "256" in tmux_features else "16"), f"tmux, TERM is {term}"
    if environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return "truecolor", "COLORTERM says so"
    if (mark := _truecolor_mark(term, environment)) and tmux_features is None:
        return "truecolor", mark
    if "256color" in term:
        return "256", f"TERM is {term}"
    if term.startswith(_16_TERMS):
        return "16", f"TERM is {term}"
    return "16", f"TERM is {term}, which says nothing about colours"


def _truecolor_mark(term: str, environment: Mapping[str, str]) -> str:
    if term.startswith(_TRUECOLOR_TERMS) or term.endswith("-direct"):
        return f"TERM is {term}"
    program = environment.get("TERM_PROGRAM", "")
    if program in _TRUECOLOR_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return f"the terminal is {program or 'iTerm2'}"
    for mark in _TRUECOLOR_MARKS:
        if environment.get(mark):
            return f"{mark} is set"
    vte = environment.get("VTE_VERSION", "")
    return "VTE_VERSION is set" if vte.isdigit() and int(vte) >= 3600 else ""


def for_textual(chosen: Colours) -> dict[str, str | None]:
    """What the environment must say before Textual is imported; None takes a variable away."""
    # In monochrome the greys still travel in the depth the terminal has.
    system = _NAMES.get(chosen.found if chosen.depth == "mono" else chosen.depth, "standard")
    return {"TEXTUAL_COLOR_SYSTEM": system, "NO_COLOR": "1" if chosen.depth == "mono" else None}
