"""Downloads of blobs: resumed where they stopped, and shared by everybody who wants the same one."""

from __future__ import annotations

import msgspec

from core.clock import Clock
from core.simulator.pace import Pace
from core.simulator.packages import Layer
from core.simulator.shelf import Partial, Shelf


class Transfer(msgspec.Struct):
    """One blob on its way."""

    layer: Layer
    completed: float
    moved: float
    """When its progress was last worked out."""
    holders: int = 0
    stalled: bool = False


class Transfers:
    """All blobs that are on their way; nobody moves them but those who wait for them."""

    def __init__(self, shelf: Shelf, clock: Clock, pace: Pace) -> None:
        self._shelf = shelf
        self._clock = clock
        self._pace = pace
        self._running: dict[str, Transfer] = {}

    def join(self, layer: Layer) -> Transfer:
        """Take part in the transfer of a blob; it goes on where it stopped."""
        transfer = self._running.get(layer.digest)
        if transfer is None:
            partial = self._shelf.partials.pop(layer.digest, None)
            transfer = Transfer(layer, partial.completed if partial else 0, self._clock.monotonic())
            self._running[layer.digest] = transfer
        transfer.holders += 1
        return transfer

    def leave(self, transfer: Transfer) -> None:
        """Take no more part; what came stays, and the last one to leave stops it."""
        transfer.holders -= 1
        digest = transfer.layer.digest
        if digest not in self._shelf.blobs and transfer.completed > 0:
            self._shelf.partials[digest] = Partial(int(transfer.completed), self._clock.now())
        if not transfer.holders:
            self._running.pop(digest, None)

    def tick(self, transfer: Transfer) -> float:
        """Seconds until it is worth looking again: twenty looks a blob when nobody really waits."""
        if not self._pace.instant:
            return self._pace.tick
        return max(self._pace.tick, transfer.layer.size / self.rate / 20)

    def move(self, transfer: Transfer, skipped: float = 0.0) -> bool:
        """Work out how far it is by now; whether it is complete."""
        now = self._clock.monotonic()
        seconds = skipped if self._pace.instant else now - transfer.moved
        transfer.moved = now
        transfer.completed = min(transfer.completed + seconds * self.rate, transfer.layer.size)
        # The last byte may be a matter of rounding.
        return transfer.completed > transfer.layer.size - 1

    def complete(self, transfer: Transfer) -> None:
        """The blob is there, for everybody."""
        digest = transfer.layer.digest
        self._shelf.blobs[digest] = transfer.layer
        self._shelf.partials.pop(digest, None)

    @property
    def moving(self) -> int:
        """Bytes that have come of all blobs that are on their way."""
        return sum(int(transfer.completed) for transfer in self._running.values())

    def left(self, transfer: Transfer) -> float:
        """Seconds until it is complete at this speed."""
        return (transfer.layer.size - transfer.completed) / self.rate

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self._pace.pull * self._pace.scale
