from __future__ import annotations

from tests.tui.render.documents import fresh, rows, shown
from tui.render.cells import width_of
from tui.render.markdown import Document


def test_columns_align_as_the_table_says() -> None:
    text = "| left | mid | right |\n|:--|:-:|--:|\n| a | b | c |\n| a | b | 100 |\n"
    assert shown(fresh(text, 60)) == [
        "left │ mid │ right",
        "─────┼─────┼──────",
        "a    │  b  │     c",
        "a    │  b  │   100",
    ]


def test_wide_cells_wrap_and_every_row_fits() -> None:
    text = "| a | b |\n|---|---|\n| some words that are long | " + "x" * 40 + " |\n"
    drawn = shown(fresh(text, 30))
    assert all(width_of(row) <= 30 for row in drawn)
    assert len(drawn) > 4
    assert "".join(row.partition(" │ ")[2].strip() for row in drawn[2:]) == "x" * 40


def test_wide_characters_do_not_shift_the_columns() -> None:
    drawn = shown(fresh("| 日本 | b |\n|---|---|\n| a | 語 |\n", 40))
    assert [width_of(row.partition("│")[0]) for row in drawn if "│" in row] == [5, 5]


def test_a_table_too_wide_to_stand_side_by_side_is_a_list_of_values() -> None:
    text = "|" + "".join(f"c{n}|" for n in range(12)) + "\n" + "|-" * 12 + "|\n" + "|v" * 12 + "|\n"
    drawn = shown(fresh(text, 30))
    assert "c3: v" in drawn
    assert all(width_of(row) <= 30 for row in drawn)


def test_while_it_grows_the_columns_keep_the_widths_its_first_rows_asked_for() -> None:
    document = Document()
    document.resize(60)
    document.append("| a | b |\n|---|---|\n" + "| x | y |\n" * 8)
    document.flush()
    before = rows(document)
    document.append("| a much wider cell | y |\n")
    changed = document.flush()
    assert changed == len(before)
    assert rows(document)[: len(before)] == before
    document.append("\nend\n")
    assert document.flush() == 0
    assert shown(document)[0] == "a                 │ b"


def test_a_break_in_a_cell_breaks_the_cell() -> None:
    drawn = shown(fresh("| a |\n|---|\n| one<br>two |\n", 40))
    assert [row.rstrip() for row in drawn] == ["a", "───", "one", "two"]


def test_missing_cells_are_empty_and_surplus_ones_are_left_out() -> None:
    drawn = shown(fresh("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n", 40))
    assert [row.rstrip() for row in drawn[2:]] == ["1 │", "1 │ 2"]
