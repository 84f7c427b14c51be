from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from tests.tui.render.turns import answer, block, drawn, question
from tui.render.frame import footer, header
from tui.render.glyphs import ASCII, UNICODE
from tui.render.places import Piece, Stop
from tui.render.think import WINDOW, ThinkBlock, duration, steps
from tui.render.types import Notice, Turn

THOUGHTS = "\n\n".join(f"Thought number {number}." for number in range(12))


def test_a_question_stands_under_its_name_as_it_was_typed() -> None:
    assert drawn(block(question(1, "Why?\n  *really*"))) == ["You  14:02", "Why?", "  *really*", ""]


def test_an_answer_shows_its_thought_its_text_and_what_was_measured() -> None:
    turn = msgspec.structs.replace(
        answer(2, "Because **so**.", "Hm."),
        detail="code · loaded",
        facts="38.2 tok/s",
        ended="done 14:02",
        notices=(Notice("It stopped early. c goes on.", "warn"),),
        chips=("[1] Manual", "[2] Notes"),
    )
    assert drawn(block(turn)) == [
        "qwen3:8b  14:02" + " " * 32 + "code · loaded",
        "▸ Thought for 12 s · 640 tokens",
        "",
        "Because so.",
        "",
        "▲ It stopped early. c goes on.",
        "[1] Manual   [2] Notes",
        "38.2 tok/s" + " " * 40 + "done 14:02",
        "",
    ]


def test_a_note_is_a_line_between_turns() -> None:
    assert drawn(block(Turn(id=1, speaker="note", text="Earlier messages are not sent")))[0].startswith(
        "── Earlier messages are not sent ──"
    )


def test_a_waiting_answer_says_what_it_waits_for() -> None:
    turn = msgspec.structs.replace(answer(1, "", phase="waiting"), status="queued · 2 before it")
    assert drawn(block(turn)) == ["qwen3:8b  14:02  queued · 2 before it", ""]


def test_names_from_outside_are_harmless_and_cannot_flood_the_row() -> None:
    line = header(Turn(id=1, name="\x1b[2Jevil\nname" + "x" * 5000), 60, UNICODE)
    assert "\x1b" not in line.text
    assert "\n" not in line.text
    assert len(line.text) < 250
    assert "\x1b" not in "".join(row.text for row in footer(Turn(id=1, facts="\x1b[2J"), 60, UNICODE))


def test_the_live_window_shows_the_last_rows_and_follows() -> None:
    made = block(answer(1, "", THOUGHTS, "thinking"))
    assert made.think is not None
    made.think.seconds = 7.9
    made.think.tokens = 312
    made.touch()
    made.flush()
    rows = drawn(made)
    assert rows[1] == "▾ Thinking… 7 s · 312 tokens"
    assert len(rows) == 2 + WINDOW + 1
    assert rows[-2] == "  Thought number 11."
    made.extend("thinking", "\n\nOne more.")
    assert made.flush() == 2
    assert drawn(made)[-2] == "  One more."


@pytest.mark.parametrize(
    ("mode", "phase", "rows"),
    [
        ("auto", "thinking", WINDOW),
        ("auto", "ended", 0),
        ("open", "thinking", 23),
        ("open", "ended", 23),
        ("closed", "thinking", 0),
    ],
)
def test_each_mode_shows_as_much_of_the_thought_as_it_says(mode: str, phase: str, rows: int) -> None:
    made = block(answer(1, "", THOUGHTS, phase), mode=mode)  # type: ignore[arg-type]  # the table's words
    assert made.think is not None
    made.settle(0, made.size)
    assert made.think.body_rows == rows


def test_a_persons_choice_wins_over_every_mode() -> None:
    made = block(answer(1, "text", THOUGHTS))
    assert made.think is not None
    made.think.choose(opened=True)
    made.set_mode("closed")
    made.settle(0, made.size)
    assert made.think.body_rows == 23
    made.think.choose(opened=False)
    made.set_mode("open")
    assert made.think.body_rows == 0


def test_a_closed_thought_is_not_laid_out() -> None:
    made = block(answer(1, "text", THOUGHTS * 100))
    assert made.think is not None
    assert not made.think.is_made


