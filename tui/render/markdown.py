"""A text that may still be arriving, as rows: Markdown, or plain text as it was typed.

Whatever the fragments were, the finished document is what the whole text would have given. An update
costs what is new, not what is there; leaves far from the view are only estimated.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from .glyphs import UNICODE, Glyphs
from .layouts import estimate, layout_of
from .leaf import Kind, Leaf, Line, Setting, prefixes
from .palette import Role
from .plain import Lines
from .structure import Structure

_LINE_END = re.compile(r"\r\n?|\n")
_NEAR_END: Final = 60
_BLANK: Final = Line([])


class Document:
    """One text and its rows at one width."""

    def __init__(
        self,
        *,
        base: Role = Role.TEXT,
        glyphs: Glyphs = UNICODE,
        hint: str = "",
        indent: int = 0,
        plain: bool = False,
    ) -> None:
        self._structure: Structure | Lines = Lines() if plain else Structure()
        self._setting = Setting(base, glyphs, self._structure.references, hint, indent)
        self._source = ""
        self._parts: list[str] = []  # of the source, not joined yet
        self._waiting: list[str] = []  # not worked in yet
        self._taken = 0  # characters of the source in lines that stay what they are
        self._held = ""
        self._line = ""  # the line that may still become something else
        self._marked: int | None = None  # leaves there were before that line
        self._decided = False
        self._finished = self._ending = False
        self._width = 80
        self._tops = [0]

    # -- text

    @property
    def source(self) -> str:
        """Return all the text there is."""
        if self._parts:
            self._source += "".join(self._parts)
            self._parts.clear()
        return self._source

    @property
    def is_finished(self) -> bool:
        """Return whether the text is complete."""
        return self._finished or self._ending

    def append(self, text: str) -> None:
        """Take more text; nothing is done with it until ``flush``."""
        self._parts.append(text)
        self._waiting.append(text)

    def finish(self) -> None:
        """Say that the text is complete; the next ``flush`` settles what was left open."""
        self._ending = True

    # -- rows

    @property
    def leaves(self) -> list[Leaf]:
        """Return the leaves of the document, in order."""
        return self._structure.leaves

    @property
    def width(self) -> int:
        """Return the width the rows are laid out for."""
        return self._width

    @property
    def height(self) -> int:
        """Return how many rows there are; leaves that were not laid out yet are estimated."""
        return self._tops[-1]

    def resize(self, width: int) -> None:
        """Lay out for another width: leaves are estimated again until they are looked at."""
        if width != self._width:
            self._width = width
            self.forget()

    def forget(self) -> None:
        """Drop all rows; they are made again when they are wanted."""
        for leaf in self.leaves:
            leaf.rows = leaf.layout = leaf.above = None
            leaf.size = estimate(leaf, self._width)
        self._add_up(0)

    def flush(self, *, shown: bool = True) -> int:
        """Work in the text that has arrived and return the first row that changed.

        When the document is not shown it is only taken apart, not laid out.
        """
        if self._finished or not (self._waiting or self._ending):
            return self.height
        first = max(0, (len(self.leaves) if self._marked is None else self._marked) - 1)
        before = self.leaves[first:]
        self._take("".join(self._waiting))
        self._waiting.clear()
        changed = self._lay_out(first, before, shown=shown)
        if self._ending:
            self._finished = True
            changed = min(changed, self._resolve())
        return changed

    def settle(self, top: int, bottom: int) -> bool:
        """Lay out every leaf that shows between two rows; return whether the height changed anywhere."""
        moved = False
        index = self.leaf_at(max(0, top))
        while index < len(self.leaves) and self._tops[index] < bottom:
            leaf = self.leaves[index]
            if leaf.rows is None:
                size = leaf.size
                self._sync(leaf)
                if leaf.closed:
                    leaf.layout = None
                if leaf.size != size:
                    moved = True
                    self._add_up(index)
            index += 1
        return moved

    def rows(self, top: int, bottom: int) -> list[Line]:
        """Return the rows between two places; where nothing was laid out they are blank."""
        result: list[Line] = []
        index = self.leaf_at(max(0, top))
        at = max(0, top)
        while index < len(self.leaves) and at < bottom:
            leaf = self.leaves[index]
            skip = at - self._tops[index]
            if leaf.gap:
                if skip == 0:
                    result.append(self._gap(index))
                    at += 1
                skip = max(0, skip - 1)
            rows = leaf.rows if leaf.rows is not None else [_BLANK] * (leaf.size - leaf.gap)
            part = rows[skip : skip + bottom - at]
            result.extend(part)
            at += len(part)
            index += 1
        return result

    def leaf_at(self, row: int) -> int:
        """Return the number of the leaf that shows in a row."""
        return max(0, min(bisect_right(self._tops, row) - 1, len(self.leaves) - 1))

    def top_of(self, index: int) -> int:
        """Return the row a leaf begins at, its gap included."""
        return self._tops[index]

    def row_of(self, place: int) -> int:
        """Return the row where a place of the source shows, laying out what is needed to know."""
        index = max(0, bisect_right(self.leaves, place, key=lambda leaf: leaf.start) - 1)
        if index >= len(self.leaves):
            return 0
        leaf = self.leaves[index]
        if leaf.rows is None:
            self.settle(self._tops[index], self._tops[index] + 1)
        for row, line in enumerate(leaf.rows or ()):
            if any(start <= place < end for _, _, start, end in line.runs):
                return self._tops[index] + leaf.gap + row
        return self._tops[index] + leaf.gap

    def target(self, leaf: Leaf, number: int) -> str:
        """Return where a link of a leaf leads; numbers begin at 1."""
        return leaf.targets[number - 1] if 0 < number <= len(leaf.targets) else ""

    # -- taking text in

    def _take(self, text: str) -> None:
        text, self._held = self._held + text, ""
        if text.endswith("\r") and not self._ending:
            text, self._held = text[:-1], "\r"  # the other half of a line end may follow
        structure = self._structure
        if self._marked is not None:
            structure.rewind()
            text, self._line, self._marked = self._line + text, "", None
        at = 0
        for match in _LINE_END.finditer(text):
            self._complete(text[at : match.start()], match.end() - at)
            at = match.end()
        if rest := text[at:]:
            self._partial(rest)
        if self._ending:
            structure.finish()
            self._marked = None

    def _complete(self, line: str, length: int) -> None:
        if not self._decided:
            self._structure.line(line, self._taken)
        elif line:
            self._structure.grow(line)
        self._taken += length
        self._decided = False

    def _partial(self, text: str) -> None:
        """Take the beginning of a line, to be taken back unless it can only go on as what it is."""
        structure = self._structure
        if self._decided:
            structure.grow(text)
        else:
            marked = structure.mark()
            structure.line(text, self._taken)
            if not structure.is_decided:
                self._line, self._marked = text, marked
                return
            self._decided = True
        self._taken += len(text)

    def _lay_out(self, first: int, before: list[Leaf], *, shown: bool) -> int:
        """Lay out what the new text touched, or only the end of it when that is a lot."""
        leaves = self.leaves
        near = max(first, len(leaves) - _NEAR_END) if shown else len(leaves)
        sure = len(leaves) if self._marked is None else self._marked - 1
        top = self._tops[first]
        changed = -1
        for index in range(first, len(leaves)):
            leaf = leaves[index]
            old = before[index - first] if index - first < len(before) else None
            size, gap = (old.size, old.gap) if old is not None else (0, False)
            if index < near and (leaf is not old or leaf.rows is None):
                leaf.rows = leaf.layout = None
                leaf.size = estimate(leaf, self._width)
                row = 0
            else:
                if leaf is not old and old is not None and old.rows is not None:
                    leaf.rows = list(old.rows)  # rows that come out the same stay the same objects
                row = self._sync(leaf)
                if gap != leaf.gap:
                    row = 0
            if changed < 0 and row < max(leaf.size, size):
                changed = top + row
            top += leaf.size
            if leaf.closed and index < sure:
                leaf.layout = None
        self._add_up(first)
        return top if changed < 0 else changed

    def _sync(self, leaf: Leaf) -> int:
        """Bring a leaf's rows up to date and return the first that changed, its gap counted."""
        if leaf.rows is None:
            leaf.rows = []
        if leaf.layout is None:
            leaf.layout = layout_of(leaf)
        row = leaf.layout.sync(leaf, leaf.rows, self._width, self._setting)
        leaf.size = len(leaf.rows) + leaf.gap
        return row + leaf.gap

    def _resolve(self) -> int:
        """Lay out again what pointed at links and footnotes that were only defined later."""
        known = self._setting.references.links.keys() | self._setting.references.notes.keys()
        changed = self.height
        for index, leaf in enumerate(self.leaves):
            if leaf.missing and not known.isdisjoint(leaf.missing):
                leaf.missing.clear()
                leaf.layout = None
                changed = min(changed, self._tops[index])
                if leaf.rows is not None:
                    self._sync(leaf)
                    leaf.layout = None
                    self._add_up(index)
        return changed

    def _add_up(self, first: int) -> None:
        tops = self._tops
        del tops[first + 1 :]
        total = tops[first]
        for leaf in self.leaves[first:]:
            total += leaf.size
            tops.append(total)

    def _gap(self, index: int) -> Line:
        """Return the empty row above a leaf; a quote around both its neighbours goes on beside it."""
        leaf = self.leaves[index]
        if not leaf.holders or index == 0:
            return _BLANK
        if leaf.above is None:
            shared = Leaf(Kind.EMPTY, (), 0)
            for one, other in zip(leaf.holders, self.leaves[index - 1].holders, strict=False):
                if one != other:
                    break
                shared.holders = (*shared.holders, one)
            shared.fresh = len(shared.holders)
            leaf.above = Line(prefixes(shared, self._width, self._setting)[1])
        return leaf.above
