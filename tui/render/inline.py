"""Inline Markdown: emphasis, code, links, breaks, with the place in the source of every character.

The rules are CommonMark's plus strikethrough, footnote marks and bare addresses. The parser says up to
where its result is final whatever follows, so that a long paragraph that is still growing is parsed
only from there on.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.entities import html5
from typing import Final, NamedTuple

from . import links
from .cells import Run, joined, runs_of
from .palette import EM, INLINE_CODE, LINK, LINK_SHIFT, STRIKE, STRONG

BREAK: Final = "\n"
_SPECIAL = re.compile(r"[\\`*_~\[\]!<&\n]")
_TICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_LINE_BREAK_TAG = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^([^\]\s\[]{1,200})\]")
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_UNSETTLED_TAIL: Final = 80


class Content:
    """The text of a leaf without its containers' marks, and where each of its lines stands in the source."""

    __slots__ = ("_places", "_starts", "text")

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self._starts: list[int] = []
        self._places = [source for source, _ in lines]
        at = 0
        for _, text in lines:
            self._starts.append(at)
            at += len(text) + 1
        self.text = "\n".join([text for _, text in lines])

    def at(self, position: int) -> int:
        """Return the place in the source of a position in the text."""
        if len(self._starts) == 1:
            return self._places[0] + position
        line = bisect_right(self._starts, position) - 1
        return self._places[line] + position - self._starts[line]


@dataclass(slots=True)
class References:
    """What links and footnotes may point at; the first definition of a label counts."""

    links: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


class Inline(NamedTuple):
    """A parsed stretch: its runs and the labels that were looked up in vain."""

    runs: list[Run]
    missing: set[str]
    settled: int
    """Position in the text up to which nothing that follows can change the result."""


class _Node:
    __slots__ = ("end", "flags", "start", "text")

    def __init__(self, text: str, start: int, end: int, flags: int = 0) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.flags = flags


class _Delimiter:
    __slots__ = ("can_close", "can_open", "character", "count", "length", "node")

    def __init__(self, character: str, count: int, node: int, *, can_open: bool, can_close: bool) -> None:
        self.character = character
        self.count = self.length = count
        self.node = node
        self.can_open = can_open
        self.can_close = can_close


class _Bracket:
    __slots__ = ("active", "delimiters", "image", "node", "start")

    def __init__(self, node: int, start: int, delimiters: int, *, image: bool) -> None:
        self.node = node
        self.start = start
        self.delimiters = delimiters
        self.image = image
        self.active = True


@lru_cache(maxsize=2048)
def _kind(character: str) -> int:
    """Return 0 for a letter, 1 for white space, 2 for punctuation."""
    if not character or character.isspace():
        return 1
    if character in _ASCII_PUNCTUATION or unicodedata.category(character)[0] in "PS":
        return 2
    return 0


