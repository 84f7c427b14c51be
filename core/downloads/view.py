"""A download as people see it: made from its job, the job that tries it out, and how far it was. Pure."""

from __future__ import annotations

import msgspec

from core.downloads.progress import ALMOST, Floor
from core.downloads.running import ProveAsk, Pulled
from core.downloads.types import Download, Proof, State
from core.jobs.types import Fault, Job

_PHASES: dict[str, State] = {
    "planning": "planning",
    "downloading": "downloading",
    "checking": "checking",
    "finishing": "finishing",
    "done": "finishing",
}
_WORDS: dict[State, str] = {
    "planning": "asking the registry what there is to fetch",
    "checking": "the server checks what came; that may take minutes",
    "finishing": "the server writes the model",
}


def download(job: Job, proof: Job | None, floor: Floor) -> Download:
    """Put a download together."""
    state = _state(job, proof)
    numbers = job.progress.numbers
    # Of one that is over the job knows all; the floor may be another's by now.
    floor = floor if job.unfinished else Floor()
    ended = job.state == "done"
    total = _whole(numbers.get("total")) or floor.total
    completed = max(int(numbers.get("completed", 0)), floor.completed)
    moving = state == "downloading"
    return Download(
        id=job.id,
        name=job.title,
        state=state,
        percent=100.0 if ended else _most(job.progress.percent, floor.percent),
        completed=total if ended and total is not None else completed,
        total=total,
        exact=bool(numbers.get("exact", floor.exact)),
        speed=numbers.get("speed") if moving else None,
        eta=numbers.get("eta") if moving else None,
        position=job.position if job.state == "waiting" else None,
        text=_text(job, proof, state),
        error=_error(job, proof, state),
        attempt=job.attempt,
        created=job.created,
        started=job.started,
        finished=(proof.finished if proof else job.finished) if ended else job.finished,
        proof=_proof(proof),
    )


def not_less(before: Download | None, now: Download) -> Download:
    """Show no less than was shown before, unless a person began it anew."""
    if before is None or (now.unfinished and not before.unfinished):
        return now
    completed = max(now.completed, before.completed if before.total == now.total else 0)
    percents = [percent for percent in (now.percent, before.percent) if percent is not None]
    return msgspec.structs.replace(now, completed=completed, percent=max(percents, default=None))


def pulled(job: Job) -> Pulled | None:
    """What a download brought, when it is done."""
    return msgspec.json.decode(job.result, type=Pulled) if job.state == "done" else None


def tried_for(proof: Job) -> int:
    """The download that a trial belongs to."""
    return msgspec.json.decode(proof.payload, type=ProveAsk).download


def _state(job: Job, proof: Job | None) -> State:
    if job.state == "waiting":
        return "retrying" if job.error is not None else "waiting"
    if job.state == "held" or (job.state == "running" and job.stopping == "hold"):
        return "paused"
    if job.state == "running":
        return _PHASES.get(job.progress.phase, "planning")
    if job.state == "done" and proof is not None:
        if proof.state == "failed":
            return "failed"
        if proof.unfinished:
            return "proving"
    return job.state


def _text(job: Job, proof: Job | None, state: State) -> str:
    if state == "proving" and proof is not None:
        if proof.state == "running":
            return "the model is tried out"
        return f"to be tried out: {proof.reason}" if proof.reason else "to be tried out"
    if state in ("waiting", "retrying"):
        return job.reason
    return _WORDS.get(state, "")


def _error(job: Job, proof: Job | None, state: State) -> Fault | None:
    if state == "failed" and job.state == "done" and proof is not None:
        return proof.error
    return job.error if state in ("failed", "retrying") else None


def _proof(proof: Job | None) -> Proof | None:
    return msgspec.json.decode(proof.result, type=Proof) if proof and proof.state == "done" else None


def _most(*percents: float | None) -> float | None:
    """How far it was at most; all of it is the end, which only the job's end is."""
    known = [percent for percent in percents if percent is not None]
    return min(max(known), ALMOST) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
