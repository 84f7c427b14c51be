"""Cutting a document: nothing lost, nothing too long, and names that outlive an edit elsewhere."""

# ruff: noqa: E501 - a table of cases and what they are made of is made of reads best on one line

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.chunk import cut, estimate
from core.retrieval.extract import extract
from core.retrieval.pieces import _SENTENCE, _STOP, says_something
from core.retrieval.types import Block, Cut, Document, Section, Unit

MOST_UNIT, MOST_SECTION = 250, 600

WORDS = st.sampled_from(
    ["Miete", "der", "Vertrag", "kündigen,", "Frist.", "three", "months.", "if", "x=1;", "Straße", "日本語"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
LINES = st.lists(SENTENCES, min_size=1, max_size=12).map("\n".join)
BLOCKS = st.one_of(
    st.builds(lambda text, level: Block("heading", text, level=level), st.lists(WORDS, min_size=1, max_size=4).map(" ".join), st.integers(1, 6)),
    st.builds(lambda text: Block("prose", text), LINES),
    st.builds(lambda text, kind: Block(kind, text), LINES, st.sampled_from(["list", "table", "code"])),
    st.builds(lambda count: Block("prose", "x" * count), st.integers(1, 4000)),
    st.builds(lambda count: Block("code", " " * count + "y\n\n\n" + "z" * count), st.integers(1, 3000)),
)  # fmt: skip
DOCUMENTS = st.lists(BLOCKS, min_size=1, max_size=25).map(
    lambda blocks: Document("Title", "text", tuple(blocks))
)


def words(text: str) -> Counter[str]:
    """The letters of a text; where lines break and words are parted does not matter."""
    return Counter(re.sub(r"\s+", "", text))


def made(document: Document) -> Cut:
    return cut(document, document_id="doc-1")


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_every_word_stands_in_exactly_one_section_and_one_unit(document: Document) -> None:
    found = made(document)
    whole = words("".join(b.text for b in document.blocks))
    marks = sum(min(6, b.level) for b in document.blocks if b.kind == "heading")
    for texts in ([s.text for s in found.sections], [u.text for u in found.units]):
        counted = words("".join(texts))
        counted["#"] -= marks
        assert +counted == whole


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_sizes_are_bounded_and_offsets_are_true(document: Document) -> None:
    found = made(document)
    sections = {section.key: section for section in found.sections}
    assert len(sections) == len(found.sections)
    assert len({unit.key for unit in found.units}) == len(found.units)
    assert [section.ord for section in found.sections] == list(range(len(found.sections)))
    assert [unit.ord for unit in found.units] == list(range(len(found.units)))
    for section in found.sections:
        assert section.tokens == estimate(section.text) <= MOST_SECTION
    for unit in found.units:
        assert estimate(unit.context) + estimate(unit.text) <= MOST_UNIT
        assert unit.text.strip()
        assert sections[unit.section].text[unit.start : unit.end] == unit.text


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("aB1. \n\t\"')]}("), max_size=40).filter(lambda text: "\n\n" not in text))
def test_sentences_that_full_stops_end_are_found_in_the_same_places_the_quick_way(text: str) -> None:
    assert [one.end() for one in _STOP.finditer(text)] == [one.end() for one in _SENTENCE.finditer(text)]


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS, st.integers(20, 400))
def test_other_sizes_are_kept_too(document: Document, unit: int) -> None:
    found = cut(document, document_id="d", unit=unit, section=unit * 3)
    assert all(one.tokens <= unit * 1.25 for one in found.units)
    assert all(one.tokens <= unit * 3 * 1.2 for one in found.sections)


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_any_way_of_counting_is_kept(document: Document) -> None:
    found = cut(document, document_id="d", tokens=len, unit=200, section=500)
    assert all(len(one.text) <= 250 for one in found.units)
    assert all(len(one.text) <= 600 for one in found.sections)


def essay(chapters: int, first: str = "") -> str:
    """A document of chapters with paragraphs of different lengths, without a single repeated sentence."""
    parts = [first] if first else []
    for chapter in range(chapters):
        parts.append(f"## Chapter {chapter}")
        for at in range(6 + chapter % 5):
            sentences = (
                f"Sentence {n} of paragraph {at} in chapter {chapter} says this."
                for n in range(2 + (at * 7 + chapter) % 9)
            )
            parts.append(" ".join(sentences))
    return "\n\n".join(parts) + "\n"


def keys(text: str) -> tuple[set[str], set[str]]:
    found = cut(extract(text.encode(), "essay.md"), document_id="e")
    return {s.key for s in found.sections}, {u.key for u in found.units}


def test_a_changed_word_changes_only_what_holds_it() -> None:
    before = keys(essay(20))
    after = keys(
        essay(20).replace(
            "Sentence 1 of paragraph 2 in chapter 9", "Sentence one of paragraph 2 in chapter 9"
        )
    )
    assert len(before[0] - after[0]) <= 2
    assert len(before[1] - after[1]) <= 6


def test_a_paragraph_put_in_at_the_start_leaves_the_rest_its_names() -> None:
    before = keys(essay(40))
    after = keys(essay(40, first="A new paragraph that was not there before. It says a few things more."))
    assert len(before[0] & after[0]) > 0.9 * len(before[0])
    assert len(before[1] & after[1]) > 0.9 * len(before[1])


