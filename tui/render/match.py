"""Finding an option by a part of it, also a part with gaps: `q3c` finds `qwen3-coder`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.render.option import Option

_BREAKS = frozenset(" -_./:,·")
_BESIDE = 3
"""Only described so."""
_GAPS = 4
"""Its letters are there in this order, with others between them."""


def matching(options: Sequence[Option], typed: str) -> list[Option]:
    """Return the options that match every word, the closest first; equally close ones stay in their order."""
    words = typed.casefold().split()
    if not words:
        return list(options)
    found = [(far, option) for option in options if (far := _far(option, words)) is not None]
    return [option for _, option in sorted(found, key=lambda each: each[0])]


def _far(option: Option, words: list[str]) -> int | None:
    """How far an option is from what was typed; None when a word is not in it at all."""
    # A star in front of a favourite is not a part of its name.
    label, about = option.label.casefold().lstrip("★* "), option.about.casefold()
    total = 0
    for word in words:
        far = _distance(word, label, about)
        if far is None:
            return None
        total += far
    return total


def _distance(word: str, label: str, about: str) -> int | None:
    at = label.find(word)
    if at == 0:
        return 0
    while at > 0:
        if label[at - 1] in _BREAKS:
            return 1
        at = label.find(word, at + 1)
    if word in label:
        return 2
    if word in about:
        return _BESIDE
    return _GAPS if _in_order(word, label) else None


def _in_order(word: str, label: str) -> bool:
    rest = iter(label)
    return label[:1] == word[:1] and all(sign in rest for sign in word)
