"""Two ways of searching made one order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from core.retrieval.types import Hit

Method = Literal["score", "rank"]
"""By the scores of both ways, or by the ranks alone (reciprocal rank fusion)."""

_MEANING, _WORDS = 0.4, 0.6
"""What each way counts for: measured over five collections in two languages."""
_RANK = 60


def fuse(near: Sequence[Hit], words: Sequence[Hit], method: Method = "score") -> list[Hit]:
    """Every unit that either way found, with both its scores, the best first."""
    cosines = {hit.key: hit.cosine for hit in near if hit.cosine is not None}
    bm25s = {hit.key: hit.bm25 for hit in words if hit.bm25 is not None}
    found = {hit.key: hit for hit in (*words, *near)}
    scores = _by_rank(near, words) if method == "rank" else _by_score(cosines, bm25s)
    fused = [
        msgspec.structs.replace(hit, score=scores[key], cosine=cosines.get(key), bm25=bm25s.get(key))
        for key, hit in found.items()
    ]
    # Equal scores in an order of their own, so that a search repeated is the same search.
    return sorted(fused, key=lambda hit: (-hit.score, hit.document, hit.ord, hit.key))


def _by_score(cosines: dict[str, float], bm25s: dict[str, float]) -> dict[str, float]:
    """The meaning between the worst and the best that was found, the words as a share of the best."""
    low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=0.0)
    most = max(bm25s.values(), default=0.0)
    meaning = {key: (value - low) / (high - low) if high > low else 1.0 for key, value in cosines.items()}
    words = {key: value / most if most > 0 else 0.0 for key, value in bm25s.items()}
    # A way that found nothing at all leaves its part to the other.
    part_of_meaning = 0.0 if not cosines else _MEANING if bm25s else 1.0
    return {
        key: part_of_meaning * meaning.get(key, 0.0) + (1 - part_of_meaning) * words.get(key, 0.0)
        for key in {*meaning, *words}
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
    seen: set[tuple[str, str]] = set()
    for hit in hits:
        place = (hit.document, hit.section or hit.key)
        (behind if place in seen else kept).append(hit)
        seen.add(place)
    return kept, behind
