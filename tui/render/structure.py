"""The block structure of Markdown, line by line: what a line opens, continues and closes.

Every line costs the same however long the text above it is. The line that is still arriving is taken
too, and taken back when more of it comes: ``mark`` and ``rewind`` undo exactly one line.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from . import links
from .inline import References
from .leaf import Holder, HolderKind, Kind, Leaf
from .tables import alignments, split_row

_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
_ITEM = re.compile(r"([-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
_NOTE = re.compile(r"\[\^([^\]\s\[]{1,200})\]:[ \t]*")
_TABS_END = re.compile(r"(?:[ \t>]|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))*")
_DECIDED = re.compile(r"[^-=*_|:#>+~`\s\d.()\[\]^]")
_MOST_HOLDERS: Final = 24


class _List(NamedTuple):
    character: str
    number: int


class _Mark(NamedTuple):
    """The state before a line, as far as one line can change it."""

    holders: tuple[Holder, ...]
    lists: tuple[_List | None, ...]
    leaves: int
    last: Leaf | None
    lines: int
    closed: bool
    end: int
    gap: bool
    block: int
    links: int
    notes: int


class Structure:
    """The leaves of a document so far; only the last one can still change."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.references = References()
        self._holders: tuple[Holder, ...] = ()
        self._lists: tuple[_List | None, ...] = ()
        self._gap = False
        self._block = -1
        self._mark: _Mark | None = None
        self._at = self._origin = self._end = 0  # of the line in hand
        self._raw = ""

    # -- one line back

    def mark(self) -> int:
        """Remember the state for ``rewind``; return how many leaves there are."""
        last = self.leaves[-1] if self.leaves else None
        self._mark = _Mark(
            self._holders,
            self._lists,
            len(self.leaves),
            last,
            len(last.lines) if last else 0,
            last.closed if last else False,
            last.end if last else 0,
            self._gap,
            self._block,
            len(self.references.links),
            len(self.references.notes),
        )
        return len(self.leaves)

    def rewind(self) -> None:
        """Forget the one line taken since the mark."""
        mark = self._mark
        assert mark is not None
        self._holders, self._lists = mark.holders, mark.lists
        self._gap, self._block = mark.gap, mark.block
        last = mark.last
        if last is not None:
            self.leaves[mark.leaves - 1 :] = [last]
            del last.lines[mark.lines :]
            last.closed, last.end = mark.closed, mark.end
        else:
            self.leaves.clear()
        while len(self.references.links) > mark.links:
            self.references.links.popitem()
        while len(self.references.notes) > mark.notes:
            self.references.notes.popitem()

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
        return leaf.kind is Kind.PARAGRAPH and not text.startswith("[^") and bool(_DECIDED.search(text))

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
            text = self._expand(text)
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

    def _expand(self, text: str) -> str:
        """Replace the tabs that indent; the others are the content's."""
        zone = _TABS_END.match(text)
        end = zone.end() if zone else 0
        expanded = text[:end].expandtabs(4)
        self._origin = self._at + end - len(expanded)
        return expanded + text[end:]

    def _open_leaf(self) -> Leaf | None:
        return self.leaves[-1] if self.leaves and not self.leaves[-1].closed else None

    def _descend(self, text: str) -> tuple[int, int]:
        """Return how far the line repeats the marks of the open containers: a position and a depth."""
        pos = depth = 0
        for holder in self._holders:
            indent = _indent(text, pos)
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
        indent = _indent(text, pos)
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
        indent = _indent(text, pos)
        if indent >= 4:
            return False
        rest = text[pos + indent :]
        if rest[0] in "|-:" and (aligns := alignments(rest)):
            header = paragraph.lines[-1][1]
            if "|" in header and len(split_row(header)) == len(aligns):
                self._start_table(paragraph, aligns, rest, pos + indent)
                return True
        underline = _UNDERLINE.match(rest)
        if underline is None:
            return False
        body = self._without_definitions(paragraph)
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
        indent = _indent(text, pos)
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
        if first == "[" and (note := _NOTE.match(text, start)):
            self.references.notes.setdefault("^" + links.normal_label(note[1]))
            self._lists = (*self._padded(len(above)), None)
            source = self._source(start), self._source(note.end())
            return Holder(HolderKind.NOTE, 4, f"[{note[1]}]", *source), note.end()
        if first not in "-+*0123456789" or _RULE.match(text, start):
            return None
        item = _ITEM.match(text, start)
        return self._item(text, item, indent, above, interrupting=interrupting) if item else None

    def _padded(self, depth: int) -> tuple[_List | None, ...]:
        return (self._lists + (None,) * depth)[:depth]

    def _item(
        self, text: str, item: re.Match[str], indent: int, above: tuple[Holder, ...], *, interrupting: bool
    ) -> tuple[Holder, int] | None:
        start, after = item.span()
        spaces = _indent(text, after)
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
        self._lists = (*self._padded(depth), _List(item[1][-1], number))
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
        indent = _indent(text, pos)
        start = pos + indent
        opened = len(holders) > fresh
        kind, level, info = Kind.PARAGRAPH, 0, ""
        if start == len(text):
            kind = Kind.EMPTY
        elif indent < 4:
            kind, level, info = _leaf_start(text, start)
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
            start += _indent(text, start)
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
            new.gap = last is not None and (self._gap or _stands_apart(last, new))
        self._gap = False
        return new

    def _close(self, leaf: Leaf | None) -> None:
        if leaf is None:
            return
        if leaf.kind is Kind.PARAGRAPH:
            body = self._without_definitions(leaf)
            if body is None:
                self.leaves.pop()
            elif body is not leaf:
                self.leaves[-1] = body
        if self.leaves:
            self.leaves[-1].closed = True

    def _without_definitions(self, leaf: Leaf) -> Leaf | None:
        """Take the link definitions off the top of a paragraph; None when nothing else is in it."""
        if not leaf.lines[0][1].startswith("["):
            return leaf
        text = "\n".join([line for _, line in leaf.lines])
        at = 0
        while text.startswith("[", at) and (found := links.definition(text, at)):
            self.references.links.setdefault(found[0], found[1])
            at = found[2]
            while text[at : at + 1] in (" ", "\t"):
                at += 1
        if at == 0:
            return leaf
        if not text[at:].strip():
            return None
        body = leaf.copy(Kind.PARAGRAPH)
        body.lines = leaf.lines[text.count("\n", 0, at) :]
        return body


