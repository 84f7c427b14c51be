"""Where in a text the words of a question stand, and where an excerpt of it begins. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.retrieval.language import is_common

_WORD = re.compile(r"\w{2,}")
_SENTENCE = re.compile(r"[.!?:;]\s+")
_STEM = 6
"""Letters of a word that have to be the same for it to be taken as the one that was asked for."""

Span = tuple[int, int]


def asked_spans(text: str, asked: str) -> list[Span]:
    """Where words of a question stand in a text, in any form that begins as they do."""
    stems = {word[:_STEM].casefold() for word in _WORD.findall(asked) if not is_common(word)}
    return [word.span() for word in _WORD.finditer(text) if word[0][:_STEM].casefold() in stems]


def nearest(text: str, spans: Sequence[Span], width: int) -> int:
    """Where a stretch of a text begins so that the most different of those words are in it."""

    def different(start: int) -> int:
        near = (text[at:end][:_STEM].casefold() for at, end in spans if start <= at and end <= start + width)
        return len(set(near))

    if not spans or spans[-1][1] <= width:
        return 0
    starts = [0, *(end.end() for end in _SENTENCE.finditer(text, 0, spans[-1][0]))]
    sentences = {max(one for one in starts if one <= at) for at, _ in spans}
    # Half a sentence says little: one begins in its middle only where more is seen that way.
    whole = max(sorted(sentences), key=different)
    part = max((at for at, _ in spans), key=different)
    return whole if different(whole) >= different(part) else part


def excerpt(text: str, asked: str, width: int) -> str:
    """So many letters of a text on one line, from where most of what was asked stands."""
    line = " ".join(text.split())
    begin = nearest(line, asked_spans(line, asked), width)
    return line[begin : begin + width]
