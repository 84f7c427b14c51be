"""Patterns of what is passed over, as people know them from .gitignore.

*.log        a name anywhere           build/       a folder, and so all in it
/notes.md    only beside the file      docs/**/old  at any depth between
!keep.log    not ignored after all; of several that match, the last decides
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


class Patterns:
    """The patterns of one place, made ready to be asked about thousands of names."""

    def __init__(self) -> None:
        self._rules: list[tuple[bool, bool, bool, re.Pattern[str]]] = []
        self._any: tuple[re.Pattern[str], re.Pattern[str]] | None = None

    @classmethod
    def of(cls, lines: Iterable[str]) -> Patterns:
        """Read patterns, one a line; a broken one is none."""
        return _compiled(tuple(lines))

    def add(self, line: str) -> None:
        """Take one line."""
        line = line.rstrip("\r\n")
        while line.endswith(" ") and not line.endswith("\\ "):
            line = line[:-1]
        if not line or line.startswith("#"):
            return
        keeps = line.startswith("!")
        line = line[1:] if keeps else line.removeprefix("\\")
        folders = line.endswith("/")
        line = line.rstrip("/")
        if not line:
            return
        whole = "/" in line
        try:
            pattern = re.compile(_expression(line.removeprefix("/")) + r"\Z", re.DOTALL)
        except re.error:
            return
        self._rules.append((keeps, folders, whole, pattern))

    def ready(self) -> None:
        """Put the patterns together: almost every name matches none, and that has to be quick."""
        kinds = tuple(
            "|".join(p.pattern for _, _, w, p in self._rules if w == whole) for whole in (False, True)
        )
        never = r"(?!)"
        self._any = (re.compile(kinds[0] or never, re.DOTALL), re.compile(kinds[1] or never, re.DOTALL))

    def _together(self, *, whole: bool) -> re.Pattern[str]:
        found = [rule.pattern for _, _, paths, rule in self._rules if paths == whole]
        return re.compile("|".join(found) or r"(?!)", re.DOTALL)

    def verdict(self, path: str, name: str, *, is_folder: bool) -> bool | None:
        """Whether an entry is ignored, None when no pattern speaks of it; *path* begins where they stand."""
        if self._any is not None and not self._any[0].match(name) and not self._any[1].match(path):
            return None
        for keeps, folders, whole, pattern in reversed(self._rules):
            if folders and not is_folder:
                continue
            if pattern.match(path if whole else name):
                return not keeps
        return None


class Ignore:
    """Patterns and the folder they hold in."""

    __slots__ = ("base", "patterns")

    def __init__(self, base: str, patterns: Patterns) -> None:
        self.base = base
        self.patterns = patterns


@lru_cache(maxsize=256)
def _compiled(lines: tuple[str, ...]) -> Patterns:
    found = Patterns()
    for line in lines[:5_000]:
        found.add(line)
    found.ready()
    return found


def _expression(pattern: str) -> str:
    """A pattern as a regular expression over a relative path."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif pattern.startswith("/**", at) and at + 3 == len(pattern):
            parts.append("/.+")
            at += 3
        elif char == "*":
            while pattern.startswith("*", at):
                at += 1
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
            at += 1
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"(?!/)[{'^' + inner[1:] if inner[:1] in '!^' else inner}]")
            at = end + 1
        elif char == "\\" and at + 1 < len(pattern):
            parts.append(re.escape(pattern[at + 1]))
            at += 2
        else:
            parts.append(re.escape(char))
            at += 1
    return "".join(parts)
