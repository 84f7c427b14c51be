from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import format as show

CASES: list[tuple[Callable[..., str], object, str]] = [
    (show.size, 0, "   0 B "),
    (show.size, 999, " 999 B "),
    (show.size, 999.7, "1.00 kB"),
    (show.size, 1_000, "1.00 kB"),
    (show.size, 9_994, "9.99 kB"),
    (show.size, 9_996, "10.0 kB"),
    (show.size, 18_556_701_140, "18.6 GB"),
    (show.size, 999_600_000, "1.00 GB"),
    (show.size, 812_000_000_000, " 812 GB"),
    (show.size, None, "   —   "),
    (show.size, nan, "   —   "),
    (show.memory, 1_023, "1023 B  "),
    (show.memory, 1_024, "1.00 KiB"),
    (show.memory, 34_190_917_632, "31.8 GiB"),
    (show.memory, None, "   —    "),
    (show.rate, 41_200_000, "41.2 MB/s"),
    (show.rate, 0, "   0 B/s "),
    (show.count, 412, " 412"),
    (show.count, 3_100, "3.1k"),
    (show.count, 12_400, " 12k"),
    (show.count, 999_600, "1.0M"),
    (show.count, 1_234_567, "1.2M"),
    (show.count, None, "   —"),
    (show.context, 32_768, " 32k"),
    (show.context, 131_072, "128k"),
    (show.context, 1_048_576, "  1M"),
    (show.context, 4_000, "4.0k"),
    (show.context, 0, "   0"),
    (show.duration, 0.042, "    42 ms"),
    (show.duration, 4.21, "    4.2 s"),
    (show.duration, 9.96, "     10 s"),
    (show.duration, 59.6, " 1 m 00 s"),
    (show.duration, 252, " 4 m 12 s"),
    (show.duration, 7_380, " 2 h 03 m"),
    (show.duration, 273_600, " 3 d 04 h"),
    (show.duration, None, "        —"),
    (show.percent, 94.2, " 94 %"),
    (show.percent, 99.6, "100 %"),
    (show.percent, -0.2, "  0 %"),
    (show.percent, None, "    —"),
    (show.watts, 480.4, " 480 W"),
    (show.watts, 1_400, "1400 W"),
    (show.celsius, 71, " 71 °C"),
    (show.celsius, None, "     —"),
    (show.frequency, 210, " 210 MHz"),
    (show.frequency, 2_607, "2.61 GHz"),
    (show.frequency, 14_001, "14.0 GHz"),
    (show.speed, 38.24, "38.2 tok/s"),
    (show.speed, 412, " 412 tok/s"),
    (show.energy, 980, " 980 J "),
    (show.energy, 12_345, "12.3 kJ"),
]


@pytest.mark.parametrize(("function", "value", "text"), CASES)
def test_a_value_reads_as_people_write_it(function: Callable[..., str], value: object, text: str) -> None:
    assert function(value) == text


@pytest.mark.parametrize(
    ("used", "total", "text"),
    [
        (19_541_000_000, 34_190_917_632, "18.2 of 31.8 GiB"),
        (536_870_912, 34_190_917_632, " 0.5 of 31.8 GiB"),
        (None, 34_190_917_632, "   — of 31.8 GiB"),
        (1_073_741_824, None, "1.00 GiB of —"),
        (12, 300, " 12 of 300 B"),
    ],
)
def test_a_part_is_shown_in_the_unit_of_its_whole(used: int | None, total: int | None, text: str) -> None:
    assert show.memory_of(used, total) == text


REASONABLE: list[tuple[Callable[..., str], float]] = [
    (show.size, 9.9e17),
    (show.memory, 9.9e17),
    (show.rate, 9.9e17),
    (show.count, 9.9e14),
    (show.duration, 86_400 * 999.0),
    (show.percent, 999),
    (show.watts, 9_999),
    (show.celsius, 999),
    (show.frequency, 999_000),
    (show.speed, 9_999),
    (show.energy, 9.9e11),
]


@pytest.mark.parametrize(("function", "most"), REASONABLE)
@given(share=st.floats(0, 1))
def test_the_width_never_changes(function: Callable[..., str], most: float, share: float) -> None:
    # The fourth power spreads the values over all magnitudes.
    assert len(function(most * share**4)) == len(function(None)) == len(function(inf))


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_a_larger_amount_is_never_shown_as_a_smaller_one(one: float, other: float) -> None:
    scale = {"B": 0, "kB": 3, "MB": 6, "GB": 9, "TB": 12, "PB": 15}

    def shown(value: float) -> float:
        digits, unit = show.size(value).split()
        return float(digits) * 10.0 ** scale[unit]

    low, high = sorted((one, other))
    assert shown(low) <= shown(high) * (1 + 1e-12)


def test_plain_text_is_ascii_of_the_same_width() -> None:
    for text in (show.celsius(71), show.memory(None), "a…b · c × d ↓ µ"):
        assert show.plain(text).isascii()
        assert len(show.plain(text)) == len(text)
