from __future__ import annotations

import pytest

from core.chat.routing import CHOSEN
from core.chat.types import Chat, Turn
from tui.glyphs import UNICODE
from tui.render.composer import destination
from tui.render.frame import header
from tui.render.glyphs import UNICODE as SIGNS
from tui.render.routes import wordings
from tui.render.turns import view

ROUTE = "code: ps, grep, python · 0.40 → qwen3-coder:30b, loaded, 18.2 of 31 GiB"

WORDINGS = [
    (
        ROUTE,
        (
            ROUTE,
            "code: ps, grep, python · 0.40 → loaded, 18.2 of 31 GiB",
            "code: ps, grep, python · 0.40",
            "code · 0.40",
        ),
    ),
    ("fast · 0.00 → toy", ("fast · 0.00 → toy", "fast · 0.00")),
    ("heavy (fast · 0.12) → big:70b, loaded", ("heavy (fast · 0.12) → big:70b, loaded",
     "heavy (fast · 0.12) → loaded", "heavy (fast · 0.12)", "heavy · 0.12")),
    (CHOSEN, ()),
    ("", ()),
    ("imported from elsewhere", ("imported from elsewhere",)),
]  # fmt: skip


@pytest.mark.parametrize(("route", "expected"), WORDINGS)
def test_a_route_has_ever_shorter_wordings(route: str, expected: tuple[str, ...]) -> None:
    assert wordings(route) == expected


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (110, ROUTE),
        (80, "code: ps, grep, python · 0.40 → loaded, 18.2 of 31 GiB"),
        (60, "code: ps, grep, python · 0.40"),
        (40, "code · 0.40"),
        (30, ""),
    ],
)
def test_the_row_above_an_answer_has_as_much_of_its_route_as_fits(width: int, shown: str) -> None:
    turn = Turn(id=2, chat_id=1, role="assistant", model="qwen3-coder:30b", route=ROUTE, created=0.0)
    row = header(view(turn, 0.0), width, SIGNS).text
    assert row.endswith(shown)
    assert len(row) <= width
    assert row.startswith("qwen3-coder:30b")


def test_the_variant_is_said_also_where_the_route_has_no_room() -> None:
    turn = Turn(id=2, chat_id=1, role="assistant", model="qwen3-coder:30b", route=ROUTE, siblings=3)
    assert header(view(turn, 0.0), 24, SIGNS).text.split() == ["qwen3-coder:30b", "1/3"]


@pytest.mark.parametrize(
    ("route", "room", "words"),
    [
        (ROUTE, 90, " → auto qwen3-coder:30b, loaded, 18.2 of 31 GiB   code: ps, grep, python · 0.40"),
        (ROUTE, 70, " → auto qwen3-coder:30b, loaded   code: ps, grep, python · 0.40"),
        (ROUTE, 57, " → auto qwen3-coder:30b   code: ps, grep, python · 0.40"),
        (ROUTE, 40, " → auto qwen3-coder:30b   code · 0.40"),
        (ROUTE, 30, " → auto qwen3-coder:30b"),
        ("fast · 0.00 → qwen3-coder:30b", 90, " → auto qwen3-coder:30b   fast · 0.00"),
        ("", 90, " → qwen3-coder:30b"),
    ],
)
def test_the_line_under_the_composer_says_who_answers_and_why(route: str, room: int, words: str) -> None:
    pieces = destination(Chat(id=1), "qwen3-coder:30b", UNICODE, (), route=route, room=room)
    assert "".join(text for text, _ in pieces) == words


def test_before_anything_is_asked_the_line_says_that_the_model_is_chosen() -> None:
    pieces = destination(None, "toy", UNICODE, ("a.txt",), route="fast · 0.00 → toy", asked=False)
    words = "".join(text for text, _ in pieces)
    assert words == " → auto   the model is chosen by what you ask   with a.txt"
