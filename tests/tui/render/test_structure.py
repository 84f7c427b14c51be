from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.tui.render.documents import DOCUMENTS
from tui.render.leaf import HolderKind, Kind
from tui.render.structure import Structure
from tui.render.tables import alignments, fit, split_row

JUDGE = MarkdownIt("gfm-like", {"html": False, "linkify": False})
_MARKS = ["- ", "* ", "1. ", "2) ", "> ", ">", "    ", "  ", " ", "# ", "## x ##", "---", "===", "```", "~~~"]
_LINES = [
    "```py",
    "foo",
    "bar baz",
    "a | b",
    "|---|---|",
    "-|-",
    "| c | d |",
    "+ x",
    "***",
    "foo\\",
    "1",
    "10. z",
]
PIECES = st.sampled_from([*_MARKS, *_LINES, "\n", "\n", "\n", "\n\n", "x"])
TEXTS = st.lists(PIECES, max_size=18).map("".join)

Blocks = list[tuple[Any, ...]]


def squeezed(text: str) -> str:
    """Return code without the white space parsers disagree about."""
    return "\n".join(re.sub(r"[ \t]+", " ", line.strip()) for line in text.split("\n")).strip("\n")


def joined(text: str) -> str:
    """Return a paragraph without the white space around its lines."""
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text.strip())


def judged(text: str) -> Blocks:
    """Return what markdown-it makes of it: each leaf with what it stands in."""
    found: Blocks = []
    holders: list[Any] = []
    tokens = JUDGE.parse(text)
    for index, token in enumerate(tokens):
        kind, _, way = token.type.rpartition("_")
        inside = tuple(holder for holder in holders if isinstance(holder, str))
        if token.type == "blockquote_open":
            holders.append("quote")
        elif kind in ("bullet_list", "ordered_list") and way == "open":
            holders.append([kind, token.markup, int(token.attrs.get("start", 1))])
        elif token.type == "list_item_open":
            order = holders[-1]
            holders.append(f"{order[2]}{order[1]}" if order[0] == "ordered_list" else "item")
            order[2] += 1
        elif way == "close" and kind in ("blockquote", "bullet_list", "ordered_list", "list_item"):
            holders.pop()
        elif token.type == "inline":
            before = tokens[index - 1]
            if before.type in ("th_open", "td_open"):
                found.append(("cell", inside, token.content.replace("\\|", "|")))
            elif before.type == "heading_open":
                found.append((before.tag, inside, joined(token.content)))
            else:
                found.append(("paragraph", inside, joined(token.content)))
        elif token.type == "fence":
            found.append(("fence", inside, token.info.strip(), squeezed(token.content)))
        elif token.type == "code_block":
            found.append(("code", inside, squeezed(token.content)))
        elif token.type == "hr":
            found.append(("rule", inside))
    return found


def read(text: str) -> Blocks:
    """Return what we make of it, in the same words."""
    structure = Structure()
    at = 0
    for line in text.split("\n"):
        structure.line(line, at)
        at += len(line) + 1
    structure.finish()
    found: Blocks = []
    for leaf in structure.leaves:
        inside = tuple(
            "quote" if holder.kind is HolderKind.QUOTE else holder.marker or "item" for holder in leaf.holders
        )
        content = "\n".join(line for _, line in leaf.lines)
        if leaf.kind is Kind.PARAGRAPH:
            found.append(("paragraph", inside, joined(content)))
        elif leaf.kind is Kind.HEADING:
            content = re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", content) if leaf.level > 0 else content
            found.append((f"h{abs(leaf.level)}", inside, joined(content)))
        elif leaf.kind is Kind.FENCE:
            found.append(("fence", inside, leaf.info[1:], squeezed(content)))
        elif leaf.kind is Kind.CODE:
            found.append(("code", inside, squeezed(content)))
        elif leaf.kind is Kind.RULE:
            found.append(("rule", inside))
        elif leaf.kind is Kind.TABLE:
            for number, (_, line) in enumerate(leaf.lines):
                row = [cell.replace("\\|", "|") for _, cell in split_row(line)][: len(leaf.aligns)]
                row += [""] * (len(leaf.aligns) - len(row))
                found.extend(("cell", inside, cell) for cell in row if number != 1)
    return found


