"""Entries of an array of tables in a file of a person's own, changed without losing a comment. Pure.

[[persona]]
name = "Reviewer"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import ConfigError, NotFound
from core.guard import one_line

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_LOOSE = re.compile(r"(?<=\n)(?:[ \t]*(?:#[^\n]*)?(?:\n|\Z))+\Z")
"""Blank lines and comments at the end of a text."""


def put(text: str, table: str, name: str, values: Mapping[str, Any]) -> str:
    """The text with these values in the entry of that name; what is empty there is left out."""
    import tomlkit  # slow to import, and needed by whoever writes only

    wanted, place = _found(text, table, name)
    old = wanted[table][place]
    wanted[table][place] = {key: value for key, value in (old | values).items() if value}

    def change() -> str:
        document = tomlkit.parse(text)
        entry: Any = document[table][place]
        for key, value in values.items():
            if key in old and not value:
                del entry[key]
            elif key in old and old[key] != value:
                entry[key] = _item(value)
        new = [
            f"{key} = {_item(value).as_string()}\n"
            for key, value in values.items()
            if value and key not in old
        ]
        changed = tomlkit.dumps(document)
        _, end = _block(changed, table, place)
        before = changed[:end]
        return f"{before if before.endswith(chr(10)) else before + chr(10)}{''.join(new)}{changed[end:]}"

    return _proved(change, wanted)


def take(text: str, table: str, name: str) -> str:
    """The text without the entry of that name; a comment above the next one stays."""
    wanted, place = _found(text, table, name)
    del wanted[table][place]
    if not wanted[table]:
        del wanted[table]

    def change() -> str:
        start, end = _block(text, table, place)
        return text[:start] + text[end:].lstrip("\n")

    return _proved(change, wanted)


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _found(text: str, table: str, name: str) -> tuple[dict[str, Any], int]:
    """What the text says, and which entry has that name."""
    said = tomllib.loads(text)
    for number, entry in enumerate(said.get(table, [])):
        if isinstance(found := entry.get("name"), str) and found.casefold() == name.casefold():
            return said, number
    raise NotFound(f"Nothing in the file is called “{one_line(name, 60)}”.")


def _block(text: str, table: str, place: int) -> tuple[int, int]:
    """Where an entry begins, and where it ends without the comments that stand above the next one."""
    headers = [
        found.start() for found in re.finditer(rf"^[ \t]*\[\[[ \t]*{table}[ \t]*\]\]", text, re.MULTILINE)
    ]
    start = headers[place]
    later = _HEADER.search(text, text.index("\n", start) if "\n" in text[start:] else len(text))
    return start, len(_LOOSE.sub("", text[: later.start() if later is not None else len(text)]))


def _proved(change: Callable[[], str], wanted: dict[str, Any]) -> str:
    """Make a change, proved to change nothing else."""
    try:
        new = change()
        sound = tomllib.loads(new) == wanted
    except Exception:  # noqa: BLE001 - tomlkit has several of its own for what it cannot change
        sound = False
    if not sound:
        raise ConfigError(
            "Nothing was written: this entry cannot be changed without touching others.",
            "Change it in an editor.",
        )
    return new
