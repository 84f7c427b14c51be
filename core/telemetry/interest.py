"""Who looks at the machine: what is read, and how often, follows from that."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import NotFound
from core.telemetry.types import Panel, TelemetrySettings, Watch

LEASE = 90.0
"""Seconds a watch lasts unless it is renewed: a client that died looks no more."""

_STATUS = 5.0
_FLOOR = 0.25


class Interest:
    """Counts who looks at what."""

    def __init__(self) -> None:
        self._watches: dict[str, tuple[Panel, float]] = {}
        self._holds = 0

    def watch(self, panel: Panel, now: float) -> Watch:
        """Begin to look."""
        watch = Watch(secrets.token_hex(6), LEASE)
        self._watches[watch.id] = (panel, now + LEASE)
        return watch

    def renew(self, id: str, now: float) -> None:
        """Go on looking."""
        if id not in self._watches:
            raise NotFound("This watch has ended.", "Begin a new one.")
        self._watches[id] = (self._watches[id][0], now + LEASE)

    def release(self, id: str) -> None:
        """Look no more; a watch that has ended by itself is fine."""
        self._watches.pop(id, None)

    def expire(self, now: float) -> None:
        """End what nobody renewed."""
        self._watches = {key: value for key, value in self._watches.items() if now < value[1]}

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Need every look for the length of the block, as a measurement does."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def __contains__(self, panel: Panel) -> bool:
        return any(watched == panel for watched, _ in self._watches.values())

    @property
    def is_watched(self) -> bool:
        """Somebody looks."""
        return bool(self._watches) or self._holds > 0

    def pace(self, settings: TelemetrySettings, *, working: bool) -> float | None:
        """Seconds between two looks; None when nobody needs any."""
        closely = self._holds > 0 or any(panel != "status" for panel, _ in self._watches.values())
        if closely:
            return max(settings.interval, _FLOOR)
        if self._watches or (working and (settings.keep_history or settings.alerts)):
            return max(_STATUS, settings.interval)
        if settings.keep_history or settings.alerts:
            return max(settings.background, settings.interval)
        return None
