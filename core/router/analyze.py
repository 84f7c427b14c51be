"""Takes a question for what it is: a tier, a complexity, and every reason. Pure, deterministic, bounded.

analyze("Schreibe eine komplexe Python-Klasse").label  →  "code: klasse, python · 0.40"
"""

from __future__ import annotations

from collections.abc import Sequence

from core.router.reading import Reading
from core.router.rules import RULES, Rule
from core.router.types import TIERS, Analysis, Evidence, Tier
from core.router.user_rules import DECISIVE, UserRule

_TOLD = (
    ("command", "command_soft"),
    ("made", "noun", "noun_mid"),
    ("language", "language_soft", "tool"),
    ("maths",),
    ("analyse_noun",),
)
"""Groups of words that are keywords, in the order they are told."""

_MOST_KEYWORDS = 8
_PIECES = 3

_WORK = 0.4
"""The complexity of what is more than small talk or a fact."""
_REASONING = 0.1
"""What a point of weight for reasoning adds."""


def analyze(text: str, own: Sequence[UserRule] = (), rules: Sequence[Rule] = RULES) -> Analysis:
    """Say what a question is taken for; *own* are rules of the person who asks."""
    reading = Reading(text)
    evidence: list[Evidence] = []
    present = frozenset(reading.hits)
    for name, tier, weight, when, why, more in rules:
        if when.needs is not None and when.needs.isdisjoint(present):
            continue
        if found := when.find(reading):
            reading.fired.add(name)
            worth = weight + more * (min(len(found), _PIECES) - 1)
            evidence.append(Evidence(tier, name, why, reading.shown(found), worth))
    model = ""
    for rule in own:
        if found := rule.find(reading):
            model = model or rule.model
            if rule.tier is not None:
                why = f"your rule “{rule.name}”"
                evidence.append(Evidence(rule.tier, rule.name, why, tuple(found[:_PIECES]), rule.weight))
    return concluded(reading, evidence, model)


def concluded(reading: Reading, evidence: Sequence[Evidence], model: str) -> Analysis:
    """Weigh the evidence."""
    scores: dict[Tier, float] = dict.fromkeys(TIERS, 0.0)
    for one in evidence:
        scores[one.tier] += one.weight
    tier, second = ranked(scores, evidence)
    return Analysis(
        tier=tier,
        complexity=_complexity(tier, scores["heavy"], reading.words),
        keywords=reading.shown(_keywords(reading)),
        scores={name: round(score, 3) for name, score in scores.items()},
        second=second,
        margin=round(scores[tier] - scores[second], 3),
        evidence=tuple(evidence),
        model=model,
    )


def ranked(scores: dict[Tier, float], evidence: Sequence[Evidence] = ()) -> tuple[Tier, Tier]:
    """The tier with the highest score, and the next; a decisive rule of the person comes first."""
    first = next((one.tier for one in evidence if one.weight >= DECISIVE), None)
    order = sorted(TIERS, key=lambda tier: (tier != first, -scores[tier]))
    return order[0], order[1]


def _complexity(tier: Tier, reasoning: float, words: int) -> float:
    base = 0.0 if tier == "fast" else _WORK
    size = min(0.2, max(0, words - 25) / 500)
    return round(min(1.0, base + _REASONING * min(6.0, max(0.0, reasoning)) + size), 2)


def _keywords(reading: Reading) -> list[str]:
    kept: list[str] = []
    for groups in _TOLD:
        found = {word for group in groups for word in reading.all(group)}
        if not found:
            continue
        kept += [word for word in dict.fromkeys(reading.tokens) if word in found and word not in kept]
    return kept[:_MOST_KEYWORDS]
