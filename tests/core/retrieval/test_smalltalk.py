from __future__ import annotations

import pytest

from core.retrieval.smalltalk import is_small_talk


@pytest.mark.parametrize(
    "text",
    [
        "Hi!",
        "hello there",
        "Danke schön",
        "Vielen Dank für die Hilfe!",
        "ok 👍",
        "How are you?",
        "Wie geht's?",
    ],
)
def test_small_talk_is_told(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "How long is the notice period?",
        "Danke! Und wie lange ist die Kündigungsfrist?",
        "Wie geht das mit der Pumpe?",
        "thanks, now summarise the contract",
        "§ 5?",
        "What's up with pump 3?",
    ],
)
def test_a_question_is_not_small_talk(text: str) -> None:
    assert not is_small_talk(text)
