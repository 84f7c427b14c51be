"""Markdown: headings, fences, tables and lists as they stand, each with the line it begins on.

What a reader sees is the source itself: a passage quoted from it can be put into an answer as it is.
"""

from __future__ import annotations

import re

from core.retrieval.extract.build import Builder
from core.retrieval.extract.text import clean, decode
from core.retrieval.types import BlockKind

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`\s]*)")
_UNDER = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_FIRST = frozenset("#`~=-*_+|\t 0123456789")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"(\*\*|__|`|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*]))")
_MARKS = re.compile(r"[*_`]")
_META = re.compile(r"title[ \t]*:[ \t]*(.+)", re.IGNORECASE)


def read_markdown(data: bytes, builder: Builder) -> None:
    """Read a Markdown file."""
    text, note = decode(data)
    builder.note(note)
    markdown(clean(text), builder)


def markdown(text: str, builder: Builder, *, line: int = 1, deeper: int = 0) -> None:
    """Add the blocks of a Markdown text made harmless before; *line* is the number of its first line."""
    lines = text.split("\n")
    at = _front_matter(lines, builder, line)
    reader = _Lines(lines, builder, line, deeper)
    while at < len(lines):
        at = reader.step(at)
    reader.flush()
    if not builder.title:
        top = min((b.level for b in builder.blocks if b.kind == "heading"), default=0)
        builder.title = next((b.text for b in builder.blocks if b.kind == "heading" and b.level == top), "")


def _front_matter(lines: list[str], builder: Builder, line: int) -> int:
    if lines[0].rstrip() != "---":
        return 0
    for at in range(1, min(len(lines), 200)):
        if lines[at].rstrip() in ("---", "..."):
            break
    else:
        return 0
    if at > 1 and not all(":" in one or one[:1] in " \t-#" or not one for one in lines[1:at]):
        return 0
    for one in lines[1:at]:
        if found := _META.match(one):
            builder.title = found[1].strip().strip("\"'")
    builder.add("list", "\n".join(lines[1:at]), line=line + 1, cleaned=True)
    return at + 1


class _Lines:
    """Goes over the lines and gathers what belongs together."""

    def __init__(self, lines: list[str], builder: Builder, line: int, deeper: int) -> None:
        self._lines = lines
        self._builder = builder
        self._line = line
        self._deeper = deeper
        self._began = -1
        """Where the block being gathered began; -1 when there is none."""
        self._kind: BlockKind = "prose"

    def flush(self, end: int | None = None) -> None:
        """Give the gathered lines to the builder."""
        if self._began >= 0:
            text = "\n".join(self._lines[self._began : end])
            self._builder.add(self._kind, text, line=self._line + self._began, cleaned=True)
            self._began = -1

    def step(self, at: int) -> int:
        """Look at one line; return the number of the next one to look at."""
        one = self._lines[at]
        if not one or one.isspace():
            if self._kind != "list" or not self._goes_on(at):
                self.flush(at)
            return at + 1
        if one[0] in _FIRST:
            after = self._structure(at, one)
            if after:
                return after
        elif "|" in one and self._is_table(at):
            return self._table(at)
        if self._began < 0:
            self._began = at
            self._kind = "list" if one[0] in _FIRST and _ITEM.match(one) else "prose"
        elif self._kind == "prose" and one[0] in "-*+" and _ITEM.match(one):
            self.flush(at)
            self._began = at
            self._kind = "list"
        return at + 1

    def _goes_on(self, at: int) -> bool:
        """Whether a list goes on after a blank line: with an item, or with what is indented below one."""
        if at + 1 >= len(self._lines):
            return False
        after = self._lines[at + 1]
        return bool(after) and ((after[0] in " \t" and not after.isspace()) or bool(_ITEM.match(after)))

    def _structure(self, at: int, one: str) -> int:
        """A heading, a fence, a table or a rule: the number of the line after it, 0 for none of them."""
        start = one.lstrip(" ")[:1]
        if start == "#" and (found := _ATX.match(one)):
            self.flush(at)
            self._heading(found[2] or "", len(found[1]), at)
            return at + 1
        if start in ("`", "~") and (fence := _FENCE.match(one)):
            self.flush(at)
            return self._fence(at, fence)
        if start in ("=", "-") and self._began >= 0 and self._kind == "prose" and _UNDER.match(one):
            text = " ".join(self._lines[self._began : at])
            began, self._began = self._began, -1
            self._heading(text, 1 if start == "=" else 2, began)
            return at + 1
        if start in ("-", "*", "_") and _RULE.match(one):
            self.flush(at)
            return at + 1
        if "|" in one and self._is_table(at):
            return self._table(at)
        return 0

    def _heading(self, text: str, level: int, at: int) -> None:
        plain = _LINK.sub(r"\1", text) if "](" in text else text
        plain = _MARKUP.sub("", plain) if _MARKS.search(plain) else plain
        level = min(6, level + self._deeper)
        self._builder.add("heading", plain, level=level, line=self._line + at, cleaned=True)

    def _fence(self, at: int, fence: re.Match[str]) -> int:
        mark = fence[1]
        end = at + 1
        while end < len(self._lines):
            one = self._lines[end].strip(" \t")
            if one.startswith(mark) and not one.strip(mark[0]):
                break
            end += 1
        text = "\n".join(self._lines[at : end + 1])
        language = fence[2].strip("{}.").lower()[:30]
        self._builder.add("code", text, line=self._line + at, language=language, cleaned=True)
        return end + 1

    def _is_table(self, at: int) -> bool:
        return (
            at + 1 < len(self._lines)
            and "-" in (under := self._lines[at + 1])
            and _DELIMITER.match(under) is not None
            and under.count("|") >= 1
        )

    def _table(self, at: int) -> int:
        self.flush(at)
        end = at + 2
        while end < len(self._lines) and "|" in self._lines[end]:
            end += 1
        self._builder.add("table", "\n".join(self._lines[at:end]), line=self._line + at, cleaned=True)
        return end
