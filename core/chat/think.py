"""Tells thinking from answer while a model speaks. Pure.

Servers send thinking in a field of its own, or leave it between tags in the text; models differ, and a
tag may be torn anywhere. Fragments go in, pieces come out; the same text gives the same two texts
however it was torn. The rules are those of Ollama's own parser, and where it gives up, these:

    <think>a</think>b        the tag comes first: thinking until the first close, blanks around it trimmed
    <think>a                 never closed: all of it is thinking
    a</think>b               only closed: the prompt had opened it, so what was said so far was thinking
    a<think>b</think>c       in the middle: thinking again, and the answer goes on
    a<think>b                in the middle and never closed: it only spoke of the tag
    `<think>` and fences     code is quoted, never obeyed
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from core.chat.types import Part

TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
)
"""What models put around their thinking."""

_OPENS = tuple(opening for opening, _ in TAGS)
_ALL = tuple(tag for pair in TAGS for tag in pair)
_TAG = re.compile("|".join(map(re.escape, _ALL)))
# What matters in an answer: line ends, the marks of code, and tags.
_MARK = re.compile(rf"\n|`+|~~~+|{_TAG.pattern}")
FIRST = frozenset(tag[0] for tag in _ALL)
"""The signs a tag may begin with; text without them is what it seems."""


class Said(NamedTuple):
    """A piece of one of the two texts."""

    part: Part
    text: str


class Moved(NamedTuple):
    """It turns out that the last *length* characters of the other text belong to this one, after *lead*."""

    part: Part
    length: int
    lead: str = ""


Piece = Said | Moved


class ThinkParser:
    """One answer's worth of parsing."""

    def __init__(self) -> None:
        self._state: Literal["start", "thinking", "answer"] = "start"
        self._held = ""
        self._field = ""
        self._trim = False
        self._thought = False
        self._answered = 0
        self._mention: _Mention | None = None
        self._code = _Code()
        self._out: list[Piece] = []

    def feed(self, content: str = "", thinking: str = "") -> list[Piece]:
        """Take what one object of the stream brought."""
        if thinking:
            self._thought = True
            *before, last = _TAG.split(self._field + thinking)
            for text in before:
                self._say("thinking", text)
            self._field = self._thinking(last)
        if content:
            self._held += content
            self._work()
        return self._take()

    def finish(self) -> list[Piece]:
        """The stream is over: what was held back in case it became a tag is text after all."""
        self._say("thinking", self._field)
        rest, self._held, self._field = self._held, "", ""
        if self._state == "thinking":
            self._say("thinking", rest)
            if self._mention is not None:
                mention = self._mention
                self._out.append(Moved("answer", mention.length, f"`{mention.tag}`{mention.blank}"))
        elif not self._trim or rest.strip():
            self._say("answer", rest.lstrip() if self._trim else rest)
        return self._take()

    def _take(self) -> list[Piece]:
        taken, self._out = self._out, []
        return taken

    def _say(self, part: Part, text: str) -> None:
        if not text:
            return
        if part == "answer":
            self._answered += len(text)
        elif self._mention is not None:
            self._mention = self._mention._replace(length=self._mention.length + len(text))
        last = self._out[-1] if self._out else None
        if isinstance(last, Said) and last.part == part:
            self._out[-1] = Said(part, last.text + text)
        else:
            self._out.append(Said(part, text))

    def _work(self) -> None:
        steps = {"start": self._start, "thinking": self._inside, "answer": self._outside}
        while steps[self._state]():
            pass

    def _start(self) -> bool:
        """Nothing was said yet but blanks: see whether it begins with a tag."""
        text = self._held.lstrip()
        if not text or any(len(text) < len(tag) and tag.startswith(text) for tag in _ALL):
            return False
        if found := _TAG.match(text):
            self._held = text[found.end() :]
            self._trim = self._thought = True
            self._state = "thinking" if found.group() in _OPENS else "answer"
        else:
            self._state = "answer"
        return True

    def _inside(self) -> bool:
        """Between the tags the first close ends it; an open tag means nothing more."""
        if self._trim:
            text = self._held.lstrip()
            if self._mention is not None:
                blank = self._held[: len(self._held) - len(text)]
                self._mention = self._mention._replace(blank=self._mention.blank + blank)
            self._held = text
            if not text:
                return False
            self._trim = False
        found = _TAG.search(self._held)
        if found is None:
            self._held = self._thinking(self._held)
            return False
        self._say("thinking", self._held[: found.start()])
        self._held = self._held[found.end() :]
        if found.group() not in _OPENS:
            self._state, self._trim, self._mention = "answer", True, None
        return True

    def _thinking(self, text: str) -> str:
        """Say thinking that has no tag in it; return its end if that may still become one."""
        keep = _begun(text)
        self._say("thinking", text[: len(text) - keep])
        return text[len(text) - keep :]

    def _outside(self) -> bool:
        """In the answer: tags that stand outside of code are obeyed."""
        if self._trim:
            self._held = self._held.lstrip()
            if not self._held:
                return False
            self._trim = False
        position = 0
        for found in _MARK.finditer(self._held):
            mark = found.group()
            if mark[0] in "`~" and found.end() == len(self._held):
                break  # the run may go on
            self._code.pass_over(self._held[position : found.start()])
            if mark in _ALL and not self._code:
                self._say("answer", self._held[: found.start()])
                self._held = self._held[found.end() :]
                self._obey(mark)
                return True
            self._code.meet(mark)
            position = found.end()
        rest = self._held[position:]
        keep = len(rest) - len(rest.rstrip("`~")) or _begun(rest)
        self._code.pass_over(rest[: len(rest) - keep])
        self._say("answer", self._held[: len(self._held) - keep])
        self._held = self._held[len(self._held) - keep :]
        return False

    def _obey(self, tag: str) -> None:
        if tag in _OPENS:
            self._state, self._trim = "thinking", True
            self._mention = _Mention(tag)
        elif not self._thought:
            self._out.append(Moved("thinking", self._answered))
            self._answered, self._trim = 0, True
            self._code = _Code()
        self._thought = True


