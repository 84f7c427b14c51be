from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.telemetry.alerts import RULES, Change, Seen, Tracks, active, judge, verdict
from core.telemetry.types import Gpu, GpuFacts, Host, ModelUse, Sample, Thresholds, Volume

GIB = 2**30
LIMITS = Thresholds()
CARD = Gpu(
    "GPU-1",
    0,
    "RTX 5090",
    "nvidia",
    memory_total=32 * GIB,
    memory_used=10 * GIB,
    memory_free=22 * GIB,
    temperature=60.0,
    throttle=(),
)
FINE = Sample(
    0.0,
    interval=1.0,
    gpus=(CARD,),
    gpus_age=0.1,
    host=Host(memory_total=64 * GIB, memory_available=40 * GIB),
    host_age=0.1,
    volume=Volume("/models", total=10**12, free=10**12 // 2),
    volume_age=0.1,
)


def gpu(**changes: object) -> Sample:
    return msgspec.structs.replace(FINE, gpus=(msgspec.structs.replace(CARD, **changes),))


def spilled(gpu_share: float | None, **changes: object) -> Sample:
    model = ModelUse("llama3.1:70b", 42 * GIB, 31 * GIB, 11 * GIB, gpu_share)
    return msgspec.structs.replace(FINE, models=(model,), **changes)


class Watcher:
    """Judges one sample a second."""

    def __init__(self) -> None:
        self.tracks: Tracks = {}
        self.now = 0.0
        self.changes: list[Change] = []

    def see(self, seen: Sample | Seen, seconds: float = 1, facts: GpuFacts | None = None) -> list[Change]:
        fresh: list[Change] = []
        known = {} if facts is None else {facts.key: facts}
        for _ in range(int(seconds)):
            self.now += 1
            look = seen if isinstance(seen, Seen) else Seen(seen, known)
            self.tracks, changes = judge(self.tracks, look, LIMITS, wall=1000 + self.now, monotonic=self.now)
            fresh += changes
        self.changes += fresh
        return fresh


CASES: list[tuple[str, Sample | Seen, str]] = [
    ("gpu_memory", gpu(memory_used=31 * GIB), "memory of RTX 5090 is 97 % full: 31.0 GiB of 32.0 GiB"),
    ("gpu_temperature", gpu(temperature=88.0), "RTX 5090 is 88 °C hot."),
    ("gpu_throttled", gpu(throttle=("hot", "power cap")), "slowed down by heat"),
    ("gpu_throttled", gpu(throttle=("power brake",)), "its power supply"),
    ("gpu_lost", gpu(state="lost", says="It has fallen off the bus."), "is gone: It has fallen"),
    ("driver_silent", Seen(FINE, {}, silent_for=12.0), "not answered for 12 s"),
    (
        "host_memory",
        msgspec.structs.replace(FINE, host=Host(memory_total=64 * GIB, memory_available=2 * GIB)),
        "97 % full; 2.0 GiB are left",
    ),
    ("disk", msgspec.structs.replace(FINE, volume=Volume("/models", free=8_100_000_000)), "Only 8.1 GB"),
    ("spill", spilled(74.0), "26 % of llama3.1:70b runs on the CPU"),
    ("spill", spilled(0.0), "llama3.1:70b runs on the CPU"),
    ("server_away", Seen(FINE, {}, away_for=20.0), "not answered for 20 s"),
]


@pytest.mark.parametrize(("kind", "bad", "text"), CASES)
def test_what_lasts_becomes_one_alert_and_ends(kind: str, bad: Sample | Seen, text: str) -> None:
    watcher = Watcher()
    assert watcher.see(FINE, 5) == []
    (begun,) = watcher.see(bad, 60)
    assert begun.announce
    assert begun.alert.kind == kind
    assert text in begun.alert.text
    assert begun.alert.hint
    assert active(watcher.tracks) == (begun.alert,)
    (ended,) = watcher.see(FINE, 60)
    assert not ended.announce
    assert ended.alert.ended is not None
    assert ended.alert.since == begun.alert.since
    assert active(watcher.tracks) == ()


def test_every_rule_has_a_case() -> None:
    assert {kind for kind, _, _ in CASES} == {rule.kind for rule in RULES}


def test_a_short_peak_is_no_alert() -> None:
    watcher = Watcher()
    for _ in range(20):
        watcher.see(gpu(memory_used=31 * GIB), 8)
        watcher.see(FINE, 2)
    assert watcher.changes == []


def test_a_value_around_its_threshold_is_one_alert() -> None:
    watcher = Watcher()
    for _ in range(50):
        watcher.see(gpu(memory_used=int(31 * GIB)), 12)
        watcher.see(gpu(memory_used=int(29.5 * GIB)), 12)  # 92 %: below where it begins, above where it ends
    assert len(watcher.changes) == 1


def test_what_comes_back_soon_is_not_announced_again() -> None:
    watcher = Watcher()
    watcher.see(gpu(state="lost"), 5)
    watcher.see(FINE, 20)
    again = watcher.see(gpu(state="lost"), 5)
    assert [change.announce for change in again] == [False]
    watcher.see(FINE, 700)
    late = watcher.see(gpu(state="lost"), 5)
    assert [change.announce for change in late] == [True]


@pytest.mark.parametrize(
    "unknown",
    [
        gpu(memory_used=None),
        msgspec.structs.replace(FINE, gpus_age=60.0),
        msgspec.structs.replace(FINE, gpus=(), gpus_age=None),
    ],
)
def test_what_is_not_known_neither_begins_nor_ends_an_alert(unknown: Sample) -> None:
    watcher = Watcher()
    assert watcher.see(unknown, 60) == []
    watcher.see(gpu(memory_used=31 * GIB), 60)
    assert watcher.see(unknown, 600) == []
    assert len(active(watcher.tracks)) == 1


def test_a_gpu_that_says_where_it_slows_down_is_judged_by_that() -> None:
    watcher = Watcher()
    facts = GpuFacts("GPU-1", "RTX 5090", temperature_limit=80.0)
    (change,) = watcher.see(gpu(temperature=76.0), 60, facts)
    assert "slows down at 80 °C" in change.alert.text


def test_a_gpu_that_was_taken_out_takes_its_alert_with_it() -> None:
    watcher = Watcher()
    watcher.see(gpu(memory_used=31 * GIB), 60)
    changes = watcher.see(msgspec.structs.replace(FINE, gpus=()), 60)
    assert [change.alert.ended is not None for change in changes] == [True]


@pytest.mark.parametrize(
    "sample",
    [
        spilled(0.0, gpus=()),
        spilled(0.0, models_here=False),
        spilled(100.0),
        spilled(99.2),
        spilled(None),
        gpu(state="unified", memory_used=32 * GIB),
        gpu(throttle=("power cap",)),
    ],
)
def test_what_is_as_it_should_be_is_no_alert(sample: Sample) -> None:
    assert Watcher().see(sample, 120) == []


def test_a_model_partly_on_the_cpu_of_another_machine_is_an_alert_too() -> None:
    assert len(Watcher().see(spilled(60.0, models_here=False, gpus=()), 60)) == 1


def test_the_gravest_alert_comes_first() -> None:
    watcher = Watcher()
    sample = msgspec.structs.replace(
        FINE, gpus=(msgspec.structs.replace(CARD, state="lost"),), volume=Volume("/models", free=1)
    )
    watcher.see(sample, 60)
    assert [alert.kind for alert in active(watcher.tracks)] == ["gpu_lost", "disk"]


def test_several_gpus_are_told_apart_by_number() -> None:
    watcher = Watcher()
    hot = msgspec.structs.replace(CARD, key="GPU-2", index=1, temperature=95.0)
    (change,) = watcher.see(msgspec.structs.replace(FINE, gpus=(CARD, hot)), 60)
    assert change.alert.text.startswith("GPU 1 (RTX 5090) is 95 °C hot")
    assert change.alert.subject == "GPU-2"


@pytest.mark.parametrize(
    ("value", "bad", "good", "expected"),
    [
        (None, 5, 3, "unknown"),
        (5, 5, 3, "bad"),
        (4, 5, 3, "between"),
        (2, 5, 3, "good"),
        (10, 10, 12, "bad"),
        (11, 10, 12, "between"),
        (13, 10, 12, "good"),
    ],
)
def test_a_verdict_has_a_gap_between_bad_and_good(
    value: float | None, bad: float, good: float, expected: str
) -> None:
    assert verdict(value, bad, good) == expected


BAD_OR_FINE: list[Callable[[], Sample]] = [
    lambda: FINE,
    lambda: gpu(memory_used=31 * GIB),
    lambda: gpu(memory_used=None),
]


@given(st.lists(st.integers(0, 2), max_size=120))
def test_beginnings_and_ends_take_turns(story: list[int]) -> None:
    watcher = Watcher()
    for step in story:
        watcher.see(BAD_OR_FINE[step]())
    ended = [change.alert.ended is not None for change in watcher.changes]
    assert ended == [bool(index % 2) for index in range(len(ended))]
