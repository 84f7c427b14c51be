"""The verbs that begin with `queue`: looked at from outside, changed where it runs, or where it lies."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from core.cli import queue_changes
from core.cli.context import Context
from core.cli.exits import DONE, exit_code
from core.cli.hosting import hosted
from core.cli.output import Output, Piece, Styled, bold, dim, green, red, yellow
from core.cli.queue_changes import Desk
from core.cli.queue_rows import listed
from core.clock import SystemClock
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.jobs.types import FINISHED, Job, Lane, State
from core.store.lock import held

_LIMIT = 50
_TITLE = 44


def list_(context: Context) -> int:
    """Print what runs, what waits and what ended."""
    values, paths = context.values, context.paths
    limit = _LIMIT if values["limit"] is None else values["limit"]
    if limit < 0:
        raise UsageError("A list has no negative length.")
    lanes: tuple[Lane, ...] = (values["lane"],) if values["lane"] else ()
    jobs: list[Job] = []
    if not values["demo"]:  # a demonstration begins with an empty queue
        jobs = listed(
            paths.database,
            states=values["state"],
            lanes=lanes,
            limit=limit,
            now=SystemClock().now(),
            held=held(paths.lock) is not None,
        )
    if context.out.json:
        context.out.value([entry(job) for job in jobs])
    elif jobs:
        context.out.table([_row(job, context.out) for job in jobs], right=(0, 2))
    else:
        context.out.line(dim("There is no such job." if values["state"] or lanes else "The queue is empty."))
    return DONE


async def cancel(context: Context) -> int:
    """End jobs."""
    async with _desk(context) as desk:
        jobs = await desk.cancel(context.values["id"])
    return _changed(context.out, jobs)


async def retry(context: Context) -> int:
    """Let failed or cancelled jobs run again."""
    async with _desk(context) as desk:
        jobs = await desk.retry(context.values["id"])
    return _changed(context.out, jobs)


async def move(context: Context) -> int:
    """Give a waiting job another position."""
    async with _desk(context) as desk:
        job = await desk.move(context.values["id"], context.values["position"])
    return _changed(context.out, [job])


async def pause(context: Context) -> int:
    """Start nothing new on a lane."""
    return await _turned(context, paused=True)


async def resume(context: Context) -> int:
    """Let a lane go on."""
    return await _turned(context, paused=False)


async def _turned(context: Context, *, paused: bool) -> int:
    lane: Lane = context.values["lane"]
    async with _desk(context) as desk:
        await desk.pause(lane, paused=paused)
    if context.out.json:
        context.out.value({"lane": lane, "paused": paused})
    else:
        context.out.line(f"The lane {lane} is paused." if paused else f"The lane {lane} goes on.")
    return DONE


async def wait(context: Context) -> int:
    """Wait for the end of jobs."""
    from core.cli.model_verbs import followed

    if context.values["demo"]:
        raise UsageError("A demonstration has a queue of its own, which ends with it.", "Leave out --demo.")
    failure: LeitstandError | None = None
    async with hosted(context) as engine:
        jobs = [await engine.jobs.get(id) for id in context.values["id"]]
        ended: list[Job] = []
        for job in jobs:
            try:
                ended.append(await followed(engine, job, context.out))
            except LeitstandError as error:
                failure = error
                ended.append(await engine.jobs.get(job.id))
    if context.out.json:
        context.out.event({"done": True, "jobs": [entry(job) for job in ended]})
    else:
        context.out.table([_row(job, context.out) for job in ended], right=(0, 2))
    return DONE if failure is None else exit_code(failure)


async def clear(context: Context) -> int:
    """Forget finished jobs."""
    states: tuple[State, ...] = context.values["state"] or FINISHED
    async with _desk(context) as desk:
        removed = await desk.clear(states)
    if context.out.json:
        context.out.value({"cleared": removed})
    else:
        context.out.line(f"{removed} finished {'job is' if removed == 1 else 'jobs are'} forgotten.")
    return DONE


def _desk(context: Context) -> AbstractAsyncContextManager[Desk]:
    if context.values["demo"]:
        raise UsageError("A demonstration has a queue of its own, which ends with it.", "Leave out --demo.")
    return queue_changes.desk(context)


def _changed(out: Output, jobs: list[Job]) -> int:
    if out.json:
        out.value([entry(job) for job in jobs])
    for job in () if out.json else jobs:
        place = f", number {job.position} in its lane" if job.position else ""
        out.line(f"Job {job.id} is {job.state}{place}: ", dim(one_line(job.title, _TITLE)))
    return DONE


def entry(job: Job) -> dict[str, Any]:
    """A job as scripts get it; null is not known."""
    told = job.progress
    return {
        "id": job.id,
        "kind": job.kind,
        "lane": job.lane,
        "state": job.state,
        "position": job.position,
        "model": job.model or None,
        "title": job.title,
        "reason": job.reason,
        "priority": job.priority,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "created": _time(job.created),
        "started": _time(job.started),
        "finished": _time(job.finished),
        "progress": {
            "phase": told.phase,
            "percent": told.percent,
            "text": told.text,
            "numbers": dict(told.numbers),
        },
        "error": None
        if job.error is None
        else {"code": job.error.code, "message": job.error.message, "hint": job.error.hint},
        "group": job.group or None,
    }


def _time(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _row(job: Job, out: Output) -> tuple[Piece, ...]:
    return (
        bold(str(job.id)),
        _state(job, out),
        dim("" if job.position is None else str(job.position)),
        job.model or job.kind,
        one_line(job.title, _TITLE),
        dim(_words(job)),
    )


def _state(job: Job, out: Output) -> Styled:
    signs = "●○◌✓✗─" if out.unicode else "*o.vx-"
    match job.state:
        case "running":
            return green(f"{signs[0]} running")
        case "waiting":
            return dim(f"{signs[1]} waiting")
        case "held":
            return yellow(f"{signs[2]} held")
        case "done":
            return green(f"{signs[3]} done")
        case "failed":
            return red(f"{signs[4]} failed")
    return dim(f"{signs[5]} {job.state}")


def _words(job: Job) -> str:
    if job.state == "failed" and job.error is not None:
        return job.error.message
    if job.state == "running" and not job.reason.startswith("cut off"):
        percent = "" if job.progress.percent is None else f"{job.progress.percent:.0f} %"
        return f"{job.progress.text or job.progress.phase} {percent}".strip()
    if job.state == "done" and job.started is not None and job.finished is not None:
        return f"in {max(0.0, job.finished - job.started):.1f} s"
    return "" if job.state == "cancelled" else job.reason
