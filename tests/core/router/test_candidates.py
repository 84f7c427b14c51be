"""What the model service and the server say, as candidates."""

from __future__ import annotations

import pytest

from core.models.types import Fit, InMemory, Model, Verdict
from core.ollama.wire import Details, InstalledModel, RunningModel
from core.router.candidates import from_models, from_server
from core.router.types import Candidate, Fits


@pytest.mark.parametrize(
    ("verdict", "unload", "fits", "share"),
    [
        ("fits", (), "yes", None),
        ("tight", (), "yes", None),
        ("spills", (), "partly", 0.4),
        ("spills", ("other",), "yes", None),
        ("too big", (), "no", None),
        ("unknown", (), "unknown", None),
    ],
)
def test_whether_a_model_fits_is_told_as_the_policy_asks(
    verdict: Verdict, unload: tuple[str, ...], fits: Fits, share: float | None
) -> None:
    model = Model(name="qwen3:8b@attic", state="installed", size=5, context=40_960, uses=("chat",))
    fit = Fit(
        name="qwen3:8b@attic",
        verdict=verdict,
        source="estimated",
        needed=7,
        gpu_percent=60,
        could_unload=unload,
    )
    [candidate] = from_models([model], [fit])
    assert candidate == Candidate(
        name="qwen3:8b", host="attic", size=5, need=7, fits=fits, cpu_share=share, frees=unload,
        context=40_960, uses=("chat",),
    )  # fmt: skip


def test_what_is_to_stay_for_ever_does_not_leave_by_itself() -> None:
    fit = Fit(
        name="b:30b", verdict="spills", source="estimated", needed=7, gpu_percent=60, could_unload=("a:1b",)
    )
    big = Model(name="b:30b", state="installed")
    places = (InMemory(size=1, stays="forever"), "partly"), (InMemory(size=1, stays="until"), "yes")
    for place, fits in places:
        idle = Model(name="a:1b", state="loaded", memory=place)
        _, candidate = from_models([idle, big], [fit])
        assert (candidate.fits, candidate.frees) == (fits, ("a:1b",))


def test_a_tier_counts_only_when_a_person_chose_it_and_what_is_not_installed_is_left_out() -> None:
    models = [
        Model(name="a:1b", state="loaded", tier="heavy", tier_chosen=True, memory=InMemory(size=1)),
        Model(name="b:1b", state="installed", tier="heavy"),
        Model(name="c:1b", state="known"),
    ]
    first, second = from_models(models)
    assert (first.name, first.tier, first.loaded, first.fits) == ("a:1b", "heavy", True, "unknown")
    assert (second.name, second.tier, second.loaded) == ("b:1b", None, False)


def test_the_lists_of_a_server_tell_what_is_loaded_also_under_another_name() -> None:
    installed = [
        InstalledModel(name="a:latest", size=3, digest="1", details=Details(context_length=8192)),
        InstalledModel(name="copy:latest", size=3, digest="1"),
        InstalledModel(name="b:1b", digest="2", capabilities=("embedding",)),
    ]
    first, copy, other = from_server(installed, [RunningModel(name="a", size=4, digest="1")])
    assert (first.loaded, first.need, first.context) == (True, 4, 8192)
    assert copy.loaded
    assert (other.loaded, other.size, other.capabilities) == (False, None, ("embedding",))
