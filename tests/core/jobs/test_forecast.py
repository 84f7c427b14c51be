from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs.forecast import Place, Running, forecast
from core.jobs.line import Line, Waiting
from core.jobs.rig import Rig
from core.jobs.schedule import Bounds, Scene
from tests.core.jobs.simulated import Arrival, run


def scene(rig: Rig, now: float = 100.0) -> Scene:
    return Scene(rig, Bounds(), lambda _: 10.0, now)


def test_order_reason_and_start_of_everybody() -> None:
    line = Line()
    for number, model in enumerate(("b", "a", "b"), 1):
        line.put(Waiting(number, number, model, seconds=5.0))
    places = forecast(line, scene(Rig(loaded=["a"], running=["a"])), [Running("a", 4.0)], width=1, most=10)
    assert places == [
        Place(2, "its model is loaded", 4.0),
        Place(1, "2 wait for b", 9.0),
        Place(3, "its model is loaded", 24.0),
    ]


def test_trying_it_out_changes_nothing() -> None:
    line = Line()
    line.put(Waiting(1, 1, "a", seconds=5.0))
    line.put(Waiting(2, 2, "b", seconds=5.0))
    before = (line.overtaken(1), line.overtaken(2), dict(line.round_ends), len(line))
    rig = Rig(loaded=["b"])
    assert len(forecast(line, scene(rig), [], width=1, most=10)) == 2
    assert (line.overtaken(1), line.overtaken(2), dict(line.round_ends), len(line)) == before
    assert rig.loaded == ("b",)


def test_one_that_is_put_off_comes_when_it_is_due() -> None:
    line = Line()
    line.put(Waiting(1, 1, "a", seconds=5.0, ready_at=160.0))
    assert [place.starts_in for place in forecast(line, scene(Rig()), [], width=1, most=10)] == [60.0]


def test_one_that_nobody_can_run_is_not_planned() -> None:
    line = Line()
    line.put(Waiting(1, 1, "a", ready_at=float("inf")))
    assert forecast(line, scene(Rig()), [], width=1, most=10) == []


def test_only_as_many_as_were_asked_for() -> None:
    line = Line()
    for number in range(1, 50):
        line.put(Waiting(number, number, "a", seconds=1.0))
    assert [place.id for place in forecast(line, scene(Rig()), [], width=2, most=3)] == [1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(
    models=st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    seconds=st.floats(1, 20),
    width=st.integers(1, 3),
)
def test_what_was_forecast_is_what_happens_when_durations_are_as_expected(
    models: list[str], seconds: float, width: int
) -> None:
    jobs = [Waiting(number, number, model, 1, seconds) for number, model in enumerate(models, 1)]
    line = Line()
    for job in jobs:
        line.put(job)
    places = forecast(line, scene(Rig(), now=0.0), [], width, most=100)
    outcome = run(
        [Arrival(0.0, job, seconds) for job in jobs],
        bounds=Bounds(),
        loads=dict.fromkeys("abc", 10.0),
        width=width,
    )
    assert [place.id for place in places] == outcome.order
    for place in places:
        assert abs(place.starts_in - outcome.waited[place.id]) < 1e-6
