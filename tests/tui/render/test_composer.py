from __future__ import annotations

import pytest

from core.chat.types import Budget, Chat
from tui.glyphs import UNICODE
from tui.render.composer import destination, gauge

FULL = Budget(used=1400, available=8192, reserve=512, model_max=8192, sent=9, dropped=4, verdict="drops")


@pytest.mark.parametrize(("brief", "words"), [(False, "4 earlier messages stay out"), (True, "4 left out")])
def test_what_stays_out_is_said_in_as_many_words_as_there_is_room_for(brief: bool, words: str) -> None:
    said = "".join(text for text, _ in gauge(FULL, UNICODE, wide=False, brief=brief))
    assert said.startswith(f"{words}  ")


@pytest.mark.parametrize(
    ("room", "words"),
    [(80, " → auto   the model is chosen by what you ask   think low"), (30, " → auto   think low")],
)
def test_what_is_set_for_a_chat_is_said_before_how_it_goes_without(room: int, words: str) -> None:
    chat = Chat(id=1, think="low")
    pieces = destination(chat, "", UNICODE, [], route="fast → m", asked=False, room=room)
    assert "".join(text for text, _ in pieces) == words


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("code: python · 0.40 → nobody", " → auto   no model can answer yet"),
        ("", " → no model yet"),
    ],
)
def test_where_nobody_can_answer_that_is_said_once(route: str, words: str) -> None:
    pieces = destination(Chat(id=1), "", UNICODE, [], route=route, asked=True)
    assert "".join(text for text, _ in pieces) == words
