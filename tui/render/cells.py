"""Text made displayable, measured in terminal cells, and broken into rows.

A run is a piece of displayed text that remembers which part of the source it shows, so that a
selection, a search hit or a copy speaks of the source and never of what was drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from rich.cells import cell_len, get_character_cell_size

from core.guard import harmless

Run: TypeAlias = tuple[str, int, int, int]
"""Shown text, style, start and end in the source; (-1, -1) for decoration. Equal lengths map one to one."""

DECORATION: Final = -1
_TAB: Final = 4

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20df"
# Terminals disagree about the width of what follows an emoji (variation selectors, skin tones, joined
# partners); the bare emoji is the one width all agree on.
_ODD = re.compile(
    "(?P<base>[^\\s\u200d])(?:[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d[^\\w\\s]?)+"
    f"|(?P<marks>[{_MARKS}]{{6}})[{_MARKS}]+"
    "|(?P<other>[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200d-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef])"
)
_ODD_ASCII = re.compile("[\x00-\x1f\x7f]")
_VANISHES = frozenset("\u00ad\u200b\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u2065\ufeff")
_NARROW: set[str] = {chr(code) for code in range(0x20, 0x7F)}
# A row does not begin with these; a wide character may otherwise begin one anywhere.
_NEVER_FIRST = frozenset("、。，．・：；？！）］｝〉》」』】〕〗…‥ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")


def is_plain(text: str) -> bool:
    """Return whether the text can be shown exactly as it is."""
    return (_ODD_ASCII if text.isascii() else _ODD).search(text) is None


def _replacement(match: re.Match[str]) -> str:
    if match["base"]:
        return harmless(match["base"])
    if match["marks"]:
        return match["marks"]
    other = match["other"]
    if other in _VANISHES or "\ufe00" <= other <= "\ufe0f" or other >= "\U000e0100":
        return ""
    if "\U0001f3fb" <= other <= "\U0001f3ff":
        return other
    return harmless(other).replace("\n", " ").replace("\t", " ")


def shown(text: str) -> str:
    """Return the text as it may be displayed on one row: nothing in it moves or hides anything."""
    return text if is_plain(text) else _ODD.sub(_replacement, text)


def runs_of(text: str, style: int, start: int) -> list[Run]:
    """Return a stretch of source as displayable runs; what had to be changed becomes a run of its own."""
    if is_plain(text):
        return [(text, style, start, start + len(text))] if text else []
    runs: list[Run] = []
    done = 0
    for match in _ODD.finditer(text):
        if match.start() > done:
            runs.append((text[done : match.start()], style, start + done, start + match.start()))
        done = match.end()
        if display := _replacement(match):
            runs.append((display, style, start + match.start(), start + done))
    if done < len(text):
        runs.append((text[done:], style, start + done, start + len(text)))
    return runs


def tabbed_runs(text: str, style: int, start: int, before: Iterable[Run] = ()) -> list[Run]:
    """Return a stretch of source as runs; a tab reaches to the next stop of the row it continues."""
    if "\t" not in text:
        return runs_of(text, style, start)
    runs: list[Run] = []
    column = sum([width_of(run[0]) for run in before])
    for index, part in enumerate(text.split("\t")):
        if index:
            size = _TAB - column % _TAB
            runs.append((" " * size, style, start, start + 1))
            column, start = column + size, start + 1
        added = runs_of(part, style, start)
        column += sum([width_of(run[0]) for run in added])
        runs.extend(added)
        start += len(part)
    return runs


def width_of(text: str) -> int:
    """Return how many cells displayable text takes."""
    return len(text) if text.isascii() else cell_len(text)


def is_narrow(text: str) -> bool:
    """Return whether every character takes exactly one cell."""
    if text.isascii() or _NARROW.issuperset(text):
        return True
    narrow = True
    for character in set(text) - _NARROW:
        if get_character_cell_size(character) == 1:
            _NARROW.add(character)
        else:
            narrow = False
    return narrow


def rows_of(text: str, width: int) -> list[tuple[int, int]]:
    """Break text at words into rows of at most *width* cells; a longer word starts a row and is cut.

    Text added later changes no row but the last, which is what lets finished rows be kept.
    """
    width = max(1, width)
    if "\n" not in text:
        return _rows(text, width)
    rows: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\n"):
        rows.extend((start + at, end + at) for start, end in _rows(line, width))
        at += len(line) + 1
    return rows


def _rows(text: str, width: int) -> list[tuple[int, int]]:
    if not is_narrow(text):
        return _wide_rows(text, width)
    rows = []
    start, total = 0, len(text)
    while total - start > width:
        gap = text.rfind(" ", start, start + width + 1)
        if gap <= start:
            rows.append((start, start + width))
            start += width
        else:
            end = gap
            while end > start and text[end - 1] == " ":
                end -= 1
            rows.append((start, end))
            start = gap + 1
        while start < total and text[start] == " ":
            start += 1
    if start < total or not rows:
        rows.append((start, total))
    return rows


def _wide_rows(text: str, width: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    sizes = [get_character_cell_size(character) for character in text]
    start = used = 0
    end = resume = 0  # where the row would end, and the next begin, at the last chance to break
    total = len(text)
    at = 0
    while at < total:
        character, size = text[at], sizes[at]
        if character == " ":
            if at == start and rows:
                start = at = at + 1
                continue
            if text[at - 1 : at] != " ":
                end = at
            resume = at + 1
        elif (
            (size == 2 or (at and sizes[at - 1] == 2 and size))
            and character not in _NEVER_FIRST
            and at > start
        ):
            if text[at - 1] != " ":
                end = at
            resume = at
        if used + size > width and character != " " and at > start:
            if resume <= start:
                end = resume = at
            rows.append((start, end))
            start = resume
            used = sum(sizes[start:at])
            end = resume = start
            continue
        used += size
        at += 1
    if start < total or not rows:
        last = text[start:].rstrip(" ") if used > width else text[start:]
        rows.append((start, start + len(last)))
    return rows


def cut(runs: list[Run], start: int, end: int) -> list[Run]:
    """Return the runs that show the characters from *start* to *end* of their joined text."""
    return cut_rows(runs, [(start, end)])[0]


def cut_rows(runs: list[Run], rows: Iterable[tuple[int, int]]) -> list[list[Run]]:
    """Return the runs of each row; rows are ascending ranges of the joined text."""
    result: list[list[Run]] = []
    index = at = 0  # the run in hand and where its text begins
    count = len(runs)
    for start, end in rows:
        row: list[Run] = []
        while index < count and at + len(runs[index][0]) <= start:
            at += len(runs[index][0])
            index += 1
        while index < count and at < end:
            text, style, source, source_end = runs[index]
            size = len(text)
            low, high = max(0, start - at), min(size, end - at)
            if low == 0 and high == size:
                row.append(runs[index])
            elif source_end - source == size and source >= 0:
                row.append((text[low:high], style, source + low, source + high))
            else:
                row.append((text[low:high], style, source, source_end))
            if at + size > end:
                break
            at += size
            index += 1
        result.append(row)
    return result


def joined(runs: Iterable[Run]) -> list[Run]:
    """Return the runs with neighbours of one style and adjoining source made one."""
    result: list[Run] = []
    for run in runs:
        if result:
            text, style, start, end = result[-1]
            if (
                style == run[1]
                and end == run[2]
                and end - start == len(text)
                and run[3] - run[2] == len(run[0])
                and start >= 0
            ):
                result[-1] = (text + run[0], style, start, run[3])
                continue
        result.append(run)
    return result


def folds_of(text: str, width: int) -> list[tuple[int, int]]:
    """Cut text into rows of at most *width* cells wherever that falls, as code is folded."""
    width = max(1, width)
    if is_narrow(text):
        return [(at, min(at + width, len(text))) for at in range(0, len(text), width)] or [(0, 0)]
    rows: list[tuple[int, int]] = []
    start = used = 0
    for at, character in enumerate(text):
        size = get_character_cell_size(character)
        if used + size > width and at > start:
            rows.append((start, at))
            start, used = at, 0
        used += size
    rows.append((start, len(text)))
    return rows
