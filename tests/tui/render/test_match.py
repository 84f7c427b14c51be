from __future__ import annotations

import pytest

from tui.render.match import matching
from tui.render.option import Option

MODELS = [
    Option("a", "★ favourite:7b", "code"),
    Option("b", "qwen3-coder:30b", "tools"),
    Option("c", "qwen3:8b", "tools · thinking"),
    Option("d", "deepseek-r1:8b", "distilled from qwen3"),
    Option("e", "hf.co/me/quiet-owl:Q4", ""),
]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("", "abcde"),
        ("  ", "abcde"),
        ("qwen3", "bcd"),
        ("QWEN3 code", "b"),
        ("code", "ba"),
        ("q3c", "b"),
        ("8b", "cd"),
        ("owl", "e"),
        ("think", "c"),
        ("qw8", "c"),
        ("wq", ""),
        ("zzz", ""),
    ],
)
def test_what_is_typed_finds_the_closest_first_and_keeps_the_order_of_the_rest(typed: str, keys: str) -> None:
    assert "".join(option.key for option in matching(MODELS, typed)) == keys


def test_favourites_stay_on_top_among_equals() -> None:
    options = [Option("1", "★ llama3:8b", ""), Option("2", "llama2:7b", "")]
    assert [option.key for option in matching(options, "llama")] == ["1", "2"]
