"""Rules as people write them in the configuration."""

from __future__ import annotations

import pytest

from core.router.reading import Reading
from core.router.types import Tier
from core.router.user_rules import DECISIVE, MOST_RULES, read_rule, read_rules


@pytest.mark.parametrize(
    ("text", "tier", "model", "weight"),
    [
        ("recipe -> fast", "fast", "", DECISIVE),
        ("recipe->FAST", "fast", "", DECISIVE),
        ("recipe -> llama3.2:3b", None, "llama3.2:3b", DECISIVE),
        ("recipe -> heavy mistral-small", "heavy", "mistral-small:latest", DECISIVE),
        ("recipe -> mistral-small:24b heavy", "heavy", "mistral-small:24b", DECISIVE),
        ("recipe -> code +1.5", "code", "", 1.5),
        ("recipe -> code -2", "code", "", -2.0),
        ("recipe -> hf.co/user/repository:Q4_K_M", None, "hf.co/user/repository:Q4_K_M", DECISIVE),
    ],
)
def test_a_rule_leads_where_it_says(text: str, tier: Tier | None, model: str, weight: float) -> None:
    rule = read_rule("x", text)
    assert (rule.tier, rule.model, rule.weight) == (tier, model, weight)


@pytest.mark.parametrize(
    ("rule", "question", "found"),
    [
        ("recipe, rezept -> fast", "Ein Rezept für Brot", ["rezept"]),
        ("recipe -> fast", "two recipes", []),
        ("area code -> heavy", "the area code of Rome", ["area code"]),
        ('"one, two", three -> fast', "one two buckle", ["one two"]),
        ("größe -> fast", "welche Groesse", ["groesse"]),
        (r"/ORA-\d{1,5}/ -> code", "error ora-942", ["ora-942"]),
        (r"plsql, /a\/b/ -> code", "A/B and PLSQL", ["plsql", "A/B"]),
        ("c++ -> code", "in C++ please", ["c++"]),
        (" , recipe,, -> fast", "recipe", ["recipe"]),
    ],
)
def test_a_rule_finds_whole_words_phrases_and_patterns(rule: str, question: str, found: list[str]) -> None:
    assert read_rule("x", rule).find(Reading(question)) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("recipe", "no arrow"),
        ("-> fast", "looks for nothing"),
        (" , -> fast", "looks for nothing"),
        ("!!! -> fast", "has no word"),
        ("recipe ->", "leads nowhere"),
        ("recipe -> +2", "leads nowhere"),
        ("recipe -> llama3 qwen3", "all it can have"),
        ("recipe -> fast code", "one tier is all"),
        ("a -> b -> fast", "more than one arrow"),
        ("recipe -> llama3 +2", "a weight goes with a tier"),
        ("recipe -> fast +99", "a weight goes with a tier"),
        ("recipe -> llama/3//2:", "not a valid name"),
        ("/a*/ -> fast", "repeats without end"),
        ("/a -> fast", "cannot be read"),
        ('"a -> fast', "cannot be read"),
        (", ".join(f"w{number}" for number in range(60)) + " -> fast", "more than 50"),
    ],
)
def test_a_wrong_rule_is_named_with_the_reason_and_costs_only_itself(text: str, reason: str) -> None:
    read = read_rules({"good": "recipe -> fast", "bad one": text})
    assert [rule.name for rule in read.rules] == ["good"]
    [problem] = read.problems
    assert problem.name == "bad one"
    assert reason in problem.message
    assert problem.message.startswith("The routing rule “bad one” is not used: ")
    assert problem.hint


def test_names_of_rules_are_harmless_and_their_number_is_bounded() -> None:
    read = read_rules({f"rule {number}\x1b": "recipe -> fast" for number in range(MOST_RULES + 2)})
    assert len(read.rules) == MOST_RULES
    assert len(read.problems) == 2
    assert "\x1b" not in read.problems[0].message
