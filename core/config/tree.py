"""From the text of a file to a configuration, key by key: every wrong one is named, every right one kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from core.config.schema import Config, read, table
from core.config.types import Keys, Problem, Setting, Value
from core.config.values import check, meant, quoted
from core.errors import ConfigError
from core.guard import one_line

MOST = 50
"""Problems named of one file: whoever has more has another file in mind."""

_TOO_DEEP = "The file is nested too deeply to be read."

# Compiled when something is wrong, not at every start.
_PLACE = r" \(at (?:line (\d+), column \d+|end of document)\)$"
_BARE = r"[A-Za-z0-9_-]+"


class WrongText(Exception):
    """The text as a whole cannot be used."""

    def __init__(self, message: str, hint: str = "", *, line: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem("", line, message, hint)


class _Finding(msgspec.Struct, frozen=True):
    """Something wrong at a key, before its line is known."""

    keys: Keys
    message: str
    hint: str


def parse(text: str) -> dict[str, Any]:
    """Return a TOML text as plain data, or say in a WrongText what is wrong with it and where."""
    if not text.strip():
        return {}
    import tomllib  # only who has a file pays for it

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise WrongText(_TOO_DEEP) from None
    except ValueError as error:  # besides what tomllib raises itself: a number of 5000 digits, for one
        message = one_line(str(error), 300)
        place = re.search(_PLACE, message)
        line = None
        if place is not None:
            line = int(place[1]) if place[1] else text.count("\n", 0, len(text.rstrip())) + 1
            message = message[: place.start()]
        raise WrongText(
            f"The file is not valid TOML: {message}.",
            "Nothing of it is used until this line is mended." if line else "Nothing of it is used.",
            line=line,
        ) from None


def same(one: object, other: object) -> bool:
    """Tell whether two parsed files say the same; a table without entries says nothing."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = one.keys() | other.keys()
        return all(same(one.get(name, {}), other.get(name, {})) for name in names)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    # Written out, nan is nan, and 1 is neither 1.0 nor true.
    return type(one) is type(other) and repr(one) == repr(other)


def build(
    parsed: dict[str, Any], text: str, instead: Config, given: frozenset[str] = frozenset()
) -> tuple[Config, tuple[Problem, ...], frozenset[str]]:
    """Return the configuration, what is wrong, and which settings come from the file.

    What is wrong is as in *instead*, of which *given* came from the file as it was before.
    """
    builder = _Builder(instead, given)
    try:
        builder.section((), parsed)
    except RecursionError:
        raise WrongText(_TOO_DEEP) from None
    config = msgspec.convert(builder.values, Config)
    return config, _problems(builder.findings, text), frozenset(builder.given)


def _problems(findings: list[_Finding], text: str) -> tuple[Problem, ...]:
    if not findings:
        return ()
    from core.config.lines import locate, nearest  # only who has a problem pays for it

    found = locate(text)
    problems = [
        Problem(shown(finding.keys), nearest(found, finding.keys), finding.message, finding.hint)
        for finding in findings
    ]
    problems.sort(key=lambda problem: problem.line or 0)
    if (more := len(problems) - MOST) > 0:
        problems[MOST:] = [Problem("", None, f"The file has {more} more problems like these.")]
    return tuple(problems)


def shown(keys: Keys) -> str:
    """Return keys as the file would write them, short and harmless."""
    parts = (key if re.fullmatch(_BARE, key) else f'"{one_line(key, 60)}"' for key in keys)
    return one_line(".".join(parts), 120)


@cache
def _settings() -> dict[Keys, Setting]:
    return {tuple(path.split(".")): setting for path, (setting, _) in table().items()}


@cache
def _names() -> tuple[str, ...]:
    return (*map(".".join, _sections()), *table())


@cache
def _sections() -> frozenset[Keys]:
    return frozenset(keys[:depth] for keys in _settings() for depth in range(1, len(keys)))


class _Builder:
    """Walks over the parsed file beside the table."""

    def __init__(self, instead: Config, before: frozenset[str]) -> None:
        self._instead = instead
        self._before = before
        self.values: dict[str, Any] = {}
        self.findings: list[_Finding] = []
        self.given: set[str] = set()

    def section(self, keys: Keys, content: dict[str, Any]) -> None:
        """Take what a table of the file says."""
        for name, raw in content.items():
            here = (*keys, name)
            if here in _sections():
                self._subsection(here, raw)
            elif (setting := _settings().get(here)) is None:
                self._unknown(here)
            elif setting.kind == "map" and isinstance(raw, dict):
                self._map(setting, here, raw)
            else:
                self._setting(setting, here, raw)

    def _subsection(self, keys: Keys, raw: object) -> None:
        if isinstance(raw, dict):
            self.section(keys, raw)
            return
        name = shown(keys)
        self._find(keys, f"{name} must be a table.", f"Write [{name}], and its settings below.")
        for inside, setting in _settings().items():
            if inside[: len(keys)] == keys:
                self._keep(setting, inside)

    def _unknown(self, keys: Keys) -> None:
        # Guessing costs time: beyond what is shown it is not done.
        hint = meant(".".join(keys), _names()) if len(self.findings) < MOST else ""
        self._find(keys, f"There is no setting named {shown(keys)}.", hint)

    def _setting(self, setting: Setting, keys: Keys, raw: object) -> None:
        try:
            check(setting, raw)
        except ConfigError as error:
            value = quoted(setting, self._keep(setting, keys))
            self._find(keys, error.message, error.hint or f"Until that is mended, it is {value}.")
        else:
            self._put(keys, raw)
            self.given.add(setting.path)

    def _map(self, setting: Setting, keys: Keys, raw: dict[str, Any]) -> None:
        entries: dict[str, Any] = {}
        before = read(self._instead, setting.path)
        assert isinstance(before, dict)
        for inside, value in _leaves(raw):
            entry = ".".join(inside)
            try:
                entries[entry] = check(setting, value, entry)
            except ConfigError as error:
                if entry in before:
                    entries[entry] = before[entry]
                self._find((*keys, *inside), error.message, error.hint)
        self._put(keys, entries)
        self.given.add(setting.path)

    def _keep(self, setting: Setting, keys: Keys) -> Value:
        """Leave a setting as it was."""
        value = read(self._instead, setting.path)
        self._put(keys, value)
        self.given |= self._before & {setting.path}
        return value

    def _put(self, keys: Keys, value: object) -> None:
        place = self.values
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value

    def _find(self, keys: Keys, message: str, hint: str = "") -> None:
        self.findings.append(_Finding(keys, message, hint))


def _leaves(content: dict[str, Any], above: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every entry of a map: `chat.new = …` is the entry chat.new, as `"chat.new" = …` is."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
