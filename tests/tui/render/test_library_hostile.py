"""What documents, spaces and passages are called and say is shown by the library, never obeyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from core.retrieval.library import Candidate, Ingest, Inspection, LibraryDocument, Source, Sources, Space
from core.retrieval.types import Passage, Place, Section, SpaceScore
from tests.fakes.hostile import BAD, CORPUS
from tui.glyphs import UNICODE
from tui.render import library, passages, shelf
from tui.render.inspection import inspection_lines
from tui.render.pieces import Pieces, width_of

LONG = "w" * 1_000_000
LOOK = library.Look(UNICODE, 1_700_000_000.0)
WIDTHS = (40, 78, 138)


def key_of(id: str) -> str:
    return "x"


def space(text: str) -> Space:
    return Space(
        id=1, name=text, description=text, roots=(text,), note=text, made_by=text, documents=2, chunks=3
    )


def document(text: str) -> LibraryDocument:
    return LibraryDocument(
        id="1",
        space=1,
        title=text,
        source=f"/{text}/{text}",
        media=text,
        error=text,
        notes=(text,),
        state="failed",
    )


def ingest(text: str) -> Ingest:
    return Ingest(
        job=1, space=1, title=text, phase="reading", current=f"/{text}/{text}", documents=4, error=text
    )


def passage(text: str) -> Passage:
    return Passage(
        1, text, "1", text, (text, text), text, Place(line=1), 0.5, found=((0, len(text)),), source=text
    )


def sources(text: str) -> Sources:
    one = Source(1, text, "1", text, (text,), score=0.5, source=text, snippet=text)
    return Sources(spaces=(SpaceScore(text, 50.0, 0.5, searched=True),), sources=(one,), notes=(text,))


def inspection(text: str, width: int) -> list[Pieces]:
    one = Candidate(space=text, document="1", title=text, heading=(text,), snippet=text, left_out=text)
    found = Inspection(question=text, query=f"{text} {text}", candidates=(one,))
    return inspection_lines(found, sources(text).spaces, UNICODE, width, (text,))


def section(text: str) -> Section:
    return Section("k", 0, (text, text), text, Place(line=1))


FACES: dict[str, Callable[[str, int], Sequence[Pieces]]] = {
    "a space": lambda text, width: library.space_row(space(text), width, LOOK),
    "about a space": lambda text, width: library.space_detail(space(text), LOOK, key_of, width),
    "reading": lambda text, width: library.ingest_lines(ingest(text), UNICODE, width),
    "a filter": lambda text, width: [library.narrowed(text, False, 1, 1, 1)],
    "a document": lambda text, width: [shelf.document_row(document(text), width, LOOK)],
    "about a document": lambda text, width: shelf.document_detail(document(text), LOOK, key_of),
    "a passage": lambda text, width: passages.passage_row(passage(text), width),
    "a section": lambda text, width: [
        line for part in passages.section_parts(section(text), (text,), text) for line in part.lines
    ],
    "chips": lambda text, width: [[(chip, "dim")] for chip in passages.chips(sources(text))],
    "a source": lambda text, width: passages.source_row(sources(text).sources[0], width, sources(text)),
    "how it was found": inspection,
}


def shown(face: str, text: str) -> Iterator[str]:
    for width in WIDTHS:
        for line in FACES[face](text, width):
            for piece, _ in line:
                yield piece


@pytest.mark.parametrize("face", FACES)
def test_nothing_that_is_shown_holds_what_a_terminal_obeys(face: str) -> None:
    for text in (*CORPUS, "".join(CORPUS)):
        assert [piece for piece in shown(face, text) if BAD.search(piece) or "\n" in piece] == []


@pytest.mark.parametrize("face", sorted(set(FACES) - {"a section"}))
def test_a_line_without_an_end_is_cut_before_it_is_drawn(face: str) -> None:
    assert max(map(len, shown(face, LONG))) <= 1_000


@pytest.mark.parametrize("face", ["a space", "a document", "a passage", "a source"])
@pytest.mark.parametrize("width", WIDTHS)
def test_rows_keep_to_their_width(face: str, width: int) -> None:
    for text in (*CORPUS, "長い名前の文書" * 40, LONG):
        assert all(width_of(line) <= width for line in FACES[face](text, width))
