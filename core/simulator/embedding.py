"""Vectors without a model: texts that share words and parts of words are near each other."""

from __future__ import annotations

import math
import re
import zlib
from functools import lru_cache

_WORD = re.compile(r"\w+")
_PREFIX = re.compile(r"^(search_query|search_document|clustering|classification|query|passage): ")
_COMMON = frozenset(
    _WORD.findall(
        """
        the a an and or of to in is are was for with on at by it this that as be from not you i we
        der die das ein eine und oder von zu im in ist sind war für mit auf an bei es dies dass als nicht
        ich wir den dem des einen einem einer auch sich
        """
    )
)
_FULL, _PART, _PAIR, _DULL = 1.0, 0.35, 0.5, 0.05


def vector(text: str, size: int) -> list[float]:
    """A vector of length one for a text; the zero of no words points somewhere, too."""
    text = _PREFIX.sub("", text).casefold()
    found = [0.0] * size
    previous = ""
    for word in _WORD.findall(text):
        for place, weight in _features(word, size):
            found[place] += weight
        if previous and word not in _COMMON:
            place, sign = _place(f"{previous} {word}", size)
            found[place] += sign * _PAIR
        previous = "" if word in _COMMON else word
    if not any(found):
        found[_place(text, size)[0]] = 1.0
    return normalised(found)


def normalised(values: list[float]) -> list[float]:
    """The same direction, length one."""
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [round(value / length, 8) for value in values]


@lru_cache(maxsize=20_000)
def _features(word: str, size: int) -> tuple[tuple[int, float], ...]:
    """Where a word and its parts fall, and how much they count."""
    place, sign = _place(word, size)
    if word in _COMMON:
        return ((place, sign * _DULL),)
    framed = f"^{word}$"
    parts = [framed[at : at + 4] for at in range(len(framed) - 3)]
    share = _PART * math.sqrt(6 / max(len(parts), 6))
    return (
        (place, sign * _FULL),
        *((at, mark * share) for at, mark in (_place("#" + part, size) for part in parts)),
    )


def _place(feature: str, size: int) -> tuple[int, float]:
    number = zlib.crc32(feature.encode("utf-8", "replace"))
    return (number >> 1) % size, 1.0 if number & 1 else -1.0
