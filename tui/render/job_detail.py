"""What is said below the list about the selected row: a job's story, or a lane's. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from core.guard import one_line
from core.jobs.types import NOTHING, Job, LaneState
from tui import format as figures
from tui.render.chat_list import ago
from tui.render.jobs import Look, doing, lane_name, mark, remark, starts
from tui.render.pieces import Piece, Pieces

LANE_USES = {
    "inference": "Answers and everything else that needs a model of the server.",
    "network": "Downloads.",
    "cpu": "Work on this machine's own processors, like reading documents.",
}

_MOST_PARTS = 8
_LARGE = 1e15


def of_lane(lane: LaneState, look: Look) -> list[Pieces]:
    """Explain a lane."""
    lines: list[Pieces] = [
        [(lane_name(lane.name), "strong")],
        [(look.plain(f"{LANE_USES[lane.name]} {_at_once(lane.width)}"), "text")],
    ]
    if lane.paused:
        lines.append([("Paused: nothing new starts here. ", "warn"), ("p", "key"), (" resumes it.", "dim")])
    elif lane.reason:
        lines.append([(look.plain(one_line(lane.reason, 500)), "warn")])
    return lines


def _at_once(width: int) -> str:
    return "One runs at a time." if width == 1 else f"{width} run at once."


def of_job(job: Job, look: Look) -> list[Pieces]:
    """Tell a job's story: what it is, where it stands and why, how long it took, what went wrong."""
    lines: list[Pieces] = [
        [mark(job.state, look.glyphs), (f" {one_line(job.title, 300)}", "strong")],
        [(look.plain(_identity(job)), "dim")],
        _standing(job, look),
        [(look.plain(_times(job, look.now)), "dim")],
    ]
    if job.error is not None and job.state in {"failed", "waiting"}:
        lines.append([(look.plain(one_line(job.error.message, 500)), "bad")])
        if job.error.hint:
            lines.append([(look.plain(one_line(job.error.hint, 500)), "text")])
    carried = [
        f"{name}: {words}"
        for name, raw in (("asked for", job.payload), ("result", job.result))
        if (words := shape(raw))
    ]
    if carried:
        lines.append([(look.plain(" · ".join(carried)), "dim")])
    return lines


def _identity(job: Job) -> str:
    kind = one_line(job.kind, 60).replace(".", " ").replace("_", " ")
    parts = [f"job {job.id}", kind]
    if job.model:
        parts.append(one_line(job.model, 80))
    parts.append(one_line(job.batch, 60) or job.priority)
    if job.attempt > 1 or (job.attempt and job.max_attempts > 1):
        parts.append(f"try {job.attempt} of {job.max_attempts}")
    return " · ".join(parts)


def _standing(job: Job, look: Look) -> list[Piece]:
    reason = look.plain(one_line(job.reason, 500))
    match job.state:
        case "running":
            line: list[Piece] = [(look.plain(doing(job)), "accent")]
            if more := remark(job):
                line.append((look.plain(f"   {more}"), "text"))
            if reason:
                line.append((look.plain(f"   chosen because: {reason}"), "dim"))
            return line
        case "waiting":
            place = f"{_nth(job.position)} in line" if job.position else "waiting"
            when = look.plain(starts(job, look.now))
            start = "" if job.expected_start is None else f"   starts {when}"
            return [(f"{place}{start}", "text"), (f"   {reason}" if reason else "", "dim")]
        case "held":
            return [("set aside", "warn"), ("   space", "key"), (" lets it wait for its turn again", "dim")]
        case "failed" | "cancelled":
            ended: Piece = (job.state, "bad" if job.state == "failed" else "text")
            return [ended, ("   r", "key"), (" runs it again", "dim")]
    return [("done", "good")]


def _times(job: Job, now: float) -> str:
    parts = [f"asked {_ago(job.created, now)}"]
    if job.started is not None:
        parts.append(f"waited {_length(job.started - job.created)}")
        if job.load_seconds is not None:
            parts.append(f"loaded in {_length(job.load_seconds)}")
        end = job.finished if job.finished is not None else now
        ran = "runs for" if job.finished is None else "ran"
        parts.append(f"{ran} {_length(end - job.started)}")
    if job.finished is not None:
        parts.append(f"ended {_ago(job.finished, now)}")
    return " · ".join(parts)


def _length(seconds: float) -> str:
    # A wall clock that was set back must not show a time below nothing.
    return figures.duration(max(0.0, seconds)).strip()


def _ago(then: float, now: float) -> str:
    told = ago(then, now)
    if told == "now":
        return "just now"
    return f"{told} ago" if told.endswith("min") else told


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def shape(raw: msgspec.Raw) -> str:
    """Say what a payload or a result holds: numbers and switches as they are, of texts only the length."""
    if bytes(raw) == bytes(NOTHING):
        return ""
    try:
        value: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "unreadable"
    if not isinstance(value, dict):
        return _measure(value)
    parts = [
        f"{one_line(str(name), 30)} {_measure(each)}" for name, each in list(value.items())[:_MOST_PARTS]
    ]
    more = len(value) - _MOST_PARTS
    return ", ".join(parts) + (f", {more} more" if more > 0 else "")


def _measure(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.6g}" if abs(value) < _LARGE else "a large number"
        case str():
            return _counted(len(value), "character")
        case dict() | list():
            return _counted(len(value), "entry", "entries")
    return type(value).__name__


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
