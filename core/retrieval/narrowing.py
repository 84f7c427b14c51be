"""What a search keeps to, as people say it: some documents, some types, what was changed in a while. Pure.

words, narrow = parsed("type:pdf since:2026-01-01 in:handbook notice period", now)
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from core.errors import UsageError
from core.guard import one_line

_MOST = 20
"""Names that one search keeps to."""
_LONGEST = 300


class Type(NamedTuple):
    """A type of document as people call it."""

    shown: str
    media: tuple[str, ...]
    """The readers whose documents are of it."""
    also: tuple[str, ...] = ()
    """What else it is called."""


TYPES = {
    "pdf": Type("PDF", ("pdf",)),
    "markdown": Type("Markdown", ("markdown",), ("md",)),
    "text": Type("text", ("text",), ("txt", "plain")),
    "code": Type("code", ("code",), ("source",)),
    "html": Type("web page", ("html",), ("htm", "web")),
    "word": Type("Word", ("docx",), ("docx", "doc")),
    "excel": Type("Excel", ("xlsx",), ("xlsx", "xls", "spreadsheet")),
    "slides": Type("slides", ("pptx",), ("pptx", "ppt", "powerpoint")),
    "csv": Type("table", ("csv",), ("tsv", "table")),
    "json": Type("JSON", ("json",), ("jsonl",)),
    "notebook": Type("notebook", ("notebook",), ("ipynb", "jupyter")),
    "mail": Type("mail", ("mail",), ("eml", "email")),
    "epub": Type("book", ("epub",), ("book", "ebook")),
    "rst": Type("RST", ("rst",)),
}
"""Every type by its first name."""

_CALLED = {word: name for name, each in TYPES.items() for word in (name, *each.also)}
_WORD = re.compile(r'(?<!\S)(type|in|since|until):("[^"]*"|\S+)', re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_SPAN = re.compile(r"(\d{1,4})([hdwmy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_YEARS = range(1970, 9000)


class Narrow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a search keeps to; what is empty does not restrict."""

    documents: tuple[str, ...] = ()
    """By their numbers."""
    names: tuple[str, ...] = ()
    """Titles and names of files or parts of them, paths, folders, spaces; any of them will do."""
    types: tuple[str, ...] = ()
    """As TYPES calls them; any of them will do."""
    since: float | None = None
    until: float | None = None
    """When the document was changed last."""

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @property
    def named(self) -> bool:
        """Whether somebody said which documents are meant."""
        return bool(self.documents or self.names)

    @property
    def media(self) -> tuple[str, ...]:
        """The readers whose documents are let through; empty: those of all."""
        return tuple(dict.fromkeys(media for name in self.types for media in TYPES[name].media))


EVERYTHING = Narrow()


def type_of(word: str) -> str | None:
    """The first name of a type that is called so; None when nothing is."""
    return _CALLED.get(word.strip().lstrip(".").casefold())


def moment(text: str, now: float, *, end: bool = False) -> float | None:
    """A time as people say it: 2026-03-01, 2026-03, 2026, 7d, 2w, 3m, 1y, today, yesterday; None: no time.

    A day, month or year counts from its beginning, or up to its *end*.
    """
    said = text.strip().casefold()
    if found := _SPAN.fullmatch(said):
        return max(now - int(found[1]) * _HOURS[found[2]] * 3600.0, 0.0)
    today = _local(now).date()
    if said in ("today", "yesterday"):
        first = today - timedelta(days=said == "yesterday")
        return _edge(first, first + timedelta(days=1), end=end)
    if (found := _DAY.fullmatch(said)) is None or int(found[1]) not in _YEARS:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    if found[3]:
        after = first + timedelta(days=1)
    elif found[2]:
        after = date(year + month // 12, month % 12 + 1, 1)
    else:
        after = date(year + 1, 1, 1)
    return _edge(first, after, end=end)


def _edge(first: date, after: date, *, end: bool) -> float:
    return _midnight(after) - 0.001 if end else _midnight(first)


def _midnight(day: date) -> float:
    return time.mktime((day.year, day.month, day.day, 0, 0, 0, 0, 0, -1))


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()


def parsed(line: str, now: float) -> tuple[str, Narrow]:
    """What to search for, and what to keep to; what means nothing stays among the words."""
    names: list[str] = []
    types: list[str] = []
    times: dict[str, float] = {}

    def take(found: re.Match[str]) -> str:
        key, value = found[1].casefold(), found[2].strip('"').strip()
        if key == "in":
            names.append(value)
            return "" if value else found[0]
        if key == "type":
            known = [type_of(word) for word in value.split(",") if word]
            if not known or None in known:
                return found[0]
            types.extend(name for name in known if name)
            return ""
        at = moment(value, now, end=key == "until")
        if at is not None:
            times[key] = at
        return found[0] if at is None else ""

    words = " ".join(_WORD.sub(take, line).split())
    kept = Narrow(
        names=tuple(name for name in names if name)[:_MOST],
        types=tuple(types),
        since=times.get("since"),
        until=times.get("until"),
    )
    return words, checked(kept)


def checked(narrow: Narrow) -> Narrow:
    """The same in one way of writing; UsageError for what cannot be meant."""
    if strange := next((word for word in narrow.types if type_of(word) is None), None):
        raise UsageError(f"No type of document is called {one_line(strange, 40)!r}.", f"There are {types()}.")
    names = [" ".join(one_line(name, _LONGEST).split()) for name in narrow.names]
    if len(names) + len(narrow.documents) > _MOST:
        raise UsageError(f"A search keeps to {_MOST} names at most.")
    return msgspec.structs.replace(
        narrow,
        documents=tuple(dict.fromkeys(narrow.documents)),
        names=tuple(dict.fromkeys(name for name in names if name)),
        types=tuple(dict.fromkeys(_known(narrow.types))),
        since=_finite(narrow.since),
        until=_finite(narrow.until),
    )


def _known(words: Iterable[str]) -> Iterable[str]:
    return (name for word in words if (name := type_of(word)))


def _finite(at: float | None) -> float | None:
    return at if at is not None and math.isfinite(at) else None


def types() -> str:
    """The types there are, as a sentence has them."""
    return ", ".join(TYPES)


def in_words(narrow: Narrow) -> str:
    """What a search keeps to, for people: `PDF, Word · in handbook · since 2026-01-01`; empty: nothing."""
    parts = [", ".join(TYPES[name].shown for name in narrow.types if name in TYPES)]
    named = [*narrow.names, *(f"document {one}" for one in narrow.documents)]
    parts.append(f"in {', '.join(one_line(name, 60) for name in named)}" if named else "")
    parts += [
        f"{word} {_day(at)}"
        for word, at in (("since", narrow.since), ("until", narrow.until))
        if at is not None
    ]
    return " · ".join(part for part in parts if part)


def in_line(narrow: Narrow) -> str:
    """The same as it is typed, so that it can be changed."""
    parts = [f"type:{','.join(narrow.types)}"] if narrow.types else []
    parts += [f'in:"{name}"' if " " in name else f"in:{name}" for name in narrow.names]
    times = (("since", narrow.since), ("until", narrow.until))
    parts += [f"{word}:{_day(at, short=True)}" for word, at in times if at is not None]
    return " ".join(parts)


def _day(at: float, *, short: bool = False) -> str:
    """A day; with the time where it is neither the beginning nor the end of one."""
    try:
        then = _local(at)
    except (ValueError, OverflowError, OSError):
        return "?"
    edge = (then.hour, then.minute) in ((0, 0), (23, 59))
    return f"{then:%Y-%m-%d}" if edge or short else f"{then:%Y-%m-%d %H:%M}"