@given(TEXTS)
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_blocks_are_what_a_proven_parser_says(text: str) -> None:
    assert read(text) == judged(text)


SAME = [
    name for name in DOCUMENTS if name not in ("footnotes", "deep", "old mac", "windows", "hostile", "zalgo")
]


@pytest.mark.parametrize("name", SAME)
def test_written_documents_are_what_a_proven_parser_says(name: str) -> None:
    assert read(DOCUMENTS[name]) == judged(DOCUMENTS[name])


@given(TEXTS, PIECES)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_a_line_taken_back_leaves_no_trace(text: str, line: str) -> None:
    lines = text.split("\n")
    plain, tried = Structure(), Structure()
    at = 0
    for part in lines:
        tried.mark()
        tried.line(line.strip("\n") + part, at)
        tried.rewind()
        plain.line(part, at)
        tried.line(part, at)
        at += len(part) + 1
    plain.finish()
    tried.finish()
    assert [
        (leaf.kind, leaf.holders, leaf.lines, leaf.gap, leaf.block, leaf.end) for leaf in plain.leaves
    ] == [(leaf.kind, leaf.holders, leaf.lines, leaf.gap, leaf.block, leaf.end) for leaf in tried.leaves]
    assert plain.references == tried.references


def test_a_line_whose_kind_is_decided_can_grow() -> None:
    for start, decided in [
        ("f", True),
        ("- f", True),
        ("# f", True),
        ("#", False),
        ("-", False),
        ("``", False),
    ]:
        structure = Structure()
        structure.line(start, 0)
        assert structure.is_decided is decided, start


def test_definitions_are_taken_off_a_paragraph() -> None:
    structure = Structure()
    for at, line in ((0, "[one]: /1 'title'"), (18, "[Two]:"), (25, "  /2"), (30, "text")):
        structure.line(line, at)
    structure.finish()
    assert structure.references.links == {"ONE": "/1", "TWO": "/2"}
    assert [leaf.lines for leaf in structure.leaves] == [[(30, "text")]]


def test_blocks_are_numbered_as_a_reader_counts_them() -> None:
    structure = Structure()
    at = 0
    for line in ("text", "", "- a", "- b", "", "- c", "", "> q", "> r", "", "end"):
        structure.line(line, at)
        at += len(line) + 1
    structure.finish()
    assert [leaf.block for leaf in structure.leaves] == [0, 1, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("| a | b |", ["a", "b"]),
        ("a | b", ["a", "b"]),
        ("| a \\| b | c", ["a \\| b", "c"]),
        ("|  | x |", ["", "x"]),
        ("||", [""]),
    ],
)
def test_a_row_falls_into_cells(line: str, cells: list[str]) -> None:
    assert [cell for _, cell in split_row(line)] == cells
    assert all(line[at : at + len(cell)] == cell for at, cell in split_row(line))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("|---|:-:|--:|", ("", "c", "r")),
        (":--|-", ("l", "")),
        ("- | -", ()),
        ("|--||--|", ()),
        ("|", ()),
        ("| a |", ()),
    ],
)
def test_a_delimiter_line_says_how_columns_align(line: str, expected: tuple[str, ...]) -> None:
    assert alignments(line) == expected


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(8, 100))
@settings(deadline=None, derandomize=True, database=None)
def test_columns_share_the_room(natural: list[int], room: int) -> None:
    widths = fit(natural, room)
    needed = [max(1, width) for width in natural]
    assert all(1 <= width <= need for width, need in zip(widths, needed, strict=True))
    if sum(needed) <= room:
        assert widths == needed
    elif room >= len(natural):
        assert sum(widths) <= room
        widest = max(widths)
        # Only what is wider than its share gives way.
        assert all(width == need or width >= widest - 1 for width, need in zip(widths, needed, strict=True))
