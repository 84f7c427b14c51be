"""A thing that a key does, as the table of keys lists it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Key(msgspec.Struct, frozen=True):
    """One thing a key does."""

    id: str
    keys: str
    action: str
    label: str
    about: str
    footer: bool = False
    priority: bool = False
    always: bool = False
    """Has its place in the key line however narrow that is."""

    @property
    def scope(self) -> str:
        """Where it works: `app` everywhere, otherwise the page or widget of that name."""
        return self.id.partition(".")[0]


class Shown(NamedTuple):
    """A key as the key line shows it."""

    key: str
    label: str
    always: bool = False
