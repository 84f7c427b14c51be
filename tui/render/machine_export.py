"""A history as files: a table for programs, and a picture for people. Both pure text."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple

from core.guard import one_line
from core.telemetry.types import Gpu, History, Series

_WIDTH, _HEIGHT = 960, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 30, 20
_STROKES = ("", "6 3", "2 3", "10 3 2 3", "1 4", "12 4")
_COLOURS = ("#0b6a8f", "#8f5400", "#23703a", "#7a3e9d", "#b3261e", "#626c77")


class Measure(NamedTuple):
    """What a metric is called, its unit, and by how much it is divided to be read in that."""

    title: str
    unit: str
    scale: float = 1.0


MEASURES: Mapping[str, Measure] = {
    "busy": Measure("busy", "%"),
    "memory_used": Measure("memory used", "GiB", 2**30),
    "power": Measure("power", "W"),
    "temperature": Measure("temperature", "°C"),
    "clock": Measure("clock", "MHz"),
    "cpu": Measure("cpu", "%"),
    "swap_used": Measure("swap used", "GiB", 2**30),
    "received": Measure("network received", "MB/s", 1e6),
    "sent": Measure("network sent", "MB/s", 1e6),
    "disk_read": Measure("disk read", "MB/s", 1e6),
    "disk_written": Measure("disk written", "MB/s", 1e6),
    "disk_free": Measure("disk free", "GB", 1e9),
    "tokens_per_second": Measure("tokens", "tok/s"),
}


def subjects(gpus: Sequence[Gpu]) -> dict[str, str]:
    """Name the subjects of a history as people know them."""
    return {"host": "host", **{gpu.key: f"GPU {gpu.index} {one_line(gpu.name, 60)}" for gpu in gpus}}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(history: History) -> list[Series]:
    return [series for series in history.series if any(value is not None for value in series.values)]


def csv_text(history: History, names: Mapping[str, str]) -> str:
    """Write a history as a table: a line a moment, a column a value, empty where nothing is known."""
    columns: list[tuple[str, float, Sequence[float | None]]] = []
    for series in _known(history):
        measure = MEASURES.get(series.metric, Measure(series.metric, ""))
        title = f"{names.get(series.subject, series.subject)} {measure.title}"
        unit = f" ({measure.unit})" if measure.unit else ""
        columns.append((f"{title}{unit}", measure.scale, series.values))
        if series.peaks is not None:
            columns.append((f"{title}, peak{unit}", measure.scale, series.peaks))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["time", *(title for title, _, _ in columns)])
    count = max((len(series.values) for series in history.series), default=0)
    for index in range(count):
        values = [_number(values[index], scale) for _, scale, values in columns]
        if any(values):
            table.writerow([_moment(history.start + index * history.step), *values])
    return text.getvalue()


def _number(value: float | None, scale: float) -> str:
    return "" if value is None else f"{value / scale:.3f}".rstrip("0").rstrip(".")


def svg_text(history: History, names: Mapping[str, str], title: str) -> str:
    """Draw a history: a panel a metric, a line a subject, told apart by its dashes, too."""
    known = _known(history)
    metrics = [metric for metric in MEASURES if any(series.metric == metric for series in known)]
    order = list(dict.fromkeys(series.subject for series in known))
    height = 60 + len(metrics) * (_HEIGHT + 20)
    count = max((len(series.values) for series in known), default=0)
    end = history.start + count * history.step
    look = 'font-family="sans-serif" font-size="12" fill="#2b3138"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {look}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fbfaf7"/>',
        _words(_LEFT, 24, title, size=16),
        _words(_LEFT, 42, f"{_moment(history.start)} to {_moment(end)}", ink="#626c77"),
    ]
    for row, metric in enumerate(metrics):
        shown = [series for series in known if series.metric == metric]
        parts += _panel(MEASURES[metric], shown, order, names, 60 + row * (_HEIGHT + 20))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(
    measure: Measure, shown: Sequence[Series], order: Sequence[str], names: Mapping[str, str], top: int
) -> list[str]:
    high = max((v for series in shown for v in series.values if v is not None), default=0.0) / measure.scale
    scale = 100.0 if measure.unit == "%" else _round(high)
    base = top + _HEIGHT - _BOTTOM
    parts = [
        _words(_LEFT, top + 14, measure.title, weight="bold"),
        _words(_LEFT - 8, top + _TOP + 4, f"{scale:g} {measure.unit}", anchor="end", ink="#626c77"),
        _words(_LEFT - 8, base + 4, "0", anchor="end", ink="#626c77"),
        f'<path d="M{_LEFT} {base}H{_WIDTH - _RIGHT}" stroke="#c9c6bd"/>',
    ]
    for place, series in enumerate(shown):
        style = order.index(series.subject)
        stroke = (
            f'stroke="{_COLOURS[style % len(_COLOURS)]}" stroke-dasharray="{_STROKES[style % len(_STROKES)]}"'
        )
        line = _line(series, measure.scale * scale, top + _TOP, base)
        parts.append(f'<path d="{line}" fill="none" stroke-width="1.5" stroke-linejoin="round" {stroke}/>')
        x = _LEFT + 150 + place * 250
        parts.append(f'<path d="M{x} {top + 10}h30" stroke-width="1.5" {stroke}/>')
        parts.append(_words(x + 36, top + 14, names.get(series.subject, series.subject)))
    return parts


def _line(series: Series, full: float, top: int, base: int) -> str:
    """The path of a line: what is not known is a gap in it."""
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(series.values), 1)
    words: list[str] = []
    pen_down = False
    for index, value in enumerate(series.values):
        if value is None:
            pen_down = False
            continue
        x = _LEFT + (index + 0.5) * step
        y = base - (base - top) * min(max(value / full, 0.0), 1.0)
        # A value alone between gaps is a dash, so that it can be seen.
        words.append(f"L{x:.1f} {y:.1f}" if pen_down else f"M{x:.1f} {y:.1f}h0.1")
        pen_down = True
    return "".join(words)


def _round(value: float) -> float:
    """The next number above that is easy to read."""
    unit = 1.0
    while unit < value:
        unit *= 10
    while unit / 10 >= value > 0:
        unit /= 10
    return next((unit * part for part in (0.1, 0.2, 0.25, 0.4, 0.5, 0.8, 1.0) if unit * part >= value), unit)


def _words(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    ink: str = "#2b3138",
    anchor: str = "start",
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
