"""What the end of a run means for its job: done, again, failed, or stopped as somebody wished. Pure."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from core.errors import (
    LeitstandError,
    LoadFailed,
    OutOfMemory,
    RunnerCrashed,
    ServerBusy,
    ServerUnavailable,
)
from core.jobs.context import GiveUp, OtherModel, TryLater, Verdict
from core.jobs.store import raw, storable
from core.jobs.types import Fault, Job, packed
from core.tasks import place

AWAY = (ServerUnavailable, ServerBusy)
"""The server is not there or too busy: the job waits for it, and no attempt counts."""

AWAY_CODES = frozenset(error.code for error in AWAY)

AGAIN = (LoadFailed, RunnerCrashed, OutOfMemory)
"""Another try may work: the server frees the memory of an earlier model only after a while."""

MOST_DEATHS = 10
"""A job during which the process died this often is not started again by itself."""

log = logging.getLogger("leitstand.jobs")


class Returned(msgspec.Struct, frozen=True):
    """A handler returned this."""

    result: object


class Raised(msgspec.Struct, frozen=True):
    """A handler raised this."""

    error: Exception


class Cut(msgspec.Struct, frozen=True):
    """A handler was cancelled."""


Outcome = Returned | Raised | Cut


class Ending(msgspec.Struct, frozen=True):
    """The step to take, with its values."""

    step: str
    values: dict[str, Any] = {}
    fault: Fault | None = None
    server_away: bool = False


def ending(job: Job, outcome: Outcome, *, now: float, retry_after: float, rest: float) -> Ending:
    """Return what becomes of a job; *rest* is how long to leave a server alone that is away."""
    if isinstance(outcome, Returned):
        return _returned(job, outcome.result)
    if job.stopping == "cancel":
        return Ending("stop")
    if job.stopping == "hold":
        return Ending("set aside")
    if isinstance(outcome, Cut):
        return _failed(Fault("error", f"The {job.kind} was stopped from outside.", "Retry it."))
    return _raised(job, outcome.error, now=now, retry_after=retry_after, rest=rest)


def orphaned(job: Job, verdict: Verdict, *, deaths: int | None = None) -> Ending:
    """Return what becomes of a job that closing, or with *deaths* a crash, cut off."""
    if job.stopping == "cancel" or verdict == "cancel":
        return Ending("stop")
    if job.stopping == "hold":
        return Ending("set aside")
    if verdict == "done":
        return Ending("finish", {"result": None})
    if verdict == "fail":
        return _failed(Fault("interrupted", "Leitstand ended while this ran.", "Retry it."))
    if deaths is not None and deaths + 1 >= MOST_DEATHS:
        times = f"Leitstand died {deaths + 1} times while this ran, so it is not started again by itself."
        return _failed(Fault("interrupted", times, "Retry it when you know why."))
    return _again(None, not_before=None, free=True, died=deaths is not None)


def fault_of(error: LeitstandError) -> Fault:
    """Return an error as the data that is kept."""
    return Fault(error.code, storable(error.message), storable(error.hint))


def _returned(job: Job, result: object) -> Ending:
    if result is None:
        return Ending("finish", {"result": None})
    try:
        return Ending("finish", {"result": raw(packed(result))})
    except Exception as error:  # noqa: BLE001 - whatever a handler returned, its job must end
        # Not the text: it may quote what a person wrote.
        log.warning("the result of a %s cannot be kept: %s", job.kind, type(error).__name__)
        return _failed(Fault("error", f"The result of the {job.kind} cannot be kept.", "See the log."))


def _raised(job: Job, error: Exception, *, now: float, retry_after: float, rest: float) -> Ending:
    if isinstance(error, GiveUp):
        return _failed(fault_of(error.error))
    if isinstance(error, OtherModel):
        return Ending("change model", {"model": storable(error.model)})
    if isinstance(error, TryLater):
        fault = fault_of(error.error)
        if error.counts and job.attempt >= job.max_attempts:
            return _failed(fault)
        return _again(fault, not_before=now + error.after, free=not error.counts)
    if isinstance(error, AWAY):
        return msgspec.structs.replace(
            _again(fault_of(error), not_before=now + rest, free=True), server_away=True
        )
    if isinstance(error, LeitstandError):
        if isinstance(error, AGAIN) and job.attempt < job.max_attempts:
            return _again(fault_of(error), not_before=now + retry_after, free=False)
        return _failed(fault_of(error))
    # The type and the place, not the text: an exception may quote what a person wrote.
    log.error("a %s crashed: %s at %s", job.kind, type(error).__name__, place(error))
    return _failed(
        Fault("error", f"The {job.kind} stopped by a fault: {type(error).__name__}.", "See the log.")
    )


def _failed(fault: Fault) -> Ending:
    return Ending("fail", {"error": raw(packed(fault))}, fault)


def _again(fault: Fault | None, *, not_before: float | None, free: bool, died: bool = False) -> Ending:
    values = {
        "not_before": not_before,
        "error": None if fault is None else raw(packed(fault)),
        "free": int(free),
        "died": int(died),
    }
    return Ending("again", values, fault)
