"""One model in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from core.simulator.models import Spec
from core.simulator.names import Name
from core.simulator.packages import Model, Package
from core.simulator.shapes import Footprint

FOREVER = (2**63 - 1) / 1e9
"""Seconds in the longest duration Go knows: a model that stays expires in three centuries."""


class Load(msgspec.Struct, frozen=True):
    """What a request needs of a runner; another value of any field means loading again."""

    context: int
    options: tuple[Any, ...]
    adapters: tuple[str, ...]
    shift: bool


class Runner:
    """One model in memory."""

    def __init__(self, model: Model, load: Load, slots: int, footprint: Footprint, keep_alive: float) -> None:
        self.name: Name = model.name
        self.package: Package = model.package
        self.load = load
        self.footprint = footprint
        self.keep_alive = keep_alive
        self.expires: float | None = None
        """When it is to go; None until the first request has finished."""
        self.users = 0
        self.dead = False
        """Its process crashed; the list shows it until somebody asks again."""
        self.slots = asyncio.Semaphore(slots)
        self.prompt = ""
        """What its cache holds."""

    @property
    def spec(self) -> Spec:
        """What it is."""
        return self.package.spec

    @property
    def stay(self) -> float:
        """Seconds it stays after its last request."""
        return FOREVER if self.keep_alive < 0 else self.keep_alive

    def expires_at(self, now: float) -> float:
        """What the list says: stale while it works, an estimate before its first answer."""
        return now + self.stay if self.expires is None else self.expires


class Lease(msgspec.Struct, frozen=True):
    """A runner that a request may use, and how long it took to get it."""

    runner: Runner
    waited: float
