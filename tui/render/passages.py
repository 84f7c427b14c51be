"""Passages and how they were found, as lines: results, a document that is read, the search itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from core.guard import harmless, one_line
from core.retrieval.cite import nearness
from core.retrieval.excerpt import asked_spans, nearest
from core.retrieval.library import NOTHING_FITS, SMALL_TALK, Source, Sources
from core.retrieval.narrowing import in_words
from core.retrieval.types import Passage, Place, Section, SpaceScore
from tui.render.pieces import Piece, Pieces, cut, spread

_HEADINGS = re.compile(r"(^|\s)#{1,6}\s+")
_CLOSE = 300
"""Letters within which words that were asked for stand close to each other."""
_LOOKED_AT = 4_000
"""Letters of what was found among which the nearest words are looked for."""


def place_words(place: Place) -> str:
    """Where it stands in its source: `p. 3–4`, `line 12`, `lines 12–40`."""
    if place.page is not None:
        last = place.page_end or place.page
        return f"p. {place.page}" if last == place.page else f"p. {place.page}–{last}"
    if place.line is not None:
        last = place.line_end or place.line
        return f"line {place.line}" if last == place.line else f"lines {place.line}–{last}"
    return ""


def way(title: str, heading: Sequence[str], limit: int = 200) -> str:
    """A title and the headings under it: `Manual › Care › Oil`."""
    return one_line(" › ".join((title, *heading)), limit)


def passage_row(passage: Passage, width: int, asked: str = "") -> list[Pieces]:
    """A result in three lines: what it is, where it stands, and the words of it that are nearest."""
    first: list[Piece] = [
        (f" [{passage.number}] ", "accent"),
        (way(passage.title, passage.heading), "strong"),
    ]
    where = "  ·  ".join(part for part in (passage.space, place_words(passage.place)) if part)
    start, end = passage.found[0] if passage.found else (0, 0)
    return [
        spread(first, [(f"{nearness(passage)} ", "dim")], width),
        cut([("     ", "dim"), (one_line(where, 200), "dim")], width - 1),
        # The scroll bar stands in the last column.
        cut([("     ", "dim"), *_snippet(passage.text[start : end or None], asked, width - 6)], width - 1),
    ]


def _snippet(found: str, asked: str, width: int) -> list[Piece]:
    """A stretch of what was found, begun where most of what was asked stands, those words in another ink.

    Headings stand above it already.
    """
    lines = "\n".join(line for line in found[:_LOOKED_AT].split("\n") if not line.startswith("#"))
    text = one_line(lines if lines.strip() else found, _LOOKED_AT)
    spans = asked_spans(text, asked)
    begin = nearest(text, spans, width)
    text, before = (text[begin:], "… ") if begin else (text, "")
    pieces: list[Piece] = [(before, "dim")]
    at = 0
    for start, end in ((start - begin, end - begin) for start, end in spans if start >= begin):
        if start > width * 2:
            break
        pieces += [(text[at:start], "text"), (text[start:end], "accent")]
        at = end
    return [*pieces, (text[at : width * 2 + at], "text")]


def plainly(snippet: str) -> str:
    """The beginning of a passage on one line, without the signs of its headings."""
    return one_line(_HEADINGS.sub(r"\1", snippet), 300)


class Part(NamedTuple):
    """Lines of a document that were found, or lines around them."""

    found: bool
    lines: list[Pieces]

    @property
    def weight(self) -> tuple[bool, int]:
        """Whether it was found, and with how many of the words that were asked for."""
        words = {text.casefold() for line in self.lines for text, ink in line if ink == "find"}
        return self.found, len(words)


def section_parts(section: Section, needles: Iterable[str] = (), asked: str = "") -> list[Part]:
    """A section as it is read, taken apart where what was found begins and ends.

    The words that were asked for stand out in what was found.
    """
    where, head = place_words(section.place), one_line(" › ".join(section.heading), 200)
    rows: list[_Row] = []
    if head or where:
        title: Pieces = [(head, "accent"), ("   " if head and where else "", "dim"), (where, "dim")]
        rows.append((False, title))
    rows += [*_marked(section.text, needles, asked), (False, [("", "text")])]
    return [
        Part(found, [line for _, line in lines]) for found, lines in groupby(rows, key=lambda row: row[0])
    ]


_Row = tuple[bool, Pieces]


def _marked(text: str, needles: Iterable[str], asked: str) -> list[_Row]:
    """The lines of a text, and whether something in them was found."""
    spans = sorted((at, at + len(one)) for one in needles if one and (at := text.find(one)) >= 0)
    lines: list[list[Piece]] = [[]]
    found: set[int] = set()
    at = 0
    for start, end in spans:
        if start >= at:
            _put(lines, text[at:start])
            first = len(lines) - 1
            _put(lines, text[start:end], asked, found=True)
            found.update(range(first, len(lines)))
            at = end
    _put(lines, text[at:])
    return [(number in found, line or [("", "text")]) for number, line in enumerate(lines)]


def _put(lines: list[list[Piece]], text: str, asked: str = "", *, found: bool = False) -> None:
    for number, line in enumerate(harmless(text).split("\n")):
        if number:
            lines.append([])
        if line:
            lines[-1] += (
                _inked(line.replace("\t", "    "), asked) if found else [(line.replace("\t", "    "), "text")]
            )


def before_asked(part: Part, asked: str) -> list[Pieces]:
    """What stands in a part before the place where most of what was asked is; nothing where none of it is."""
    texts = ["".join(text for text, _ in line) for line in part.lines]
    spans = asked_spans("\n".join(texts), asked)
    if not spans:
        return []
    left = nearest("\n".join(texts), spans, _CLOSE)
    lines: list[Pieces] = []
    for text in texts:
        lines.append([(text[:left], "text")])
        left -= len(text) + 1
        if left < 0:
            break
    return lines


def _inked(line: str, asked: str) -> list[Piece]:
    """What was found, and in it the words that were asked for."""
    pieces: list[Piece] = []
    at = 0
    for start, end in asked_spans(line, asked):
        pieces += [(line[at:start], "strong"), (line[start:end], "find")]
        at = end
    return [*pieces, (line[at:], "strong")]


# Under an answer --------------------------------------------------------------------------------


UNUSED = {NOTHING_FITS: "no space fits", SMALL_TALK: "small talk, no space used"}
"""Why nothing was looked up, and that in a few words."""


def chips(sources: Sources | None, before: Sources | None = None) -> tuple[str, ...]:
    """Searched spaces with how well they match, and what the answer rests on, as words in a row.

    Why nothing was looked up is not said again right after it was said of the answer *before*.
    """
    if sources is None:
        return ()
    searched = [space for space in sources.spaces if space.searched]
    found = [
        f"⌕ {space_chip(space)}" if not number else space_chip(space) for number, space in enumerate(searched)
    ]
    if sources.narrow:
        found.append(f"only {in_words(sources.narrow)}")
    found += [
        source_chip(source, cited=not sources.cited or source.number in sources.cited)
        for source in sources.sources
    ]
    said = before.notes if before is not None else ()
    found += [f"⌕ {words}" for note, words in UNUSED.items() if note in sources.notes and note not in said]
    if words := uncited_words(sources):
        found.append(words)
    return tuple(found)


def uncited_words(sources: Sources) -> str:
    """How much of an answer names no passage, in a few words; empty where all of it does."""
    if not sources.sources or not sources.uncited:
        return ""
    if not sources.cited:
        return "no passage cited"
    return f"{sources.uncited} sentence{'' if sources.uncited == 1 else 's'} without a source"


def space_chip(space: SpaceScore) -> str:
    """A space and how well it matches: `manuals 91 %`."""
    return f"{one_line(space.space, 40)} {space.percent:.0f} %"


def source_chip(source: Source, *, cited: bool = True) -> str:
    """A source: `[1] PostgreSQL 17 › Backup p. 3`."""
    where = place_words(source.place)
    words = f"[{source.number}] {way(source.title, source.heading[-1:], 60)}"
    return " ".join(part for part in (words, where, "" if cited else "(not cited)") if part)


def source_row(source: Source, width: int, sources: Sources) -> list[Pieces]:
    """A source in two lines: what it is, and how it begins."""
    cited = source.number in sources.cited
    right = f"{'cited  ' if cited else ''}{nearness(source)} "
    where = "  ·  ".join(part for part in (source.space, place_words(source.place)) if part)
    return [
        spread(
            [(f" [{source.number}] ", "accent"), (way(source.title, source.heading), "strong")],
            [(right, "dim")],
            width,
        ),
        cut(
            [
                ("     ", "dim"),
                (one_line(where, 80), "dim"),
                ("   ", "dim"),
                (plainly(source.snippet), "text"),
            ],
            width,
        ),
    ]
