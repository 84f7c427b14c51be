"""The queue's rows. Every step a job takes is one guarded statement: what does not fit changes nothing.

A step demands a state before; a step of a run also demands the run's number (`claim`), so that a
worker that comes late, or twice, is refused. What a step does not find it returns as None.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from core.jobs.types import (
    NOTHING,
    PRIORITIES,
    Fault,
    Job,
    Lane,
    NewJob,
    Progress,
    State,
    base_of,
    lane_of,
)
from core.store.database import Transaction


class Step(msgspec.Struct, frozen=True):
    """From which states to which, and what is written."""

    before: tuple[State, ...]
    after: State
    sets: str
    of_run: bool = True
    """Only the run that was begun with this number may take it."""


STRIDE = 1024
"""Places are that far apart, so that a job can be moved between two others without touching them."""

LINE = (
    "(lane || CASE WHEN lane = 'inference' AND instr(model, '@') > 0 "
    "THEN lower(substr(model, instr(model, '@'))) ELSE '' END)"
)
"""A row's lane as `lane_of` has it: the column says only of which kind it is."""

_OFF = "boot = NULL, stopping = NULL"

STEPS: dict[str, Step] = {
    "start": Step(
        ("waiting",),
        "running",
        "boot = :boot, claim = claim + 1, attempt = attempt + 1, started = :now, reason = :reason, "
        "not_before = NULL, stopping = NULL, progress = NULL, load_seconds = NULL",
        of_run=False,
    ),
    "note": Step(("running",), "running", "progress = :progress, load_seconds = :load"),
    "ask to stop": Step(("running",), "running", "stopping = :stopping", of_run=False),
    "finish": Step(
        ("running",),
        "done",
        f"{_OFF}, finished = :now, result = :result, error = NULL, progress = :progress, "
        "load_seconds = :load",
    ),
    "fail": Step(
        ("running",),
        "failed",
        f"{_OFF}, finished = :now, error = :error, progress = :progress, load_seconds = :load",
    ),
    "stop": Step(("running",), "cancelled", f"{_OFF}, finished = :now, progress = :progress"),
    "set aside": Step(("running",), "held", f"{_OFF}, started = NULL, attempt = attempt - 1"),
    "again": Step(
        ("running",),
        "waiting",
        f"{_OFF}, started = NULL, not_before = :not_before, error = :error, attempt = attempt - :free, "
        "deaths = deaths + :died",
    ),
    "change model": Step(
        ("running",),
        "waiting",
        f"{_OFF}, started = NULL, not_before = NULL, error = NULL, attempt = 0, model = :model",
    ),
    "cancel": Step(("waiting", "held"), "cancelled", "finished = :now", of_run=False),
    "hold": Step(("waiting",), "held", "not_before = NULL", of_run=False),
    "release": Step(("held",), "waiting", "not_before = NULL", of_run=False),
    "retry": Step(
        ("failed", "cancelled"),
        "waiting",
        "started = NULL, finished = NULL, not_before = NULL, attempt = 0, deaths = 0, progress = NULL, "
        "result = NULL, place = :place, placed = 0",
        of_run=False,
    ),
}


def _statement(step: Step) -> str:
    states = ", ".join(f"'{state}'" for state in step.before)
    fence = " AND claim = :claim" if step.of_run else ""
    # Everything in it is a literal of the table above.
    return (
        f"UPDATE job SET state = '{step.after}', {step.sets} "  # noqa: S608 - see above
        f"WHERE id = :id AND state IN ({states}){fence} RETURNING *"
    )


_SQL = {name: _statement(step) for name, step in STEPS.items()}

_INSERT = """
    INSERT INTO job (id, kind, lane, model, title, priority, place, max_attempts, not_before, created,
                     payload, batch, key, sole)
    VALUES (:id, :kind, :lane, :model, :title, :priority, :place, :max_attempts, :not_before, :created,
            :payload, :batch, :key, :sole)
"""


class Accepted(msgspec.Struct, frozen=True):
    """A job to be written, with what the service knows about it."""

    new: NewJob
    lane: Lane
    max_attempts: int


def storable(text: str) -> str:
    """Return text the database can hold: half characters, as from broken file names, are replaced."""
    return text.encode("utf-8", "replace").decode()


def raw(value: msgspec.Raw) -> str:
    """Return JSON as the text that is stored."""
    return bytes(value).decode()


async def step(tx: Transaction, name: str, id: int, **values: Any) -> Job | None:
    """Take a step; None when the job is not where the step begins."""
    rows = await tx.rows(_SQL[name], {"id": id, **values})
    return job_of(rows[0]) if rows else None


async def note_many(tx: Transaction, notes: Sequence[dict[str, Any]]) -> None:
    """Write the progress of several runs; a run that is over is passed by."""
    await tx.many(_SQL["note"].removesuffix(" RETURNING *"), notes)


