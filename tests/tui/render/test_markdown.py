from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.render.documents import DOCUMENTS, TEXTS, WHOLE, cells, fresh, painted, rows, shown
from tui.render.cells import width_of
from tui.render.leaf import Kind
from tui.render.markdown import Document

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def stream(text: str, cuts: list[int], width: int) -> Document:
    """Lay out a text that arrives in pieces of the given lengths, checking each update against the last."""
    document = Document(hint="y copy")
    document.resize(width)
    before = painted(document)
    at = 0
    lengths = iter(cuts * (len(text) + 1))
    while at < len(text):
        size = next(lengths)
        document.append(text[at : at + size])
        at += size
        before = _flushed(document, before)
    document.finish()
    _flushed(document, before)
    return document


def _flushed(document: Document, before: list[list[tuple[str, int]]]) -> list[list[tuple[str, int]]]:
    changed = document.flush()
    now = painted(document)
    assert len(now) == document.height
    # What is not said to have changed is as it was: nothing else is painted again.
    assert now[:changed] == before[:changed]
    return now


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("cuts", [[1], [2, 5, 1], [9], [40, 3]])
def test_a_streamed_document_is_what_the_whole_text_gives(name: str, cuts: list[int]) -> None:
    text = DOCUMENTS[name]
    document = stream(text, cuts, 38)
    assert cells(document) == cells(fresh(text, 38))
    assert document.source == text


@given(TEXTS, st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from([7, 20, 40, 80]))
@QUICK
def test_any_text_in_any_pieces_is_what_the_whole_text_gives(text: str, cuts: list[int], width: int) -> None:
    assert cells(stream(text, cuts, width)) == cells(fresh(text, width))


LONG = {
    "paragraph": "Some words, **bold** and `code` and a [link](https://x.example/y) now. " * 40,
    "paragraph with something open": "An open ** mark and [a bracket " + "and words that go on and on " * 150,
    "paragraph closed late": "**" + "words that are bold all along " * 120 + "** end",
    "code": "```python\n" + "def f(x):\n    '''a\n    b'''\n    return x  # c\n" * 90 + "```\n",
    "table": "| a | b |\n|---|---|\n" + "| some words here | **bold** and more words |\n" * 60,
    "list": "- an item with *words* in it\n  - and one below\n" * 60,
    "quote": "> quoted words, and more of them\n" * 120,
    "wide": "日本語の文章です。" * 120,
}


@pytest.mark.parametrize("name", LONG)
def test_long_blocks_streamed_are_what_the_whole_text_gives(name: str) -> None:
    text = LONG[name]
    assert cells(stream(text, [61], 50)) == cells(fresh(text, 50))


@given(TEXTS)
@QUICK
def test_what_was_not_shown_is_laid_out_the_same_when_it_is(text: str) -> None:
    document = Document(hint="y copy")
    document.resize(30)
    for at in range(0, len(text), 7):
        document.append(text[at : at + 7])
        document.flush(shown=at % 3 == 0)
    document.finish()
    document.flush(shown=False)
    document.settle(0, WHOLE)
    assert cells(document) == cells(fresh(text, 30))


@given(TEXTS, st.integers(5, 60))
@QUICK
def test_every_row_fits_and_every_place_is_in_the_source(text: str, width: int) -> None:
    document = fresh(text, width)
    tables = {Kind.TABLE}
    for number, line in enumerate(rows(document)):
        leaf = document.leaves[document.leaf_at(number)]
        if leaf.kind not in tables and not leaf.holders:
            assert width_of(line.text) <= max(width, 2)
        for shown_text, _, start, end in line.runs:
            assert (start, end) == (-1, -1) or 0 <= start <= end <= len(text)
            assert "\n" not in shown_text


@given(TEXTS)
@QUICK
def test_one_to_one_runs_show_exactly_their_source(text: str) -> None:
    for line in rows(fresh(text, 40)):
        for shown_text, _, start, end in line.runs:
            if start >= 0 and end - start == len(shown_text) and shown_text.strip():
                source = text[start:end]
                assert shown_text == source.translate({9: 32, 10: 32}) or _is_drawn(shown_text, source)


