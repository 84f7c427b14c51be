from __future__ import annotations

import pytest

from core.numbers import grouped


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1 000"),
        (12_345, "12 345"),
        (1_234_567, "1 234 567"),
        (-4_096, "-4 096"),
    ],
)
def test_a_number_is_grouped_by_thousands(number: int, words: str) -> None:
    assert grouped(number) == words
