"""Pages that nest as no person nests them are read as bare text, at once; all others as pages."""

from __future__ import annotations

import time

import pytest

from core.retrieval.extract import extract
from core.retrieval.extract.nesting import DEEPEST, bare, bearable, too_deep, unbearable

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


FLOODS = {
    "choices": "<select>" + "<option>x" * 40_000,
    "choices that end": "<select>" + "<option value=1>x</option>" * 40_000,
    "groups of choices": "<select>" + "<optgroup><option>x" * 40_000,
    "choices in many lists": ("<select>" + "<option>x" * 900 + "</select>") * 40,
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(60_000)) + ">x",
    "attributes that are the same": "<p " + "a " * 60_000 + ">x",
    "attributes with angles in quotes": "<p " + " ".join(f'a{n}=">"' for n in range(60_000)) + ">x",
    "attributes beside quotes that mean nothing": "<p x' "
    + " ".join(f"a{n}" for n in range(60_000))
    + "' >x",
    "a body that begins again and again": "".join(f"<body a{n}=1>" for n in range(20_000)),
    "items": "<ul>" + "<li>x" * 20_000,
    "cells": "<table><tr>" + "<td>x" * 20_000,
    "what a table does not hold": "<table>" + "x<br>" * 20_000,
    "styles": "<table>" + "<b>x</b>" * 20_000,
    "cells that reach over all rows": "<table>" + "<tr>" + "<td rowspan=99>x" * 500 + "<tr><td>y" * 20_000,
    "cells that reach far down and far to the right": (
        "<table><tr>" + "<td colspan=99>" * 5_000 + "<td rowspan=99>x" + "<tr><td>y" * 200
    ),
    "headers in headers": "<header>" * 4_000 + "<p>x</p>" * 10_000 + "<h1>x</h1>",
    "furniture in furniture": "<nav><form><aside>x" * 1_500,
}


@pytest.mark.parametrize("case", FLOODS)
def test_a_flood_of_tags_is_read_in_the_time_that_its_length_needs(case: str) -> None:
    began = time.process_time()
    document = extract(f"<html><body>{FLOODS[case]}<p>the end".encode(), "flood.html")
    # What grows with the square takes ten times as long and more.
    assert time.process_time() - began < 2
    assert document.blocks


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("code.org", "#+begin_src a\n#+begin_example\n" * 30_000),
        ("heading.org", ("* a" + " " * 490 + "b\n") * 2_000),
        ("code.adoc", "....\n----\n" * 30_000 + "-----\n"),
        ("code.tex", "\\begin{verbatim}\n" * 60_000),
        ("heading.tex", ("\\section{" + "}" * 440 + "\n") * 3_000),
    ],
    ids=lambda given: given[:12],
)
def test_what_begins_and_never_ends_is_looked_for_once(name: str, page: str) -> None:
    began = time.process_time()
    extract(page.encode(), name)
    assert time.process_time() - began < 2


def test_a_tag_with_hundreds_of_attributes_costs_the_page_its_shape_and_none_of_its_words() -> None:
    page = "<p " + " ".join(f'data-{n}="{n}"' for n in range(600)) + ">first<p>second"
    document = extract(page.encode(), "wide.html")
    assert [block.text for block in document.blocks] == ["first", "second"]
    assert document.notes == (
        (
            "One of its tags has too many attributes for it to be read as a page: "
            "its text was taken without its shape."
        ),
    )


def test_what_a_script_holds_is_no_tag_with_attributes() -> None:
    assert not unbearable("<script>if (a <b " + "and more " * 600 + ")</script><p>x")


def test_a_few_hundred_choices_are_left_as_they_are() -> None:
    page = "<select>" + "<option>x</option>" * 400
    assert bearable(page) == page


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
    "page",
    [
        "<div " * 400_000,
        "<!--" * 400_000,
        "<script>" * 200_000,
        "<" * 1_000_000,
        "</p" * 400_000,
        "<a=" * 400_000,
        '<a b="' * 200_000,
        "<a b=\"<a b='" * 100_000,
        "<a " + "=" * 1_000_000,
        "<option" * 200_000,
    ],
    ids=lambda page: page[:12],
)
def test_counting_looks_at_every_letter_once(page: str) -> None:
    began = time.process_time()
    assert too_deep(page) in {True, False}
    unbearable(page)
    bearable(page)
    bare(page)
    # What looked again and again would take hours.
    assert time.process_time() - began < 5


def test_the_bare_text_of_a_page_keeps_its_paragraphs_and_nothing_of_its_scripts() -> None:
    page = "<title>T</title><script>'<p>';</script><p>One <b>two</b><br>three</p><!-- no --><td>a</td><td>b"
    assert bare(page) == ("T", ["One two three", "a b"])
