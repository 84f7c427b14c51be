"""What a download is, what is known before it begins, and the event about it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import msgspec

from core.bus import StateEvent
from core.jobs.types import Fault
from core.models.directory import Disk
from core.models.types import Fit

State = Literal[
    "waiting", "paused", "planning", "downloading", "checking", "finishing", "retrying", "proving",
    "done", "failed", "cancelled",
]  # fmt: skip
"""In the queue; set aside; asking the registry; bytes move; the server checks what came; it writes the
model; a pause before another try; the model is tried out; and the three ends."""

UNFINISHED: tuple[State, ...] = (
    "waiting", "paused", "planning", "downloading", "checking", "finishing", "retrying", "proving",
)  # fmt: skip
MOVING: tuple[State, ...] = ("planning", "downloading", "checking", "finishing")


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the model did when it was tried out."""

    load_seconds: float | None = None
    speed: float | None = None
    """Tokens a second; None of a model that makes vectors, or that said too little."""
    dimensions: int | None = None
    """Of its vectors."""


class Download(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One download as it is now. *percent* and *completed* are of the whole model and never fall."""

    id: int
    name: str
    state: State = "waiting"
    percent: float | None = None
    completed: int = 0
    total: int | None = None
    """Bytes of the whole model; None until somebody knows."""
    exact: bool = False
    """The total is the manifest's, not the sum of what was reported so far."""
    speed: float | None = None
    """Bytes a second."""
    eta: float | None = None
    """Seconds that are left at this speed."""
    position: int | None = None
    """Its place among those that wait: 1 is next."""
    text: str = ""
    """What it does or waits for, in words."""
    error: Fault | None = None
    """Why it failed, or why it is tried again."""
    attempt: int = 0
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    proof: Proof | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it still has something before it."""
        return self.state in UNFINISHED


Downloads = tuple[Download, ...]
"""A list of downloads; named here because a verb is called `list`."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a download would bring, asked before it begins. None is unknown."""

    name: str
    total: int | None = None
    missing: int | None = None
    """Bytes still to fetch: files and parts that are there already are not counted."""
    files: int | None = None
    missing_files: int | None = None
    disk: Disk | None = None
    """The volume it goes to, where that can be seen from here."""
    wanted: int | None = None
    """The free space that is asked for: what is missing and half as much again."""
    enough: bool | None = None
    installed: bool = False
    current: bool = False
    """Every file is there and the model is installed: there is nothing to fetch."""
    fit: Fit | None = None
    """Whether it would run on this machine."""
    note: str = ""
    """One sentence for people, where something is not known."""


class DownloadChanged(StateEvent, frozen=True, tag=True):
    """A download is new or moved on."""

    download: Download

    @property
    def topic(self) -> Hashable:
        """One topic a download."""
        return (DownloadChanged, self.download.id)
