"""Running text laid out: paragraphs, headings, plain text, rules.

While a paragraph grows, the part of it that nothing can change any more is neither parsed nor wrapped
again, so a paragraph of any length costs the same per update.
"""

from __future__ import annotations

import re
from typing import Final

from .cells import DECORATION, Run, cut, cut_rows, joined, rows_of, tabbed_runs
from .inline import Content, Inline, parse
from .leaf import Kind, Leaf, Line, Setting, prefixes, replace_tail
from .palette import Role, link_of

_CLOSING_MARKS = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_WORTH_SETTLING: Final = 400
_LONGEST_OPEN: Final = 3000
_OPEN_TAIL: Final = 200


class Flow:
    """The layout of one piece of running text."""

    __slots__ = ("_forced", "_kept", "_line", "_links", "_pending", "_settled", "_width")

    def __init__(self) -> None:
        self._width = 0
        self._reset()

    def _reset(self) -> None:
        # What stands before this place is laid out for good: a line, and the part of it that is settled.
        self._line = 0
        self._settled = ""
        self._kept = 0  # rows that are laid out for good
        self._pending: list[Run] = []  # settled, but in a row that is still open
        self._links = 0
        self._forced = False

    def sync(self, leaf: Leaf, rows: list[Line], width: int, setting: Setting) -> int:
        """Bring the rows up to date and return the first that was made anew."""
        if width != self._width or (leaf.closed and self._forced) or not self._goes_on(leaf):
            self._reset()
            self._width = width
        content = Content(self._lines(leaf))
        first, rest, room = prefixes(leaf, width, setting)
        del leaf.targets[self._links :]
        inline = self._inline(leaf, content, setting)
        leaf.missing |= inline.missing
        runs = [*self._pending, *inline.runs]
        text = "".join([run[0] for run in runs])
        places = rows_of(text, room)
        fresh = [joined(rest + row) for row in cut_rows(runs, places)]
        if self._kept == 0 and first:
            fresh[0] = joined(first + cut(runs, *places[0]))
        kept = self._kept
        changed = replace_tail(rows, kept, fresh)
        if not leaf.closed and len(content.text) - len(self._settled) > _WORTH_SETTLING:
            self._settle(content, inline, runs, places)
        return changed

    def _goes_on(self, leaf: Leaf) -> bool:
        return len(leaf.lines) > self._line and leaf.lines[self._line][1].startswith(self._settled)

    def _lines(self, leaf: Leaf) -> list[tuple[int, str]]:
        """Return the lines that are not settled yet; the last one ends where its text ends."""
        lines = leaf.lines[self._line :]
        if leaf.kind is not Kind.PLAIN:
            at, last = lines[-1]
            if leaf.kind is Kind.HEADING and leaf.level > 0:
                last = _CLOSING_MARKS.sub("", last)
            lines[-1] = at, last.rstrip(" \t")
        return lines

    def _inline(self, leaf: Leaf, content: Content, setting: Setting) -> Inline:
        style, start = _style(leaf, setting.base), len(self._settled)
        if leaf.kind is not Kind.PLAIN:
            return parse(content, style, setting.references, leaf.targets, start)
        text = content.text[start:]
        gap = text.rfind(" ", 0, -1)
        return Inline(tabbed_runs(text, style, content.at(start)), set(), start + max(0, gap))

    def _settle(
        self, content: Content, inline: Inline, runs: list[Run], places: list[tuple[int, int]]
    ) -> None:
        text, start, settled = content.text, len(self._settled), inline.settled
        if settled <= start:
            if len(text) - start < _LONGEST_OPEN:
                return
            # Something was opened long ago and may never close: go on without it, and do the whole
            # paragraph once more when it has ended.
            settled = text.rfind(" ", start, len(text) - _OPEN_TAIL)
            if settled <= start:
                settled = len(text) - _OPEN_TAIL
            self._forced = True
        boundary, links = _boundary(runs, content.at(settled), self._links)
        final = 0
        while final + 2 < len(places) and places[final + 2][0] <= boundary:
            final += 1
        if not final:
            return
        self._kept += final
        self._pending = cut(runs, places[final][0], boundary)
        self._links = links
        line = text.count("\n", 0, settled)
        self._line += line
        self._settled = text[text.rfind("\n", 0, settled) + 1 : settled]


def _boundary(runs: list[Run], source: int, links: int) -> tuple[int, int]:
    """Return how much displayed text stands before a place in the source, and the links in it."""
    at = 0
    for text, style, start, end in runs:
        if start >= source:
            break
        links = max(links, link_of(style))
        if end > source:
            return at + (source - start if end - start == len(text) else len(text)), links
        at += len(text)
    return at, links


def _style(leaf: Leaf, base: int) -> int:
    if leaf.kind is not Kind.HEADING:
        return base
    return (Role.HEADING1, Role.HEADING2, Role.HEADING3)[min(abs(leaf.level), 3) - 1]


class Bare:
    """The layout of what has no text: a rule, an item that is still empty."""

    def sync(self, leaf: Leaf, rows: list[Line], width: int, setting: Setting) -> int:
        """Bring the one row up to date and return the first that was made anew."""
        first, _, room = prefixes(leaf, width, setting)
        if leaf.kind is Kind.RULE:
            first = [*first, (setting.glyphs.rule * room, Role.FAINT, leaf.start, leaf.end)]
        return replace_tail(rows, 0, [first or [("", Role.TEXT, DECORATION, DECORATION)]])
