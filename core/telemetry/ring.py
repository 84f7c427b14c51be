"""Values over time in a fixed piece of memory."""

from __future__ import annotations

from array import array
from math import isnan, nan


class Ring:
    """The newest *size* slots of one value; slots have running numbers, and gaps stay gaps."""

    __slots__ = ("_newest", "_values")

    def __init__(self, size: int) -> None:
        # Single precision is 24 bits: a 128 GiB memory is kept to within 8 KiB, at half the space.
        self._values = array("f", [nan]) * size
        self._newest: int | None = None

    @property
    def newest(self) -> int | None:
        """The number of the last slot that was written."""
        return self._newest

    def put(self, slot: int, value: float | None, hold: int = 0) -> None:
        """Write a slot; a gap of at most *hold* slots before it takes the value from before the gap."""
        size = len(self._values)
        newest = self._newest
        if newest is None or slot >= newest + size or slot <= newest - size:
            # Nothing written yet, or a clock that was set: what is here belongs to another time.
            if newest is not None:
                self._values = array("f", [nan]) * size
            self._newest = slot
        elif slot > newest:
            gap = slot - newest - 1
            filler = self._values[newest % size] if gap <= hold else nan
            for skipped in range(newest + 1, slot):
                self._values[skipped % size] = filler
            self._newest = slot
        self._values[slot % size] = nan if value is None else value

    def get(self, slot: int) -> float | None:
        """Read one slot; None where nothing is known."""
        newest = self._newest
        size = len(self._values)
        if newest is None or slot > newest or slot <= newest - size:
            return None
        value = self._values[slot % size]
        return None if isnan(value) else value

    def read(self, first: int, count: int) -> list[float | None]:
        """Read *count* slots from *first* on."""
        return [self.get(slot) for slot in range(first, first + count)]
