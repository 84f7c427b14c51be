"""From single measurements to figures, and whether two runs really differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import mean, median

from core.benchmarks.types import Change, Figure, Report, Run, Setting
from core.models.types import Benchmark

ENOUGH = 3
"""Repeats on either side without which nothing is said about a difference."""
BAND = 0.03
"""Differences up to that are noise, however close together the repeats of one run lie."""


def figure(values: Iterable[float | None]) -> Figure | None:
    """The middle and the ends of what was measured; None when nothing was."""
    known = sorted(value for value in values if value is not None)
    return Figure(median(known), known[0], known[-1], len(known)) if known else None


def report(run: Run, before: Run | None = None) -> Report:
    """A run with its figures, beside the one before."""
    speed = _speed(run)
    return Report(
        run=run,
        speed=speed,
        prompt_speed=figure(each.prompt_speed for each in run.repeats),
        first_token=figure(each.first_token for each in run.repeats),
        change=change(run, before),
    )


def reports(runs: Sequence[Run]) -> tuple[Report, ...]:
    """Runs, the newest first, each beside the one before it of the same files."""
    return tuple(
        report(run, next((old for old in runs[at + 1 :] if old.setting.digest == run.setting.digest), None))
        for at, run in enumerate(runs)
    )


def change(run: Run, before: Run | None) -> Change:
    """Say how much faster or slower it became, or that nobody can tell."""
    new, old = _speed(run), _speed(before) if before is not None else None
    if new is None or old is None or before is None or not old.median:
        return Change()
    percent = 100 * (new.median / old.median - 1)
    differs = _differences(run.setting, before.setting)
    if run.shared or before.shared:
        differs = (*differs, "other work on the models")
    if min(new.count, old.count) < ENOUGH:
        return Change("too few", percent, old.median, before.at, differs)
    overlap = new.low <= old.high and old.low <= new.high
    if overlap or abs(percent) <= 100 * BAND:
        return Change("noise", percent, old.median, before.at, differs)
    return Change("faster" if percent > 0 else "slower", percent, old.median, before.at, differs)


def summary(runs: Iterable[Run]) -> Benchmark | None:
    """What the list of models shows: of these runs, the newest first."""
    speeds = [speed.median for run in runs if (speed := _speed(run)) is not None]
    return Benchmark(speeds[0], mean(speeds), len(speeds)) if speeds else None


def worded(change: Change) -> str:
    """The comparison as a sentence; empty when there is nothing to compare with."""
    if change.verdict == "first" or change.percent is None or change.before is None:
        return ""
    then = f"{change.before:.1f} tok/s" + (f" on {_day(change.since)}" if change.since else "")
    by = f"{abs(change.percent):.0f} %"
    words = {
        "noise": f"no different from {then}: {by} is within the noise",
        "too few": f"{by} off {then}, but too few repeats to tell",
        "faster": f"{by} faster than {then}",
        "slower": f"{by} slower than {then}",
    }[change.verdict]
    return words + (f"; not the same: {', '.join(change.differs)}" if change.differs else "")


def remark(run: Run) -> str:
    """What is to be known before the figures are believed; empty when there is nothing."""
    rounds = len(run.repeats)
    stopped = f"stopped after {rounds} of {run.wanted} rounds" if rounds < run.wanted else ""
    shared = "something else used the models meanwhile: the figures are too low" if run.shared else ""
    return "; ".join(each for each in (stopped, shared) if each)


def _speed(run: Run) -> Figure | None:
    return figure(each.speed for each in run.repeats)


def _differences(new: Setting, old: Setting) -> tuple[str, ...]:
    pairs = (
        ("context", old.context, new.context),
        ("Ollama", old.version, new.version),
        ("share on the GPU", _percent(old.gpu_percent), _percent(new.gpu_percent)),
        ("GPUs", _names(old.gpus), _names(new.gpus)),
    )
    return tuple(f"{name} {was} → {now}" for name, was, now in pairs if was and now and was != now)


def _percent(share: int | None) -> str:
    return "" if share is None else f"{share} %"


def _names(gpus: tuple[str, ...] | None) -> str:
    return "" if gpus is None else ", ".join(gpus) or "none"


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d")
