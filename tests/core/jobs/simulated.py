"""A queue of made-up jobs, run in made-up time: by the planner, or first come first served."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.jobs.line import Line, Start, Waiting
from core.jobs.rig import Rig
from core.jobs.schedule import Bounds, Scene, choose


@dataclass(frozen=True)
class Arrival:
    at: float
    job: Waiting
    runs: float
    """How long it really runs; the planner only knows `job.seconds`."""


@dataclass
class Outcome:
    switches: int = 0
    order: list[int] = field(default_factory=list)
    waited: dict[int, float] = field(default_factory=dict)
    overtaken: dict[int, int] = field(default_factory=dict)
    """By later ones of the same or a less urgent class, counted here and not by the planner."""
    passed: dict[int, int] = field(default_factory=dict)
    """By later ones of whatever class."""
    held_up: dict[int, float] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    ended_at: float = 0.0

    def p95(self) -> float:
        ordered = sorted(self.waited.values())
        return ordered[int(len(ordered) * 0.95)]


def run(
    arrivals: Iterable[Arrival],
    *,
    bounds: Bounds | None,
    loads: Mapping[str, float],
    sizes: Mapping[str, int] | None = None,
    memory: int | None = None,
    width: int = 1,
) -> Outcome:
    """Run them all; without *bounds* first come, first served."""
    due = sorted(arrivals, key=lambda arrival: (arrival.at, arrival.job.place))
    by_id = {arrival.job.id: arrival for arrival in due}
    rig = Rig(free=memory, size_of=lambda model: None if sizes is None else sizes[model])
    line, outcome, now, next_due = Line(), Outcome(), 0.0, 0
    underway: list[tuple[float, int, Start]] = []
    while next_due < len(due) or len(line) or underway:
        while next_due < len(due) and due[next_due].at <= now:
            line.put(due[next_due].job)
            next_due += 1
        while underway and underway[0][0] <= now:
            _, _, start = heapq.heappop(underway)
            rig.end(start.job.model)
            line.end(start, outcome.took[start.job.id])
        started = None
        if len(underway) < width and len(line):
            started = _next(line, rig, bounds, loads, now)
        if started is None:
            moments = [due[next_due].at] if next_due < len(due) else []
            moments += [underway[0][0]] if underway else []
            assert moments or not len(line), "somebody waits, nobody starts, and nothing is to come"
            if not moments:
                break
            now = max(now, min(moments))
            continue
        arrival = by_id[started]
        job = arrival.job
        load = 0.0 if rig.has(job.model) else loads[job.model]
        outcome.switches += load > 0
        outcome.order.append(job.id)
        outcome.waited[job.id] = now - arrival.at
        outcome.took[job.id] = load + arrival.runs
        for other in line.all():
            if other.place >= job.place:
                continue
            outcome.passed[other.id] = outcome.passed.get(other.id, 0) + 1
            if other.priority <= job.priority:
                outcome.overtaken[other.id] = outcome.overtaken.get(other.id, 0) + 1
                outcome.held_up[other.id] = outcome.held_up.get(other.id, 0.0) + load + job.seconds
        start = line.start(job.id, load + job.seconds, now)
        rig.start(job.model)
        heapq.heappush(underway, (now + load + arrival.runs, job.id, start))
        outcome.ended_at = max(outcome.ended_at, now + load + arrival.runs)
    return outcome


def _next(line: Line, rig: Rig, bounds: Bounds | None, loads: Mapping[str, float], now: float) -> int | None:
    if bounds is not None:
        return choose(line, Scene(rig, bounds, loads.__getitem__, now)).id
    first = line.all()[0] if len(line) < 50 else next(job for job in line.of(1, now))
    return first.id if rig.can_start(first.model) else None


def bursty(
    count: int, models: int, seed: int, *, busy: float = 0.8, mean_run: float = 6.0, mean_load: float = 8.0
) -> tuple[list[Arrival], dict[str, float]]:
    """Bursts of questions, each mostly to one model; *busy* is the work without loading per second."""
    chance = random.Random(seed)
    names = [f"model-{number}" for number in range(models)]
    loads = {name: mean_load * chance.uniform(0.3, 1.7) for name in names}
    arrivals: list[Arrival] = []
    now = 0.0
    while len(arrivals) < count:
        size = min(count - len(arrivals), 1 + int(chance.expovariate(1 / 6)))
        favourite = chance.choice(names)
        for _ in range(size):
            model = favourite if chance.random() < 0.3 else chance.choice(names)
            expected = mean_run * chance.uniform(0.5, 1.5)
            number = len(arrivals) + 1
            job = Waiting(number, number, model, seconds=expected)
            arrivals.append(Arrival(now, job, expected * chance.lognormvariate(-0.08, 0.4)))
            now += chance.expovariate(1 / 0.3)
        now += chance.expovariate(busy / (size * mean_run))
    return arrivals, loads
