"""How well everything is: one line for each thing that was looked at."""

from __future__ import annotations

from typing import Literal

import msgspec

CheckState = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and the exact thing that mends it."""

    check: str
    state: CheckState
    message: str
    hint: str = ""
