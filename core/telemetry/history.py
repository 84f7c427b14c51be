"""What was seen, kept in a fixed piece of memory: an hour by the second and a day by the minute.

The seconds follow monotonic time and live in memory only. The minutes follow wall time, hold the mean and
the peak of each, and go to the store, so that a restart does not lose the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil

import msgspec

from core.telemetry.ring import Ring
from core.telemetry.types import Gpu, History, Host, Sample, Series, Volume

SECONDS = 3600
MINUTES = 24 * 60
HOST = "host"

Column = tuple[str, str]

_GPU: dict[str, Callable[[Gpu], float | None]] = {
    "busy": lambda gpu: gpu.busy,
    "memory_used": lambda gpu: gpu.memory_used,
    "power": lambda gpu: gpu.power,
    "temperature": lambda gpu: gpu.temperature,
    "clock": lambda gpu: gpu.clock,
}
_HOST: dict[str, Callable[[Host], float | None]] = {
    "cpu": lambda host: host.cpu,
    "memory_used": lambda host: (
        None
        if host.memory_total is None or host.memory_available is None
        else host.memory_total - host.memory_available
    ),
    "swap_used": lambda host: host.swap_used,
    "received": lambda host: host.received,
    "sent": lambda host: host.sent,
}
_VOLUME: dict[str, Callable[[Volume], float | None]] = {
    "disk_read": lambda volume: volume.read,
    "disk_written": lambda volume: volume.written,
    "disk_free": lambda volume: volume.free,
}
METRICS: tuple[str, ...] = (
    *_GPU,
    *(name for name in _HOST if name not in _GPU),
    *_VOLUME,
    "tokens_per_second",
)
"""Every value that is kept over time."""


class Cell(msgspec.Struct, array_like=True):
    """What was seen of one column in one minute: the mean, the peak, and the seconds they stand for."""

    mean: float
    peak: float
    weight: float

    def add(self, value: float, weight: float) -> None:
        """Take one more value into the mean."""
        total = self.weight + weight
        self.mean += (value - self.mean) * weight / total
        self.peak = max(self.peak, value)
        self.weight = total


class Minute(msgspec.Struct):
    """One minute of all columns: its number since the epoch, and its cells by subject and metric."""

    number: int
    cells: dict[str, dict[str, Cell]]


def columns(sample: Sample, *, gpus: bool, host: bool, volume: bool) -> Iterator[tuple[Column, float | None]]:
    """Yield the values of the parts that are fresh; the others are not known at this moment."""
    if gpus:
        for gpu in sample.gpus:
            for name, value in _GPU.items():
                yield (gpu.key, name), value(gpu)
    if host and sample.host is not None:
        for name, read in _HOST.items():
            yield (HOST, name), read(sample.host)
    if volume and sample.volume is not None:
        for name, look in _VOLUME.items():
            yield (HOST, name), look(sample.volume)
    speeds = [model.tokens_per_second for model in sample.models if model.tokens_per_second is not None]
    yield (HOST, "tokens_per_second"), sum(speeds) if speeds else None


class Recorder:
    """Keeps what is added to it."""

    def __init__(self) -> None:
        self._seconds: dict[Column, Ring] = {}
        self._means: dict[Column, Ring] = {}
        self._peaks: dict[Column, Ring] = {}
        self._minute: Minute | None = None
        self._last: float | None = None

    def __len__(self) -> int:
        return len(self._means)

    def add(
        self, values: Iterator[tuple[Column, float | None]], wall: float, monotonic: float, interval: float
    ) -> Minute | None:
        """Take in one look; return the minute before when this one begins a new minute."""
        finished = self._turn(int(wall // 60))
        assert self._minute is not None
        slot = int(monotonic)
        # A value stands until the next look, unless that look is late: then nobody knows.
        hold = ceil(1.5 * interval)
        since = interval if self._last is None else monotonic - self._last
        weight = min(max(since, 0.001), 2 * interval)
        self._last = monotonic
        for column, value in values:
            ring = self._seconds.get(column)
            if ring is not None:
                ring.put(slot, value, hold)
            elif value is not None:
                self._seconds[column] = Ring(SECONDS)
                self._seconds[column].put(slot, value)
            if value is not None:
                cells = self._minute.cells.setdefault(column[0], {})
                cell = cells.get(column[1])
                if cell is None:
                    cells[column[1]] = Cell(value, value, weight)
                else:
                    cell.add(value, weight)
        return finished

    def _turn(self, number: int) -> Minute | None:
        """Begin minute *number* unless it has begun."""
        current = self._minute
        if current is not None and current.number == number:
            return None
        self._minute = Minute(number, {})
        if current is None:
            return None
        self._keep(current)
        self._forget(number)
        return current

    def _keep(self, minute: Minute) -> None:
        for subject, cells in minute.cells.items():
            for metric, cell in cells.items():
                column = (subject, metric)
                if column not in self._means:
                    self._means[column] = Ring(MINUTES)
                    self._peaks[column] = Ring(MINUTES)
                self._means[column].put(minute.number, cell.mean)
                self._peaks[column].put(minute.number, cell.peak)

    def _forget(self, number: int) -> None:
        """Drop the columns of what has been gone for a day."""
        for column, ring in list(self._means.items()):
            if ring.newest is not None and ring.newest <= number - MINUTES:
                del self._means[column], self._peaks[column]
                self._seconds.pop(column, None)

    def restore(self, minutes: Iterator[Minute], wall: float) -> None:
        """Take in what an earlier run kept, oldest first; what claims to be of the future is left out."""
        now = int(wall // 60)
        for minute in minutes:
            if minute.number == now and self._minute is None:
                self._minute = minute
            elif now - MINUTES < minute.number < now:
                self._keep(minute)

    @property
    def current(self) -> Minute | None:
        """The minute that has not ended."""
        return self._minute

    def window(
        self, seconds: float, resolution: float, wall: float, monotonic: float, metrics: frozenset[str]
    ) -> History:
        """Read the last *seconds* in steps of about *resolution*: by the second where that is kept."""
        if seconds <= SECONDS and resolution < 60:
            step = max(1, round(resolution))
            # Steps end on multiples of their length, so that old values stay as they are drawn.
            end = (int(monotonic) // step + 1) * step
            first = end - step * max(1, round(seconds / step))
            series = [
                _series(column, ring.read(first, end - first), step)
                for column, ring in sorted(self._seconds.items())
                if column[1] in metrics
            ]
            return History(wall - (monotonic - first), float(step), tuple(series))
        minutes = max(1, round(resolution / 60))
        end = (int(wall // 60) // minutes + 1) * minutes
        first = end - minutes * max(1, round(seconds / 60 / minutes))
        return History(first * 60.0, minutes * 60.0, tuple(self._by_minute(first, end, minutes, metrics)))

    def _by_minute(self, first: int, end: int, step: int, metrics: frozenset[str]) -> Iterator[Series]:
        current = self._minute
        running: Mapping[str, Mapping[str, Cell]] = current.cells if current is not None else {}
        known = set(self._means) | {(subject, name) for subject in running for name in running[subject]}
        for column in sorted(known):
            if column[1] not in metrics:
                continue
            blank: list[float | None] = [None] * (end - first)
            means = self._means[column].read(first, end - first) if column in self._means else blank
            peaks = self._peaks[column].read(first, end - first) if column in self._peaks else list(blank)
            cell = running.get(column[0], {}).get(column[1])
            if cell is not None and current is not None and first <= current.number < end:
                means[current.number - first], peaks[current.number - first] = cell.mean, cell.peak
            yield _series(column, means, step, peaks)


def _series(
    column: Column, values: list[float | None], step: int, peaks: list[float | None] | None = None
) -> Series:
    if step == 1:
        return Series(*column, _rounded(values), None if peaks is None else _rounded(peaks))
    means, highest = [], []
    for start in range(0, len(values), step):
        known = [value for value in values[start : start + step] if value is not None]
        tops = [value for value in (peaks or values)[start : start + step] if value is not None]
        means.append(sum(known) / len(known) if known else None)
        highest.append(max(tops, default=None))
    return Series(*column, _rounded(means), _rounded(highest))


def _rounded(values: list[float | None]) -> tuple[float | None, ...]:
    # Single precision has seven digits; the rest is noise that would only travel.
    return tuple(None if value is None else round(value, 2) for value in values)
