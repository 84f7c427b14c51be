from __future__ import annotations

from tests.tui.render.turns import WIDTH, answer, question, stack
from tui.render.copying import block_source, last_code, source_between
from tui.render.glyphs import ASCII, UNICODE
from tui.render.paint import MARGIN, Painter
from tui.render.palette import FOUND, LINK, LINK_SHIFT, SELECTED, STRONG, Palette, Role
from tui.render.search import hits, marks, pattern
from tui.render.types import Turn

LONG = "A paragraph with quite a few words in it, so that it takes some rows of the view.\n\n"


def many(count: int) -> list[Turn]:
    return [answer(number, LONG * (1 + number % 5)) for number in range(count)]


def test_only_what_is_near_the_view_is_made() -> None:
    made = stack(*many(500))
    made.settle_end(30)
    assert len(made.blocks) < 10
    made.settle(made.height // 2, 30)
    assert len(made.blocks) < 40


def test_the_last_rows_are_exact_whatever_the_turns_above_were_guessed_to_be() -> None:
    made = stack(*many(200))
    made.settle_end(30)
    rows = [line.text for line in made.rows(made.height - 30, made.height)]
    assert len(rows) == 30
    assert rows[-3:] == [
        "A paragraph with quite a few words in it, so that it takes",
        "some rows of the view.",
        "",
    ]


def test_the_readers_row_stays_when_guesses_above_were_wrong() -> None:
    made = stack(*[question(number, "short\n" * 30) for number in range(50)], answer(99, LONG))
    top = made.settle(made.height // 2, 20)
    before = [line.text for line in made.rows(top, top + 20)]
    spot = made.spot(top)
    assert spot is not None
    up = top
    for _ in range(10):
        up = made.settle(max(0, up - 15), 20)
    now = made.row_of(spot)
    assert now is not None
    assert [line.text for line in made.rows(now, now + 20)] == before


def test_turns_can_be_put_above_added_and_taken_out() -> None:
    made = stack(question(3), answer(4))
    made.put_before([question(1), answer(2)], WIDTH)
    made.add(question(5))
    made.remove(3)
    assert [made.turn(index).id for index in range(len(made))] == [1, 2, 4, 5]
    assert made.index_of(5) == 3
    assert 3 not in made
    made.settle(0, 100)
    assert made.find(made.height) is None
    found = made.find(0)
    assert found is not None
    assert found[0].turn.id == 1


def test_what_is_far_from_the_view_is_dropped_and_comes_back_the_same() -> None:
    made = stack(*many(100))
    made.settle(0, 20)
    before = [line.text for line in made.rows(0, 20)]
    made.settle_end(20)
    made.let_go(made.height - 20, 20)
    assert made.made(0) is None
    made.settle(0, 20)
    assert [line.text for line in made.rows(0, 20)] == before


def test_what_a_person_opened_is_not_dropped() -> None:
    made = stack(answer(0, LONG, "thought"), *[answer(number, LONG * 9) for number in range(1, 60)])
    made.settle(0, 20)
    first = made.made(0)
    assert first is not None
    assert first.think is not None
    first.think.choose(opened=True)
    made.let_go(made.height - 20, 20)
    assert made.made(0) is first


def test_text_that_came_while_the_block_was_there_survives_it() -> None:
    made = stack(answer(1, "One", phase="answering"))
    block = made.block(0)
    block.extend("answer", " two")
    assert made.turn(0).text == "One two"


def test_words_are_found_whatever_their_case_over_marks_and_line_ends() -> None:
    turns = [question(1, "The Sky\nis blue"), answer(2, "the **sky**\n> is BLUE, sky", "sky?")]
    first = hits(turns, "sky is")[0]
    assert (first.turn, turns[0].text[first.start : first.end]) == (1, "Sky\nis")
    assert len(hits(turns, "sky")) == 4
    assert len(hits(turns, "the sky is blue")) == 2
    assert hits(turns, "  ") == []
    assert pattern("a.b") is not None
    assert hits([answer(1, "aXb")], "a.b") == []


def test_a_hit_is_marked_where_it_shows() -> None:
    made = stack(answer(1, "see **this word** here"))
    made.settle(0, 10)
    line = made.rows(1, 2)[0]
    start = "see **this word** here".index("word")
    assert [line.text[low:high] for low, high, _ in marks(line, start, start + 4, FOUND)] == ["word"]


def test_a_selection_is_the_source_it_shows() -> None:
    text = "First **bold** line.\n\n- item one\n- item two\n\n```py\ncode = 1\n```\n"
    made = stack(question(1, "Why?"), answer(2, text), question(3, "So?"))
    made.settle(0, 60)
    rows = [line.text for line in made.rows(0, made.height)]
    first, item = rows.index("First bold line."), rows.index("• item two")
    assert source_between(made, (first, 6), (first, 10)) == "bold"
    assert source_between(made, (first, 0), (item, 99)) == "First **bold** line.\n\n- item one\n- item two"
    code = rows.index("  code = 1")
    assert source_between(made, (code, 0), (code, 99)) == "code = 1"
    assert source_between(made, (0, 0), (0, 3)) == "You"
    assert source_between(made, (0, 0), (made.height, 99)) == f"Why?\n\n{text}\n\nSo?"


def test_blocks_are_copied_as_they_were_written_and_code_as_it_would_stand_in_a_file() -> None:
    made = stack(answer(1, "1. one\n2. two\n\n   ```sh\n   ls\n     -l\n   ```\n"))
    body = made.block(0).body
    assert block_source(body, 0, 1) == "1. one\n2. two"
    assert block_source(body, 2, 2) == "ls\n  -l\n"
    assert last_code(body) == "ls\n  -l\n"
    assert block_source(body, 9, 9) == ""


def test_rows_are_painted_once_and_fill_the_width() -> None:
    made = stack(answer(1, "Some **bold** words and 日本語.\n"))
    made.settle(0, 10)
    painter = Painter(Palette({}), 40, UNICODE)
    for line in made.rows(0, made.height):
        strip = painter.strip(line, thumb=False)
        assert strip.cell_length == 40
        assert painter.strip(line, thumb=False) is strip
    other = Painter(Palette({"ink-text": "#ff0000"}), 40, UNICODE)
    line = made.rows(1, 2)[0]
    assert other.strip(line, thumb=False) is not painter.strip(line, thumb=False)


def test_marks_and_the_cursor_are_painted_beside_what_is_kept() -> None:
    made = stack(answer(1, "Some words"))
    made.settle(0, 10)
    painter = Painter(Palette({}), 40, UNICODE)
    line = made.rows(1, 2)[0]
    plain = painter.strip(line, thumb=False)
    marked = painter.marked(line, [(5, 10, SELECTED)], cursor=True, thumb=False)
    assert marked.text == "▌ Some words".ljust(40)
    styles = [segment.style for segment in marked if segment.text == "words"]
    assert len(styles) == 1
    assert painter.strip(line, thumb=False) is plain
    assert plain.text.startswith(" " * MARGIN)


def test_a_row_that_is_too_long_is_cut_at_the_edge() -> None:
    made = stack(Turn(id=1, name="x" * 100))
    made.settle(0, 5)
    assert Painter(Palette({}), 30, ASCII).strip(made.rows(0, 1)[0], thumb=True).cell_length == 30


def test_styles_say_what_the_text_is_in_any_theme() -> None:
    for theme in ({}, {"background": "ansi_default", "ink-text": "ansi_default", "ink-dim": "ansi_white"}):
        palette = Palette(theme)
        assert palette[Role.TEXT | STRONG].bold
        assert palette[Role.TEXT | LINK].underline
        assert palette[Role.TEXT | SELECTED] != palette[Role.TEXT]
        assert palette[Role.TEXT | FOUND] != palette[Role.TEXT | SELECTED] or not theme
        assert palette[Role.TEXT | LINK | 7 << LINK_SHIFT] is palette[Role.TEXT | LINK | 3 << LINK_SHIFT]
        assert palette[Role.DIM] != palette[Role.TEXT]
