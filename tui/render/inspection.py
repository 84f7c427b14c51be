"""A search as lines: what was asked, where it was looked, what was found, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from core.guard import one_line
from core.retrieval.library import Candidate, Inspection
from core.retrieval.narrowing import in_words
from core.retrieval.types import SpaceScore
from tui.glyphs import Glyphs
from tui.render.library import bar, plural
from tui.render.passages import plainly, space_chip, way
from tui.render.pieces import Piece, Pieces, cut, width_of
from tui.theme import Ink

_WIDE = 84
"""Columns from which a bar stands beside a score."""
_BAR = 12
_STEPS = {"embed": "vector", "search": "search", "passages": "choice", "rerank": "rerank"}


def inspection_lines(
    found: Inspection,
    spaces: Sequence[SpaceScore],
    glyphs: Glyphs,
    width: int,
    notes: Sequence[str] = (),
) -> list[Pieces]:
    """A search from the question to what was left out, with the scores of both ways of searching."""
    lines: list[Pieces] = [_labelled("asked", [(one_line(found.question, 300), "strong")])]
    if found.query != found.question:
        # A short question is searched for together with the one before it.
        lines.append(_labelled("searched", [(one_line(found.query, 600), "text")]))
    if spaces:
        lines.append(_labelled("spaces", searched_pieces(spaces)))
    if found.narrow:
        many = "" if found.documents is None else f"   {plural(found.documents, 'document')}"
        lines.append(_labelled("only", [(in_words(found.narrow), "text"), (many, "dim")]))
    lines.append(_labelled("took", [(_took(found.seconds), "text")]))
    how = "scores" if found.method == "score" else "ranks"
    lines.append(_labelled("fused", [(f"meaning and words, by {how} that compare only these", "text")]))
    if found.reranked is not None and found.reranked.order:
        order = " ".join(str(place) for place in found.reranked.order)
        by = one_line(found.reranked.model, 60)
        lines.append(_labelled("reranked", [(f"by {by}", "text"), (f"   places before: {order}", "dim")]))
    lines += [[(f"{glyphs.warning} ", "warn"), (one_line(note, 300), "text")] for note in notes]
    passages = sorted((one for one in found.candidates if one.number), key=lambda one: one.number or 0)
    others = [one for one in found.candidates if not one.number]
    # What stands above the table is wrapped, never cut.
    table: list[Pieces] = [[("", "text")]]
    if passages:
        table.append(_head("passages", width))
        for one in passages:
            table += _passage(one, glyphs, width)
    else:
        table.append([("No passage was found.", "strong")])
    if others:
        table += [[("", "text")], _head("left out", width)]
        for _, alike in groupby(others, key=attrgetter("space", "title", "heading", "left_out")):
            table.append(_left_out(list(alike), glyphs, width))
    return [*lines, *(cut(line, width) for line in table)]


def _labelled(label: str, pieces: Sequence[Piece]) -> Pieces:
    return [(f"{label:<10}", "dim"), *pieces]


def searched_pieces(spaces: Sequence[SpaceScore]) -> list[Piece]:
    """Spaces with how well they match; those that were searched stand out."""
    pieces: list[Piece] = []
    for space in spaces:
        nearest = "" if space.cosine is None else f" ({space.cosine:.2f})"
        pieces += [(space_chip(space), "accent" if space.searched else "dim"), (f"{nearest}   ", "dim")]
    return pieces


def _took(seconds: dict[str, float]) -> str:
    def words(value: float) -> str:
        return f"{1000 * value:.0f} ms"

    steps = ", ".join(f"{_STEPS[name]} {words(value)}" for name, value in seconds.items() if name in _STEPS)
    whole = seconds.get("all")
    return f"{words(whole)}: {steps}" if whole is not None else steps


def _head(title: str, width: int) -> Pieces:
    room = " " * (_BAR + 1) if width >= _WIDE else ""
    return [(f"  score {room}  meaning    words   ", "dim"), (title, "accent")]


def _numbers(one: Candidate, glyphs: Glyphs, width: int, *, lit: bool) -> list[Piece]:
    cosine = "—" if one.cosine is None else f"{one.cosine:.3f}"
    bm25 = "—" if one.bm25 is None else f"{one.bm25:.2f}"
    ink: Ink = "text" if lit else "dim"
    pieces: list[Piece] = [(f"  {one.score:5.2f} ", ink)]
    if width >= _WIDE:
        filled = bar(one.score, _BAR, glyphs)
        pieces += filled if lit else [(text, "rule") for text, _ in filled]
        pieces.append((" ", "text"))
    return [
        *pieces,
        (f"  {cosine:>7}", "text" if lit else "dim"),
        (f" {bm25:>7}   ", "text" if lit else "dim"),
    ]


def _passage(one: Candidate, glyphs: Glyphs, width: int) -> list[Pieces]:
    numbers = _numbers(one, glyphs, width, lit=True)
    was = f"   was {one.before}." if one.before is not None else ""
    lines: list[Pieces] = [
        [
            *numbers,
            (f"[{one.number}] ", "accent"),
            (way(one.title, one.heading, 160), "strong"),
            (was, "dim"),
        ]
    ]
    if one.snippet:
        indent = " " * (width_of(numbers) + 4)
        lines.append([(indent, "text"), (plainly(one.snippet), "dim")])
    return lines


def _left_out(alike: Sequence[Candidate], glyphs: Glyphs, width: int) -> Pieces:
    """Chunks of one place that were left out for one reason: the best of them, and how many they are."""
    best = max(alike, key=attrgetter("score"))
    more = f"   {plural(len(alike), 'chunk')}" if len(alike) > 1 else ""
    return [
        *_numbers(best, glyphs, width, lit=False),
        (way(best.title, best.heading, 80), "text"),
        (f"   {one_line(best.left_out, 80)}", "warn"),
        (more, "dim"),
    ]
