"""The signs the transcript is drawn with, and their ASCII stand-ins."""

from __future__ import annotations

from typing import Final, NamedTuple


class Glyphs(NamedTuple):
    """One set of signs; every one is as wide as its stand-in or stands alone."""

    bullets: tuple[str, ...]
    quote: str
    rule: str
    column: str
    cross: str
    wrapped: str
    opened: str
    closed: str
    cursor: str
    thumb: str
    failed: str
    stopped: str
    ellipsis: str
    dot: str


UNICODE: Final = Glyphs(
    bullets=("•", "◦", "▪"),
    quote="│",
    rule="─",
    column=" │ ",
    cross="─┼─",
    wrapped="↳",
    opened="▾",
    closed="▸",
    cursor="▌",
    thumb="▐",
    failed="✗",
    stopped="▲",
    ellipsis="…",
    dot="·",
)
ASCII: Final = Glyphs(
    bullets=("*", "-", "+"),
    quote="|",
    rule="-",
    column=" | ",
    cross="-+-",
    wrapped="\\",
    opened="v",
    closed=">",
    cursor="|",
    thumb="|",
    failed="x",
    stopped="!",
    ellipsis="...",
    dot="-",
)
