"""Who runs next: as few model switches as fairness allows. Pure: plain data in, a choice out.

More urgent before less urgent, then within a class:

- Nobody is overtaken by more than `Bounds.times` later jobs of the same or a less urgent class, nor
  held up by them for longer than `Bounds.seconds` as far as durations are known beforehand.
- After `Bounds.in_a_row` more urgent starts the first of a less urgent class is let in.
- A job that a person placed is overtaken by nobody behind it.
- The line is worked off in rounds. A round is as long a piece of the line's front as may be run in any
  order without breaking the bounds; it runs grouped by model, the loaded ones first. Without rounds
  the whole front would reach its bounds at once, and then run in the order of arrival, switching.
- A later job of a loaded model may join the round while that leaves the round its freedom.
- A load never takes the memory of a running job: whoever needs it waits, and nobody overtakes it
  beyond the bounds meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import msgspec

from core.jobs.line import CLASSES, Line, Waiting
from core.jobs.rig import Rig


class Bounds(msgspec.Struct, frozen=True):
    """How far fairness may be stretched."""

    times: int = 24
    seconds: float = 180.0
    in_a_row: int = 20


class Choice(msgspec.Struct, frozen=True):
    """Who runs next and why, as one sentence; nobody when *id* is None."""

    id: int | None
    reason: str


class Scene(msgspec.Struct, frozen=True):
    """What a choice depends on besides the line."""

    rig: Rig
    bounds: Bounds
    load_seconds: Callable[[str], float]
    now: float


class _Group(msgspec.Struct):
    """The jobs of one model within a round."""

    first: Waiting
    count: int = 0
    seconds: float = 0.0


class _Front(msgspec.Struct):
    """The tightest bounds among those that would be overtaken."""

    times: int = 0
    seconds: float = 0.0

    def add(self, overtaken: tuple[int, float]) -> None:
        self.times = max(self.times, overtaken[0])
        self.seconds = max(self.seconds, overtaken[1])

    def allows(self, seconds: float, bounds: Bounds, *, reserve: int = 0) -> bool:
        return self.times + 1 + reserve <= bounds.times and self.seconds + seconds <= bounds.seconds


def choose(line: Line, scene: Scene) -> Choice:
    """Return who runs next on a lane that has room for one more."""
    now = scene.now
    placed = line.first_placed(now)
    ceiling = None if placed is None else placed.place
    firsts = {
        priority: job
        for priority in CLASSES
        if (job := line.first(priority, now)) is not None and (ceiling is None or job.place <= ceiling)
    }
    if not firsts:
        return Choice(None, "nothing is ready to run")
    urgent = min(firsts)
    for priority in range(urgent + 1, len(CLASSES)):
        guest, passed_over = firsts.get(priority), line.in_a_row[priority]
        if guest is None or passed_over < scene.bounds.in_a_row:
            continue
        if _may_overtake_the_urgent(line, guest, scene):
            return _only(guest, f"let in after {passed_over} more urgent ones", scene)
    if placed is not None and firsts[urgent].id == placed.id:
        return _only(placed, "moved here by hand", scene)
    return _of_class(line, urgent, ceiling, scene)


def _may_overtake_the_urgent(line: Line, guest: Waiting, scene: Scene) -> bool:
    front = _Front()
    overtaken = False
    for priority in range(guest.priority):
        for job in takewhile(lambda job: job.place < guest.place, line.of(priority, scene.now)):
            front.add(line.overtaken(job.id))
            overtaken = True
    return not overtaken or front.allows(_seconds(guest, scene), scene.bounds)


def _only(job: Waiting, reason: str, scene: Scene) -> Choice:
    if scene.rig.can_start(job.model):
        return Choice(job.id, reason)
    return Choice(None, f"{job.model} is loaded when what runs has finished")


def _seconds(job: Waiting, scene: Scene) -> float:
    return job.seconds + (0.0 if scene.rig.has(job.model) else scene.load_seconds(job.model))


def _of_class(line: Line, priority: int, ceiling: int | None, scene: Scene) -> Choice:
    first = line.first(priority, scene.now)
    assert first is not None
    end = line.round_ends.get(priority)
    if end is None or first.place > end:
        end = line.round_ends[priority] = _round_end(line, priority, scene)
    groups, joiner = _candidates(line, priority, end, ceiling, scene)
    startable = [group for model, group in groups.items() if scene.rig.can_start(model)]
    loaded = [group for group in startable if scene.rig.has(group.first.model)]
    if loaded:
        best = min(loaded, key=lambda group: group.first.place)
        return Choice(best.first.id, _why(best, first, line, scene))
    if joiner is not None:
        return Choice(joiner.id, _same(joiner.model, scene))
    if startable:
        best = max(startable, key=lambda group: (_worth(group, groups, scene), -group.first.place))
        return Choice(best.first.id, _why(best, first, line, scene))
    return Choice(None, f"{first.model} is loaded when what runs has finished")


def _round_end(line: Line, priority: int, scene: Scene) -> int:
    """Return the last place of the longest front piece that may run in any order."""
    bounds, seen = scene.bounds, set[str]()
    times, seconds, end = 0, 0.0, 0
    for number, job in enumerate(line.of(priority, scene.now)):
        load = 0.0 if job.model in seen or scene.rig.has(job.model) else scene.load_seconds(job.model)
        if number:
            times -= 1
            seconds -= job.seconds + load
            if times < 0 or seconds < 0:
                break
        seen.add(job.model)
        before = line.overtaken(job.id)
        left = bounds.times - before[0], bounds.seconds - before[1]
        times, seconds = (min(times, left[0]), min(seconds, left[1])) if number else left
        end = job.place
    return end


def _candidates(
    line: Line, priority: int, end: int, ceiling: int | None, scene: Scene
) -> tuple[dict[str, _Group], Waiting | None]:
    """Return the round's jobs by model, each with the first that may go, and a later one that may join."""
    groups: dict[str, _Group] = {}
    front, count, seconds = _Front(), 0, 0.0
    found = set[str]()
    for job in line.of(priority, scene.now):
        if ceiling is not None and job.place > ceiling:
            break
        inside = job.place <= end
        if not inside and any(scene.rig.has(model) for model in groups):
            break  # nobody has to join: the round goes on with what is loaded
        allowed = front.allows(_seconds(job, scene), scene.bounds) or not count
        if inside and (job.model in groups or allowed):
            group = groups.setdefault(job.model, _Group(job))
            group.count += 1
            group.seconds += job.seconds
        elif not inside:
            if not front.allows(job.seconds + seconds, scene.bounds, reserve=max(0, count - 1)):
                break
            if scene.rig.has(job.model):
                return groups, job
        found.add(job.model)
        if not inside and len(found) == line.models(priority):
            break
        if inside:
            count += 1
            seconds += job.seconds
        front.add(line.overtaken(job.id))
    return groups, None


def _worth(group: _Group, groups: dict[str, _Group], scene: Scene) -> float:
    """How many jobs a second of loading and running gets done, loading again what must go included."""
    model = group.first.model
    cost = scene.load_seconds(model) + group.seconds
    cost += sum(scene.load_seconds(gone) for gone in scene.rig.evicts(model) if gone in groups)
    return group.count / max(cost, 1e-9)


def _same(model: str, scene: Scene) -> str:
    if not model:
        return "needs no model"
    return "same model as running" if scene.rig.runs(model) else "its model is loaded"


def _why(group: _Group, first: Waiting, line: Line, scene: Scene) -> str:
    job, bounds = group.first, scene.bounds
    times, seconds = line.overtaken(job.id)
    if bounds.times and times >= bounds.times:
        return f"overtaken by {times} later ones, the limit"
    if times and seconds >= bounds.seconds:
        return f"held up {seconds:.0f} s by later ones, limit {bounds.seconds:.0f} s"
    if scene.rig.has(job.model) and job.model:
        return _same(job.model, scene)
    if group.count > 1:
        return f"{group.count} wait for {job.model}"
    return "first in line" if job.id == first.id else f"switching to {job.model} is quickest now"
