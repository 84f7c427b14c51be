"""In which order the waiting jobs will run, why, and about when: choosing ahead, on a copy. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.jobs.line import Line, Start
from core.jobs.schedule import Scene, choose


class Running(msgspec.Struct, frozen=True):
    """A job that runs now, and how long it still should."""

    model: str
    left: float


class Place(msgspec.Struct, frozen=True):
    """When a waiting job is planned to run."""

    id: int
    reason: str
    starts_in: float
    """Seconds from now, as far as durations are known beforehand."""


class _Underway(msgspec.Struct):
    ends: float
    model: str
    start: Start | None = None


def forecast(
    line: Line, scene: Scene, running: Sequence[Running], width: int, most: int, *, depth: int = 2000
) -> list[Place]:
    """Return the first *most* jobs that will run, looking at the first *depth* of each class."""
    line, rig, now = line.copy(depth), scene.rig.copy(), scene.now
    underway = [_Underway(now + job.left, job.model) for job in running]
    places: list[Place] = []
    while len(places) < most and len(line):
        choice = None
        if len(underway) < width:
            at = msgspec.structs.replace(scene, rig=rig, now=now)
            choice = choose(line, at)
        if choice is None or choice.id is None:
            # Nobody may start now: on to the moment when something ends or becomes ready.
            moments = [job.ends for job in underway]
            if (ready := line.next_ready(now)) is not None and len(underway) < width:
                moments.append(ready)
            if not moments:
                break
            now = max(now, min(moments))
            for ended in [job for job in underway if job.ends <= now]:
                underway.remove(ended)
                rig.end(ended.model)
            continue
        job = line[choice.id]
        places.append(Place(job.id, choice.reason, now - scene.now))
        seconds = job.seconds + (0.0 if rig.has(job.model) else scene.load_seconds(job.model))
        line.start(job.id, seconds, now)
        rig.start(job.model)
        underway.append(_Underway(now + seconds, job.model))
    return places
