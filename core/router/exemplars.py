"""The optional second look: which known questions is this one most like? Pure; vectors come from elsewhere.

Only asked when the rules are nearly undecided, and blended with what they found, never in their place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from core.router.analyze import ranked
from core.router.types import TIERS, Analysis, Evidence, Tier

Vector = Sequence[float]

LONGEST = 1000
"""Characters of a question that are compared."""

NEAREST = 7
"""How many known questions have a say."""

SAY = 1.5
"""The weight they have together when they agree."""

_KNOWN: dict[Tier, tuple[str, ...]] = {
    "fast": (
        "Good evening, how are things?",
        "Thank you, you are a great help.",
        "Tell me about yourself.",
        "Do you like music?",
        "I feel a bit lonely tonight.",
        "Who painted the Mona Lisa?",
        "When did the Berlin Wall come down?",
        "What is the highest mountain in Austria?",
        "How many legs does a spider have?",
        "Which ocean lies between Europe and America?",
        "Say it in French: I would like a coffee.",
        "Guten Abend, wie geht es so?",
        "Vielen Dank, du bist eine große Hilfe.",
        "Erzähl mir etwas über dich.",
        "Magst du Musik?",
        "Ich fühle mich heute Abend etwas einsam.",
        "Wer hat die Mona Lisa gemalt?",
        "Wann fiel die Berliner Mauer?",
        "Wie heißt der höchste Berg Österreichs?",
        "Wie viele Beine hat eine Spinne?",
        "Welcher Ozean liegt zwischen Europa und Amerika?",
        "Sag es auf Französisch: Ich hätte gern einen Kaffee.",
    ),
    "code": (
        "Write a function that merges two sorted lists.",
        "How do I undo a git rebase?",
        "List every file that changed within the last day.",
        "Why does this loop never end?",
        "Join two tables and keep the rows without a partner.",
        "Add retries with backoff to this HTTP client.",
        "Restart the service when its log stays silent.",
        "Parse dates in several formats from a CSV file.",
        "The compiler says that the borrowed value does not live long enough.",
        "Write a unit test for the login form.",
        "Schreibe eine Funktion, die zwei sortierte Listen verbindet.",
        "Wie mache ich ein git rebase rückgängig?",
        "Liste alle Dateien auf, die sich am letzten Tag geändert haben.",
        "Warum endet diese Schleife nie?",
        "Verbinde zwei Tabellen und behalte Zeilen ohne Partner.",
        "Ergänze diesen HTTP-Client um Wiederholungen mit Wartezeit.",
        "Starte den Dienst neu, wenn sein Protokoll still bleibt.",
        "Lies Datumsangaben in mehreren Formaten aus einer CSV-Datei.",
        "Der Compiler sagt, der geliehene Wert lebe nicht lange genug.",
        "Schreibe einen Unit-Test für das Anmeldeformular.",
    ),
    "heavy": (
        "Prove that there are infinitely many primes.",
        "A cyclist rides 24 km in 80 minutes. What is her average speed?",
        "Three friends share a bill so that each pays twice as much as the one before. Who pays what?",
        "What follows for a small country when its currency loses half of its value?",
        "Compare the theories of Freud and Jung.",
        "Explain how a nuclear reactor is kept stable.",
        "Discuss whether museums should return what was taken in colonial times.",
        "How did the plague change work and wages in Europe?",
        "Plan an experiment that shows whether plants react to sound.",
        "Which arguments speak for a shorter working week, and which against it?",
        "Beweise, dass es unendlich viele Primzahlen gibt.",
        "Eine Radfahrerin fährt 24 km in 80 Minuten. Wie schnell ist sie im Durchschnitt?",
        "Drei Freunde teilen eine Rechnung, jeder zahlt doppelt so viel wie der vorige. Wer zahlt was?",
        "Was folgt für ein kleines Land, wenn seine Währung die Hälfte ihres Wertes verliert?",
        "Vergleiche die Theorien von Freud und Jung.",
        "Erkläre, wie ein Kernreaktor stabil gehalten wird.",
        "Erörtere, ob Museen zurückgeben sollen, was in der Kolonialzeit genommen wurde.",
        "Wie veränderte die Pest Arbeit und Löhne in Europa?",
        "Plane einen Versuch, der zeigt, ob Pflanzen auf Klang reagieren.",
        "Welche Argumente sprechen für eine kürzere Arbeitswoche, und welche dagegen?",
    ),
}

EXEMPLARS: tuple[tuple[Tier, str], ...] = tuple((tier, text) for tier in TIERS for text in _KNOWN[tier])
"""Questions whose tier is known, in both languages."""


def blended(analysis: Analysis, question: Vector, known: Sequence[Vector]) -> Analysis:
    """What was found by the rules, and what the nearest known questions say, weighed together."""
    near = sorted(
        (
            (_likeness(question, vector), tier, text)
            for vector, (tier, text) in zip(known, EXEMPLARS, strict=True)
        ),
        reverse=True,
    )[:NEAREST]
    total = sum(max(0.0, likeness) for likeness, _, _ in near)
    if total <= 0:
        return analysis
    added = [
        Evidence(tier, "nearest", "known questions that are alike", _texts(near, tier), round(SAY * share, 3))
        for tier in TIERS
        if (share := sum(max(0.0, likeness) for likeness, one, _ in near if one == tier) / total) > 0
    ]
    evidence = (*analysis.evidence, *added)
    scores = {
        tier: analysis.scores.get(tier, 0.0) + sum(one.weight for one in added if one.tier == tier)
        for tier in TIERS
    }
    first, second = ranked(scores, evidence)
    return msgspec.structs.replace(
        analysis,
        tier=first,
        second=second,
        scores={tier: round(score, 3) for tier, score in scores.items()},
        margin=round(scores[first] - scores[second], 3),
        evidence=evidence,
    )


def _texts(near: Sequence[tuple[float, Tier, str]], tier: Tier) -> tuple[str, ...]:
    return tuple(text for _, one, text in near if one == tier)[:2]


def _likeness(one: Vector, other: Vector) -> float:
    """The cosine of the angle between two vectors; 0 when they cannot be compared."""
    if len(one) != len(other):
        return 0.0
    length = math.sqrt(sum(value * value for value in one) * sum(value * value for value in other))
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0
