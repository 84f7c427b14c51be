from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.library import Candidate, Inspection
from core.retrieval.types import SpaceScore
from tui.glyphs import ASCII, UNICODE, Glyphs
from tui.render.inspection import inspection_lines
from tui.render.pieces import width_of

FOUND = Inspection(
    question="Which oil?",
    query="The pump\nWhich oil?",
    candidates=(
        Candidate(space="a", document="1", title="Pump", snippet="# Pump Oil it.", score=1.0, number=1),
        *(
            Candidate(
                space="a", document="2", title="Log", score=0.0, cosine=0.07, left_out="not near enough"
            )
            for _ in range(36)
        ),
        Candidate(space="a", document="3", title="Lease", score=0.2, bm25=1.5, left_out="after the limit"),
    ),
    seconds={"embed": 0.008, "search": 0.073, "passages": 0.032, "all": 0.114},
)
SPACES = (SpaceScore("a", 91.0, 0.52, searched=True), SpaceScore("b", 9.0))


def text_of(found: Inspection, width: int = 100, *notes: str, glyphs: Glyphs = UNICODE) -> list[str]:
    lines = inspection_lines(found, SPACES, glyphs, width, notes)
    return ["".join(text for text, _ in line) for line in lines]


def test_everything_about_a_search_is_told() -> None:
    text = text_of(FOUND, 100, "Searched by words only.")
    assert text[:5] == [
        "asked     Which oil?",
        "searched  The pump Which oil?",
        "spaces    a 91 % (0.52)   b 9 %   ",
        "took      114 ms: vector 8 ms, search 73 ms, choice 32 ms",
        "fused     meaning and words, by scores that compare only these",
    ]
    assert "▲ Searched by words only." in text
    assert any(line.startswith("   1.00 ████████████") and line.endswith("[1] Pump") for line in text)
    assert any(line.strip() == "Pump Oil it." for line in text)


def test_chunks_that_were_left_out_for_one_reason_are_one_line() -> None:
    left_out = [line for line in text_of(FOUND) if "not near enough" in line]
    assert len(left_out) == 1
    assert left_out[0].endswith("Log   not near enough   36 chunks")


def test_a_search_that_found_nothing_says_so() -> None:
    assert "No passage was found." in text_of(Inspection(question="x", query="x"))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@given(width=st.integers(40, 160), title=st.text(max_size=80), score=st.floats(0, 1))
def test_no_line_of_the_table_is_wider_than_the_window(
    glyphs: Glyphs, width: int, title: str, score: float
) -> None:
    one = Candidate(space="a", document="1", title=title, snippet=title * 9, score=score, number=1)
    found = Inspection(question="x", query="x", candidates=(one, *FOUND.candidates))
    lines = inspection_lines(found, (), glyphs, width)
    assert all(width_of(line) <= width for line in lines[3:])
    assert not any(category(char) == "Cc" for line in lines for text, _ in line for char in text)