class _Parser:
    def __init__(self, text: str, start: int, references: References, targets: list[str]) -> None:
        self.text = text
        self.nodes: list[_Node] = []
        self.targets = targets
        self.missing: set[str] = set()
        self._start = start
        self._links: Mapping[str, str] = references.links
        self._notes: Container[str] = references.notes
        self._delimiters: list[_Delimiter] = []
        self._brackets: list[_Bracket] = []
        self._ticks: dict[int, list[int]] | None = None
        self._unsettled = len(text)

    def run(self) -> None:
        text, nodes = self.text, self.nodes
        pos, total = self._start, len(text)
        search = _SPECIAL.search
        while pos < total:
            match = search(text, pos)
            if match is None:
                nodes.append(_Node(text[pos:], pos, total))
                break
            at = match.start()
            if at > pos:
                nodes.append(_Node(text[pos:at], pos, at))
            pos = self._special(text[at], at)
        self._emphasise(0)
        for delimiter in self._delimiters:
            if delimiter.can_open:
                self._leave_open(nodes[delimiter.node].start)
                break
        for bracket in self._brackets:
            if bracket.active:
                self._leave_open(nodes[bracket.node].start)
                break

    def _leave_open(self, at: int) -> None:
        self._unsettled = min(self._unsettled, at)

    def _plain(self, at: int, end: int) -> int:
        self.nodes.append(_Node(self.text[at:end], at, end))
        return end

    def _special(self, character: str, at: int) -> int:
        if character in "*_~":
            return self._delimiter(character, at)
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
        if following in _ASCII_PUNCTUATION and following:
            self.nodes.append(_Node(following, at, at + 2))
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
        self.nodes.append(_Node(" ", start, end))
        return end

    def _after_newline(self, at: int) -> int:
        at += 1
        while at < len(self.text) and self.text[at] in " \t":
            at += 1
        return at

    def _break(self, start: int, newline: int) -> int:
        end = self._after_newline(newline)
        self.nodes.append(_Node(BREAK, start, end))
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
                self.nodes.append(_Node(" ", start - 1, start, INLINE_CODE))
            self.nodes.append(_Node(line, start, start + len(line), INLINE_CODE))
            start += len(line) + 1
        return after

    def _delimiter(self, character: str, at: int) -> int:
        text = self.text
        end = at + 1
        while end < len(text) and text[end] == character:
            end += 1
        count = end - at
        node = len(self.nodes)
        self._plain(at, end)
        if character == "~" and count < 2:
            return end
        before, after = _kind(text[at - 1 : at]), _kind(text[end : end + 1])
        left = after != 1 and (after != 2 or before != 0)
        right = before != 1 and (before != 2 or after != 0)
        if character == "_":
            opens, closes = left and (not right or before == 2), right and (not left or after == 2)
        else:
            opens, closes = left, right
        if opens or closes:
            self._delimiters.append(_Delimiter(character, count, node, can_open=opens, can_close=closes))
        return end

    def _emphasise(self, bottom: int) -> None:
        """Match closing runs with opening ones, innermost first, from the delimiter at *bottom* on."""
        delimiters = self._delimiters
        floors: dict[tuple[str, bool, int], int] = {}
        index = bottom
        while index < len(delimiters):
            closer = delimiters[index]
            least = 2 if closer.character == "~" else 1
            if not closer.can_close or closer.count < least:
                index += 1
                continue
            key = (closer.character, closer.can_open, closer.length % 3)
            floor = floors.get(key, -1)
            at = index - 1
            while at >= bottom and delimiters[at].node > floor and not _match(delimiters[at], closer):
                at -= 1
            if at < bottom or delimiters[at].node <= floor:
                floors[key] = closer.node - 1
                if closer.can_open:
                    index += 1
                else:
                    del delimiters[index]
                continue
            opener = delimiters[at]
            self._pair(opener, closer)
            del delimiters[at + 1 : index]
            index = at + 1
            if opener.count == 0:
                del delimiters[at]
                index -= 1
            if closer.count == 0:
                del delimiters[index]

    def _pair(self, opener: _Delimiter, closer: _Delimiter) -> None:
        used = 2 if opener.count >= 2 and closer.count >= 2 else 1
        flag = STRIKE if closer.character == "~" else STRONG if used == 2 else EM
        for node in self.nodes[opener.node + 1 : closer.node]:
            node.flags |= flag
        opener.count -= used
        closer.count -= used
        left, right = self.nodes[opener.node], self.nodes[closer.node]
        left.text, left.end = left.text[used:], left.end - used
        right.text, right.start = right.text[used:], right.start + used

    def _open_bracket(self, at: int, end: int, *, image: bool) -> int:
        if not image and (note := _FOOTNOTE.match(self.text, at)):
            label = "^" + links.normal_label(note[1])
            if label in self._notes:
                self.nodes.append(_Node(f"[{note[1]}]", at, note.end(), LINK))
                return note.end()
            self.missing.add(label)
        self._brackets.append(_Bracket(len(self.nodes), end, len(self._delimiters), image=image))
        return self._plain(at, end)

    def _close_bracket(self, at: int) -> int:
        if not self._brackets:
            return self._plain(at, at + 1)
        bracket = self._brackets.pop()
        target = self._target(bracket, at) if bracket.active else None
        if target is None:
            return self._plain(at, at + 1)
        self._emphasise(bracket.delimiters)
        del self._delimiters[bracket.delimiters :]
        self.targets.append(target.address)
        style = LINK | len(self.targets) << LINK_SHIFT
        opening = self.nodes[bracket.node]
        opening.text = "image: " if bracket.image else ""
        for node in self.nodes[bracket.node :]:
            node.flags = node.flags & ((1 << LINK_SHIFT) - 1) | style
        self.nodes.append(_Node("", at, target.end))
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
                self.nodes.append(_Node(address, at + 1, match.end() - 1, style))
                return match.end()
        if match := _LINE_BREAK_TAG.match(self.text, at):
            self.nodes.append(_Node(BREAK, at, match.end()))
            return match.end()
        return self._plain(at, at + 1)

    def _entity(self, at: int) -> int:
        if match := _ENTITY.match(self.text, at):
            character = html.unescape(match[0])
            if match[0][1] == "#" or match[0][1:] in html5:
                self.nodes.append(_Node(character.replace("\n", " ") or "\ufffd", at, match.end()))
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


def _match(opener: _Delimiter, closer: _Delimiter) -> bool:
    if opener.character != closer.character or not opener.can_open:
        return False
    if closer.character == "~":
        return opener.count >= 2
    if (opener.can_close or closer.can_open) and (opener.length + closer.length) % 3 == 0:
        return opener.length % 3 == 0 and closer.length % 3 == 0
    return True


def _addresses(text: str, start: int, targets: list[str]) -> list[tuple[str, int, int]]:
    """Split text at bare addresses; each becomes a link."""
    pieces: list[tuple[str, int, int]] = []
    done = 0
    for match in links.ADDRESS.finditer(text):
        end = match.start() + links.address_end(match[0])
        if match.start() > done:
            pieces.append((text[done : match.start()], start + done, 0))
        targets.append(text[match.start() : end])
        pieces.append((text[match.start() : end], start + match.start(), LINK | len(targets) << LINK_SHIFT))
        done = end
    pieces.append((text[done:], start + done, 0))
    return pieces


def parse(content: Content, style: int, references: References, targets: list[str], start: int = 0) -> Inline:
    """Parse the content from *start* on, which must be 0 or a settled position; links go to *targets*."""
    parser = _Parser(content.text, start, references, targets)
    parser.run()
    pieces: list[Run] = []
    for node in parser.nodes:
        if text := node.text:
            begin = content.at(node.start)
            same = node.end - node.start == len(text) and text != " "
            pieces.append(
                (text, style | node.flags, begin, begin + len(text) if same else content.at(node.end))
            )
    runs: list[Run] = []
    for piece in joined(pieces):
        text, flags, begin, end = piece
        if end - begin != len(text):
            runs.extend(_special_run(piece))
        elif "://" in text and not flags & (LINK | INLINE_CODE):
            for address, at, link in _addresses(text, begin, parser.targets):
                runs.extend(runs_of(address, flags | link, at))
        else:
            runs.extend(runs_of(text, flags, begin))
    return Inline(runs, parser.missing, parser.settled())


def _special_run(run: Run) -> list[Run]:
    """Return what is shown for source of another length: an entity, an escape, a line break."""
    text, style, start, end = run
    if text == BREAK:
        return [run]
    return [(display, style, start, end) for display, _, _, _ in runs_of(text, style, 0)]
