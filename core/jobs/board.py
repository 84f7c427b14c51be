"""Tells what is planned: places, order, reasons, and the state of the lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from core.bus import Bus
from core.clock import Clock
from core.jobs.ledger import Ledger
from core.jobs.planner import Planner
from core.jobs.track import Track
from core.jobs.types import JobChanged, Lane, LaneChanged, LaneState, in_order

_EVERY = 0.2
"""A busy queue's plan is told at most this often."""
_SHARE = 10
"""And planning takes at most one part in so many of the time."""

_Shown: TypeAlias = tuple[int | None, int | None, str]


class Board:
    """Works out the plan of every lane, and tells what is different from what was told."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        bus: Bus,
        clock: Clock,
        servers: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._servers = servers
        self._ledger = ledger
        self._planner = planner
        self._bus = bus
        self._clock = clock
        self._at = float("-inf")
        self._cost = 0.0
        self._jobs: dict[int, _Shown] = {}
        self._lanes: dict[str, LaneState] = {}

    @property
    def due(self) -> float:
        """The earliest moment, in monotonic seconds, at which the plan should be told again."""
        return self._at + max(_EVERY, self._cost * _SHARE)

    def tell(self) -> None:
        """Plan anew and publish what changed; only those at the front are told one by one."""
        began = self._clock.monotonic()
        told: dict[int, _Shown] = {}
        for track in self._tracks():
            track.planned = self._planner.plan(track)
            before = [id for id in self._jobs if id in track.jobs and id not in track.planned]
            for id in [*track.planned, *before]:
                job = self._ledger.shown(track.jobs[id])
                shown = (job.position, job.order, job.reason)
                if id in track.planned:
                    told[id] = shown
                if self._jobs.get(id) != shown:
                    self._bus.publish(JobChanged(job))
            self.tell_lane(track)
        self._jobs = told
        self._at = self._clock.monotonic()
        self._cost = self._at - began

    def tell_lane(self, track: Track) -> None:
        """Publish a lane's state if it changed."""
        state = self.lane(track)
        if self._lanes.get(track.name) != state:
            self._lanes[track.name] = state
            self._bus.publish(LaneChanged(state))

    def lane(self, track: Track) -> LaneState:
        """Return a lane as it is now."""
        reason, rests = "", None
        if track.paused:
            reason = "paused"
        elif track.rests_until is not None:
            rests = self._clock.now() + track.rests_until - self._clock.monotonic()
            reason = track.rest_fault.message if track.rest_fault is not None else ""
        elif len(track.line) and len(track.runs) < self._planner.width(track):
            reason = track.stuck
        return LaneState(
            name=track.name,
            width=self._planner.width(track),
            paused=track.paused,
            running=len(track.runs),
            waiting=len(track.line),
            held=len(track.held),
            rests_until=rests,
            reason=reason,
        )

    def lanes(self) -> Mapping[Lane, LaneState]:
        """Return every lane as it is now."""
        return {track.name: self.lane(track) for track in self._tracks()}

    def _tracks(self) -> list[Track]:
        """Every lane there is work for or could be: one of a server that is gone goes with its last job."""
        ledger, servers = self._ledger, set(self._servers())
        for server in servers:
            ledger.track(f"inference@{server}")
        return [
            ledger.tracks[name]
            for name in in_order(ledger.tracks)
            if ledger.tracks[name].server in servers | {""} or ledger.tracks[name].used
        ]
