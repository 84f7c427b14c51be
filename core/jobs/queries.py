"""What is asked of the queue's rows, and the few changes that are not a step of one job."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.jobs.store import LINE, STRIDE, job_of
from core.jobs.types import FINISHED, Job, JobFilter, Jobs, Lane, State, base_of, lane_of
from core.store.database import Database, Transaction

_CLEARED_AT_ONCE = 2000
"""So many rows are deleted in one transaction; the next writer then has its turn."""


class Orphan(NamedTuple):
    """A job that another process was running, and how many processes died doing so."""

    job: Job
    deaths: int


class LaneRow(NamedTuple):
    """What a person changed about a lane."""

    paused: bool
    width: int | None


async def newer(tx: Transaction, than: int) -> Jobs:
    """Return the waiting jobs that were accepted since, in their order."""
    rows = await tx.rows("SELECT * FROM job WHERE id > ? AND state = 'waiting' ORDER BY id", (than,))
    return [job_of(row) for row in rows]


async def unstarted(database: Database) -> Jobs:
    """Return every job that waits or is set aside."""
    rows = await database.read("SELECT * FROM job WHERE finished IS NULL AND state <> 'running'")
    return [job_of(row) for row in rows]


async def orphans(database: Database, boot: str) -> list[Orphan]:
    """Return what a process before this one was running."""
    rows = await database.read(
        "SELECT * FROM job WHERE finished IS NULL AND state = 'running' AND boot <> ? ORDER BY id", (boot,)
    )
    return [Orphan(job_of(row), row["deaths"]) for row in rows]


async def job(database: Database, id: int) -> Job | None:
    """Return one job."""
    row = await database.read_one("SELECT * FROM job WHERE id = ?", (id,))
    return None if row is None else job_of(row)


async def last_number(database: Database) -> int:
    """Return the number of the last job that was accepted."""
    row = await database.read_one("SELECT seq FROM sqlite_sequence WHERE name = 'job'")
    return 0 if row is None else int(row["seq"])


async def lane_rows(database: Database) -> dict[Lane, LaneRow]:
    """Return what was changed about lanes."""
    rows = await database.read("SELECT name, paused, width FROM lane")
    return {row["name"]: LaneRow(bool(row["paused"]), row["width"]) for row in rows}


async def set_lane(tx: Transaction, lane: Lane, row: LaneRow) -> None:
    """Remember what was changed about a lane."""
    await tx.execute(
        "INSERT INTO lane (name, paused, width) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, width = excluded.width",
        (lane, row.paused, row.width),
    )


async def durations(database: Database, most: int = 1000) -> list[dict[str, Any]]:
    """Return how long the last jobs that were done took, the newest first."""
    rows = await database.read(
        "SELECT kind, model, finished - started AS seconds, load_seconds FROM job "
        "WHERE finished IS NOT NULL AND state = 'done' AND started IS NOT NULL "
        "ORDER BY finished DESC LIMIT ?",
        (most,),
    )
    return [dict(row) for row in rows]


async def listed(database: Database, wanted: JobFilter) -> Jobs:
    """Return what runs, then what waits or is set aside in its place, then the finished, newest first."""
    where, values = _conditions(wanted)
    found: Jobs = []
    skip = wanted.skip
    for part, order in (
        ("finished IS NULL", "state <> 'running', state = 'held', lane, place"),
        ("finished IS NOT NULL", "finished DESC, id DESC"),
    ):
        left = max(0, wanted.limit - len(found))
        values.update(limit=left, skip=skip)
        # Every piece of it is a literal of this file; what a person gave is a parameter.
        condition = " AND ".join([part, *where])
        rows = await database.read(
            f"SELECT * FROM job WHERE {condition} ORDER BY {order} LIMIT :limit OFFSET :skip",  # noqa: S608 - see above
            values,
        )
        # One that ended between the two questions is in both answers.
        known = {job.id for job in found}
        found += [job_of(row) for row in rows if row["id"] not in known]
        if not found and skip:
            counted = await database.read(f"SELECT count(*) FROM job WHERE {condition}", values)  # noqa: S608 - see above
            skip = max(0, skip - int(counted[0][0]))
        else:
            skip = 0
    return found


def _conditions(wanted: JobFilter) -> tuple[list[str], dict[str, Any]]:
    where: list[str] = []
    values: dict[str, Any] = {}
    bases = tuple(dict.fromkeys(map(base_of, wanted.lanes)))
    chosen: tuple[str, ...]
    for column, name, chosen in (
        ("state", "state", wanted.states),
        ("lane", "lane", bases),
        (LINE, "line", wanted.lanes),
        ("kind", "kind", wanted.kinds),
    ):
        if chosen:
            names = [f"{name}_{number}" for number in range(len(chosen))]
            values.update(zip(names, chosen, strict=True))
            where.append(f"{column} IN ({', '.join(f':{name}' for name in names)})")
    for column, text in (("model", wanted.model), ("batch", wanted.group)):
        if text:
            where.append(f"{column} = :{column}")
            values[column] = text
    if wanted.text:
        # Groups with a name for people have several words; the others would be found by everybody.
        group = "instr(batch, ' ') > 0 AND instr(lower(batch), lower(:text)) > 0"
        where.append(f"(instr(lower(title), lower(:text)) > 0 OR ({group}))")
        values["text"] = wanted.text
    return where, values


async def move(tx: Transaction, job: Job, position: int) -> Jobs:
    """Give a waiting job another position of its lane; return it and whose place changed, if it waits."""
    rows = await tx.rows(
        "SELECT id, place, lane, model, state = 'waiting' AS waits FROM job "
        "WHERE finished IS NULL AND lane = ? ORDER BY place",
        (base_of(job.lane),),
    )
    places = {
        row["id"]: int(row["place"])
        for row in rows
        if row["waits"] and lane_of(row["lane"], row["model"]) == job.lane
    }
    if job.id not in places:
        return []
    ids = [id for id in places if id != job.id]
    ids.insert(min(max(position, 1), len(places)) - 1, job.id)
    changed = _between(ids, places, job.id, taken={int(row["place"]) for row in rows})
    if changed is None:
        # No number is free in between: the whole line moves up and is spread out again.
        base = max(int(row["place"]) for row in rows)
        changed = {id: base + STRIDE * number for number, id in enumerate(ids, 1)}
    moved: Jobs = []
    for id, place in changed.items():
        found = await tx.rows(
            "UPDATE job SET place = ?, placed = max(placed, ?) "
            "WHERE id = ? AND state = 'waiting' RETURNING *",
            (place, id == job.id, id),
        )
        moved += [job_of(row) for row in found]
    return moved


def _between(ids: list[int], places: dict[int, int], id: int, *, taken: set[int]) -> dict[int, int] | None:
    """Return a free place for a job between its neighbours, or None."""
    at = ids.index(id)
    before = places[ids[at - 1]] if at else min(taken) - 2 * STRIDE
    after = places[ids[at + 1]] if at + 1 < len(ids) else max(taken) + 2 * STRIDE
    if before < places[id] < after:
        return {id: places[id]}
    middle = (before + after) // 2
    return None if middle in taken or not before < middle < after else {id: middle}


async def clear(database: Database, states: tuple[State, ...], *, before: float | None = None) -> int:
    """Forget finished jobs, or those finished before a moment; return how many."""
    given = tuple(state if state in states else None for state in FINISHED)
    removed = 0
    while True:
        async with database.write() as tx:
            result = await tx.execute(
                "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE finished IS NOT NULL AND finished < ? "
                "AND state IN (?, ?, ?) LIMIT ?)",
                (float("inf") if before is None else before, *given, _CLEARED_AT_ONCE),
            )
        removed += result.rowcount
        if result.rowcount < _CLEARED_AT_ONCE:
            return removed
