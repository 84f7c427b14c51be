from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.downloads.progress import ALMOST, WHOLE, Floor, Meter, Reading, newest
from core.ollama.registry import Layer
from core.ollama.wire import PullProgress

BIG, SMALL, TINY = "sha256:" + "a" * 64, "sha256:" + "b" * 64, "sha256:" + "c" * 64
LAYERS = (Layer(BIG, 1000), Layer(SMALL, 100), Layer(TINY, 10))


def on(digest: str, completed: int | None = None, total: int | None = None) -> PullProgress:
    sizes = {layer.digest: layer.size for layer in LAYERS}
    return PullProgress(
        status=f"pulling {digest[7:19]}", digest=digest, total=total or sizes.get(digest), completed=completed
    )


def said(status: str) -> PullProgress:
    return PullProgress(status=status)


END = (said("verifying sha256 digest"), said("writing manifest"), said("success"))


def fed(meter: Meter, *statuses: PullProgress, step: float = 0.06) -> list[Reading]:
    """What is shown after each report."""
    readings = []
    for number, status in enumerate(statuses):
        meter.feed(status, number * step)
        readings.append(meter.read(number * step))
    return readings


def test_the_whole_model_is_counted_not_its_layers() -> None:
    found = fed(Meter(LAYERS), said("pulling manifest"), on(BIG), on(BIG, 555), on(SMALL, 50), on(TINY, 10))
    assert [reading.completed for reading in found] == [0, 0, 555, 1050, 1110]
    assert [reading.percent for reading in found] == [0.0, 0.0, 50.0, pytest.approx(94.594, rel=1e-3), ALMOST]
    assert {reading.total for reading in found} == {1110}
    assert all(reading.exact for reading in found)


def test_only_the_end_is_a_hundred_percent() -> None:
    found = fed(Meter(LAYERS), on(BIG, 1000), on(SMALL, 100), on(TINY, 10), *END)
    assert [reading.phase for reading in found[-3:]] == ["checking", "finishing", "done"]
    assert [reading.percent for reading in found[-3:]] == [ALMOST, ALMOST, 100.0]


def test_a_layer_that_stops_short_is_complete_when_the_next_one_is_reported() -> None:
    found = fed(Meter(LAYERS), on(BIG, 930), on(SMALL, 1))
    assert found[-1].completed == 1001


def test_a_layer_nobody_mentions_is_complete_when_a_later_one_is_reported() -> None:
    found = fed(Meter(LAYERS), on(BIG, 1000), on(TINY, 0))
    assert found[-1].completed == 1100


def test_what_is_there_already_counts_as_done_and_not_as_speed() -> None:
    meter = Meter(LAYERS, present={BIG})
    assert meter.read(0).completed == 0
    meter.feed(said("pulling manifest"), 0)
    assert meter.read(0).completed == 1000
    meter.feed(on(BIG, 1000), 0.1)
    meter.feed(on(SMALL), 0.2)
    assert meter.received == 0
    meter.feed(on(SMALL, 50), 0.3)
    assert meter.received == 50


def test_a_download_goes_on_where_it_stopped_without_a_leap_in_speed() -> None:
    meter = Meter(LAYERS)
    fed(meter, on(BIG, 700), on(BIG, 700), step=1)
    assert meter.read(2).completed == 700
    assert meter.read(2).speed == 0.0


def test_ground_that_is_lost_is_not_shown() -> None:
    found = fed(Meter(LAYERS), on(BIG, 500), on(BIG, 350), on(BIG, 450), on(BIG, 600))
    assert [reading.completed for reading in found] == [500, 500, 500, 600]


def test_after_a_restart_nothing_falls_back() -> None:
    meter = Meter(LAYERS)
    fed(meter, on(BIG, 800))
    again = Meter(LAYERS, floor=meter.floor)
    assert again.read(0).percent == meter.read(0).percent
    found = fed(again, on(BIG, 100), on(BIG, 790), on(BIG, 900))
    assert [reading.completed for reading in found] == [800, 800, 900]


def test_how_far_another_version_was_says_nothing_about_this_one() -> None:
    before = Floor(completed=800, total=1110, exact=True, percent=72.0)
    other = (Layer(BIG, 5000),)
    assert Meter(other, floor=before).read(0).percent is None


def test_without_a_plan_the_total_is_what_was_reported() -> None:
    meter = Meter()
    assert meter.read(0).total is None
    assert meter.read(0).percent is None
    found = fed(meter, said("pulling manifest"), on(BIG, 500), on(SMALL, 10), *END)
    assert [reading.total for reading in found] == [None, 1000, 1100, 1100, 1100, 1100]
    assert not found[1].exact
    assert found[-1].percent == 100.0


def test_all_tensors_together_are_measured_against_the_plan() -> None:
    found = fed(Meter(LAYERS), on(WHOLE, 300, 1100), on(WHOLE, 1100, 1100), said("writing manifest"), END[-1])
    assert [reading.completed for reading in found] == [300, 1100, 1110, 1110]
    assert {reading.total for reading in found} == {1110}