class _Mention(NamedTuple):
    """An open tag in the middle of an answer, as long as nothing closes it."""

    tag: str
    blank: str = ""
    length: int = 0


class _Code:
    """Whether the text is inside of code, as far as Markdown is concerned; follows it piece by piece."""

    def __init__(self) -> None:
        self._fence = ""
        self._fence_line = False
        self._inline = 0
        self._indent: int | None = 0
        """Blanks since the line began; None when something else stands on it."""

    def __bool__(self) -> bool:
        return bool(self._fence or self._inline)

    def pass_over(self, text: str) -> None:
        """Text without marks or line ends."""
        if self._indent is not None:
            self._indent = None if text.strip(" ") else self._indent + len(text)

    def meet(self, mark: str) -> None:
        """A line end, a run of marks, or a tag that is text here."""
        if mark == "\n":
            self._indent, self._inline, self._fence_line = 0, 0, False
            return
        if mark[0] in "`~":
            self._run(mark)
        self._indent = None

    def _run(self, run: str) -> None:
        begins = self._indent is not None and self._indent <= 3
        if self._fence:
            closes = begins and run.startswith(self._fence)
            # Code in backticks on one line only looked like the beginning of a fence.
            if closes or (self._fence_line and run[0] == self._fence[0] == "`"):
                self._fence = ""
        elif begins and len(run) >= 3:
            self._fence, self._fence_line = run, True
        elif run[0] == "`":
            self._inline = 0 if self._inline == len(run) else self._inline or len(run)


def _begun(text: str) -> int:
    """How many characters at the end may be the beginning of a tag."""
    start = max(text.rfind(first) for first in FIRST)  # no tag has a second one of these inside
    end = text[start:] if start >= 0 else ""
    return len(end) if any(tag.startswith(end) for tag in _ALL) else 0
