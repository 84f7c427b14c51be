"""What needs attention: one table of rules, and a pure step that gives them hysteresis.

A rule looks at a sample and says of each subject whether it is bad, good, or in between. Bad has to last
before it becomes an alert, and good has to last before the alert ends, so that a value dancing around its
threshold is one alert and not a hundred. What is not known changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from core.bus import Level
from core.ollama.reading import slowdown, slower
from core.telemetry.types import Alert, AlertKind, Gpu, GpuFacts, Sample, Thresholds, Throttle

Verdict = Literal["bad", "good", "between", "unknown"]

_QUIET = 600.0
"""An alert that comes back within this many seconds is not announced again."""

_SLOWED: frozenset[Throttle] = frozenset({"hot", "too hot", "power brake", "hardware"})


class Seen(msgspec.Struct, frozen=True):
    """Everything the rules judge."""

    sample: Sample
    facts: Mapping[str, GpuFacts]
    silent_for: float | None = None
    """Seconds since the GPU driver was asked and did not answer."""
    away_for: float | None = None
    """Seconds since the server last answered."""


class Finding(NamedTuple):
    """What a rule says about one subject."""

    subject: str
    verdict: Verdict
    text: str
    hint: str = ""


Findings = Iterable[Finding] | None
"""None: the rule cannot judge now, and what it said before stands."""


class Rule(NamedTuple):
    """One line of the table."""

    kind: AlertKind
    level: Level
    find: Callable[[Seen, Thresholds], Findings]
    lasts: float
    """Seconds it has to be bad."""
    ends: float
    """Seconds it has to be good again."""


class Track(NamedTuple):
    """What is remembered about one subject of one rule."""

    bad_since: float | None = None
    good_since: float | None = None
    alert: Alert | None = None
    announced: float | None = None


class Change(NamedTuple):
    """An alert that began or ended; *announce* says whether people are to be told."""

    alert: Alert
    announce: bool


Tracks = dict[tuple[str, str], Track]


def verdict(value: float | None, bad: float, good: float) -> Verdict:
    """Judge a value that is bad from *bad* on and good beyond *good*, on whichever side that lies."""
    if value is None:
        return "unknown"
    if bad < good:
        value, bad, good = -value, -bad, -good
    if value >= bad:
        return "bad"
    return "good" if value < good else "between"


def label(gpu: Gpu, sample: Sample) -> str:
    """Name a GPU in a sentence; its number matters only where there are several."""
    return gpu.name if len(sample.gpus) == 1 else f"GPU {gpu.index} ({gpu.name})"


def _gib(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"


def _gpus(seen: Seen) -> tuple[Gpu, ...] | None:
    return None if seen.sample.is_stale(seen.sample.gpus_age) else seen.sample.gpus


def _gpu_memory(seen: Seen, limits: Thresholds) -> Findings:
    def find(gpu: Gpu) -> Finding:
        used, total = gpu.memory_used, gpu.memory_total
        share = 100 * used / total if used is not None and total else None
        return Finding(
            gpu.key,
            verdict(share, limits.gpu_memory, limits.gpu_memory - 5),
            f"The memory of {label(gpu, seen.sample)} is {share or 0:.0f} % full: "
            f"{_gib(used or 0)} of {_gib(total or 0)}.",
            "Unload a model or lower the context length before loading another.",
        )

    gpus = _gpus(seen)
    # Where the GPU shares the host's memory, the rule for that speaks.
    return None if gpus is None else [find(gpu) for gpu in gpus if gpu.state != "unified"]


def _gpu_temperature(seen: Seen, limits: Thresholds) -> Findings:
    def find(gpu: Gpu) -> Finding:
        facts = seen.facts.get(gpu.key)
        slows = facts.temperature_limit if facts is not None else None
        limit = limits.temperature if slows is None else slows - limits.temperature_margin
        return Finding(
            gpu.key,
            verdict(gpu.temperature, limit, limit - 5),
            f"{label(gpu, seen.sample)} is {gpu.temperature or 0:.0f} °C hot"
            + (f"; it slows down at {slows:.0f} °C." if slows is not None else "."),
            "Check its fans and the air around it.",
        )

    gpus = _gpus(seen)
    return None if gpus is None else [find(gpu) for gpu in gpus]


def _gpu_throttled(seen: Seen, limits: Thresholds) -> Findings:
    def find(gpu: Gpu) -> Finding:
        reasons = sorted(_SLOWED.intersection(gpu.throttle or ()))
        judged: Verdict = "unknown" if gpu.throttle is None else "bad" if reasons else "good"
        why = "its power supply" if reasons == ["power brake"] else "heat or its hardware's protection"
        return Finding(
            gpu.key,
            judged,
            f"{label(gpu, seen.sample)} is being slowed down by {why} ({', '.join(reasons)}).",
            "Check its cooling and its power supply.",
        )

    gpus = _gpus(seen)
    return None if gpus is None else [find(gpu) for gpu in gpus]


def _gpu_lost(seen: Seen, limits: Thresholds) -> Findings:
    gpus = _gpus(seen)
    if gpus is None:
        return None
    return [
        Finding(
            gpu.key,
            "bad" if gpu.state == "lost" else "good",
            f"{label(gpu, seen.sample)} is gone: {gpu.says}",
            "Models on it have failed. Restart the machine if it does not come back.",
        )
        for gpu in gpus
    ]


def _driver_silent(seen: Seen, limits: Thresholds) -> Findings:
    silent = seen.silent_for or 0.0
    return [
        Finding(
            "",
            verdict(silent, 10.0, 1.0),
            f"The GPU driver has not answered for {silent:.0f} s.",
            "Everything else goes on. Look at the system's log; a restart of the machine may be needed.",
        )
    ]


def _host_memory(seen: Seen, limits: Thresholds) -> Findings:
    host = seen.sample.host
    if host is None or seen.sample.is_stale(seen.sample.host_age):
        return None
    total, free = host.memory_total, host.memory_available
    share = 100 * (total - free) / total if total and free is not None else None
    return [
        Finding(
            "",
            verdict(share, limits.host_memory, limits.host_memory - 5),
            f"The memory of this machine is {share or 0:.0f} % full; {_gib(free or 0)} are left.",
            "Unload a model, or close what else needs memory.",
        )
    ]


def _disk(seen: Seen, limits: Thresholds) -> Findings:
    volume = seen.sample.volume
    if volume is None or volume.free is None:
        return None
    return [
        Finding(
            "",
            verdict(volume.free, limits.disk_free, limits.disk_free * 1.2),
            f"Only {volume.free / 1e9:.1f} GB are left on the disk that holds the models.",
            f"Delete a model, or free some space at {volume.path}.",
        )
    ]


def _spill(seen: Seen, limits: Thresholds) -> Findings:
    return list(_spilled(seen.sample))


def _spilled(sample: Sample) -> Iterator[Finding]:
    has_gpu = sample.models_here and any(gpu.memory_total for gpu in sample.gpus)
    for model in sample.models:
        share = model.gpu_share
        if share is None or (share == 0 and not has_gpu):
            continue  # without a GPU the CPU is where a model belongs
        what = model.name if share == 0 else f"{100 - share:.0f} % of {model.name}"
        yield Finding(
            model.name,
            verdict(100 - share, 2.0, 1.0),
            f"{what} runs on the CPU, which is {slower(slowdown(round(share)))}.",
            "Unload another model, lower the context length, or choose a smaller model.",
        )


def _server_away(seen: Seen, limits: Thresholds) -> Findings:
    away = seen.away_for or 0.0
    return [
        Finding(
            "",
            verdict(away, limits.away, 1.0),
            f"The Ollama server has not answered for {away:.0f} s.",
            "What needs no model still works; Leitstand goes on trying.",
        )
    ]


RULES: tuple[Rule, ...] = (
    Rule("gpu_memory", "warning", _gpu_memory, lasts=10, ends=10),
    Rule("gpu_temperature", "warning", _gpu_temperature, lasts=10, ends=10),
    Rule("gpu_throttled", "warning", _gpu_throttled, lasts=15, ends=30),
    Rule("gpu_lost", "error", _gpu_lost, lasts=0, ends=5),
    Rule("driver_silent", "error", _driver_silent, lasts=0, ends=0),
    Rule("host_memory", "warning", _host_memory, lasts=10, ends=10),
    Rule("disk", "warning", _disk, lasts=0, ends=10),
    Rule("spill", "warning", _spill, lasts=3, ends=0),
    Rule("server_away", "error", _server_away, lasts=0, ends=0),
)


def judge(
    tracks: Tracks, seen: Seen, limits: Thresholds, *, wall: float, monotonic: float
) -> tuple[Tracks, list[Change]]:
    """Apply every rule; return what to remember and what changed."""
    kept: Tracks = {}
    changes: list[Change] = []
    for rule in RULES:
        before = {key[1]: track for key, track in tracks.items() if key[0] == rule.kind}
        findings = rule.find(seen, limits)
        if findings is None:
            kept.update({(rule.kind, subject): track for subject, track in before.items()})
            continue
        found = {finding.subject: finding for finding in findings}
        for subject in before.keys() | found.keys():
            finding = found.get(subject, Finding(subject, "good", ""))  # what is gone is not bad
            track, change = _step(rule, before.get(subject, Track()), finding, wall, monotonic)
            if change is not None:
                changes.append(change)
            if track != Track():
                kept[rule.kind, subject] = track
    return kept, changes


def _step(rule: Rule, track: Track, finding: Finding, wall: float, now: float) -> tuple[Track, Change | None]:
    if track.announced is not None and now - track.announced > _QUIET and track.alert is None:
        track = track._replace(announced=None)
    if finding.verdict == "unknown":
        return track, None
    if track.alert is None:
        if finding.verdict != "bad":
            return Track(announced=track.announced), None
        since = now if track.bad_since is None else track.bad_since
        if now - since < rule.lasts:
            return track._replace(bad_since=since), None
        alert = Alert(rule.kind, finding.subject, rule.level, finding.text, finding.hint, wall)
        change = Change(alert, announce=track.announced is None)
        return Track(alert=alert, announced=now), change
    if finding.verdict != "good":
        return track._replace(good_since=None), None
    since = now if track.good_since is None else track.good_since
    if now - since < rule.ends:
        return track._replace(good_since=since), None
    ended = msgspec.structs.replace(track.alert, ended=wall)
    return Track(announced=now), Change(ended, announce=False)


def active(tracks: Tracks) -> tuple[Alert, ...]:
    """Return the alerts that stand, the gravest first, then the newest."""
    standing = [track.alert for track in tracks.values() if track.alert is not None]
    return tuple(sorted(standing, key=lambda alert: (alert.level != "error", -alert.since, alert.key)))
