"""What the library says about a space: how far reading is, in lines that are never torn."""

from __future__ import annotations

import msgspec
import pytest

from core.retrieval.library import Ingest, IngestPhase, Space
from core.retrieval.types import Passage, Place, Section
from tui.glyphs import UNICODE
from tui.render import library, passages
from tui.render.pieces import Pieces, packed, width_of


def text_of(lines: list[Pieces]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def ingest(phase: IngestPhase, *, documents: int = 41, chunks: int = 52, failed: int = 0) -> Ingest:
    current = "/shelf/a report with a long name.md" if phase == "reading" else ""
    return Ingest(
        job=1, space=1, title="shelf", phase=phase, documents=documents, done=min(21, documents),
        unchanged=4, chunks=chunks, failed=failed, speed=1_420.0, eta=36.0, current=current,
    )  # fmt: skip


@pytest.mark.parametrize("width", range(30, 140))
def test_a_line_breaks_between_what_it_tells_and_never_inside(width: int) -> None:
    lines = text_of(library.ingest_lines(ingest("reading", failed=1_200), UNICODE, width))
    assert all(len(line) <= width for line in lines)
    for whole in ("21 of 41 documents", "52 new chunks", "1.42 kB/s", "✗ 1 200 not readable"):
        assert any(whole in line for line in lines)


def test_a_line_that_has_room_for_everything_is_one() -> None:
    (line,) = text_of(library.ingest_lines(ingest("reading"), UNICODE, 200))
    assert line.endswith(
        "reading 51 % · 36 s left   21 of 41 documents   52 new chunks   1.42 kB/s   "
        "a report with a long name.md"
    )


@pytest.mark.parametrize(
    ("phase", "documents", "chunks", "words", "missing"),
    [
        ("held", 41, 52, "paused at 21 of 41 documents", "41 documents   21"),
        ("held", 41, 52, "p goes on   what was read can be asked about", "pause at"),
        ("held", 41, 0, "p goes on", "can be asked about"),
        ("held", 0, 0, "paused   ", "0 of 0"),
        ("reading", 41, 52, "21 of 41 documents", "goes on"),
        ("scanning", 0, 0, "looking through the folders…", "documents"),
    ],
)
def test_a_pause_is_told_once_with_the_key_that_ends_it(
    phase: IngestPhase, documents: int, chunks: int, words: str, missing: str
) -> None:
    now = ingest(phase, documents=documents, chunks=chunks)
    line = "   ".join(text_of(library.ingest_lines(now, UNICODE, 300, goes_on="p")))
    assert words in line
    assert missing not in line
    assert line.count("of 41") <= 1


@pytest.mark.parametrize(
    ("embedded", "words"),
    [
        (12_345, "found by words and by meaning: nomic-embed-text"),
        (1_234, "found by words and by meaning: nomic-embed-text, 1 234 of 12 345 chunks so far"),
    ],
)
def test_how_much_is_found_by_meaning_is_told_where_it_is_not_all(embedded: int, words: str) -> None:
    space = Space(
        id=1, name="manuals", documents=41, chunks=12_345, embedded=embedded, made_by="nomic-embed-text"
    )
    assert words in text_of(library.space_detail(space, library.Look(UNICODE, 0.0), str, 100))


@pytest.mark.parametrize(
    ("phase", "words", "missing"),
    [
        ("reading", "building anew", "re-indexes it"),
        ("waiting", "Until then it is searched as it is.", "re-indexes it"),
        ("done", "re-indexes it; until then it is searched as it is", "Until then it is searched as it is."),
    ],
)
def test_a_reindex_is_offered_until_it_is_begun_and_says_what_it_does(
    phase: IngestPhase, words: str, missing: str
) -> None:
    space = Space(id=1, name="manuals", documents=41, chunks=99, made_by="a", stale=True, note="Re-index it.")
    anew = msgspec.structs.replace(ingest(phase), anew=True, current="")
    told = "\n".join(text_of(library.space_detail(space, library.Look(UNICODE, 0.0, {1: anew}), str, 100)))
    assert words in told
    assert missing not in told
    assert ("Re-index it." in told) == (phase == "done")


def test_groups_without_room_beside_each_other_stand_below_each_other() -> None:
    groups: list[Pieces] = [
        [("abcd", "text")],
        [("ef", "text"), ("gh", "dim")],
        [("a word too long", "text")],
    ]
    assert text_of(packed(groups, 11)) == ["abcd   efgh", "a word too…"]
    assert text_of(packed(groups, 10)) == ["abcd", "efgh", "a word to…"]
    assert all(width_of(line) <= 10 for line in packed(groups, 10))


FILLER = "It is kept dry and clean at all times. " * 12


@pytest.mark.parametrize(
    ("text", "asked", "begins", "inked"),
    [
        ("# Pump\n\nThe oil is changed.", "oil", "The oil is changed.", ["oil"]),
        (f"{FILLER}The oil: two litres.", "Which oil, litres?", "… The oil", ["oil", "litres"]),
        (
            f"Oil is dear. {FILLER}The pump is given mineral oil.",
            "pump mineral oil",
            "… The pump is given",
            ["pump", "mineral", "oil"],
        ),
        (
            f"{FILLER}Die Pumpen werden geölt.",
            "Wird das Pumpensystem geölt?",
            "… Die Pumpen",
            ["Pumpen", "geölt"],
        ),
        (f"{FILLER}Nothing of that.", "", "It is kept dry", []),
        (f"{FILLER}Nothing of that.", "is it the of", "It is kept dry", []),
        ("w" * 5_000, "wwwwww", "wwww", []),
    ],
)
def test_a_result_begins_where_most_of_what_was_asked_stands(
    text: str, asked: str, begins: str, inked: list[str]
) -> None:
    found = Passage(1, "manuals", "1", "Pump", (), text, Place(line=1), 0.5, source="/pump.md")
    line = passages.passage_row(found, 80, asked)[2]
    assert width_of(line) <= 80
    assert text_of([line])[0].strip().startswith(begins)
    assert [piece for piece, ink in line if ink == "accent" and not piece.startswith("www")] == inked


def test_what_was_found_is_set_apart_and_the_words_that_were_asked_stand_out_in_it() -> None:
    text = "Before it.\n\nThe oil is changed.\n\nThe filter, too.\n\nAfter it: oil."
    read = Section("k", 0, ("Pump", "Care"), text, Place(page=3))
    parts = passages.section_parts(
        read, ["The oil is changed.\n\nThe filter, too."], "When is the oil changed?"
    )
    assert [(part.found, "/".join(text_of(part.lines))) for part in parts] == [
        (False, "Pump › Care   p. 3/Before it./"),
        (True, "The oil is changed.//The filter, too."),
        (False, "/After it: oil./"),
    ]
    inked = [piece for part in parts for line in part.lines for piece, ink in line if ink == "find"]
    assert inked == ["oil", "changed"]


@pytest.mark.parametrize(
    ("needles", "found"),
    [([], []), (["gone since"], []), (["b\nc"], ["ab", "cd"]), (["ab\ncd"], ["ab", "cd"])],
)
def test_a_line_that_was_found_in_part_belongs_to_what_was_found(
    needles: list[str], found: list[str]
) -> None:
    parts = passages.section_parts(Section("k", 0, (), "xy\nab\ncd\nef", Place()), needles)
    assert [line for part in parts if part.found for line in text_of(part.lines)] == found
