"""Entries of an array of tables in a file of a person's own, changed without losing a comment. Pure.

    [[persona]]
    name = "Reviewer"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import ConfigError

_BY_HAND = "Change it in an editor."


def put(text: str, table: str, name: str, values: Mapping[str, Any]) -> str:
    """The text with these values in the entry of that name; what is empty there is left out."""

    def change(entries: Any, place: int) -> None:
        import tomlkit

        entry = entries[place]
        for key, value in values.items():
            if not value:
                entry.pop(key, None)
            elif entry.get(key) != value:
                several = isinstance(value, str) and "\n" in value
                entry[key] = tomlkit.string(f"\n{value}", multiline=True) if several else _item(value)

    def expected(entries: list[dict[str, Any]], place: int) -> None:
        entries[place] = {key: value for key, value in (entries[place] | values).items() if value}

    return _edited(text, table, name, change, expected)


def take(text: str, table: str, name: str) -> str:
    """The text without the entry of that name."""

    def change(entries: Any, place: int) -> None:
        del entries[place]

    return _edited(text, table, name, change, change)


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    return tomlkit.item(value)


def _edited(
    text: str,
    table: str,
    name: str,
    change: Callable[[Any, int], None],
    expected: Callable[[list[dict[str, Any]], int], None],
) -> str:
    """Change one entry, proved to change nothing else."""
    import tomlkit  # slow to import, and needed by whoever writes only

    wanted = tomllib.loads(text)
    entries = wanted[table]
    place = next(number for number, entry in enumerate(entries) if _named(entry, name))
    expected(entries, place)
    if not entries:
        del wanted[table]
    try:
        document = tomlkit.parse(text)
        change(document[table], place)
        new = tomlkit.dumps(document)
        sound = tomllib.loads(new) == wanted
    except Exception:  # noqa: BLE001 - tomlkit has several of its own for what it cannot change
        sound, new = False, text
    if not sound:
        raise ConfigError("Nothing was written: this entry cannot be changed without touching others.", _BY_HAND)
    return new


def _named(entry: Mapping[str, Any], name: str) -> bool:
    found = entry.get("name")
    return isinstance(found, str) and found.casefold() == name.casefold()
