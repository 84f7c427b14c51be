"""A thing that a key does, as the table of keys lists it."""

from __future__ import annotations

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

    @property
    def scope(self) -> str:
        """Where it works: `app` everywhere, otherwise the page or widget of that name."""
        return self.id.partition(".")[0]