def test_a_file_the_plan_did_not_know_makes_the_total_inexact() -> None:
    other = "sha256:" + "d" * 64
    found = fed(Meter(LAYERS), on(BIG, 900), on(other, 0, 2000))
    assert found[-1].total == 3110
    assert not found[-1].exact
    assert found[-1].percent >= found[0].percent  # type: ignore[operator]  # both are known here


def test_layers_reported_in_turns_are_believed() -> None:
    meter = Meter(LAYERS)
    fed(meter, on(BIG, 100), on(SMALL, 10), on(BIG, 200), on(SMALL, 20), on(BIG, 300), on(SMALL, 30))
    assert meter.received < 1110


def test_the_same_report_again_is_no_movement() -> None:
    meter = Meter(LAYERS)
    assert meter.feed(on(BIG, 100), 0)
    assert not meter.feed(on(BIG, 100), 1)
    assert meter.feed(on(BIG, 101), 2)
    assert meter.feed(on(SMALL), 3)
    assert meter.feed(END[0], 4)
    assert not meter.feed(END[0], 5)


def test_the_speed_is_that_of_the_last_moments_and_sinks_when_nothing_comes() -> None:
    meter = Meter((Layer(BIG, 10**9),))
    for tick in range(200):
        meter.feed(on(BIG, tick * 6_000, 10**9), tick * 0.06)
    steady = meter.read(12)
    assert steady.speed == pytest.approx(100_000, rel=0.02)
    assert steady.eta == pytest.approx((10**9 - 199 * 6000) / 100_000, rel=0.03)
    later = [meter.read(12 + seconds).speed for seconds in (1, 5, 20, 60)]
    assert later == sorted(later, reverse=True)  # type: ignore[type-var]  # all are known here
    assert later[-1] == pytest.approx(0, abs=10)
    assert meter.read(12 + 300).eta is None


@pytest.mark.parametrize("completed", [-5, 10**12])
def test_impossible_numbers_stay_within_the_layer(completed: int) -> None:
    found = fed(Meter(LAYERS), on(BIG, completed))
    assert 0 <= found[-1].completed <= 1000


REPORTS = st.one_of(
    st.builds(
        on,
        st.sampled_from([BIG, SMALL, TINY, WHOLE, "sha256:" + "e" * 64]),
        st.one_of(st.none(), st.integers(-10, 2000)),
        st.one_of(st.none(), st.integers(1, 2000)),
    ),
    st.builds(
        said, st.sampled_from(["pulling manifest", "verifying sha256 digest", "writing manifest", "huh"])
    ),
)


@given(st.lists(REPORTS, max_size=60), st.lists(st.integers(0, 60), max_size=3), st.booleans())
def test_whatever_is_reported_in_whatever_order_what_is_shown_never_falls(
    reports: list[PullProgress], cuts: list[int], planned: bool
) -> None:
    layers = LAYERS if planned else ()
    meter = Meter(layers)
    shown: list[Reading] = []
    for number, report in enumerate(reports):
        if number in cuts:  # the connection broke: the next attempt begins
            meter = Meter(layers, floor=meter.floor)
        meter.feed(report, number * 0.1)
        shown.append(meter.read(number * 0.1))
    meter.feed(END[-1], len(reports))
    shown.append(meter.read(len(reports)))
    percents = [reading.percent for reading in shown if reading.percent is not None]
    assert percents == sorted(percents)
    assert all(percent <= ALMOST for percent in percents[:-1])
    assert shown[-1].percent == 100.0
    for reading in shown:
        assert reading.speed is None or reading.speed >= 0
        if reading.total is not None:
            assert not reading.exact or reading.completed <= reading.total
    known = {report.digest for report in reports} <= {None, BIG, SMALL, TINY, WHOLE}
    completed = [reading.completed for reading in shown]
    if known:
        assert completed == sorted(completed)
    if planned and known:
        assert {reading.total for reading in shown} == {1110}
        assert shown[-1].completed == 1110


@given(st.randoms(use_true_random=False))
def test_of_an_honest_server_what_is_shown_is_never_far_from_the_truth(chance: random.Random) -> None:
    """Layers one after the other, most of their reports lost, as the real server leaves them out."""
    meter, truth = Meter(LAYERS), 0
    for layer in LAYERS:
        for done in sorted(chance.sample(range(layer.size + 1), 5)):
            if chance.random() < 0.5:
                meter.feed(on(layer.digest, done or None), truth / 100)
                assert meter.read(truth / 100).completed == truth + done
        truth += layer.size
    for status in END:
        meter.feed(status, 100)
    assert meter.read(100).completed == truth == 1110


def test_of_reports_that_follow_one_another_about_a_file_only_the_newest_counts() -> None:
    def at(digest: str | None, completed: int = 0) -> PullProgress:
        return PullProgress(status="pulling", digest=digest, total=9, completed=completed)

    reports = [at("a", 1), at("a", 2), at("b", 1), at("a", 3), at(None), at(None), at("b", 5), at("b", 4)]
    kept = [(each.digest, each.completed) for each in newest(reports)]
    assert kept == [("a", 2), ("b", 1), ("a", 3), (None, 0), (None, 0), ("b", 4)]
    assert list(newest([])) == []
