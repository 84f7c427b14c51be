"""Which models belong to a tier, the best first: as configured, or sensibly by themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from core.ollama.names import same, split
from core.router.types import Candidate, Terms, Tier

SMALL = 700_000_000
"""Bytes below which a model is too small to be trusted with questions while there is a larger one."""

_CODER = re.compile(
    r"cod(?:e|er|ing|estral)(?![a-z]{4})|devstral|starcoder|sqlcoder|deepcoder|opencoder|granite-code"
)
_NO_CHAT = re.compile(r"embed|minilm|bge-|reranker|gte-|e5-|moondream-embed|snowflake-arctic")


def answers(candidate: Candidate) -> bool:
    """Whether it answers questions at all; embedding models do not."""
    if candidate.capabilities is not None:
        return "completion" in candidate.capabilities
    return "embedding" not in candidate.uses and not _NO_CHAT.search(candidate.name.lower())


def is_coder(candidate: Candidate) -> bool:
    """Whether it was made for code."""
    if candidate.tier is not None:
        return candidate.tier == "code"
    if candidate.uses:
        return "code" in candidate.uses and "chat" not in candidate.uses
    return bool(_CODER.search(candidate.name.lower()))


def line_up(tier: Tier, candidates: Sequence[Candidate], terms: Terms) -> tuple[Candidate, ...]:
    """Every model that could answer, those the tier wants first."""
    able = [candidate for candidate in candidates if answers(candidate)]
    named = [candidate for name in terms.named.get(tier, ()) for candidate in _best_host(able, name)]
    rest = [candidate for candidate in able if candidate not in named]
    return (*named, *sorted(rest, key=_ORDER[tier]))


def named_only(tier: Tier, candidates: Iterable[Candidate], terms: Terms) -> tuple[Candidate, ...]:
    """The models the configuration names for a tier, as far as they are there."""
    return tuple(
        candidate
        for name in terms.named.get(tier, ())
        for candidate in candidates
        if is_called(candidate, name)
    )


def belongs(candidate: Candidate, tier: Tier, candidates: Sequence[Candidate], terms: Terms) -> bool:
    """Whether a model would do for a tier as well as its first: named for it, or of its kind and size."""
    if terms.named.get(tier):
        return bool(named_only(tier, (candidate,), terms))
    if tier == "fast":
        return not is_coder(candidate)
    if tier == "code":
        return is_coder(candidate) or not any(map(is_coder, candidates))
    first = line_up(tier, candidates, terms)[0]
    return not is_coder(candidate) and (candidate.size or 0) * 2 >= (first.size or 0)


def _best_host(candidates: Iterable[Candidate], name: str) -> list[Candidate]:
    """The same model on several servers: where it is loaded first, then where it fits."""
    return sorted((each for each in candidates if is_called(each, name)), key=_place)


def is_called(candidate: Candidate, name: str) -> bool:
    """Whether a name means a model: without a server's that of any, with one only the model there."""
    bare, server = split(name)
    return same(candidate.name, bare) and server.lower() in ("", candidate.host)


def _place(candidate: Candidate) -> tuple[int, int]:
    return not candidate.loaded, ("yes", "unknown", "partly", "no").index(candidate.fits)


def _fast(candidate: Candidate) -> tuple[int, ...]:
    size = _size(candidate)
    return candidate.tier != "fast", is_coder(candidate), size < SMALL, size, *_place(candidate)


def _code(candidate: Candidate) -> tuple[int, ...]:
    return not is_coder(candidate), _too_big(candidate), -_size(candidate), *_place(candidate)


def _heavy(candidate: Candidate) -> tuple[int, ...]:
    # What was made for code reasons like a smaller one.
    size = _size(candidate) // (2 if is_coder(candidate) else 1)
    return candidate.tier != "heavy", _too_big(candidate), -size, *_place(candidate)


def _too_big(candidate: Candidate) -> bool:
    return candidate.fits in ("partly", "no")


def _size(candidate: Candidate) -> int:
    return candidate.size or 0


_ORDER: dict[Tier, Callable[[Candidate], tuple[int, ...]]] = {
    "fast": _fast,
    "code": _code,
    "heavy": _heavy,
}
