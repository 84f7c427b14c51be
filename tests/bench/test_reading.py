"""How fast documents are read and cut, and how soon a folder in which nothing changed is looked through."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unreadable
from core.retrieval.chunk import cut
from core.retrieval.extract import extract
from core.retrieval.files import walk

pytestmark = pytest.mark.bench

MEGABYTES = 3


def manual(size: int) -> bytes:
    """Markdown as people write it: chapters, paragraphs, lists, code and a table now and then."""
    parts: list[str] = []
    length = chapter = 0
    while length < size:
        chapter += 1
        part = [f"## Chapter {chapter}: pumps and valves", ""]
        for at in range(6):
            part += [f"Paragraph {at} of chapter {chapter} says what is done, when, and by whom. " * 5, ""]
        part += [f"- step {n} of chapter {chapter}, with a remark" for n in range(8)]
        part += [
            "",
            "```python",
            *(f"value_{n} = measure({n}, chapter={chapter})" for n in range(12)),
            "```",
            "",
        ]
        part += ["| part | price |", "|---|---|", *(f"| filter {n} | {n * 7} |" for n in range(6)), ""]
        parts.append("\n".join(part))
        length += len(parts[-1])
    return "\n".join(parts).encode()[:size]


def test_markdown_is_read_and_cut_at_two_megabytes_a_second() -> None:
    data = manual(MEGABYTES * 1_000_000)
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        found = cut(extract(data, "manual.md"), document_id="m")
        best = max(best, MEGABYTES / (time.process_time() - began))
    print(
        f"\nread and cut: {best:.1f} MB/s of one core, {len(found.sections)} sections, {len(found.units)} units"
    )
    assert best >= 2


TAGS = (
    "option", "optgroup", "select", "li", "ul", "td", "tr", "table", "b", "i", "font", "a", "p", "div", "form", "button",
    "h2", "pre", "header", "nav", "dt", "caption", "col", "svg", "template", "details", "ruby", "rt", "body", "frameset",
)  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(TAGS).map(lambda tag: f"<{tag}>"),
    st.sampled_from(TAGS).map(lambda tag: f"</{tag}>"),
    st.sampled_from(
        ["x", " ", "<br>", "<p a=1 ", "b='>'", "<!--", "-->", "<script>", "</script>", "&amp;", '"']
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=4).map("".join), st.lists(PIECES, min_size=1, max_size=4).map("".join))
def test_whatever_tags_repeat_a_page_is_read_in_the_time_its_length_needs(begin: str, repeated: str) -> None:
    page = f"<html><body>{begin}{repeated * (400_000 // len(repeated))}<p>the end"
    began = time.process_time()
    with suppress(Unreadable):
        extract(page.encode(), "flood.html")
    took = time.process_time() - began
    assert took < 6, f"{took:.1f} s of the processor"


def test_ten_thousand_files_are_looked_through_in_less_than_three_seconds(tmp_path: Path) -> None:
    for folder in range(100):
        place = tmp_path / f"folder{folder}"
        place.mkdir()
        (place / ".gitignore").write_text("*.log\n!keep.log\nbuild/\n")
        for number in range(100):
            (place / f"note{number}.md").write_bytes(b"x")
    began = time.process_time()
    found = sum(1 for _ in walk([tmp_path]))
    took = time.process_time() - began
    print(f"\nlooked through {found} files in {took:.2f} s of the processor")
    assert found == 10_000
    assert took < 1.5
