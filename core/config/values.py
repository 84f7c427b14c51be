"""Values of settings: checked against the table, read from what a person typed, quoted in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from core.config.schema import table
from core.config.types import Setting, Value
from core.errors import ConfigError, NotFound
from core.guard import harmless, one_line

LONGEST = 1000
"""Characters a text may have: settings are short, and all of them are shown somewhere."""

_WORDS = {
    **dict.fromkeys(("true", "on", "yes", "1"), True),
    **dict.fromkeys(("false", "off", "no", "0"), False),
}


def find(path: str) -> tuple[Setting, str]:
    """Return the setting a path means, and the entry within it when the setting is a map."""
    if path in table():
        return table()[path][0], ""
    for setting, _ in table().values():
        if setting.kind == "map" and (entry := path.removeprefix(setting.path + ".")) not in {path, ""}:
            return setting, entry
    raise NotFound(f"There is no setting named {one_line(path, 80)}.", meant(path, table()))


def meant(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean …?" for a name that is nearly right, else nothing."""
    from difflib import get_close_matches  # rarely needed, and slow to import

    candidates = list(known)
    last = name[:100].rpartition(".")[2]
    same = [path for path in candidates if path.rpartition(".")[2] == last]
    near = same or get_close_matches(name[:100], candidates, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def check(setting: Setting, raw: object, entry: str = "") -> Any:
    """Return *raw* as the setting's type, or say in a ConfigError why it cannot be."""
    if entry:
        return _entry(setting, raw, entry)
    try:
        value = msgspec.convert(raw, table()[setting.path][1])
    except (msgspec.ValidationError, OverflowError):
        raise _wrong(setting, raw) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(setting, raw)
    if setting.kind == "map":
        return {name: _entry(setting, text, name) for name, text in value.items()}
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str):
            _clean(setting.path, text)
    return value


def _entry(setting: Setting, raw: object, entry: str) -> str:
    path = f"{setting.path}.{one_line(entry, 80)}"
    if entry != one_line(entry, 80):
        raise ConfigError(f"{path} is not a name: it must be short and without control characters.")
    if not isinstance(raw, str):
        raise ConfigError(f"{path} is {quoted(setting, raw)}; it must be one line of text.")
    return _clean(path, raw)


def _clean(path: str, text: str) -> str:
    if len(text) > LONGEST:
        raise ConfigError(
            f"{path} has {len(text)} characters; it must be one line of at most {LONGEST} characters."
        )
    if "\n" in text or text != harmless(text):
        raise ConfigError(f"{path} has line breaks or control characters; it must be one line of text.")
    return text


def _wrong(setting: Setting, raw: object) -> ConfigError:
    hint = meant(raw, setting.choices) if isinstance(raw, str) else ""
    return ConfigError(f"{setting.path} is {quoted(setting, raw)}; it must be {setting.expects}.", hint)


def quoted(setting: Setting, raw: object) -> str:
    """Return a value as it may stand in a sentence: short, harmless, and not when it is secret."""
    if setting.secret:
        return "not valid"
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            return f'"{one_line(raw, 60)}"'
        case int() if abs(raw) >= 10**18:
            return "a number beyond all measure"
        case int() | float():
            return str(raw)
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
    return "a date or a time"


def parse(setting: Setting, text: str) -> Value:
    """Read what a person typed for a setting; `check` says whether it may be."""
    word = text.strip()
    match setting.kind:
        case "switch":
            return _WORDS.get(word.lower(), text)
        case "integer" | "number":
            return _number(word, text)
        case "choice":
            return next((choice for choice in setting.choices if choice == word.lower()), text)
        case "list":
            return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _number(word: str, otherwise: str) -> Value:
    for read in (int, float):
        try:
            return read(word)
        except ValueError:
            continue
    return otherwise
