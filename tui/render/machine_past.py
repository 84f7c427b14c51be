"""The past as columns: a history cut into as many equal pieces of time as there are cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import ceil, floor
from typing import Any, NamedTuple, TypeVar

import msgspec

from core.telemetry.types import History

T = TypeVar("T")

METRICS = ("busy", "memory_used", "power", "cpu", "received")
"""What is drawn over time."""

_FINENESS = 4
"""Values asked for per column: so that columns of any width are of nearly the same length."""


class Zoom(NamedTuple):
    """How far back the gauges look."""

    label: str
    seconds: int


ZOOMS = (Zoom("1 m", 60), Zoom("5 m", 300), Zoom("1 h", 3600), Zoom("24 h", 86_400))
USUAL = 1
"""The zoom one starts with."""


def resolution(zoom: Zoom, width: int) -> float:
    """Return the length of the steps to ask the history for, for columns on *width* cells."""
    finest = 1 if zoom.seconds <= 3600 else 60
    return float(max(finest, zoom.seconds // max(width, 1) // _FINENESS))


def beat(zoom: Zoom, width: int, at: float) -> int:
    """Return a number that changes when the picture of the past does, and no sooner."""
    return int(at / max(1.0, zoom.seconds / max(width, 1)))


class Past:
    """One history, asked for in columns; it never changes, so each answer is worked out once."""

    def __init__(self, history: History, seconds: float) -> None:
        self.history = history
        self._seconds = seconds
        self._series = {(series.subject, series.metric): series for series in history.series}
        self._count = max((len(series.values) for series in history.series), default=0)
        self._drawn: dict[Hashable, Any] = {}
        self._known: dict[tuple[str, str, int, bool], tuple[float | None, ...]] = {}

    def columns(self, subject: str, metric: str, width: int) -> tuple[float | None, ...]:
        """Return the mean of each column, the newest at the right."""
        return self._columns(subject, metric, width, peaks=False)

    def peaks(self, subject: str, metric: str, width: int) -> tuple[float | None, ...] | None:
        """Return the highest value of each column; None where a column is one look and has no other."""
        series = self._series.get((subject, metric))
        if series is None or self._seconds / max(width, 1) < 2 * _FINENESS:
            return None
        return self._columns(subject, metric, width, peaks=True)

    def once(self, key: Hashable, draw: Callable[[], T]) -> T:
        """Return what *draw* makes of this past, drawn the first time only."""
        if key not in self._drawn:
            self._drawn[key] = draw()
        found: T = self._drawn[key]
        return found

    def _columns(self, subject: str, metric: str, width: int, *, peaks: bool) -> tuple[float | None, ...]:
        key = (subject, metric, width, peaks)
        found = self._known.get(key)
        if found is None:
            series = self._series.get((subject, metric))
            values: Sequence[float | None] = () if series is None else series.values
            if peaks and series is not None and series.peaks is not None:
                values = series.peaks
            found = self._known[key] = self._cut(values, width, highest=peaks)
        return found

    def _cut(self, values: Sequence[float | None], width: int, *, highest: bool) -> tuple[float | None, ...]:
        if width <= 0:
            return ()
        start, step = self.history.start, self.history.step
        # Columns begin on multiples of their length, so that old ones stay as they are drawn.
        length = self._seconds / width
        first = ceil((start + self._count * step) / length - 1e-6) - width
        held: list[list[float]] = [[] for _ in range(width)]
        for index, value in enumerate(values):
            column = floor((start + (index + 0.5) * step) / length) - first
            if value is not None and 0 <= column < width:
                held[column].append(value)
        if step > length:
            _spread(held, values, start, step, length, first)
        choose = max if highest else _mean
        return tuple(choose(column) if column else None for column in held)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _spread(
    held: list[list[float]],
    values: Sequence[float | None],
    start: float,
    step: float,
    length: float,
    first: int,
) -> None:
    """Give columns shorter than a step the value of the step they lie in."""
    for column, inside in enumerate(held):
        index = floor(((first + column + 0.5) * length - start) / step)
        if not inside and 0 <= index < len(values) and (value := values[index]) is not None:
            inside.append(value)


def until(history: History, at: float) -> History:
    """Return the history as it was at a moment: without what came after."""
    count = max(0, ceil((at - history.start) / history.step))
    cut = [
        msgspec.structs.replace(
            series,
            values=series.values[:count],
            peaks=None if series.peaks is None else series.peaks[:count],
        )
        for series in history.series
    ]
    return msgspec.structs.replace(history, series=tuple(cut))


NOTHING = Past(History(0.0, 1.0, ()), 60.0)
"""No past yet."""
