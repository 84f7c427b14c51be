from __future__ import annotations

from typing import Any

import pytest

from core.chat.options import checked_keep_alive, checked_options, checked_think
from core.errors import UsageError


def test_options_become_what_the_server_takes() -> None:
    given = {"temperature": 1, "top_k": 40.0, "stop": "END", "seed": None, "top_p": 0.5}
    assert checked_options(given) == {"temperature": 1.0, "top_k": 40, "stop": ["END"], "top_p": 0.5}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("num_ctx", 4096, "belongs to the model"),
        ("num_gpu", 1, "belongs to the model"),
        ("temprature", 1, "no option"),
        ("\x1b[31m", 1, "no option"),
        ("top_k", 1.5, "whole number"),
        ("temperature", "hot", "a number"),
        ("temperature", True, "a number"),
        ("stop", [1], "a list of texts"),
        ("stop", [""], "a list of texts"),
    ],
)
def test_what_the_server_would_not_take_is_a_sentence(name: str, value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        checked_options({name: value})


def test_a_slip_of_the_fingers_is_named() -> None:
    with pytest.raises(UsageError) as refused:
        checked_options({"temprature": 1})
    assert refused.value.hint == "Did you mean temperature?"


@pytest.mark.parametrize(("given", "kept"), [("", None), ("5m", "5m"), (-1, -1), (300.5, 300.5)])
def test_times_stay_as_the_server_takes_them(given: float | str, kept: float | str | None) -> None:
    assert checked_keep_alive(given) == kept
    with pytest.raises(UsageError):
        checked_keep_alive("soon")


def test_thinking_is_one_of_the_settings_there_are() -> None:
    assert checked_think("low") == "low"
    given: Any = "very"
    with pytest.raises(UsageError, match="Thinking cannot be “very”"):
        checked_think(given)
