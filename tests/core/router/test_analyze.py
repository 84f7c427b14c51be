"""Questions as people ask them, the published cases, and texts nobody would send on purpose."""

from __future__ import annotations

import time
from collections import defaultdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.router.analyze import analyze, ranked
from core.router.reading import HEAD, TAIL
from core.router.types import TIERS, Tier
from core.router.user_rules import read_rule
from tests.core.router.asked import ASKED
from tests.core.router.examples import EXAMPLES, Example

LONG = 1_000_000


@pytest.mark.parametrize(
    ("text", "tier", "complexity", "keywords"),
    [
        ("Hallo, wie geht es dir heute?", "fast", 0.0, ()),
        ("Zeige mir alle Python-Prozesse mit ps aux | grep python", "code", 0.4, ("ps", "grep", "python")),
        (
            "Schreibe eine komplexe Python-Klasse für Datenbankverbindungen",
            "code",
            0.4,
            ("klasse", "python"),
        ),
    ],
)
def test_the_published_cases_hold_exactly(
    text: str, tier: Tier, complexity: float, keywords: tuple[str, ...]
) -> None:
    found = analyze(text)
    assert (found.tier, found.complexity, found.keywords) == (tier, complexity, keywords)


def share(examples: list[Example]) -> float:
    return sum(analyze(each.text).tier == each.tier for each in examples) / len(examples)


def test_questions_of_every_kind_are_taken_for_what_they_are() -> None:
    by_tier: dict[str, list[Example]] = defaultdict(list)
    by_language: dict[str, list[Example]] = defaultdict(list)
    traps = [each for each in EXAMPLES if each.kind == "trap"]
    for each in EXAMPLES:
        by_tier[each.tier].append(each)
        by_language[each.language].append(each)
    assert share(list(EXAMPLES)) >= 0.96
    assert {tier: share(examples) >= 0.94 for tier, examples in by_tier.items()} == dict.fromkeys(TIERS, True)
    assert abs(share(by_language["de"]) - share(by_language["en"])) <= 0.03
    assert share(traps) >= 0.95


def test_questions_in_passing_from_forums_and_with_traps_are_taken_for_what_they_are() -> None:
    assert share(list(ASKED)) >= 0.95
    for tier in TIERS:
        assert share([each for each in ASKED if each.tier == tier]) >= 0.94, tier


def test_every_example_stands_there_once() -> None:
    for group in (EXAMPLES, ASKED):
        texts = [each.text for each in group]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wie öffne ich eine Datei?", "wie oeffne ich eine datei"),
        ("Größte Dateien finden", "GRÖSSTE DATEIEN FINDEN"),
        ("How do I list files?", "Please, how do I list files?"),
        ("Was ist die Hauptstadt von Peru?", "Hallo! Was ist die Hauptstadt von Peru?"),
        ("it’s a JSON file, parse it", "it's a JSON file, parse it"),
    ],
)
def test_spelling_and_politeness_change_nothing(one: str, other: str) -> None:
    assert analyze(one).tier == analyze(other).tier


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("du", "fast"),  # a German word before it is a command
        ("man", "fast"),
        ("Das ist der Rest vom Fest", "fast"),
        ("dass die Klasse du bist", "fast"),
        ("", "fast"),
        ("   \n\t ", "fast"),
        ("?", "fast"),
        ("💥💥💥", "fast"),
        ("你好吗", "fast"),
        ("42", "fast"),
    ],
)
def test_no_word_counts_as_a_part_of_another(text: str, tier: Tier) -> None:
    assert analyze(text).tier == tier


def test_keywords_and_evidence_are_shown_as_they_were_written() -> None:
    found = analyze("Verschlüssle den Schlüssel mit gpg")
    assert any("schlüssel" in one.found for one in found.evidence)
    assert "gpg" in found.keywords
    assert not any("ue" in piece for one in found.evidence for piece in one.found)