def _is_drawn(shown_text: str, source: str) -> bool:
    """Whether a run is a bullet, perhaps behind a number, a bar, a rule, or a control made visible."""
    return shown_text.lstrip("0123456789.) ")[:1] in {*"•◦▪│─"} or not source.isprintable()


def test_only_the_rows_that_changed_are_new_objects() -> None:
    document = Document()
    document.resize(60)
    document.append("# Title\n\nA paragraph.\n\n- one\n- tw")
    document.flush()
    before = rows(document)
    document.append("o more")
    assert document.flush() == len(before) - 1
    after = rows(document)
    assert all(old is new for old, new in zip(before[:-1], after[:-1], strict=True))
    assert after[-1].text == "• two more"


def test_a_line_that_becomes_something_else_takes_the_old_reading_back() -> None:
    document = Document()
    document.resize(40)
    document.append("text\n#")
    document.flush()
    assert [leaf.kind for leaf in document.leaves] == [Kind.PARAGRAPH, Kind.HEADING]
    document.append("tag and more")
    document.flush()
    assert shown(document) == ["text #tag and more"]


def test_links_and_footnotes_that_are_defined_late_are_resolved_at_the_end() -> None:
    text = "See [the manual][m] and note[^n].\n\nMore.\n\n[m]: https://m.example\n[^n]: A note.\n"
    document = Document()
    document.resize(60)
    document.append(text[:60])
    document.flush()
    assert shown(document)[0] == "See [the manual][m] and note[^n]."
    document.append(text[60:])
    document.flush()
    document.finish()
    assert document.flush() == 0
    assert shown(document)[0] == "See the manual and note[n]."


def test_hostile_text_is_shown_and_never_obeyed() -> None:
    said = "\n".join(shown(fresh(DOCUMENTS["hostile"] + "\n" + DOCUMENTS["hostile entity"], 60)))
    assert not [character for character in said if character != "\n" and not character.isprintable()]
    assert "␛[31mred" in said
    assert "[bold]markup[/] [/x]" in said


def test_markup_of_other_worlds_stays_visible() -> None:
    said = " ".join(shown(fresh(DOCUMENTS["html"], 80)))
    assert "<think>hidden?</think>" in said
    assert "List<String>" in said


def test_a_resize_lays_out_only_what_is_looked_at() -> None:
    document = fresh("\n\n".join(f"Paragraph {number} with a few words." for number in range(500)), 40)
    document.resize(20)
    assert not [leaf for leaf in document.leaves if leaf.rows is not None]
    document.settle(100, 120)
    made = [leaf for leaf in document.leaves if leaf.rows is not None]
    assert 0 < len(made) < 30


def test_plain_text_is_shown_as_it_was_typed() -> None:
    text = "first\n  indented **not bold**\n\n# no heading\n\tcode\n"
    assert shown(fresh(text, 40, plain=True)) == [
        "first",
        "  indented **not bold**",
        "",
        "# no heading",
        "    code",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n- b", ["• a", "• b"]),
        ("- a\n\n- b", ["• a", "", "• b"]),
        ("text\n- a", ["text", "• a"]),
        ("3. a\n1. b", ["3. a", "4. b"]),
        ("- a\n  - b\n    - c\n      - d", ["• a", "  ◦ b", "    ▪ c", "      • d"]),
        ("> a\n>\n> b", ["│ a", "│ ", "│ b"]),
        ("-\n  late", ["• late"]),
        ("```sh\nls\n```", ["sh" + " " * 32 + "y copy", "  ls"]),
        ("***", ["─" * 40]),
        ("# a *b* #", ["a b"]),
        ("one\ntwo  \nthree", ["one two", "three"]),
        ("[^1]: note\n\nx[^1]", ["[1] note", "", "x[1]"]),
        ("x[^1]", ["x[^1]"]),
    ],
)
def test_shapes_are_drawn_as_people_expect(text: str, expected: list[str]) -> None:
    assert shown(fresh(text, 40)) == expected


def test_a_place_in_the_source_is_found_in_its_row() -> None:
    text = "\n\n".join(f"Paragraph {number} " + "word " * 30 for number in range(40))
    document = fresh(text, 30)
    for needle in ("Paragraph 0 ", "Paragraph 17 ", "Paragraph 39 "):
        row = document.row_of(text.index(needle))
        assert needle.strip() in document.rows(row, row + 1)[0].text
