"""What would keep the parser of web pages busy for minutes, seen before, and the bare text of such a page.

A parser's time grows with the square of the depth, of the attributes of one tag, and of the choices in one
list of them: a page of nothing but opening tags would never end. Counting takes one look at each tag and
knows what a browser knows of those that end by themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from itertools import islice

DEEPEST = 5_000
"""Elements in each other; a page that people wrote has some dozens."""
_STYLED = 500
"""Elements of style left open: each is opened anew in every paragraph that follows."""

# Everything ends at the end of the text at the latest, so that no letter is looked at twice.
_RAW = (
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b[^>]*(?:>|\Z).*?(?:</\1\s*>|\Z)"
)
_NO_TAGS = re.compile(_RAW, re.IGNORECASE | re.DOTALL)
_TAG = re.compile(rf"{_RAW}|<(/?)([a-z][^\s/>]*)[^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL)
_MOST_ATTRIBUTES = 500
_MOST_CHOICES = 1_000
# As a browser takes them apart. Every tag is taken and never given back, so that this, too, looks only once.
_ATTRIBUTE = (
    r"(?:[\s/]*+(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:\"[^\"]*+\"?+|'[^']*+'?+|[^\s>\"'][^\s>]*+)?+)?+)"
)
_ATTRIBUTES = re.compile(
    rf"<[a-z][^\s/>]*+{_ATTRIBUTE}{{0,{_MOST_ATTRIBUTES}}}+({_ATTRIBUTE})?+", re.IGNORECASE
)
_CHOICE = re.compile(r"</?option\b[^<>]*>?", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,2000})", re.IGNORECASE)

_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
))  # fmt: skip
_STYLES = frozenset((
    "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ENDS_BEFORE: dict[str, set[str]] = {
    "a": {"a"}, "button": {"button"}, "option": {"option"}, "p": {"p"}, "li": {"li"},
    "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "td": {"td", "th"}, "th": {"td", "th"}, "tr": {"tr"},
    **{heading: {"p", *_HEADINGS} for heading in _HEADINGS},
    **{group: {"thead", "tbody", "tfoot"} for group in ("thead", "tbody", "tfoot")},
}  # fmt: skip
"""What the beginning of an element ends, when it stands in the same block."""
_WALLS = frozenset((
    "article", "blockquote", "body", "div", "dl", "html", "main", "ol", "section", "select", "table", "ul",
))  # fmt: skip
_BLOCKS = _WALLS | frozenset((*_HEADINGS, "p", "li", "dt", "dd", "tr", "pre", "hr"))


def bearable(text: str) -> str:
    """The page without the tags of its choices where there are very many: what they say is kept."""
    found = _CHOICE.finditer(text)
    return _CHOICE.sub(" ", text) if sum(1 for _ in islice(found, _MOST_CHOICES)) == _MOST_CHOICES else text


def unbearable(text: str) -> str:
    """Why a page cannot be parsed, as the beginning of a sentence; empty when it can be."""
    if too_deep(text):
        return "It nests too deeply to be read as a page"
    # Scripts hold what looks like tags: only where there is such a one is it looked at without them.
    if _crowded(text) and _crowded(_NO_TAGS.sub("", text)):
        return "One of its tags has too many attributes for it to be read as a page"
    return ""


def _crowded(text: str) -> bool:
    return any(found[1] for found in _ATTRIBUTES.finditer(text))


def too_deep(text: str) -> bool:
    """Whether a page nests deeper than its parser can bear."""
    if text.count("<") <= _STYLED:
        return False
    open_ones: list[str] = []
    counts: Counter[str] = Counter()
    styled = 0

    def close(at: int) -> None:
        for name in open_ones[at:]:
            counts[name] -= 1
        del open_ones[at:]

    for found in _TAG.finditer(text):
        name = (found[3] or "").lower()
        if not name or name in _VOID:
            continue
        closing = bool(found[2])
        if name in _STYLES:
            # What they leave open is opened again elsewhere: they are counted for themselves.
            if closing and counts[name]:
                counts[name] -= 1
                styled -= 1
            elif not closing:
                counts[name] += 1
                styled += 1
        elif closing:
            if counts[name]:
                close(_last(open_ones, name))
        elif not (found[0].endswith("/>") and (counts["svg"] or counts["math"])):
            ended = _ENDS_BEFORE.get(name, set())
            if ended and any(counts[one] for one in ended):
                for at in range(len(open_ones) - 1, -1, -1):
                    if open_ones[at] in ended:
                        close(at)
                        break
                    if open_ones[at] in _WALLS:
                        break
            open_ones.append(name)
            counts[name] += 1
        if len(open_ones) > DEEPEST or styled > _STYLED:
            return True
    return False


def _last(open_ones: list[str], name: str) -> int:
    at = len(open_ones) - 1
    while open_ones[at] != name:
        at -= 1
    return at


def bare(text: str) -> tuple[str, list[str]]:
    """The title of a page and its paragraphs, with nothing known of its tags but where a line ends."""
    title = _TITLE.search(text[:65536])
    flat = unescape(_TAG.sub(_gap, text))
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", flat)]
    return unescape(title[1]) if title else "", [part for part in paragraphs if part]


def _gap(tag: re.Match[str]) -> str:
    name = (tag[3] or "").lower()
    return "\n\n" if name in _BLOCKS else "\n" if name == "br" else " " if name in ("td", "th") else ""
