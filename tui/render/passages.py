"""Passages and how they were found, as lines: results, a document that is read, the search itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.guard import harmless, one_line
from core.retrieval.cite import nearness
from core.retrieval.library import NOTHING_FITS, Source, Sources
from core.retrieval.narrowing import in_words
from core.retrieval.types import Passage, Place, Section, SpaceScore
from tui.render.pieces import Piece, Pieces, cut, spread
from tui.theme import Ink

_HEADINGS = re.compile(r"(^|\s)#{1,6}\s+")


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


def passage_row(passage: Passage, width: int) -> list[Pieces]:
    """A result in three lines: what it is, where it stands, and its beginning with what was found in it."""
    first: list[Piece] = [
        (f" [{passage.number}] ", "accent"),
        (way(passage.title, passage.heading), "strong"),
    ]
    where = "  ·  ".join(part for part in (passage.space, place_words(passage.place)) if part)
    start, end = passage.found[0] if passage.found else (0, 0)
    return [
        spread(first, [(f"{nearness(passage)} ", "dim")], width),
        cut([("     ", "dim"), (one_line(where, 200), "dim")], width),
        cut([("     ", "dim"), *_snippet(passage.text, start, end, width - 5)], width),
    ]


def _snippet(text: str, start: int, end: int, width: int) -> list[Piece]:
    """What was found, or the beginning; headings stand above it already."""
    found = text[start : end or None]
    words = "\n".join(line for line in found.split("\n") if not line.startswith("#"))
    return [(one_line(words if words.strip() else found, width * 2), "text")]


def plainly(snippet: str) -> str:
    """The beginning of a passage on one line, without the signs of its headings."""
    return one_line(_HEADINGS.sub(r"\1", snippet), 300)


def section_lines(section: Section, needles: Iterable[str]) -> list[Pieces]:
    """A section as it is read, with what was found marked."""
    lines: list[Pieces] = []
    where = place_words(section.place)
    head = way("", section.heading).removeprefix(" › ") if section.heading else ""
    if head or where:
        lines.append([(head, "accent"), ("   " if head and where else "", "dim"), (where, "dim")])
    lines += marked(section.text, needles)
    lines.append([("", "text")])
    return lines


def marked(text: str, needles: Iterable[str]) -> list[Pieces]:
    """The lines of a text, the stretches that were found in another ink."""
    spans = sorted((at, at + len(one)) for one in needles if one and (at := text.find(one)) >= 0)
    pieces: list[list[Piece]] = [[]]
    at = 0
    for start, end in spans:
        if start >= at:
            _put(pieces, text[at:start], "text")
            _put(pieces, text[start:end], "find")
            at = end
    _put(pieces, text[at:], "text")
    return [line or [("", "text")] for line in pieces]


def _put(lines: list[list[Piece]], text: str, ink: Ink) -> None:
    for number, line in enumerate(harmless(text).split("\n")):
        if number:
            lines.append([])
        if line:
            lines[-1].append((line.replace("\t", "    "), ink))


# Under an answer --------------------------------------------------------------------------------


def chips(sources: Sources | None) -> tuple[str, ...]:
    """Searched spaces with how well they match, and what the answer rests on, as words in a row."""
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
    if NOTHING_FITS in sources.notes:
        found.append("⌕ no space fits")
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
