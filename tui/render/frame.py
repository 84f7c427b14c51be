"""What stands around the text of a turn: who speaks above it, how it went below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .cells import DECORATION, cut_rows, rows_of, runs_of, shown, width_of
from .glyphs import Glyphs
from .leaf import Line
from .palette import Role
from .types import Notice, Turn

_TONES: Final = {"dim": Role.DIM, "good": Role.GOOD, "warn": Role.WARN, "error": Role.ERROR}
_LONGEST_NAME: Final = 200
_DOT: Final = " · "

Words = Sequence[tuple[str, Role]]


def header(turn: Turn, width: int, glyphs: Glyphs) -> Line:
    """Return the row above the text."""
    if turn.speaker == "note":
        words = [(glyphs.rule * 2 + " ", Role.FAINT), (shown(turn.text[:_LONGEST_NAME]), Role.DIM)]
        used = sum([width_of(text) for text, _ in words]) + 1
        return _line([*words, (" " + glyphs.rule * max(0, width - used), Role.FAINT)])
    left = [(shown(turn.name[:_LONGEST_NAME]), Role.NAME)]
    if turn.time:
        left.append((f"  {turn.time}", Role.DIM))
    if turn.status:
        left.append((f"  {shown(turn.status[:_LONGEST_NAME])}", Role.ACCENT))
    wordings = [shown(words[:_LONGEST_NAME]) for words in (turn.detail, *turn.briefs)]
    detail = next((words for words in wordings if _both_fit(left, words, width)), "")
    return _spread(left, [(detail, Role.DIM)], width)


def footer(turn: Turn, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the rows below the text."""
    lines = [line for notice in turn.notices for line in _notice(notice, width, glyphs)]
    if turn.chips:
        lines.extend(line for row in _rows(turn.chips, width) for line in _wrapped(row, Role.DIM, width))
    if turn.facts or turn.ended:
        ended = shown(turn.ended)
        facts = [(shown(turn.facts), Role.DIM)]
        while not _both_fit(facts, ended, width) and _DOT in facts[0][0]:
            facts = [(facts[0][0].rpartition(_DOT)[0], Role.DIM)]  # the last figures matter least
        lines.append(_spread(facts, [(ended, Role.DIM)], width))
    return lines


def _rows(chips: Sequence[str], width: int) -> list[str]:
    """As many chips in a row as have room: none is broken while it fits into one."""
    rows: list[str] = []
    for chip in chips:
        if rows and width_of(shown(f"{rows[-1]}   {chip}")) <= width:
            rows[-1] += f"   {chip}"
        else:
            rows.append(chip)
    return rows


def _both_fit(left: Words, right: str, width: int) -> bool:
    return sum([width_of(text) for text, _ in left]) + width_of(right) + 2 <= width


def _notice(notice: Notice, width: int, glyphs: Glyphs) -> list[Line]:
    sign = {"warn": glyphs.stopped + " ", "error": glyphs.failed + " "}.get(notice.tone, "")
    return _wrapped(sign + notice.text, _TONES[notice.tone], width)


def _line(words: Words) -> Line:
    return Line([(text, role, DECORATION, DECORATION) for text, role in words if text])


def _wrapped(text: str, role: Role, width: int) -> list[Line]:
    runs = runs_of(text, role, 0)
    places = rows_of("".join([run[0] for run in runs]), width)
    return [
        Line([(piece, style, DECORATION, DECORATION) for piece, style, _, _ in row])
        for row in cut_rows(runs, places)
    ]


def _spread(left: Words, right: Words, width: int) -> Line:
    """Put some words at the left and some at the right; when both do not fit the right ones go."""
    used = sum([width_of(text) for text, _ in left])
    wanted = sum([width_of(text) for text, _ in right])
    gap = width - used - wanted
    if wanted and gap >= 2:
        return _line([*left, (" " * gap, Role.DIM), *right])
    return _line(left)
