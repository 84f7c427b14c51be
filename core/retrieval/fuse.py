"""Two ways of searching made one order. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from core.retrieval.types import Hit

K = TypeVar("K", bound=Hashable)

Method = Literal["score", "rank"]
"""By the scores of both ways, or by the ranks alone (reciprocal rank fusion)."""

MEANING = 0.4
"""What the meaning counts for, the words for the rest: measured over five collections in two languages."""
MEANING_ABROAD = 0.3
"""What it counts for where the model does not know the language of the texts."""
_RANK = 60

Place = tuple[str, str]


def fuse(
    near: Sequence[Hit], words: Sequence[Hit], method: Method = "score", *, meaning: float = MEANING
) -> list[Hit]:
    """Every unit that either way found, with both its scores, the best first.

    The best unit of a section has what the whole section deserves: its meaning may stand in one unit and
    the words that were asked for in the next.
    """
    cosines = {hit.key: hit.cosine for hit in near if hit.cosine is not None}
    bm25s = {hit.key: hit.bm25 for hit in words if hit.bm25 is not None}
    found = {hit.key: hit for hit in (*words, *near)}
    places = {key: place_of(hit) for key, hit in found.items()}
    if method == "rank":
        scores = _by_rank(near, words)
    else:
        scores = _by_score(cosines, bm25s, meaning)
        sections = _by_score(_best(cosines, places), _best(bm25s, places), meaning)
        for place, key in _speakers(scores, places).items():
            scores[key] = max(scores[key], sections[place])
    fused = [
        msgspec.structs.replace(hit, score=scores[key], cosine=cosines.get(key), bm25=bm25s.get(key))
        for key, hit in found.items()
    ]
    # Equal scores in an order of their own, so that a search repeated is the same search.
    return sorted(fused, key=lambda hit: (-hit.score, hit.document, hit.ord, hit.key))


def place_of(hit: Hit) -> Place:
    """The section a unit stands in; one that has none is its own."""
    return hit.document, hit.section or hit.key


def _best(values: Mapping[str, float], places: Mapping[str, Place]) -> dict[Place, float]:
    """The best value in every section."""
    best: dict[Place, float] = {}
    for key, value in values.items():
        best[places[key]] = max(value, best.get(places[key], value))
    return best


def _speakers(scores: Mapping[str, float], places: Mapping[str, Place]) -> dict[Place, str]:
    """The best unit of every section."""
    speakers: dict[Place, str] = {}
    for key in sorted(scores, key=lambda key: (-scores[key], key)):
        speakers.setdefault(places[key], key)
    return speakers


def _by_score(cosines: Mapping[K, float], bm25s: Mapping[K, float], share: float) -> dict[K, float]:
    """The meaning between the worst and the best that was found, the words as a share of the best."""
    low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=0.0)
    most = max(bm25s.values(), default=0.0)
    meaning = {key: (value - low) / (high - low) if high > low else 1.0 for key, value in cosines.items()}
    words = {key: value / most if most > 0 else 0.0 for key, value in bm25s.items()}
    # A way that found nothing at all leaves its part to the other.
    if not cosines or not bm25s:
        share = 1.0 if cosines else 0.0
    return {
        key: share * meaning.get(key, 0.0) + (1 - share) * words.get(key, 0.0) for key in {*meaning, *words}
    }


def _by_rank(near: Sequence[Hit], words: Sequence[Hit]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for way in (near, words):
        for rank, hit in enumerate(way, 1):
            scores[hit.key] = scores.get(hit.key, 0.0) + 1 / (_RANK + rank)
    best = 2 / (_RANK + 1)
    return {key: score / best for key, score in scores.items()}


def one_a_section(hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """The best unit of every section, and those that stand behind one of the same section."""
    kept: list[Hit] = []
    behind: list[Hit] = []
    seen: set[Place] = set()
    for hit in hits:
        place = place_of(hit)
        (behind if place in seen else kept).append(hit)
        seen.add(place)
    return kept, behind
