"""A line for everything the queue page lists. Pure: a row in, pieces out, in columns that never move."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from core.guard import one_line
from core.jobs.types import Job, Lane, LaneState, State
from tui import format as figures
from tui.glyphs import Glyphs
from tui.render.chat_list import ago
from tui.render.gauges import bar
from tui.render.job_board import Ended, Gap, More, Row, Section
from tui.render.pieces import Piece, Pieces, column, spread
from tui.theme import Ink

_LANE_NAMES: dict[Lane, str] = {"inference": "Inference", "network": "Network", "cpu": "This machine"}


def lane_name(lane: Lane) -> str:
    """Return what a lane is called: that of another server with it, Inference @box."""
    base, mark, server = lane.partition("@")
    return f"{_LANE_NAMES[base]} {mark}{server}".rstrip()


WIDE = 98
"""From this width on a row has a column for the model."""


class _Grid(NamedTuple):
    """The widths of columns that do not stretch."""

    right: int
    phase: int
    bar: int
    model: int


_WIDE = _Grid(right=12, phase=15, bar=10, model=20)
_NARROW = _Grid(right=9, phase=11, bar=6, model=0)

_WORDS = {"thinking": "thinking", "answering": "generating"}
"""What an answer that is being given says it does; any other text is a remark."""
_BEFORE = re.compile(r"^(next|\d+ before it, then): ")


class Look(msgspec.Struct, frozen=True):
    """What a line depends on besides its row."""

    glyphs: Glyphs
    now: float
    speed: Callable[[Job], float | None]

    @property
    def ascii_only(self) -> bool:
        """Whether only ASCII may be drawn."""
        return self.glyphs.live.isascii()

    def plain(self, text: str) -> str:
        """Return words of ours as this terminal can show them."""
        return figures.plain(text) if self.ascii_only else text


def paint(row: Row, width: int, look: Look) -> list[Pieces]:
    """Draw one row."""
    match row:
        case Gap():
            return [[("", "text")]]
        case Section():
            return [_section(row.lane, look)]
        case More():
            words = f"{figures.count(row.count).strip()} more wait behind them"
            return [[(" " * 7, "text"), (words, "dim")]]
        case Ended():
            return [_ended(row, look)]
        case Job():
            return [_job(row, width, look)]


def _section(lane: LaneState, look: Look) -> list[Piece]:
    line: list[Piece] = [(f" {column(lane_name(lane.name), 14)}", "strong")]
    running = f"{lane.running} of {lane.width} running"
    line.append((f"{running:>16}", "text" if lane.running else "dim"))
    for number, word in ((lane.waiting, "waiting"), (lane.held, "held")):
        words = f"  {figures.count(number)} {word}"
        line.append((words if number else " " * len(words), "text"))
    line.append(("   ", "text"))
    if lane.paused:
        line.append((f"{look.glyphs.warning} paused", "warn"))
    elif lane.rests_until is not None:
        again = figures.duration(max(0.0, lane.rests_until - look.now)).strip()
        line.append((f"{look.glyphs.warning} next try in {again}", "warn"))
        line.append((look.plain(f"   {one_line(lane.reason, 200)}"), "dim"))
    elif lane.reason:
        line.append((look.plain(one_line(lane.reason, 200)), "dim"))
    return line


def _ended(row: Ended, look: Look) -> list[Piece]:
    line: list[Piece] = [(f" {column('Finished', 14)}", "strong")]
    if row.which == "all":
        line.append((" newest first", "dim"))
    else:
        line += [(f" only {row.which}", "accent"), ("   f shows others", "dim")]
        if not row.any:
            line.append((look.plain("   —  there are none"), "dim"))
    return line


def _job(job: Job, width: int, look: Look) -> list[Piece]:
    grid = _WIDE if width >= WIDE else _NARROW
    sign, ink = mark(job.state, look.glyphs)
    order = str(job.order) if job.state == "waiting" and job.order is not None else ""
    rest = width - 3 - 4 - (grid.model + 2 if grid.model else 0) - 2 - grid.right - 1
    title = max(rest * 3 // 8, 0)
    live = job.state == "running"
    quiet: Ink = "text" if job.unfinished else "dim"
    line: list[Piece] = [(f" {sign} ", ink), (f"{order:>3} ", "dim")]
    line.append((column(one_line(job.title, 300), title), "strong" if live else quiet))
    if grid.model:
        line.append((f"  {column(one_line(job.model, 60), grid.model)}", "dim"))
    moment = column(_moment(job, look, grid), grid.right, right=True)
    told = spread(_told(job, look, grid), (), max(rest - title, 0))
    return [*line, ("  ", "text"), *told, (f"{moment} ", "text" if live else "dim")]


def mark(state: State, glyphs: Glyphs) -> Piece:
    """Return the sign of a state."""
    signs: dict[State, Piece] = {
        "running": (glyphs.live, "accent"),
        "waiting": (glyphs.ready, "dim"),
        "held": (glyphs.known, "warn"),
        "done": (glyphs.done, "good"),
        "failed": (glyphs.failed, "bad"),
        "cancelled": (glyphs.rule, "dim"),
    }
    return signs[state]


def doing(job: Job) -> str:
    """Return what a running job does, in a word or two."""
    if job.stopping == "hold":
        return "setting aside"
    if job.stopping is not None:
        return "stopping"
    told = job.progress
    return _WORDS.get(told.text) or one_line(told.phase or told.text, 80) or "starting"


def remark(job: Job) -> str:
    """Return what else a running job says about itself."""
    told = job.progress
    return one_line(told.text, 200) if told.phase and told.text not in _WORDS else ""


def why(job: Job) -> str:
    """Return why a waiting job runs when it does, without its number in the order."""
    return _BEFORE.sub("", one_line(job.reason, 300), count=1)


def _told(job: Job, look: Look, grid: _Grid) -> list[Piece]:
    match job.state:
        case "running":
            return _progress(job, look, grid)
        case "waiting":
            trouble = job.error is not None and job.not_before is not None
            return [(look.plain(why(job)), "warn" if trouble else "dim")]
        case "held":
            return [("set aside, space releases it", "dim")]
        case "failed" if job.error is not None:
            return [(look.plain(one_line(job.error.message, 300)), "bad")]
        case "done":
            return [("done", "dim"), (look.plain(_took(job)), "dim")]
    return [(job.state, "dim")]


def _progress(job: Job, look: Look, grid: _Grid) -> list[Piece]:
    line: list[Piece] = [(look.plain(column(doing(job), grid.phase)), "accent")]
    numbers, percent = job.progress.numbers, job.progress.percent
    if percent is not None:
        full = bar(percent / 100, grid.bar, ascii_only=look.ascii_only).rstrip(" .")
        rest = ("." if look.ascii_only else "░") * (grid.bar - len(full))
        line += [(f" {full}", "accent"), (rest, "rule"), (f" {figures.percent(percent)}", "text")]
    if "tokens" in numbers:
        line.append((f" {figures.count(numbers['tokens'])} tok", "dim"))
        line.append((look.plain(f"  {figures.speed(look.speed(job))}"), "text"))
    elif "speed" in numbers:
        line.append((look.plain(f"  {figures.rate(numbers['speed'])}"), "text"))
    if "eta" in numbers and grid is _WIDE:
        line.append((look.plain(f" {figures.duration(numbers['eta'])} left"), "dim"))
    if more := remark(job):
        line.append((look.plain(f"   {more}"), "dim"))
    return line


def _took(job: Job) -> str:
    if job.started is None or job.finished is None:
        return ""
    return f"  in {figures.duration(job.finished - job.started).strip()}"


def _moment(job: Job, look: Look, grid: _Grid) -> str:
    """What stands at the right edge: how long it runs, when it starts, when it ended."""
    if job.state == "running" and job.started is not None:
        return look.plain(figures.duration(max(0.0, look.now - job.started)))
    if job.state == "waiting":
        when = look.plain(starts(job, look.now))
        return when if grid is _WIDE else when.removeprefix("in ")
    if job.finished is not None:
        return ago(job.finished, look.now)
    return ""


def starts(job: Job, now: float) -> str:
    """Return when a waiting job is expected to start."""
    if job.expected_start is None:
        return figures.UNKNOWN
    left = job.expected_start - now
    return f"in {figures.duration(left).strip()}" if left >= 1 else "now"
