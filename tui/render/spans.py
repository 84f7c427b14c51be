"""The spans of a line of Markdown: code, links, references, breaks and what emphasis is made of.

The parser says up to where its result is final whatever follows, so that a long paragraph that is still
growing is parsed only from there on.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Container, Mapping
from html.entities import html5
from typing import Final

from . import links
from .emphasis import PUNCTUATION, Delimiter, Node, Reach, apply, delimiter, emphasise
from .palette import INLINE_CODE, LINK, LINK_SHIFT

BREAK: Final = "\n"
_SPECIAL = re.compile(r"[\\`*_~\[\]!<&\n]")
_TICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_LINE_BREAK_TAG = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^([^\]\s\[]{1,200})\]")
_UNSETTLED_TAIL: Final = 80
_MOST_BRACKETS: Final = 100


class _Bracket:
    __slots__ = ("active", "delimiters", "image", "node", "start")

    def __init__(self, node: int, start: int, delimiters: int, *, image: bool) -> None:
        self.node = node
        self.start = start
        self.delimiters = delimiters
        self.image = image
        self.active = True


class Parser:
    """Takes a text apart, from a place on where nothing is open."""

    def __init__(self, text: str, start: int, references: links.References, targets: list[str]) -> None:
        self.text = text
        self.nodes: list[Node] = []
        self.targets = targets
        self.missing: set[str] = set()
        self._start = start
        self._links: Mapping[str, str] = references.links
        self._notes: Container[str] = references.notes
        self._delimiters: list[Delimiter] = []
        self._reaches: list[Reach] = []
        self._brackets: list[_Bracket] = []
        self._ticks: dict[int, list[int]] | None = None
        self._unsettled = len(text)

    def run(self) -> None:
        """Take everything apart."""
        text, nodes = self.text, self.nodes
        pos, total = self._start, len(text)
        search = _SPECIAL.search
        while pos < total:
            match = search(text, pos)
            if match is None:
                nodes.append(Node(text[pos:], pos, total))
                break
            at = match.start()
            if at > pos:
                nodes.append(Node(text[pos:at], pos, at))
            pos = self._special(text[at], at)
        emphasise(nodes, self._delimiters, 0, self._reaches)
        if self._reaches:
            apply(nodes, self._reaches)
        for mark in self._delimiters:
            if mark.can_open:
                self._leave_open(nodes[mark.node].start)
                break
        for bracket in self._brackets:
            if bracket.active:
                self._leave_open(nodes[bracket.node].start)
                break

    def _leave_open(self, at: int) -> None:
        self._unsettled = min(self._unsettled, at)

    def _plain(self, at: int, end: int) -> int:
        self.nodes.append(Node(self.text[at:end], at, end))
        return end

    def _special(self, character: str, at: int) -> int:
        if character in "*_~":
            found, end = delimiter(self.text, at, len(self.nodes))
            if found is not None:
                self._delimiters.append(found)
            return self._plain(at, end)
        if character == "\n":
            return self._newline(at)
        if character == "`":
            return self._code(at)
        if character == "[":
            return self._open_bracket(at, at + 1, image=False)
        if character == "]":
            return self._close_bracket(at)
        if character == "!":
            if self.text.startswith("[", at + 1):
                return self._open_bracket(at, at + 2, image=True)
            return self._plain(at, at + 1)
        if character == "\\":
            return self._escape(at)
        return self._angle(at) if character == "<" else self._entity(at)

    def _escape(self, at: int) -> int:
        following = self.text[at + 1 : at + 2]
        if following == "\n":
            return self._break(at, at + 1)
        if following in PUNCTUATION and following:
            self.nodes.append(Node(following, at, at + 2))
            return at + 2
        return self._plain(at, at + 1)

    def _newline(self, newline: int) -> int:
        start = newline
        node = self.nodes[-1] if self.nodes else None
        if node is not None and node.end == newline and self.text[newline - 1] == " ":
            node.text = node.text.rstrip(" ")
            start = node.end = node.start + len(node.text)
            if newline - start >= 2:
                return self._break(start, newline)
        end = self._after_newline(newline)
        self.nodes.append(Node(" ", start, end))
        return end

    def _after_newline(self, at: int) -> int:
        at += 1
        while at < len(self.text) and self.text[at] in " \t":
            at += 1
        return at

    def _break(self, start: int, newline: int) -> int:
        end = self._after_newline(newline)
        self.nodes.append(Node(BREAK, start, end))
        return end

    def _code(self, at: int) -> int:
        text = self.text
        if self._ticks is None:
            self._ticks = {}
            for match in _TICKS.finditer(text, at):
                self._ticks.setdefault(match.end() - match.start(), []).append(match.start())
        opening = _TICKS.match(text, at)
        size = opening.end() - at if opening else 1
        places = self._ticks.get(size, [])
        which = bisect_left(places, at + size)
        if which == len(places):
            self._leave_open(at)
            return self._plain(at, at + size)
        start, end = at + size, places[which]
        after = end + size
        code = text[start:end].replace("\n", " ")
        if len(code) > 1 and code[0] == code[-1] == " " and code.strip(" "):
            start, end = start + 1, end - 1
        for index, line in enumerate(text[start:end].split("\n")):
            if index:
                self.nodes.append(Node(" ", start - 1, start, INLINE_CODE))
            self.nodes.append(Node(line, start, start + len(line), INLINE_CODE))
            start += len(line) + 1
        return after

    def _open_bracket(self, at: int, end: int, *, image: bool) -> int:
        if not image and (note := _FOOTNOTE.match(self.text, at)):
            label = "^" + links.normal_label(note[1])
            if label in self._notes:
                self.nodes.append(Node(f"[{note[1]}]", at, note.end(), LINK))
                return note.end()
            self.missing.add(label)
        if len(self._brackets) >= _MOST_BRACKETS:
            return self._plain(at, end)
        self._brackets.append(_Bracket(len(self.nodes), end, len(self._delimiters), image=image))
        return self._plain(at, end)

    def _close_bracket(self, at: int) -> int:
        if not self._brackets:
            return self._plain(at, at + 1)
        bracket = self._brackets.pop()
        target = self._target(bracket, at) if bracket.active else None
        if target is None:
            return self._plain(at, at + 1)
        emphasise(self.nodes, self._delimiters, bracket.delimiters, self._reaches)
        del self._delimiters[bracket.delimiters :]
        self.targets.append(target.address)
        style = LINK | len(self.targets) << LINK_SHIFT
        opening = self.nodes[bracket.node]
        opening.text = "image: " if bracket.image else ""
        for node in self.nodes[bracket.node :]:
            node.flags = node.flags & ((1 << LINK_SHIFT) - 1) | style
        self.nodes.append(Node("", at, target.end))
        if not bracket.image:
            for outer in self._brackets:
                if not outer.image:
                    outer.active = False
        return target.end

    def _target(self, bracket: _Bracket, at: int) -> links.Target | None:
        text = self.text
        if text.startswith("(", at + 1):
            found = links.inline_target(text, at + 1)
            if found is not None and found.end >= 0:
                return found
            if found is not None:
                self._leave_open(self.nodes[bracket.node].start)
        end, label = at + 1, ""
        if following := links.label_at(text, at + 1):
            label, end = following
        elif text.startswith("[", at + 1) and len(text) - at < 1000:
            self._leave_open(self.nodes[bracket.node].start)
        label = label or text[bracket.start : at]
        if len(label) > 999:
            return None
        key = links.normal_label(label)
        address = self._links.get(key)
        if address is None:
            self.missing.add(key)
            return None
        return links.Target(address, end)

    def _angle(self, at: int) -> int:
        if match := links.AUTOLINK.match(self.text, at):
            address = match[1]
            if links.is_allowed(address):
                target = address if ":" in address.partition("@")[0] else "mailto:" + address
                self.targets.append(target)
                style = LINK | len(self.targets) << LINK_SHIFT
                self.nodes.append(Node(address, at + 1, match.end() - 1, style))
                return match.end()
        if match := _LINE_BREAK_TAG.match(self.text, at):
            self.nodes.append(Node(BREAK, at, match.end()))
            return match.end()
        return self._plain(at, at + 1)

    def _entity(self, at: int) -> int:
        if match := _ENTITY.match(self.text, at):
            character = html.unescape(match[0])
            if match[0][1] == "#" or match[0][1:] in html5:
                self.nodes.append(Node(character.replace("\n", " ") or "\ufffd", at, match.end()))
                return match.end()
        return self._plain(at, at + 1)

    def settled(self) -> int:
        """Return the last place before anything unfinished where no construct is open."""
        limit = min(self._unsettled, len(self.text) - _UNSETTLED_TAIL)
        for node in reversed(self.nodes):
            if node.start < limit and not node.flags and node.end - node.start == len(node.text):
                space = node.text.rfind(" ", 0, max(0, limit - node.start))
                if space > 0:
                    return node.start + space
        return self._start
