"""Each rule has a question to which it applies."""

from __future__ import annotations

import pytest

from core.router.reading import Reading
from core.router.rules import RULES, Rule
from core.router.types import TIERS
from tests.core.router.examples import EXAMPLES

CASES: dict[str, str] = {
    "fence": "```\nx = 1\n```",
    "declaration": "def area(r):\n    return r",
    "syntax": "let total = 0;\n",
    "call": "what does parseInt(value) return",
    "identifier": "rename user_name everywhere",
    "query": "SELECT id FROM users",
    "command line": "run it with --verbose",
    "path": "what is in /etc/hosts/deny",
    "file name": "open main.py",
    "fault": "I get a ValueError: no such thing",
    "configuration": "name: web\nimage: nginx\nports:\n",
    "spreadsheet": "=SUM(A1:B7)",
    "literal": "[1, 2, 3]",
    "language": "something in Python",
    "language, perhaps": "an old Rust project",
    "language, said so": "a hello world in C",
    "command": "why is grep so fast",
    "tool": "a Docker problem",
    "term": "what is recursion",
    "term, mostly": "a slow database",
    "term, perhaps": "an empty list",
    "expression": "a linked list",
    "work": "refactor it",
    "wish": "delete the file",
    "order": "Blättere das Heft schnell um",
    "make": "write a small function",
    "thing": "a function for leap years",
    "mine": "my query is slow",
    "now": "which ports are currently open",
    "trouble": "the server crashes",
    "why mine": "Why is my list empty?",
    "how many": "How many sides does a triangle have?",
    "plan": "Plan a trip to Rome",
    "how can one": "How can we sleep better?",
    "how with": "Wie geht das mit anbox: Starte eine App?",
    "terms to explain": "Explain the difference between a thread and a process",
    "how to": "How do I rename a file?",
    "explain a term": "Explain closures in JavaScript",
    "what a command does": "what does chmod 755 do",
    "formula": "solve 3x + 4 = 10",
    "mathematics": "the derivative of a polynomial",
    "mathematics, too": "a number such that it is even",
    "choices": "Which one? A) red B) green C) blue",
    "quantity": "half of 12",
    "reckon": "Calculate 17 percent of 230",
    "prove": "Prove that it is so",
    "word problem": "He has 3 and gets 4. How many does he have?",
    "numbers in a text": "He has 3 apples. She takes 2 of them.",
    "story": "She has 12 eggs. How many cakes can she bake?",
    "many numbers": "3 and 5 and 9",
    "units": "it takes 5 minutes",
    "rates": "5 apples per day",
    "ways to count": "How many ways are there to seat them?",
    "reasoning": "Think step by step",
    "truth and lies": "Tom always lies",
    "places": "Anna sits left of the window, and her brother behind her and the door",
    "kin": "My father, his brother and his daughter",
    "odd one out": "Which word does not belong",
    "puzzle": "It weighs at least as much. Guess!",
    "syllogism": "All cats are animals and some animals are black.",
    "if so": "Suppose the moon were gone",
    "analyse": "Compare Rome and Athens",
    "analyse, too": "You may also compare them",
    "matter of analysis": "the consequences of it",
    "big subject": "the economy",
    "effects": "How do tides affect the shore?",
    "why": "Why do the leaves turn red each autumn?",
    "why it was": "Warum zerfiel das Reich?",
    "put in order": "Sortiere die folgenden Wörter: Ulme, Ahorn, Linde",
    "long writing": "Verfasse eine Kurzgeschichte",
    "and why": "What happened to the old town, and why was that?",
    "considerations": "What strategies help small shops?",
    "frame": "What are some ways to relax?",
    "how might": "How could a town reduce noise?",
    "deep": "What role did railways play?",
    "broad": "What makes a good teacher",
    "at length": "Describe the siege of Vienna in great detail",
    "in short": "What is a tsunami, in one sentence?",
    "briefly": "What is a tsunami, in one sentence?",
    "long": "word " * 26,
    "longer": "word " * 46,
    "several questions": "Is it true that it is so? And when did they first notice that?",
    "nothing special": "well",
    "greeting": "Hello!",
    "to you": "do you sleep",
    "about me": "I am here",
    "mood": "so tired",
    "fact": "What is the capital of Peru?",
    "who, when, where": "Who wrote it?",
    "no work": "Which river is longest?",
    "no work at all": "When did it begin?",
    "daily life": "the actor in the film",
    "elsewhere": "a Python is a snake",
    "short": "all good things",
    "very short": "fine",
    "small writing": "translate it into French",
}


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(CASES) == set(names)


def applied(text: str) -> set[str]:
    reading = Reading(text)
    for rule in RULES:
        if rule.when.find(reading):
            reading.fired.add(rule.name)
    return reading.fired


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_applies_to_its_case(rule: Rule) -> None:
    assert rule.name in applied(CASES[rule.name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_says_what_it_speaks_for_and_why(rule: Rule) -> None:
    assert rule.tier in TIERS
    assert rule.weight != 0
    assert rule.why
    assert not rule.why.endswith(".")


def test_no_rule_applies_without_the_words_it_says_it_needs() -> None:
    """Rules are left out unasked when none of their words is there: that must change nothing."""
    for text in [*CASES.values(), *(each.text for each in EXAMPLES[::4])]:
        reading = Reading(text)
        for rule in RULES:
            found = rule.when.find(reading)
            if found:
                reading.fired.add(rule.name)
            if rule.when.needs is not None and rule.when.needs.isdisjoint(reading.hits):
                assert not found, (rule.name, text)


def test_no_rule_decides_many_examples_alone() -> None:
    """Rules that fit one sort of question only would say little about others: evidence is shared."""
    from core.router.analyze import analyze

    lost: dict[str, int] = {}
    for each in EXAMPLES:
        found = analyze(each.text)
        if found.tier != each.tier:
            continue
        for one in found.evidence:
            scores = {**found.scores, one.tier: found.scores[one.tier] - one.weight}
            if max(TIERS, key=lambda tier: scores[tier]) != each.tier:
                lost[one.rule] = lost.get(one.rule, 0) + 1
    most = {rule: count for rule, count in lost.items() if count > len(EXAMPLES) * 0.06}
    assert set(most) <= {"nothing special", "fact", "analyse", "wish", "order"}
