"""What the beginning of a line says: which leaf it begins, how far it is indented."""

from __future__ import annotations

import re

from . import links
from .leaf import HolderKind, Kind, Leaf
from .links import References

_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_TABS_END = re.compile(r"(?:[ \t>]|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))*")
RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
ITEM = re.compile(r"([-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
NOTE = re.compile(r"\[\^([^\]\s\[]{1,200})\]:[ \t]*")
DECIDED = re.compile(r"[^-=*_|:#>+~`\s\d.()\[\]^]")
"""A character after which a line of text can become nothing else."""


def leaf_start(text: str, start: int) -> tuple[Kind, int, str]:
    """Return what kind of leaf a line begins, with its level and its info."""
    first = text[start]
    if first == "#" and (heading := _HEADING.match(text, start)):
        return Kind.HEADING, len(heading[1]), ""
    if first in "`~" and (fence := _FENCE.match(text, start)):
        marks, info = (fence[1], fence[2]) if fence[1] else (fence[3], fence[4])
        return Kind.FENCE, len(marks), first + info.strip()
    if first in "*-_" and RULE.match(text, start):
        return Kind.RULE, 0, ""
    return Kind.PARAGRAPH, 0, ""


def indent_of(text: str, pos: int) -> int:
    """Return how many spaces stand at a place."""
    at, total = pos, len(text)
    while at < total and text[at] == " ":
        at += 1
    return at - pos


_BEFORE = frozenset({Kind.HEADING, Kind.TABLE, Kind.RULE})
_AFTER = frozenset({Kind.FENCE, Kind.CODE, Kind.TABLE, Kind.RULE})


def stands_apart(last: Leaf, new: Leaf) -> bool:
    """Return whether an empty row belongs between two leaves even if the source has none."""
    if new.kind in _BEFORE or last.kind in _AFTER:
        return True
    return _quotes(last) != _quotes(new)


def _quotes(leaf: Leaf) -> int:
    return sum(holder.kind is HolderKind.QUOTE for holder in leaf.holders)


def expanded(text: str) -> tuple[str, int]:
    """Replace the tabs that indent; return the text and how much longer it has become."""
    zone = _TABS_END.match(text)
    end = zone.end() if zone else 0
    spaces = text[:end].expandtabs(4)
    return spaces + text[end:], len(spaces) - end


def without_definitions(leaf: Leaf, references: References) -> Leaf | None:
    """Take the link definitions off the top of a paragraph; None when nothing else is in it."""
    if not leaf.lines[0][1].startswith("["):
        return leaf
    text = "\n".join([line for _, line in leaf.lines])
    at = 0
    while text.startswith("[", at) and (found := links.definition(text, at)):
        references.links.setdefault(found[0], found[1])
        at = found[2]
        while text[at : at + 1] in (" ", "\t"):
            at += 1
    if at == 0:
        return leaf
    if not text[at:].strip():
        return None
    body = leaf.copy(Kind.PARAGRAPH)
    body.lines = leaf.lines[text.count("\n", 0, at) :]
    return body
