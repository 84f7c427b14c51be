"""Where the engine behind a face lives, and how the line to it is."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.bus import StateEvent

LinkPhase = Literal["here", "attached", "silent", "lost", "gone"]
"""In this process; in another one, which answers, does not answer, is looked for, or has ended."""


class LinkState(msgspec.Struct, frozen=True, kw_only=True):
    """How the line to the engine is."""

    phase: LinkPhase = "here"
    where: str = ""
    """The machine it is on, when that is another one."""
    pid: int = 0
    round_trip: float | None = None
    """Seconds to the engine and back."""
    slow: bool = False
    """So long that the screens should rest from everything that can be spared."""
    message: str = ""
    """What is wrong with the line, for people."""

    @property
    def up(self) -> bool:
        """Whether a call has a chance."""
        return self.phase in {"here", "attached", "silent"}


HERE = LinkState()


class LinkChanged(StateEvent, frozen=True, tag=True):
    """The line to the engine is another; told on the bus of the face alone."""

    state: LinkState
