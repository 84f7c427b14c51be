"""Pages that nest as no person nests them are read as bare text, at once; all others as pages."""

from __future__ import annotations

import time

import pytest

from core.retrieval.extract import extract
from core.retrieval.extract.nesting import DEEPEST, bare, too_deep

MANY = DEEPEST * 4

DEEP = {
    "blocks": "<div>" * MANY,
    "blocks that end": "<blockquote>x" * MANY + "</blockquote>" * MANY,
    "lists": "<ul><li>" * MANY,
    "tables": "<table><tr><td>" * MANY,
    "ends of what never began": "<div></x>" * MANY,
    "styles around blocks": "<b><div></b>" * MANY,
    "styles that every paragraph opens anew": "".join(f"<font size={n}><p>" for n in range(2_000)),
    "blocks in links": "<a href=x><div>" * MANY,
    "drawings": "<svg>" + "<g>" * MANY,
}
FLAT = {
    "paragraphs without an end": "<p>x" * MANY,
    "items without an end": "<ul>" + "<li>x<p>y" * MANY + "</ul>",
    "cells without an end": "<table>" + "<tr><td>x<td>y" * MANY + "</table>",
    "terms without an end": "<dl>" + "<dt>x<dd>y" * MANY + "</dl>",
    "headings without an end": "<h2>x" * MANY,
    "anchors without an end": "<a name=x>t" * MANY,
    "what its block ends": "<div><span>x</div>" * MANY,
    "what never has an end": "<br><img src=x><hr>x" * MANY,
    "drawings that end themselves": "<svg>" + '<path d="M0"/>' * MANY + "</svg>x",
    "what a comment holds": "<!-- <div> -->" * MANY + "x",
    "what a script holds": "<script>" + "'<div>' + " * MANY + "</script>x",
    "capital letters": "<DIV>x</DIV>" * MANY,
}


@pytest.mark.parametrize("case", DEEP)
def test_a_page_that_nests_too_deeply_is_read_without_its_shape(case: str) -> None:
    page = f"<html><head><title>Deep &amp; dark</title></head><body>{DEEP[case]}<p>the end"
    assert too_deep(page)
    document = extract(page.encode(), "deep.html")
    assert document.title == "Deep & dark"
    assert document.blocks[-1].text == "the end"
    assert any("nests too deeply" in note for note in document.notes)


@pytest.mark.parametrize("case", FLAT)
def test_a_long_page_is_no_deep_one(case: str) -> None:
    assert not too_deep(f"<html><body>{FLAT[case]}")


@pytest.mark.parametrize(
    "page", ["<div " * 400_000, "<!--" * 400_000, "<script>" * 200_000, "<" * 1_000_000, "</p" * 400_000]
)
def test_counting_looks_at_every_letter_once(page: str) -> None:
    began = time.process_time()
    assert too_deep(page) in {True, False}
    bare(page)
    # What looked again and again would take hours.
    assert time.process_time() - began < 5


def test_the_bare_text_of_a_page_keeps_its_paragraphs_and_nothing_of_its_scripts() -> None:
    page = "<title>T</title><script>'<p>';</script><p>One <b>two</b><br>three</p><!-- no --><td>a</td><td>b"
    assert bare(page) == ("T", ["One two three", "a b"])
