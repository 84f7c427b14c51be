"""When to paint, when to send, and how far away the terminal is.

Painting costs processor time, so it has a rate and never takes more than a part of the time. Sending
costs the line, so nothing is sent while the terminal has not taken the last frames: pictures in between
are never missed, because a frame leads from what was sent last to what is wanted now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

SILENCE = 2.0
"""Seconds after which a question counts as answered: not every terminal answers."""

UNANSWERED = 2
"""Frames that may be under way on a slow line; one more when a person is waiting for a key."""

REST = 3.0
"""Painting takes at most a third of the time: the next frame waits this many times the cost of the last."""

SLOW_TRIP, SLOW_RATE = 0.2, 40_000.0
"""Seconds there and back, and bytes a second, from which a line is slow."""

QUICK_TRIP, QUICK_RATE = 0.12, 80_000.0
"""Both must be better than this before a slow line counts as quick again."""

LOW_FRAMES = 5
"""Frames a second on a slow line."""

REST_FRAMES = 4
"""Frames a second in a window that nobody looks at, or only out of the corner of an eye."""

_TICK = 0.008
"""Half the time between two looks at whether it is time: rather a little early than always late."""

_MEASURED_FROM = 1_500
"""Bytes a frame must have to tell anything about the rate of a line."""

_ENOUGH = 3
"""Answers before anything is concluded from them."""


class LinkState(msgspec.Struct, frozen=True):
    """How the terminal is reached: for the status line, the health screen and `doctor`."""

    frames: int
    low: bool
    acknowledged: bool
    round_trip: float | None = None
    """Seconds there and back; None when it is not measured."""
    rate: float | None = None
    """Bytes a second; None as long as nothing large was sent."""


class Line:
    """The way to the terminal, measured by questions and answers."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked: deque[tuple[float, int, bool]] = deque()
        self._trips: deque[float] = deque(maxlen=8)
        self._rates: deque[float] = deque(maxlen=5)
        self.answers = 0
        self.silences = 0
        self.told: float | None = None
        """The way there and back as the kernel tells it, where the terminal cannot be asked."""

    def asked(self, size: int) -> None:
        """A frame of so many bytes left, with a question behind it."""
        # Behind a large frame an answer tells how long that one took, not this.
        clear = all(before < _MEASURED_FROM for _, before, _ in self._asked)
        self._asked.append((self._now(), size, clear))

    def answered(self, at: float) -> None:
        """The oldest question has its answer."""
        if not self._asked:
            return
        asked, size, clear = self._asked.popleft()
        self.answers += 1
        trip = max(0.0, at - asked)
        if not clear:
            return
        extra = trip - min(self._trips, default=trip)
        if size < _MEASURED_FROM:
            self._trips.append(trip)
        elif extra > 0.005:
            self._rates.append(size / extra)

    def under_way(self) -> int:
        """Frames the terminal has not answered; those it is silent about are given up."""
        latest = self._now() - SILENCE
        while self._asked and self._asked[0][0] <= latest:
            self._asked.popleft()
            self.silences += 1
        return len(self._asked)

    @property
    def worth_asking(self) -> bool:
        """A terminal that never answered is not asked for ever."""
        return self.answers > 0 or self.silences < _ENOUGH

    @property
    def round_trip(self) -> float | None:
        """Seconds there and back, the middle of the last ones."""
        return _middle(self._trips) if self._trips else self.told

    @property
    def rate(self) -> float | None:
        """Bytes a second, as far as large frames have shown it."""
        return _middle(self._rates) if self._rates else None

    @property
    def measured(self) -> bool:
        """Enough is known to conclude something."""
        return self.answers >= _ENOUGH or self.told is not None


def _middle(values: deque[float]) -> float:
    return sorted(values)[len(values) // 2]


class Pace:
    """The policy of one terminal. Time comes from *now*; nothing here waits."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        frames: int = 20,
        acknowledged: bool = False,
        low_bandwidth: Literal["auto", "on", "off"] = "auto",
        on_low: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._now = now
        self._frames = frames
        self._wish = low_bandwidth
        self._on_low = on_low
        self.acknowledged = acknowledged
        self.line = Line(now)
        self.low = low_bandwidth == "on"
        self.resting = False
        """Nobody looks: pictures are made less often. A key proves the contrary."""
        self._next_paint = 0.0
        self._urgent = False
        self._blocked_since: float | None = None

    @property
    def frames(self) -> int:
        """Frames a second at most."""
        most = LOW_FRAMES if self.low else self._frames
        return min(most, self._frames, REST_FRAMES if self.resting else most)

    @property
    def state(self) -> LinkState:
        """What is known about the way to the terminal."""
        return LinkState(self.frames, self.low, self.acknowledged, self.line.round_trip, self.line.rate)

    def configure(self, *, frames: int, low_bandwidth: Literal["auto", "on", "off"]) -> None:
        """Follow changed settings."""
        self._frames, self._wish = frames, low_bandwidth
        self._judge()

    def key(self) -> None:
        """A person pressed a key and waits to see it: the next frame is not held back for its turn."""
        self._urgent = True
        self.resting = False

    def rest(self, *, resting: bool) -> None:
        """The window lost the focus or has it again; the first picture after that is not waited for."""
        self._urgent = self._urgent or (self.resting and not resting)
        self.resting = resting

    def learn(self, trip: float | None) -> None:
        """Take over how long the way there and back is, from somebody who knows."""
        self.line.told = trip
        self._judge()

    def may_paint(self) -> bool:
        """Tell whether it is time for another picture."""
        if self._blocked_since is not None and self._now() - self._blocked_since > 1.0:
            # Nobody sees it; enough that the newest picture is there when the line moves again.
            return self._now() >= self._next_paint + 0.5
        return self._urgent or self._now() >= self._next_paint - _TICK

    def wait(self) -> float:
        """Seconds until another picture may be made; 0 when it may be made now."""
        return 0.0 if self._urgent else max(0.0, self._next_paint - self._now())

    def painted(self, started: float, cost: float) -> None:
        """A picture was made; *cost* is the processor time it took."""
        rested = started + REST * cost
        # A picture out of turn, for a key, leaves the rhythm alone: what waits for its turn is not put off.
        in_turn = started >= self._next_paint - _TICK
        self._next_paint = max(started + 1.0 / self.frames if in_turn else self._next_paint, rested)

    def may_send(self, waiting: int) -> bool:
        """Tell whether the terminal has taken enough; *waiting* frames are still in our own queue."""
        free = waiting == 0
        if free and self.acknowledged and self.line.answers:
            free = self.line.under_way() < UNANSWERED + self._urgent
        if free:
            self._blocked_since = None
        elif self._blocked_since is None:
            self._blocked_since = self._now()
        return free

    def asks(self) -> bool:
        """Tell whether the next frame carries a question."""
        if not self.acknowledged:
            return False
        self.line.under_way()
        return self.line.worth_asking

    def sent(self, size: int, *, asked: bool) -> None:
        """A frame has left."""
        self._urgent = False
        if asked:
            self.line.asked(size)

    def answered(self, at: float) -> None:
        """The terminal has said that a frame arrived."""
        self.line.answered(at)
        self._judge()

    def _judge(self) -> None:
        low = self.low
        if self._wish != "auto":
            low = self._wish == "on"
        elif self.line.measured:
            trip, rate = self.line.round_trip or 0.0, self.line.rate
            if trip > SLOW_TRIP or (rate is not None and rate < SLOW_RATE):
                low = True
            elif trip < QUICK_TRIP and (rate is None or rate > QUICK_RATE):
                low = False
        if low != self.low:
            self.low = low
            self._on_low(low)
