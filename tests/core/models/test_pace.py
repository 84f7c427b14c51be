from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.pace import APART, Spoken, cost
from core.ollama.reading import CPU_SLOWER, slowdown
from tests.core.models.workshop import sized, small, working


def said(digest: str, **speeds: float) -> list[Spoken]:
    return [Spoken(digest, int(name[1:]), speed) for name, speed in speeds.items()]


@given(
    ratio=st.floats(1.5, 60),
    fast=st.floats(5, 300),
    less=st.integers(0, 100 - APART),
    apart=st.integers(APART, 100),
)
def test_two_shares_of_one_model_tell_what_the_processor_costs(
    ratio: float, fast: float, less: int, apart: int
) -> None:
    more = min(less + apart, 100)
    spoken = [Spoken("a", share, fast / slowdown(share, ratio)) for share in (less, more)]
    found = cost(spoken, "a")
    assert found.basis == "measured"
    assert found.ratio == pytest.approx(ratio)
    assert found.times(less) == pytest.approx(slowdown(less, ratio))
    assert cost(spoken, "b").basis == "interpolated"


@pytest.mark.parametrize(
    "spoken",
    [
        [],
        said("a", p100=40),
        said("a", p100=40, p90=20),  # too close together
        said("a", p100=10, p50=40),  # slower on the GPU: something else was wrong then
        said("a", p100=40) + said("b", p0=4),  # different models
        said("a", p100=40, p0=0),
    ],
)
def test_where_nothing_can_be_learned_the_usual_counts(spoken: list[Spoken]) -> None:
    found = cost(spoken, "a")
    assert (found.ratio, found.basis) == (CPU_SLOWER, "estimated")


def test_one_slow_answer_changes_little() -> None:
    spoken = said("a", p100=40, p0=4) + said("a", p100=1) + said("a", p100=40)
    assert cost(spoken, "a").ratio == pytest.approx(10)


async def test_measured_answers_make_the_fit_say_how_much_slower(tmp_path: Path) -> None:
    setup = small(installed=(sized("heavy", 30), sized("middle", 8)))
    async with working(tmp_path, setup=setup) as shop:
        assert (await shop.models.fit("heavy")).slower_source == "estimated"
        digest = (await shop.models.get("middle")).digest
        for share, speed in ((100, 40.0), (40, 5.0)):
            await shop.models.note_speed(digest, share, speed)
        fit = await shop.models.fit("heavy")
        assert fit.slower_source == "interpolated"
        assert fit.slower == pytest.approx(slowdown(fit.gpu_percent or 0, (8 - 0.4) / 0.6))
        assert "as other models here" in fit.reason
    async with working(tmp_path, setup=setup) as later:
        assert (await later.models.fit("heavy")).slower_source == "interpolated"
        assert len(later.models.memories.spoken) == 2