async def insert(tx: Transaction, accepted: Sequence[Accepted], now: float) -> list[Job]:
    """Write new jobs at the end of their lanes; one whose key is known returns what is known."""
    known = await _known(tx, accepted)
    rows = await tx.rows("SELECT seq FROM sqlite_sequence WHERE name = 'job'")
    number = int(rows[0]["seq"]) if rows else 0
    places, positions = await _ends(tx)
    jobs: list[Job] = []
    fresh: list[dict[str, Any]] = []
    for each in accepted:
        new = each.new
        marks = [("key", new.key), ("sole", new.sole)]
        if (same := next((known[mark] for mark in marks if mark in known), None)) is not None:
            jobs.append(same)
            continue
        number += 1
        places[each.lane] += STRIDE
        row = _row(each, number, places[each.lane], now)
        fresh.append(row)
        job = _fresh(row)
        positions[job.lane] += 1
        job = msgspec.structs.replace(job, position=positions[job.lane])
        jobs.append(job)
        known.update({mark: job for mark in marks if mark[1]})
    await tx.many(_INSERT, fresh)
    return jobs


async def _known(tx: Transaction, accepted: Sequence[Accepted]) -> dict[tuple[str, str], Job]:
    known: dict[tuple[str, str], Job] = {}
    for each in accepted:
        if each.new.key:
            rows = await tx.rows("SELECT * FROM job WHERE key = ?", (storable(each.new.key),))
            if rows:
                known["key", each.new.key] = job_of(rows[0])
        if each.new.sole and (job := await unfinished_sole(tx, each.new.sole)) is not None:
            known["sole", each.new.sole] = job
    return known


async def unfinished_sole(tx: Transaction, sole: str) -> Job | None:
    """Return the unfinished job that bears this mark."""
    rows = await tx.rows("SELECT * FROM job WHERE sole = ? AND finished IS NULL", (storable(sole),))
    return job_of(rows[0]) if rows else None


async def _ends(tx: Transaction) -> tuple[Counter[str], Counter[str]]:
    """Return the last place of each kind of lane, and how many wait on each lane."""
    rows = await tx.rows(
        f"SELECT lane, {LINE} AS line, max(place) AS place, sum(state = 'waiting') AS waiting FROM job "  # noqa: S608 - a constant
        "WHERE finished IS NULL GROUP BY lane, line"
    )
    places: Counter[str] = Counter()
    for row in rows:
        places[row["lane"]] = max(places[row["lane"]], row["place"])
    return places, Counter({row["line"]: row["waiting"] for row in rows})


async def end_of(tx: Transaction, lane: Lane) -> int:
    """Return the place behind everybody in a lane."""
    return (await _ends(tx))[0][base_of(lane)] + STRIDE


def _row(each: Accepted, number: int, place: int, now: float) -> dict[str, Any]:
    new = each.new
    return {
        "id": number,
        "kind": new.kind,
        "lane": each.lane,
        "model": storable(new.model),
        "title": storable(new.title),
        "priority": PRIORITIES.index(new.priority),
        "place": place,
        "max_attempts": each.max_attempts,
        "not_before": now + new.delay if new.delay > 0 else None,
        "created": now,
        "payload": raw(new.payload),
        "batch": storable(new.group),
        "key": storable(new.key) or None,
        "sole": storable(new.sole) or None,
    }


def _fresh(row: dict[str, Any]) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        lane=lane_of(row["lane"], row["model"]),
        model=row["model"],
        title=row["title"],
        place=row["place"],
        priority=PRIORITIES[row["priority"]],
        max_attempts=row["max_attempts"],
        not_before=row["not_before"],
        created=row["created"],
        payload=msgspec.Raw(row["payload"].encode()),
        group=row["batch"],
        key=row["key"] or "",
        sole=row["sole"] or "",
    )


def job_of(row: sqlite3.Row) -> Job:
    """Return a row as a job."""
    return Job(
        id=row["id"],
        kind=row["kind"],
        lane=lane_of(row["lane"], row["model"]),
        model=row["model"],
        title=row["title"],
        place=row["place"],
        placed=bool(row["placed"]),
        state=row["state"],
        priority=PRIORITIES[row["priority"]],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        not_before=row["not_before"],
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        load_seconds=row["load_seconds"],
        progress=_decoded(row["progress"], Progress, Progress()),
        result=NOTHING if row["result"] is None else msgspec.Raw(row["result"].encode()),
        error=_decoded(row["error"], Fault, None),
        payload=msgspec.Raw(row["payload"].encode()),
        group=row["batch"],
        key=row["key"] or "",
        sole=row["sole"] or "",
        reason=row["reason"],
        stopping=row["stopping"],
        claim=row["claim"],
    )


def _decoded(text: str | None, form: Any, default: Any) -> Any:
    if text is None:
        return default
    try:
        return msgspec.json.decode(text, type=form)
    except msgspec.DecodeError:
        # Written by another version, or by hand: one odd row must not hide the whole queue.
        return default
