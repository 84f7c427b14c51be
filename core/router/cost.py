"""What it costs to answer with another model than those in memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.ollama.names import same
from core.router.types import Candidate

_BYTES_A_SECOND = 1e9
"""How fast a model that was never loaded here is thought to load."""


def switching(pick: Candidate, candidates: Sequence[Candidate]) -> float | None:
    """Seconds it costs to load a model, and to load again later what has to go for it."""
    costs = [_loading(pick)]
    costs += [
        _loading(each)
        for name in pick.frees
        for each in candidates
        if each.host == pick.host and same(each.name, name)
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _loading(candidate: Candidate) -> float | None:
    if candidate.load_seconds is not None:
        return candidate.load_seconds
    return None if candidate.size is None else candidate.size / _BYTES_A_SECOND
