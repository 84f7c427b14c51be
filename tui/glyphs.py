"""The signs of the house: each with a plain twin for terminals that cannot show it."""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One set of signs; a colour never stands without one of them or a word."""

    live: str
    ready: str
    known: str
    favourite: str
    default: str
    warning: str
    failed: str
    done: str
    closed: str
    opened: str
    rule: str
    bar: str
    ellipsis: str
    arrow: str
    down: str


UNICODE = Glyphs(
    live="●",
    ready="○",
    known="◌",
    favourite="★",
    default="◆",
    warning="▲",
    failed="✗",
    done="✓",
    closed="▸",
    opened="▾",
    rule="─",
    bar="▌",
    ellipsis="…",
    arrow="→",
    down="↓",
)

ASCII = Glyphs(
    live="*",
    ready="o",
    known=".",
    favourite="+",
    default="=",
    warning="!",
    failed="x",
    done="v",
    closed=">",
    opened="v",
    rule="-",
    bar="|",
    ellipsis="...",
    arrow="->",
    down="v",
)


def glyphs(choice: str) -> Glyphs:
    """Return the set a setting asks for."""
    return ASCII if choice == "ascii" else UNICODE
