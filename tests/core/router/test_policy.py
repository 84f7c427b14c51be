"""Who answers, step by step: a person's choice, a rule, the conversation, needs, memory, cost, failure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.router.analyze import analyze
from core.router.cost import switching
from core.router.memory import slower
from core.router.policy import Situation, decide, next_smaller
from core.router.tiers import line_up
from core.router.types import (
    TIERS,
    Analysis,
    Candidate,
    Decision,
    Failure,
    Fits,
    Memory,
    RouteQuestion,
    Sticky,
    Terms,
    Tier,
)
from core.router.user_rules import read_rule

GB = 1_000_000_000

SMALL = Candidate(
    name="llama3.2:3b", size=2 * GB, need=3 * GB, fits="yes", capabilities=("completion", "tools")
)
CODER = Candidate(
    name="qwen3-coder:30b", size=18 * GB, need=20 * GB, fits="yes", capabilities=("completion", "tools")
)
LARGE = Candidate(
    name="mistral-large:123b", size=73 * GB, need=80 * GB, fits="no", capabilities=("completion",)
)
MIDDLE = Candidate(
    name="gemma3:27b", size=17 * GB, need=19 * GB, fits="yes", capabilities=("completion", "vision")
)
EMBEDDER = Candidate(name="nomic-embed-text:latest", size=GB // 4, fits="yes", capabilities=("embedding",))
ALL = (SMALL, CODER, LARGE, MIDDLE, EMBEDDER)

FACT, CODE, ESSAY = "Who wrote Faust?", "Write a Python function", "Compare Kant and Hume on causality"


def change(candidate: Candidate, **values: Any) -> Candidate:
    return Candidate(**{name: getattr(candidate, name) for name in candidate.__struct_fields__} | values)


def settle(text: str, *candidates: Candidate, **values: Any) -> Decision:
    question = {name: values.pop(name) for name in RouteQuestion.__struct_fields__[3:] if name in values}
    own = [read_rule("own", values.pop("rule"))] if "rule" in values else []
    return decide(
        Situation(
            question=RouteQuestion(text=text, chat_id=1, turn_id=2, **question),
            analysis=values.pop("analysis", None) or analyze(text, own),
            candidates=candidates or ALL,
            **values,
        )
    )


def told(decision: Decision, step: str) -> str:
    [text] = [each.text for each in decision.steps if each.name == step]
    return text


@pytest.mark.parametrize(
    ("text", "model"), [(FACT, "llama3.2:3b"), (CODE, "qwen3-coder:30b"), (ESSAY, "gemma3:27b")]
)
def test_tiers_find_their_models_by_themselves(text: str, model: str) -> None:
    decision = settle(text)
    assert (decision.model, decision.source) == (model, "tier")
    assert (decision.chat_id, decision.turn_id) == (1, 2)


@pytest.mark.parametrize(
    ("tier", "names"),
    [
        ("fast", ["llama3.2:3b", "gemma3:27b", "mistral-large:123b", "qwen3-coder:30b"]),
        ("code", ["qwen3-coder:30b", "gemma3:27b", "llama3.2:3b", "mistral-large:123b"]),
        ("heavy", ["gemma3:27b", "qwen3-coder:30b", "llama3.2:3b", "mistral-large:123b"]),
    ],
)
def test_every_model_that_answers_has_a_place_in_the_line_of_every_tier(tier: Tier, names: list[str]) -> None:
    assert [candidate.name for candidate in line_up(tier, ALL, Terms())] == names


def test_a_person_may_put_a_model_into_a_tier() -> None:
    assert settle(FACT, SMALL, change(MIDDLE, tier="fast")).model == "gemma3:27b"
    assert settle(CODE, change(CODER, tier="fast"), change(MIDDLE, tier="code")).model == "gemma3:27b"


def test_a_tiny_model_is_not_taken_while_there_is_a_larger_one() -> None:
    tiny = change(SMALL, name="smollm2:135m", size=GB // 4)
    assert settle(FACT, tiny, SMALL).model == "llama3.2:3b"
    assert settle(FACT, tiny).model == "smollm2:135m"


def test_models_named_for_a_tier_come_first_in_their_order() -> None:
    terms = Terms(named={"fast": ("nothere", "gemma3:27b", "llama3.2:3b")})
    assert settle(FACT, terms=terms).model == "gemma3:27b"


def test_a_persons_choice_is_above_all() -> None:
    decision = settle(
        CODE, model="llama3.2:3b", sticky=Sticky("gemma3:27b", "heavy", 0.0), rule="python -> gemma3:27b"
    )
    assert (decision.model, decision.source) == ("llama3.2:3b", "chosen")
    assert told(decision, "choice") == "You chose llama3.2:3b."


def test_a_choice_that_lacks_something_is_taken_and_that_is_said() -> None:
    decision = settle(FACT, model="llama3.2:3b", images=True)
    assert decision.model == "llama3.2:3b"
    assert "llama3.2:3b may not be able to do this: no pictures." in decision.reasons


def test_a_choice_that_is_not_there_stays_the_choice() -> None:
    decision = settle(FACT, model="phi4:14b")
    assert (decision.model, decision.source) == ("phi4:14b", "chosen")
    assert told(decision, "installed") == "phi4:14b is not among the models of the server."
    assert decision.line.endswith("→ phi4:14b")


def test_a_rule_of_the_person_names_a_model() -> None:
    decision = settle(CODE, rule="python -> gemma3:27b")
    assert (decision.model, decision.source) == ("gemma3:27b", "rule")
    missing = settle(CODE, rule="python -> phi4:14b")
    assert (missing.model, missing.source) == ("qwen3-coder:30b", "tier")
    assert "phi4:14b, which is not there" in told(missing, "rule")


def test_a_conversation_keeps_its_model() -> None:
    decision = settle(FACT, sticky=Sticky("qwen3-coder:30b", "code", 100.0), now=200.0)
    assert (decision.model, decision.source, decision.tier) == ("qwen3-coder:30b", "sticky", "code")


@pytest.mark.parametrize(
    ("text", "before", "model"),
    [(CODE, "fast", "qwen3-coder:30b"), (ESSAY, "code", "gemma3:27b"), (ESSAY, "fast", "gemma3:27b")],
)
def test_a_conversation_escalates(text: str, before: Tier, model: str) -> None:
    decision = settle(text, sticky=Sticky("llama3.2:3b", before, 100.0), now=200.0)
    assert (decision.model, decision.source) == (model, "tier")
    assert f"more than {before}" in told(decision, "sticky")


def test_a_conversation_forgets_its_model_after_a_while() -> None:
    sticky = Sticky("qwen3-coder:30b", "code", 100.0)
    assert settle(FACT, sticky=sticky, now=2000.0).model == "llama3.2:3b"
    assert settle(FACT, sticky=sticky, now=101.0, terms=Terms(sticky=0)).model == "llama3.2:3b"


def test_a_model_that_is_gone_or_cannot_do_this_does_not_go_on() -> None:
    sticky = Sticky("llama3.2:3b", "heavy", 100.0)
    assert settle(ESSAY, MIDDLE, sticky=sticky, now=101.0).model == "gemma3:27b"
    assert settle(ESSAY, sticky=sticky, now=101.0, images=True).model == "gemma3:27b"


@pytest.mark.parametrize(
    ("needs", "model", "why"),
    [
        ({"images": True}, "gemma3:27b", "no pictures"),
        ({"tools": True}, "llama3.2:3b", "no tools"),
        ({"tokens": 20_000}, "qwen3-coder:30b", "too short a context"),
    ],
)
def test_what_an_answer_needs_leaves_others_out(needs: dict[str, Any], model: str, why: str) -> None:
    candidates = [change(each, context=8192 if each is not CODER else 262_144) for each in ALL]
    decision = settle(FACT, *candidates, **needs)
    assert decision.model == model
    assert why in told(decision, "needs")


def test_documents_that_go_to_a_model_not_recommended_for_them_are_told() -> None:
    chat, rag = change(SMALL, uses=("chat",)), change(MIDDLE, uses=("chat", "rag"))
    decision = settle(FACT, chat, rag, passages=True)
    assert told(decision, "documents") == (
        "llama3.2:3b is not recommended for answers from documents; gemma3:27b is."
    )
    for quiet in (
        settle(FACT, chat, rag),
        settle(ESSAY, chat, rag, passages=True),
        settle(FACT, SMALL, passages=True),
    ):
        assert not any(step.name == "documents" for step in quiet.steps)


def test_nobody_can_see_a_picture_without_eyes() -> None:
    decision = settle(FACT, SMALL, CODER, images=True)
    assert (decision.model, decision.source) == ("", "none")
    assert told(decision, "nobody") == "None of the installed models can see pictures."
    assert settle(FACT, EMBEDDER).source == "none"
    assert (
        "No model is known yet."
        in decide(Situation(question=RouteQuestion(text="hi"), analysis=Analysis())).reasons
    )


def test_unknown_capabilities_and_contexts_leave_nobody_out() -> None:
    unknown = change(SMALL, capabilities=None, context=None)
    assert settle(FACT, unknown, images=True, tools=True, tokens=10**6).model == "llama3.2:3b"


def test_passages_count_within_their_share_of_each_context() -> None:
    short = change(SMALL, context=4000)
    asked = {"tokens": 2200, "passages": True, "passage_tokens": 2500}
    assert settle(FACT, short, MIDDLE, tokens=2200).model == SMALL.name
    assert settle(FACT, short, MIDDLE, **asked, passage_share=40).model == MIDDLE.name
    assert settle(FACT, short, MIDDLE, **asked, passage_share=30).model == SMALL.name
    assert settle(FACT, short, **asked, passage_share=40).model == SMALL.name, "better fewer than no answer"


def test_what_is_not_installed_is_not_chosen() -> None:
    assert settle(CODE, change(CODER, installed=False), SMALL).model == "llama3.2:3b"


@pytest.mark.parametrize(
    ("fits", "terms", "model"),
    [
        ("no", Terms(), "gemma3:27b"),
        ("partly", Terms(), "gemma3:27b"),
        ("partly", Terms(on_cpu="allow"), "qwen3-coder:30b"),
        ("unknown", Terms(), "qwen3-coder:30b"),
    ],
)
def test_what_does_not_fit_gives_way(fits: Fits, terms: Terms, model: str) -> None:
    terms = Terms(named={"code": ("qwen3-coder:30b", "gemma3:27b")}, on_cpu=terms.on_cpu)
    decision = settle(CODE, change(CODER, fits=fits, cpu_share=0.4), MIDDLE, SMALL, terms=terms)
    assert decision.model == model


def test_when_nothing_fits_the_least_on_the_processor_is_taken_or_the_first() -> None:
    half, third = (
        change(each, fits="partly", cpu_share=share) for each, share in ((CODER, 0.5), (SMALL, 0.3))
    )
    assert settle(CODE, half, third).model == "llama3.2:3b"
    never = settle(CODE, half, third, terms=Terms(on_cpu="never"))
    assert never.model == "qwen3-coder:30b"
    assert "nothing fits" in told(never, "model")


def close(tier: Tier, second: Tier, margin: float) -> Analysis:
    return Analysis(tier=tier, second=second, margin=margin, scores={tier: 1.0, second: 1.0 - margin})


def test_a_loaded_model_stays_when_two_tiers_are_close() -> None:
    loaded = change(CODER, loaded=True)
    decision = settle("x", SMALL, loaded, MIDDLE, analysis=close("heavy", "code", 0.5))
    assert (decision.model, decision.source) == ("qwen3-coder:30b", "stay")
    assert "are close (0.5)" in told(decision, "stay")
    clear = settle("x", SMALL, loaded, MIDDLE, analysis=close("heavy", "code", 2.5))
    assert clear.model == "gemma3:27b"
    asked = settle("x", SMALL, loaded, MIDDLE, analysis=close("heavy", "code", 0.5), tier="heavy")
    assert asked.model == "gemma3:27b"


def test_a_long_switch_is_not_worth_it_for_a_model_of_the_same_kind() -> None:
    slow = change(MIDDLE, load_seconds=90.0)
    loaded = change(MIDDLE, name="qwen3:32b", size=16 * GB, loaded=True)
    decision = settle(ESSAY, slow, loaded, SMALL)
    assert (decision.model, decision.source) == ("qwen3:32b", "stay")
    assert "about 90 s" in told(decision, "cost")
    assert settle(ESSAY, change(MIDDLE, load_seconds=9.0), loaded, SMALL).model == "gemma3:27b"
    # A small model is not of the kind that is wanted.
    assert settle(ESSAY, slow, change(SMALL, loaded=True)).model == "gemma3:27b"


def test_switching_costs_the_load_and_the_return_of_what_has_to_go() -> None:
    evicted = change(CODER, load_seconds=20.0)
    assert switching(change(SMALL, load_seconds=3.0, frees=("qwen3-coder:30b",)), (evicted,)) == 23.0
    assert switching(change(SMALL, load_seconds=None), ()) == pytest.approx(2.0)
    assert switching(change(SMALL, size=None), ()) is None


def test_the_same_model_on_two_servers_runs_where_it_is_loaded_or_fits() -> None:
    there = change(CODER, host="attic", loaded=True)
    decision = settle(CODE, change(CODER, host="cellar"), there)
    assert (decision.model, decision.host) == ("qwen3-coder:30b@attic", "attic")
    assert "qwen3-coder:30b@attic, loaded" in decision.line
    fits = settle(CODE, change(CODER, host="cellar", fits="no"), change(CODER, host="attic"))
    assert fits.host == "attic"


def test_a_decision_in_one_line_names_tier_words_model_and_memory() -> None:
    text = "Zeige mir alle Python-Prozesse mit ps aux | grep python"
    loaded = change(CODER, loaded=True, need=int(18.2 * 2**30))
    line = settle(text, loaded, memory=Memory(31 * 2**30, 12 * 2**30)).line
    assert line == "code: ps, grep, python · 0.40 → qwen3-coder:30b, loaded, 18.2 of 31 GiB"
    assert settle(FACT, SMALL).line == "fast · 0.00 → llama3.2:3b, to be loaded, 2.8 GiB"


def test_a_tier_that_was_asked_for_is_taken() -> None:
    decision = settle(FACT, tier="heavy")
    assert (decision.model, decision.tier) == ("gemma3:27b", "heavy")
    assert decision.line.startswith("heavy (fast · 0.00) → ")


@pytest.mark.parametrize("why", ["failed", "silent", "memory"])
def test_the_next_smaller_model_takes_over_until_there_is_none(why: Failure) -> None:
    situation = Situation(question=RouteQuestion(text=CODE), analysis=analyze(CODE), candidates=ALL)
    decision, models = decide(situation), []
    while decision.model:
        models.append(decision.model)
        decision = next_smaller(decision, why, situation)
    assert models == ["qwen3-coder:30b", "gemma3:27b", "llama3.2:3b"]
    assert decision.source == "none"
    assert decision.reasons[-1] == "There is no smaller model to take its place."


def test_a_fallback_names_who_failed_and_how() -> None:
    situation = Situation(question=RouteQuestion(text=CODE), analysis=analyze(CODE), candidates=ALL)
    first = decide(situation)
    assert first.fallbacks == ("gemma3:27b", "llama3.2:3b")
    then = next_smaller(first, "silent", situation)
    assert then.source == "fallback"
    assert then.reasons[:2] == (
        "qwen3-coder:30b said nothing in time.",
        "gemma3:27b is the next smaller one and answers instead.",
    )


def test_memory_that_is_short_is_told_with_the_ways_out() -> None:
    partly = change(CODER, fits="partly", cpu_share=0.25, frees=())
    decision = settle(
        CODE, partly, change(SMALL, loaded=True), terms=Terms(on_cpu="allow"), memory=Memory(24 * GB, 15 * GB)
    )
    assert decision.model == "qwen3-coder:30b"
    assert decision.concern is not None
    assert decision.concern.kind == "not_enough"
    assert decision.concern.text == (
        "qwen3-coder:30b needs 18.6 GiB, 14.0 GiB are free: 25% of it would run on the processor."
    )
    assert [(way.kind, way.model) for way in decision.concern.ways] == [
        ("instead", "llama3.2:3b"),
        ("partly", "qwen3-coder:30b"),
        ("cancel", ""),
    ]
    assert f"about {slower(0.25):.1f} times slower" in decision.concern.ways[1].text


def test_high_usage_is_told_before_a_model_is_loaded_and_not_after() -> None:
    memory = Memory(24 * GB, 21 * GB)
    decision = settle(CODE, CODER, SMALL, memory=memory)
    assert decision.concern is not None
    assert (decision.concern.kind, "96 %" in decision.concern.text) == ("high_usage", True)
    assert settle(CODE, change(CODER, loaded=True), SMALL, memory=memory).concern is None
    assert settle(CODE, CODER, SMALL, memory=Memory(80 * GB, 70 * GB)).concern is None
    assert settle(CODE, CODER, SMALL, memory=Memory()).concern is None


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from(["a:1b", "b-coder:7b", "c:70b", "embed:x", "d:3b"]),
        host=st.sampled_from(["", "attic"]),
        installed=st.booleans(),
        loaded=st.booleans(),
        size=st.none() | st.integers(1, 100 * GB),
        need=st.none() | st.integers(1, 100 * GB),
        fits=st.sampled_from(["yes", "partly", "no", "unknown"]),
        cpu_share=st.none() | st.floats(0, 1),
        frees=st.sampled_from([(), ("a:1b",)]),
        capabilities=st.sampled_from(
            [None, (), ("completion",), ("completion", "vision", "tools"), ("embedding",)]
        ),
        context=st.none() | st.integers(1, 200_000),
        load_seconds=st.none() | st.floats(0, 500),
    ),
    max_size=6,
).map(tuple)


@given(
    CANDIDATES,
    st.sampled_from(TIERS),
    st.sampled_from(TIERS),
    st.floats(0, 5),
    st.none() | st.builds(Sticky, st.sampled_from(["a:1b", "zz"]), st.sampled_from(TIERS), st.floats(0, 100)),
    st.booleans(),
)
def test_whoever_is_decided_for_is_there_and_can(
    candidates: tuple[Candidate, ...],
    tier: Tier,
    second: Tier,
    margin: float,
    sticky: Sticky | None,
    images: bool,
) -> None:
    situation = Situation(
        question=RouteQuestion(text="x", images=images),
        analysis=close(tier, second, margin),
        candidates=candidates,
        sticky=sticky,
        memory=Memory(24 * GB, 10 * GB),
        now=50.0,
    )
    decision = decide(situation)
    assert decision == decide(situation)
    assert decision.reasons
    picked = [each for each in candidates if (each.shown, each.host) == (decision.model, decision.host)]
    if decision.model:
        assert any(each.installed for each in picked)
        assert decision.model not in decision.fallbacks
        tries = 0
        while decision.model:
            decision = next_smaller(decision, "failed", situation)
            tries += 1
            assert tries <= len(candidates)
    else:
        assert decision.source == "none"
