"""An excerpt begins where most of what was asked stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.excerpt import asked_spans, excerpt, nearest

FILLER = "It is kept dry and clean at all times. " * 12


@pytest.mark.parametrize(
    ("text", "asked", "begins"),
    [
        ("The oil is changed.\n\nThen it runs.", "oil", "The oil is changed. Then it runs."),
        (f"{FILLER}The oil: two litres.", "Which oil, litres?", "The oil: two litres."),
        (
            f"Oil is dear. {FILLER}The pump gets mineral oil.",
            "pump mineral oil",
            "The pump gets mineral oil.",
        ),
        (f"{FILLER}Nothing of that.", "", "It is kept dry"),
        (f"{FILLER}Nothing of that.", "is it the of", "It is kept dry"),
        ("", "oil", ""),
    ],
)
def test_an_excerpt_begins_with_the_sentence_that_has_most_of_the_words(
    text: str, asked: str, begins: str
) -> None:
    assert excerpt(text, asked, 60).startswith(begins)


@given(st.text(), st.text(), st.integers(1, 300))
def test_an_excerpt_is_a_stretch_of_the_text_and_no_longer_than_asked(
    text: str, asked: str, width: int
) -> None:
    found = excerpt(text, asked, width)
    assert len(found) <= width
    assert found in " ".join(text.split())
    begin = nearest(text, asked_spans(text, asked), width)
    assert 0 <= begin <= len(text)
