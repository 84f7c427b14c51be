"""The parts of a link: destination, title, label; and which targets are allowed at all."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_ESCAPED = re.compile(
    r"\\([!-/:-@\[-`{-~])|(&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
)
_ANGLED = re.compile(r"<((?:[^<>\n\\]|\\.)*)>")
_BARE_END = re.compile(r"[\x00-\x20\x7f()\\]")
_TITLE = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\)""", re.DOTALL)
_SPACE = re.compile(r"[ \t\n]*")
_LABEL = re.compile(r"\[((?:[^\\\[\]]|\\.)*)\]", re.DOTALL)
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|\Z)")
_UNSAFE = re.compile(r"(?:vbscript|javascript|file|data):", re.IGNORECASE)
_SAFE_DATA = re.compile(r"data:image/(?:gif|png|jpeg|webp);", re.IGNORECASE)
_LABEL_LIMIT: Final = 999
_NESTING_LIMIT: Final = 32

AUTOLINK = re.compile(
    r"<([a-zA-Z][a-zA-Z0-9+.\-]{1,31}:[^<>\x00-\x20]*"
    r"|[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~\-]+@[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?)*)>"
)
ADDRESS = re.compile(r"https?://[^\s<>\"`]+")


@dataclass(slots=True)
class References:
    """What links and footnotes may point at; the first definition of a label counts."""

    links: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


class Target(NamedTuple):
    """Where a link leads and where its source ends; ``end`` < 0 when the text stops before that is known."""

    address: str
    end: int


UNFINISHED: Final = Target("", -1)


def unescape(text: str) -> str:
    """Return text with backslash escapes and character references resolved."""
    if "\\" not in text and "&" not in text:
        return text
    return _ESCAPED.sub(lambda match: match[1] or html.unescape(match[2]), text)


def is_allowed(address: str) -> bool:
    """Return whether an address may become a link: nothing that a viewer would run."""
    plain = address.strip()
    return not _UNSAFE.match(plain) or bool(_SAFE_DATA.match(plain))


def normal_label(label: str) -> str:
    """Return a reference's label the way two spellings of it compare equal."""
    return " ".join(label.split()).lower().upper()


def address_end(text: str) -> int:
    """Return where a bare address ends: closing brackets it did not open belong to the sentence."""
    end = len(text)
    while end and text[end - 1] in ")]}.,:;!?":
        closing = text[end - 1]
        opening = {")": "(", "]": "[", "}": "{"}.get(closing)
        if opening and text.count(opening, 0, end) >= text.count(closing, 0, end):
            break
        end -= 1
    return end


def destination(text: str, at: int) -> Target | None:
    """Read a link destination at *at*."""
    if text.startswith("<", at):
        match = _ANGLED.match(text, at)
        if match:
            return Target(unescape(match[1]), match.end())
        return None if "\n" in text[at:] or "<" in text[at + 1 :] else UNFINISHED
    depth, pos = 0, at
    while True:
        match = _BARE_END.search(text, pos)
        if match is None:
            pos = len(text)
            break
        pos, character = match.start(), match[0]
        if character == "\\" and pos + 1 < len(text) and text[pos + 1] != " ":
            pos += 2
            continue
        if character == "(":
            depth += 1
            if depth > _NESTING_LIMIT:
                return None
        elif character == ")":
            if depth == 0:
                break
            depth -= 1
        elif character != "\\" or text[pos + 1 : pos + 2] == " ":
            break
        pos += 1
    if pos >= len(text):
        return Target(unescape(text[at:pos]), pos) if depth == 0 and pos > at else UNFINISHED
    return None if depth or pos == at else Target(unescape(text[at:pos]), pos)


def _spaces(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def inline_target(text: str, at: int) -> Target | None:
    """Read ``(destination "title")`` whose opening bracket is at *at*."""
    pos = _spaces(text, at + 1)
    if pos >= len(text):
        return UNFINISHED
    address = ""
    if text[pos] != ")":
        found = destination(text, pos)
        if found is None or found.end < 0:
            return found
        address, pos = found
        if not is_allowed(address):
            return None
        after = _spaces(text, pos)
        if after > pos and after < len(text) and text[after] in "\"'(":
            title = _TITLE.match(text, after)
            if title is None:
                return UNFINISHED
            after = _spaces(text, title.end())
        pos = after
    if pos >= len(text):
        return UNFINISHED
    return Target(address, pos + 1) if text[pos] == ")" else None


def label_at(text: str, at: int) -> tuple[str, int] | None:
    """Read ``[label]`` at *at*: what stands in the brackets and where they end."""
    match = _LABEL.match(text, at)
    return (match[1], match.end()) if match and len(match[1]) <= _LABEL_LIMIT else None


def definition(text: str, at: int) -> tuple[str, str, int] | None:
    """Read a reference definition at the start of a line: its label, its address and where it ends."""
    label = label_at(text, at)
    if label is None or not text.startswith(":", label[1]):
        return None
    key = normal_label(label[0])
    pos = _spaces(text, label[1] + 1)
    found = destination(text, pos) if key and pos < len(text) else None
    if found is None or found.end < 0 or not is_allowed(found.address):
        return None
    after = _spaces(text, found.end)
    if after > found.end and after < len(text) and text[after] in "\"'(":
        title = _TITLE.match(text, after)
        rest = _REST_OF_LINE.match(text, title.end()) if title else None
        if rest:
            return key, found.address, rest.end()
    rest = _REST_OF_LINE.match(text, found.end)
    return (key, found.address, rest.end()) if rest else None
