"""A row to choose from."""

from __future__ import annotations

import msgspec

from tui.theme import Ink


class Option(msgspec.Struct, frozen=True):
    """One thing to choose: its key, what it is called, and a few words beside it."""

    key: str
    label: str
    about: str = ""
    right: str = ""
    mark: str = ""
    mark_ink: Ink = "dim"