def _leaf_start(text: str, start: int) -> tuple[Kind, int, str]:
    """Return what kind of leaf a line begins, with its level and its info."""
    first = text[start]
    if first == "#" and (heading := _HEADING.match(text, start)):
        return Kind.HEADING, len(heading[1]), ""
    if first in "`~" and (fence := _FENCE.match(text, start)):
        marks, info = (fence[1], fence[2]) if fence[1] else (fence[3], fence[4])
        return Kind.FENCE, len(marks), first + info.strip()
    if first in "*-_" and _RULE.match(text, start):
        return Kind.RULE, 0, ""
    return Kind.PARAGRAPH, 0, ""


def _indent(text: str, pos: int) -> int:
    at, total = pos, len(text)
    while at < total and text[at] == " ":
        at += 1
    return at - pos


_BEFORE = frozenset({Kind.HEADING, Kind.TABLE, Kind.RULE})
_AFTER = frozenset({Kind.FENCE, Kind.CODE, Kind.TABLE, Kind.RULE})


def _stands_apart(last: Leaf, new: Leaf) -> bool:
    """Return whether an empty row belongs between two leaves even if the source has none."""
    if new.kind in _BEFORE or last.kind in _AFTER:
        return True
    return _quotes(last) != _quotes(new)


def _quotes(leaf: Leaf) -> int:
    return sum(holder.kind is HolderKind.QUOTE for holder in leaf.holders)