def test_every_tier_has_a_score_that_its_evidence_adds_up_to() -> None:
    found = analyze("Write a Python function that proves Fermat's little theorem for small primes")
    for tier in TIERS:
        total = sum(one.weight for one in found.evidence if one.tier == tier)
        assert found.scores[tier] == pytest.approx(total, abs=0.01)
    assert found.margin == pytest.approx(found.scores[found.tier] - found.scores[found.second], abs=0.01)


def test_the_weightiest_reason_for_the_tier_comes_first() -> None:
    found = analyze("How do I list open ports with ss in bash?")
    assert found.reasons[0].endswith(f"({found.tier} +{max(e.weight for e in found.evidence):.1f})")
    assert found.label == "code: bash · 0.40"


def test_more_reasoning_and_more_words_are_more_complex() -> None:
    easy = analyze("Prove that 2 is prime.")
    hard = analyze(
        "Prove that every continuous function on a compact interval is uniformly continuous, explain it, "
        "compare two proofs and discuss why the theorem fails on open intervals." + " Consider examples." * 40
    )
    assert 0.4 < easy.complexity < hard.complexity <= 1.0


def test_only_the_beginning_and_the_end_of_a_long_text_are_looked_at() -> None:
    filler = "blah " * 2000
    assert analyze(f"{filler}\nFix this Python function").tier == "code"
    assert analyze(f"Fix this Python function\n{filler}").tier == "code"
    hidden = analyze(f"{'blah ' * HEAD}Python{' blah' * TAIL}")
    assert "python" not in hidden.keywords


def test_a_rule_of_the_person_decides_alone() -> None:
    own = [read_rule("cooking", "recipe, rezept -> heavy qwen3:8b")]
    found = analyze("Write a Python function that prints a recipe", own)
    assert (found.tier, found.model) == ("heavy", "qwen3:8b")
    assert "your rule “cooking”" in found.reasons[0]
    assert analyze("Write a Python function", own) == analyze("Write a Python function")


def test_a_rule_with_a_weight_is_one_reason_among_others() -> None:
    little = [read_rule("little", "function -> heavy +0.5")]
    much = [read_rule("much", "function -> heavy +9.5")]
    text = "Write a Python function that prints a recipe"
    assert analyze(text, little).tier == "code"
    assert analyze(text, much).tier == "heavy"


def test_of_two_rules_that_decide_the_first_counts() -> None:
    own = [read_rule("one", "alpha -> heavy"), read_rule("two", "beta -> code")]
    assert analyze("beta alpha", own).tier == "heavy"


def test_equal_scores_end_in_the_order_of_the_tiers() -> None:
    assert ranked({"fast": 1.0, "code": 1.0, "heavy": 1.0}) == ("fast", "code")


@given(st.text(max_size=3000))
@settings(deadline=None, max_examples=300)
@example("\ud800 lone surrogate")
@example("a" * 5000)
@example("ß" * 800)
@example("\u0301" * 900)
def test_any_text_is_taken_for_something_and_twice_for_the_same(text: str) -> None:
    found = analyze(text)
    assert found.tier in TIERS
    assert 0.0 <= found.complexity <= 1.0
    assert len(found.keywords) <= 8
    assert found == analyze(text)


PIECES = st.text(
    alphabet=st.sampled_from("aA1 _-.:/|$[](){}<>'\"=+*\n\täßé,?!#@`~^;\\ "), min_size=1, max_size=12
) | st.sampled_from(
    [
        "how do ",
        "wie wirkt ",
        "select ",
        "all a is ",
        "if (",
        "in c ",
        "alle ab sind ",
        "area code ",
        "def a(",
        "\n a:",
    ]
)


@given(PIECES)
@settings(deadline=None, max_examples=60)
@example("a")
@example(" ")
@example("\n")
@example("select ")
@example("(")
@example("a.")
def test_a_megabyte_of_anything_costs_no_more_than_a_page(piece: str) -> None:
    text = piece * (LONG // len(piece))
    # The time this thread worked, and the best of three: other work on the machine does not count.
    best = min(worked(text) for _ in range(3))
    assert best <= 0.05


def worked(text: str) -> float:
    began = time.thread_time()
    analyze(text)
    return time.thread_time() - began