def test_rolling_up_is_seen_in_at_least_six_steps_that_slow_down() -> None:
    for rows in (1, 6, 20, 60):
        way = steps(rows)
        assert 6 <= len(way) <= 8
        assert way[-1][:2] == (0.5, 0)
        gaps = [after[0] - before[0] for before, after in pairwise(way)]
        assert gaps == sorted(gaps)
        assert [left for _, left, _ in way] == sorted((left for _, left, _ in way), reverse=True)
        assert [fade for _, _, fade in way] == sorted(fade for _, _, fade in way)


def test_a_rolling_window_loses_its_first_rows_and_fades() -> None:
    made = block(answer(1, "", THOUGHTS, "thinking"))
    think = made.think
    assert think is not None
    plain = think.rows(0, WINDOW)
    think.roll(3, 2)
    made.measure()
    assert drawn(made)[2:] == ["  Thought number 10.", "", "  Thought number 11.", ""]
    assert think.rows(2, 3)[0].runs[-1][1] != plain[-1].runs[-1][1]
    think.roll(None)
    assert think.body_rows == WINDOW


@pytest.mark.parametrize(
    ("seconds", "tokens", "live", "said"),
    [
        (None, None, True, "▸ Thinking…"),
        (7.9, 312, True, "▸ Thinking… 7 s · 312 tokens"),
        (12.0, 640, False, "▸ Thought for 12 s · 640 tokens"),
        (125, 1, False, "▸ Thought for 2 min 5 s · 1 token"),
        (None, 640, False, "▸ Thought · 640 tokens"),
        (None, None, False, "▸ Thought"),
    ],
)
def test_the_header_says_what_is_known(
    seconds: float | None, tokens: int | None, live: bool, said: str
) -> None:
    think = ThinkBlock(UNICODE, "closed")
    think.seconds, think.tokens, think.live = seconds, tokens, live
    assert think.header().text == said


def test_ascii_signs_can_be_asked_for() -> None:
    think = ThinkBlock(ASCII, "closed")
    think.live = True
    assert think.header().text == "> Thinking..."
    assert duration(-1) == "0 s"


def test_an_older_state_takes_no_text_away_and_another_text_replaces() -> None:
    made = block(answer(1, "One two", phase="answering"))
    made.extend("answer", " three")
    made.update(answer(1, "One two", phase="answering"))
    assert made.text == "One two three"
    made.update(answer(1, "One two three four", phase="ended"))
    made.flush()
    assert drawn(made)[1] == "One two three four"
    made.update(answer(1, "Something else", phase="ended"))
    made.flush()
    assert drawn(made)[1] == "Something else"


def test_an_answer_that_had_ended_can_go_on() -> None:
    made = block(answer(1, "One"))
    made.update(answer(1, "One", phase="answering"))
    made.extend("answer", " two")
    made.flush()
    assert drawn(made)[1] == "One two"


def test_only_what_changed_is_said_to_have_changed() -> None:
    made = block(answer(1, "First paragraph.\n\nSecond", phase="answering"))
    made.flush()
    made.extend("answer", " goes on")
    assert made.flush() == 3
    assert made.flush() == made.size
    made.update(msgspec.structs.replace(answer(1, made.text, phase="answering"), detail="route"))
    assert made.flush() == 0


def test_a_row_is_found_again_when_rows_above_have_come() -> None:
    made = block(answer(1, "One\n\nTwo\n\nThree", THOUGHTS))
    row = drawn(made).index("Three")
    place = made.place(row)
    assert made.think is not None
    made.think.choose(opened=True)
    made.settle(0, 1 << 20)
    made.measure()
    assert drawn(made)[made.row_of(place)] == "Three"
    assert made.find(row).piece is Piece.THOUGHT


def test_a_cursor_can_stand_on_the_thought_and_on_every_block() -> None:
    made = block(answer(1, "# T\n\ntext\n\n- a\n- b\n\n```\nx\n```", "hm"))
    stops = made.stops()
    assert [(stop.piece, stop.first, stop.last) for stop in stops] == [
        (Piece.THINK, 0, 0),
        (Piece.BODY, 0, 0),
        (Piece.BODY, 1, 1),
        (Piece.BODY, 2, 3),
        (Piece.BODY, 4, 4),
    ]
    low, high = made.extent(Stop(1, Piece.BODY, 2, 3))
    assert drawn(made)[low:high] == ["• a", "• b"]
