"""What is kept of the looks at the machine: the history, the alerts and their log, here and in the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from core.bus import Bus, Notice
from core.clock import Clock
from core.errors import LeitstandError
from core.tasks import Tasks
from core.telemetry import store as rows
from core.telemetry.alerts import Change, Seen, Tracks, active, judge
from core.telemetry.history import Minute, Recorder, columns
from core.telemetry.types import Alert, AlertChanged, GpuFacts, Sample, Thresholds

if TYPE_CHECKING:
    from core.store.database import Database

_LAST_SAVE = 2.0

log = logging.getLogger("leitstand.telemetry")


class Keeper:
    """Takes in samples; tells the bus about alerts."""

    def __init__(self, bus: Bus, tasks: Tasks, clock: Clock) -> None:
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._store: Database | None = None
        self.recorder = Recorder()
        self._recorded: Mapping[str, float | None] = {}
        self._tracks: Tracks = {}
        self._log: list[Alert] = []

    async def restore(self, store: Database) -> None:
        """Go on with what an earlier run kept."""
        self._store = store
        now = self._clock.now()
        try:
            self.recorder.restore(iter(await rows.load_minutes(store, now)), now)
            await rows.end_alerts(store, now)
            self._log = await rows.load_alerts(store, rows.KEEP_ALERTS)
        except LeitstandError as error:
            log.warning("the history could not be read: %s", error.code)

    def record(self, sample: Sample, read_at: Mapping[str, float | None], interval: float) -> None:
        """Write down the parts that were read since the last time."""
        fresh = {part: at is not None and at != self._recorded.get(part) for part, at in read_at.items()}
        self._recorded = read_at
        values = columns(sample, gpus=fresh["gpus"], host=fresh["host"], volume=fresh["volume"])
        finished = self.recorder.add(values, sample.at, self._clock.monotonic(), interval)
        if finished is not None and self._store is not None:
            self._tasks.spawn("gauge history", self._save(self._store, finished))

    def judge(
        self,
        sample: Sample,
        facts: Mapping[str, GpuFacts],
        limits: Thresholds,
        *,
        silent_for: float | None,
        away_for: float | None,
    ) -> None:
        """See what began and what ended to need attention, and say so."""
        seen = Seen(sample, facts, silent_for, away_for)
        now = self._clock.monotonic()
        self._tracks, changes = judge(self._tracks, seen, limits, wall=sample.at, monotonic=now)
        for change in changes:
            self._tell(change)

    def _tell(self, change: Change) -> None:
        alert = change.alert
        self._log = [known for known in self._log if (known.key, known.since) != (alert.key, alert.since)]
        self._log = [alert, *self._log[: rows.KEEP_ALERTS - 1]]
        self._bus.publish(AlertChanged(alert))
        if change.announce:
            self._bus.publish(Notice(alert.level, alert.text, alert.hint, at=alert.since))
        if self._store is not None:
            self._tasks.spawn("alert log", self._save_alert(self._store, alert))

    def dismiss(self) -> None:
        """Judge no more: what stands ends."""
        now = self._clock.now()
        for alert in self.standing:
            self._tell(Change(msgspec.structs.replace(alert, ended=now), announce=False))
        self._tracks = {}

    @property
    def standing(self) -> tuple[Alert, ...]:
        """The alerts that stand, the gravest first."""
        return active(self._tracks)

    @property
    def ended(self) -> tuple[Alert, ...]:
        """The alerts that ended, the newest first."""
        return tuple(alert for alert in self._log if alert.ended is not None)

    async def close(self) -> None:
        """Save the minute that runs; a disk that hangs does not hold the exit."""
        if self._store is not None and self.recorder.current is not None:
            try:
                async with asyncio.timeout(_LAST_SAVE):
                    await self._save(self._store, self.recorder.current)
            except TimeoutError:
                log.warning("the last minute of the history was not saved in time")

    async def _save(self, store: Database, minute: Minute) -> None:
        try:
            await rows.save_minute(store, minute)
        except LeitstandError as error:
            # A full disk is said by those whose words would be lost; a gauge's past is not worth a notice.
            log.warning("a minute of the history was not saved: %s", error.code)

    async def _save_alert(self, store: Database, alert: Alert) -> None:
        try:
            await rows.save_alert(store, alert)
        except LeitstandError as error:
            log.warning("an alert was not saved: %s", error.code)
