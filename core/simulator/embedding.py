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
_FULL, _PART, _PAIR, _DULL, _ECHO = 1.0, 0.35, 0.5, 0.05, 0.5


def vector(text: str, size: int) -> list[float]:
    """A vector of length one for a text, the same every time."""
    text = _PREFIX.sub("", text).casefold()
    found = [0.0] * size
    previous = ""
    for word in _WORD.findall(text):
        for place, weight in _features(word, size):
            found[place] += weight
        if previous and word not in _COMMON:
            for place, weight in _places(f"{previous} {word}", size, _PAIR):
                found[place] += weight
        previous = "" if word in _COMMON else word
    if not any(found):
        for place, weight in _places(text, size, 1.0):
            found[place] += weight
    return normalised(found)


def normalised(values: list[float]) -> list[float]:
    """The same direction, length one."""
    length = math.hypot(*values)
    if not length:
        return [1.0, *values[1:]]
    return [round(value / length, 8) for value in values]


@lru_cache(maxsize=20_000)
def _features(word: str, size: int) -> tuple[tuple[int, float], ...]:
    """Where a word and its parts fall, and how much they count."""
    if word in _COMMON:
        return _places(word, size, _DULL)
    framed = f"^{word}$"
    parts = [framed[at : at + 4] for at in range(len(framed) - 3)]
    share = _PART * math.sqrt(6 / max(len(parts), 6))
    found = list(_places(word, size, _FULL))
    for part in parts:
        found += _places(f"#{part}", size, share)
    return tuple(found)


def _places(feature: str, size: int, weight: float) -> tuple[tuple[int, float], ...]:
    """One place anywhere and one near the front: a shortened vector still says something."""
    number = zlib.crc32(feature.encode("utf-8", "replace"))
    front = max(size // 8, 1)
    sign = weight if number & 1 else -weight
    echo = weight if number & 2 else -weight
    return ((number >> 2) % size, sign), ((number >> 12) % front, echo * _ECHO)
