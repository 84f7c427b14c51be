from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.simulator.wire import encode, line, present, stamp


def test_what_could_be_html_is_escaped_as_go_does() -> None:
    assert encode({"a": "<think> & \u2028"}) == rb'{"a":"\u003cthink\u003e \u0026 \u2028"}'


def test_a_line_ends_with_one_newline() -> None:
    assert line({"a": "x\ny"}) == b'{"a":"x\\ny"}\n'


@given(
    st.dictionaries(st.text(max_size=5), st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans()))
)
def test_whatever_is_written_can_be_read_again(value: dict[str, object]) -> None:
    data = encode(value)
    assert json.loads(data) == value
    assert not {b"<", b">", b"&"} & {data[at : at + 1] for at in range(len(data))}


def test_zeros_are_left_out() -> None:
    assert present(a=0, b="", c=None, d=[], e=1, f="x") == {"e": 1, "f": "x"}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1970-01-01T02:00:00+02:00"),
        (0.5, "1970-01-01T02:00:00.5+02:00"),
        (1_767_268_800.000123, "2026-01-01T14:00:00.000123+02:00"),
        (2**63 / 1e9, "2262-04-12T01:47:16.854776+02:00"),
    ],
)
def test_a_time_has_the_offset_of_the_server_and_no_trailing_zeros(seconds: float, shown: str) -> None:
    assert stamp(seconds) == shown


def test_utc_is_written_as_z_and_comes_back() -> None:
    assert stamp(0.25, UTC) == "1970-01-01T00:00:00.25Z"
    assert datetime.fromisoformat(stamp(1e9, UTC)).timestamp() == 1e9