def test_the_same_words_twice_have_two_names_and_another_document_has_others() -> None:
    text = "## A\n\n" + "Same words here. " * 60 + "\n\n## B\n\n" + "Same words here. " * 60
    found = extract(text.encode(), "a.md")
    one, other = cut(found, document_id="1"), cut(found, document_id="2")
    assert len({unit.key for unit in one.units}) == len(one.units)
    assert not {unit.key for unit in one.units} & {unit.key for unit in other.units}


def test_lines_and_pages_are_those_of_the_source() -> None:
    text = essay(12)
    lines = text.split("\n")
    found = cut(extract(text.encode(), "essay.md"), document_id="e")
    stretches: list[Section | Unit] = [*found.sections, *found.units]
    for one in stretches:
        assert one.place.line is not None
        assert one.place.line_end is not None
        first, last = one.text.split("\n")[0], one.text.split("\n")[-1]
        assert first.strip() in lines[one.place.line - 1]
        assert last.strip() in lines[one.place.line_end - 1]
    paged = Document(
        "T", "pdf", tuple(Block("prose", f"Page {n} says so. " * 20, page=n) for n in range(1, 6))
    )
    places = [section.place for section in made(paged).sections]
    assert (places[0].page, places[-1].page_end) == (1, 5)


def test_headings_go_with_what_they_head() -> None:
    text = (
        "# Book\n\n## One\n\n"
        + "Word after word goes by. " * 90
        + "\n\n### Deep\n\n"
        + "More of them come now. " * 60
    )
    found = cut(extract(text.encode(), "b.md"), document_id="b")
    assert not any(unit.text.split("\n")[-1].startswith("#") for unit in found.units)
    assert found.sections[0].heading == ("One",)
    assert found.sections[-1].heading == ("One", "Deep")
    assert found.units[-1].context == "Book > One > Deep"
    assert found.units[-1].searchable.startswith("Book > One > Deep\n")


def test_code_and_tables_stay_whole_while_they_fit() -> None:
    fence = "```python\n" + "\n\n".join(f"value_{n} = compute({n})" for n in range(22)) + "\n```"
    prose = "Some words that come before the code and explain it well enough. " * 8
    found = cut(extract(f"{prose}\n\n{fence}\n\n{prose}".encode(), "c.md"), document_id="c")
    assert sum(fence in unit.text for unit in found.units) == 1


def test_rows_of_a_long_table_carry_its_head() -> None:
    rows = "\n".join(f"{n},Name {n},{n * 7} EUR" for n in range(300))
    found = cut(extract(f"id,name,price\n{rows}\n".encode(), "t.csv"), document_id="t")
    assert len(found.units) > 5
    assert all("id | name | price" in unit.searchable for unit in found.units)


def test_code_is_cut_at_its_definitions() -> None:
    text = "\n\n".join(
        f"def step_{n}(value):\n" + "\n".join(f"    value = value + {k} * {n}" for k in range(12))
        for n in range(20)
    )
    found = cut(extract(text.encode(), "steps.py"), document_id="s")
    starts = [unit.text.startswith("def ") for unit in found.units]
    assert sum(starts) >= len(starts) - 1
    assert "def step_3" in "".join(unit.text for unit in found.units)


def test_one_line_of_a_megabyte_is_cut_too() -> None:
    found = cut(extract(b"x" * 1_000_000, "one.txt"), document_id="x")
    assert sum(len(unit.text) for unit in found.units) == 1_000_000
    assert max(unit.tokens for unit in found.units) <= MOST_UNIT


_CODE = "print(1)\n\n" * 60


def test_the_names_of_what_a_document_is_cut_into_are_the_same_in_every_version() -> None:
    """They are what vectors are kept by: other names would have every library embedded anew."""
    text = "\n\n".join(
        f"# Kapitel {part}\n\nDie Miete wird am {part}. fällig.  Sie ist\tim Voraus zu zahlen. {'Und so weiter, ' * 40}\n\n"
        f"- eins\n- zwei {part}\n\n| a | b |\n|---|---|\n{'| x | y |' * 3}\n\n```python\n{_CODE}```"
        for part in range(30)
    )
    found = cut(extract(text.encode(), "vertrag.md"), document_id="7")
    names = "\n".join([*(one.key for one in found.sections), *(one.key for one in found.units)])
    assert (len(found.sections), len(found.units)) == (30, 100)
    assert blake2b(names.encode(), digest_size=8).hexdigest() == "845d6e5382833bd3"


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("Pump manual", True),
        ("C++", True),
        ("A-17", True),
        ("§ 5 BGB", True),
        ("Rede", True),
        ("取扱説明書", True),
        ("face", True),
        ("17", False),
        ("0042.txt", False),
        ("doc_0123", False),
        ("Dokument (3).pdf", False),
        ("56be4db0acb8001400a502ec", False),
        ("d41d8cd98f00b204e9800998ecf8427e.md", False),
        ("IMG 2023-11-14", False),
        ("Untitled", False),
        ("___", False),
        ("", False),
    ],
)
def test_what_only_numbers_a_document_is_not_put_before_its_units(title: str, says: bool) -> None:
    assert says_something(title) == says
    document = Document(title, "text", (Block("heading", "Oil", 1), Block("prose", "It runs on oil.")))
    (unit,) = cut(document, document_id="1").units
    assert unit.context == (f"{title} > Oil" if says else "Oil")
