"""The block structure of Markdown, line by line: what a line opens, continues and closes.

Every line costs the same however long the text above it is. The line that is still arriving is taken
too, and taken back when more of it comes: ``mark`` and ``rewind`` undo exactly one line.
"""

from __future__ import annotations

import re
from typing import Final

from . import links
from .leaf import Holder, HolderKind, Kind, Leaf
from .scan import (
    DECIDED,
    ITEM,
    NOTE,
    RULE,
    UNDERLINE,
    expanded,
    indent_of,
    leaf_start,
    stands_apart,
    without_definitions,
)
from .state import Order, State
from .tables import alignments, split_row

_MOST_HOLDERS: Final = 24


class Structure(State):
    """The leaves of a document so far; only the last one can still change."""

    def __init__(self) -> None:
        super().__init__()
        self._at = self._origin = self._end = 0  # of the line in hand
        self._raw = ""

    # -- a line that cannot become anything else

    @property
    def is_decided(self) -> bool:
        """Return whether the last line stays what it is, however it goes on."""
        leaf = self.leaves[-1] if self.leaves else None
        if leaf is None or leaf.closed or not leaf.lines:
            return False
        text = leaf.lines[-1][1]
        if leaf.kind is Kind.HEADING:
            return leaf.level > 0 and bool(text.strip(" \t#"))
        return leaf.kind is Kind.PARAGRAPH and not text.startswith("[^") and bool(DECIDED.search(text))

    def grow(self, text: str) -> None:
        """Add text to the last line, which is decided."""
        leaf = self.leaves[-1]
        at, line = leaf.lines[-1]
        leaf.lines[-1] = (at, line + text)
        leaf.end += len(text)

    # -- one line on

    def line(self, text: str, at: int) -> None:
        """Take one line, without its end, that begins at *at* in the source."""
        self._at = self._origin = at
        self._end = at + len(text)
        self._raw = text
        if "\t" in text:
            text, longer = expanded(text)
            self._origin -= longer
        pos, depth = self._descend(text)
        leaf = self._open_leaf()
        inside = depth == len(self._holders)
        if leaf is not None and inside and self._verbatim(leaf, text, pos):
            return
        if not text[pos:].strip(" \t"):
            self._blank(leaf, depth)
            return
        holders = self._holders[:depth]
        paragraph = leaf if leaf is not None and leaf.kind is Kind.PARAGRAPH else None
        if paragraph is not None and inside and self._turns(paragraph, text, pos):
            return
        fresh = depth
        while len(holders) < _MOST_HOLDERS:
            interrupting = paragraph is not None and inside and len(holders) == depth
            opened = self._holder(text, pos, holders, interrupting=interrupting)
            if opened is None:
                break
            holder, pos = opened
            holders = (*holders, holder)
        self._leaf(leaf, text, pos, holders, fresh)

    def finish(self) -> None:
        """Close what is open: nothing follows."""
        self._close(self._open_leaf())

    def _source(self, pos: int) -> int:
        return min(self._end, max(self._at, self._origin + pos))

    def _open_leaf(self) -> Leaf | None:
        return self.leaves[-1] if self.leaves and not self.leaves[-1].closed else None

    def _descend(self, text: str) -> tuple[int, int]:
        """Return how far the line repeats the marks of the open containers: a position and a depth."""
        pos = depth = 0
        for holder in self._holders:
            indent = indent_of(text, pos)
            after = pos + indent
            if holder.kind is HolderKind.QUOTE:
                if indent > 3 or text[after : after + 1] != ">":
                    break
                pos = after + 1
                if text[pos : pos + 1] == " ":
                    pos += 1
            elif after == len(text):
                if holder.blank and self._is_empty_item(depth + 1):
                    break
                pos = after
            elif indent >= holder.indent:
                pos += holder.indent
            else:
                break
            depth += 1
        return pos, depth

    def _is_empty_item(self, depth: int) -> bool:
        last = self.leaves[-1] if self.leaves else None
        return last is not None and last.kind is Kind.EMPTY and len(last.holders) == depth

    def _verbatim(self, leaf: Leaf, text: str, pos: int) -> bool:
        """Give the line to an open fence or indented code; return whether it took it."""
        indent = indent_of(text, pos)
        if leaf.kind is Kind.FENCE:
            rest = text[pos + indent :].rstrip(" \t")
            if indent < 4 and len(rest) >= leaf.level and not rest.strip(leaf.info[0]):
                leaf.closed = True
                leaf.end = self._end
                return True
            start = pos + min(indent, leaf.indent)
        elif leaf.kind is Kind.CODE and (indent >= 4 or pos + indent == len(text)):
            start = min(pos + 4, len(text)) if indent >= 4 else len(text)
        else:
            return False
        at, code = self._source(start), text[start:]
        raw = self._raw[at - self._at :]
        if "\t" in raw and raw.lstrip(" \t") == code.lstrip(" "):
            code = raw  # a tab that indents code stays a tab when it is copied
        leaf.add(at, code, self._end if code.strip() else leaf.end)
        return True

    def _blank(self, leaf: Leaf | None, depth: int) -> None:
        if leaf is not None and leaf.kind is not Kind.EMPTY:
            self._close(leaf)
        self._holders = self._holders[:depth]
        self._gap = True

    def _turns(self, paragraph: Leaf, text: str, pos: int) -> bool:
        """Let the line make a table or a heading of the paragraph above it; return whether it did."""
        indent = indent_of(text, pos)
        if indent >= 4:
            return False
        rest = text[pos + indent :]
        if rest[0] in "|-:" and (aligns := alignments(rest)):
            header = paragraph.lines[-1][1]
            if "|" in header and len(split_row(header)) == len(aligns):
                self._start_table(paragraph, aligns, rest, pos + indent)
                return True
        underline = UNDERLINE.match(rest)
        if underline is None:
            return False
        body = without_definitions(paragraph, self.references)
        if body is None:
            return False
        heading = body.copy(Kind.HEADING)
        heading.level = -1 if underline[1][0] == "=" else -2
        heading.closed, heading.end = True, self._end
        self.leaves[-1] = heading
        return True

    def _start_table(self, paragraph: Leaf, aligns: tuple[str, ...], rest: str, pos: int) -> None:
        table = paragraph.copy(Kind.TABLE)
        table.aligns = aligns
        table.lines = [paragraph.lines[-1], (self._source(pos), rest)]
        table.end = self._end
        if len(paragraph.lines) == 1:
            self.leaves[-1] = table
            return
        above = paragraph.copy(Kind.PARAGRAPH)
        above.lines = paragraph.lines[:-1]
        above.end = above.lines[-1][0] + len(above.lines[-1][1])
        self.leaves[-1] = above
        self._close(above)
        table.start = table.lines[0][0]
        table.fresh, table.gap = len(table.holders), True
        if not table.holders:
            self._block += 1
        table.block = self._block
        self.leaves.append(table)

    def _holder(
        self, text: str, pos: int, above: tuple[Holder, ...], *, interrupting: bool
    ) -> tuple[Holder, int] | None:
        """Open a quote, list item or footnote at *pos*; return it and where its content begins."""
        indent = indent_of(text, pos)
        start = pos + indent
        if indent >= 4 or start >= len(text):
            return None
        first = text[start]
        if first == ">":
            after = start + 1
            if text[after : after + 1] == " ":
                after += 1
            self._lists = (*self._padded(len(above)), None)
            return Holder(HolderKind.QUOTE, 0, "", self._source(start), self._source(after)), after
        if first == "[" and (note := NOTE.match(text, start)):
            self.references.notes.setdefault("^" + links.normal_label(note[1]))
            self._lists = (*self._padded(len(above)), None)
            source = self._source(start), self._source(note.end())
            return Holder(HolderKind.NOTE, 4, f"[{note[1]}]", *source), note.end()
        if first not in "-+*0123456789" or RULE.match(text, start):
            return None
        item = ITEM.match(text, start)
        return self._item(text, item, indent, above, interrupting=interrupting) if item else None

    def _padded(self, depth: int) -> tuple[Order | None, ...]:
        return (self._lists + (None,) * depth)[:depth]

    def _item(
        self, text: str, item: re.Match[str], indent: int, above: tuple[Holder, ...], *, interrupting: bool
    ) -> tuple[Holder, int] | None:
        start, after = item.span()
        spaces = indent_of(text, after)
        blank = after + spaces == len(text)
        if interrupting and (blank or (item[2] is not None and int(item[2]) != 1)):
            return None
        gap = 1 if blank or spaces > 4 else spaces
        depth = len(above)
        number = int(item[2] or 0)
        before = self._lists[depth] if len(self._lists) > depth else None
        if before is not None and before.character == item[1][-1]:
            number = before.number + 1
        elif depth == 0:
            self._block += 1
        self._lists = (*self._padded(depth), Order(item[1][-1], number))
        marker = f"{number}{item[1][-1]}" if item[2] is not None else ""
        content = min(after + gap, len(text))
        holder = Holder(
            HolderKind.ITEM,
            indent + after - start + gap,
            marker,
            self._source(start),
            self._source(content),
            blank=blank,
        )
        return holder, content

    def _leaf(self, leaf: Leaf | None, text: str, pos: int, holders: tuple[Holder, ...], fresh: int) -> None:
        """Open or continue the leaf that the rest of the line belongs to."""
        indent = indent_of(text, pos)
        start = pos + indent
        opened = len(holders) > fresh
        kind, level, info = Kind.PARAGRAPH, 0, ""
        if start == len(text):
            kind = Kind.EMPTY
        elif indent < 4:
            kind, level, info = leaf_start(text, start)
        if kind is Kind.PARAGRAPH and leaf is not None and not opened:
            inside = len(holders) == len(self._holders)
            if leaf.kind is Kind.PARAGRAPH or (leaf.kind is Kind.TABLE and inside and indent < 4):
                leaf.add(self._source(start), text[start:], self._end)
                return
        self._close(leaf)
        if kind is Kind.PARAGRAPH and indent >= 4:
            kind, start = Kind.CODE, pos + 4
        self._holders = holders
        self._lists = self._lists[: len(holders)]
        new = self._new(kind, holders, fresh)
        new.level, new.info, new.indent = level, info, indent
        if kind is Kind.HEADING:
            start += level
            start += indent_of(text, start)
        if kind is Kind.RULE:
            new.closed = True
        elif kind not in (Kind.FENCE, Kind.EMPTY):
            new.add(self._source(start), text[start:], self._end)
        new.end = self._end
        self.leaves.append(new)

    def _new(self, kind: Kind, holders: tuple[Holder, ...], fresh: int) -> Leaf:
        last = self.leaves[-1] if self.leaves else None
        new = Leaf(kind, holders, fresh)
        if last is not None and last.kind is Kind.EMPTY and last.holders == holders[: len(last.holders)]:
            # The item's marker stood alone on its line; what follows belongs beside it.
            self.leaves.pop()
            new.fresh, new.start, new.block, new.gap = last.fresh, last.start, last.block, last.gap
        else:
            new.start = self._at
            if fresh == 0 and not (holders and holders[0].kind is HolderKind.ITEM):
                self._block += 1
            new.block = max(0, self._block)
            new.gap = last is not None and (self._gap or stands_apart(last, new))
        self._gap = False
        return new

    def _close(self, leaf: Leaf | None) -> None:
        if leaf is None:
            return
        if leaf.kind is Kind.PARAGRAPH:
            body = without_definitions(leaf, self.references)
            if body is None:
                self.leaves.pop()
            elif body is not leaf:
                self.leaves[-1] = body
        if self.leaves:
            self.leaves[-1].closed = True
