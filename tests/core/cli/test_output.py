from __future__ import annotations

import errno
import io
import json
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.output import Output, Unwritable, bold, encode, plural, red
from core.errors import LeitstandError, ServerUnavailable
from tests.core.cli.running import Terminal

HOSTILE = "a\x1b[31mb\x9b2Jc\x07\u202ed\x00e\udc80\U000e0041"


def control(text: str) -> list[str]:
    """Every character a terminal or a reader might obey."""
    return [
        char
        for char in text
        if (unicodedata.category(char) in {"Cc", "Cs"} and char != "\n") or "\u202a" <= char <= "\u202e"
    ]


def written(out: io.StringIO, **keywords: str) -> Output:
    return Output(out, io.StringIO(), environment=keywords)


def test_a_line_is_one_line_and_harmless() -> None:
    out = io.StringIO()
    written(out).line("model ", HOSTILE, " two\nlines\tand more")
    assert out.getvalue().count("\n") == 1
    assert not control(out.getvalue())
    assert out.getvalue().endswith("two lines and more\n")


def test_longer_text_keeps_its_lines_and_is_harmless() -> None:
    out = io.StringIO()
    written(out).text(f"one\n{HOSTILE}\n")
    assert out.getvalue().count("\n") == 2
    assert not control(out.getvalue())


@pytest.mark.parametrize(
    ("stream", "environment", "styled"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_only_a_terminal_that_wants_them_sees_styles(
    stream: io.StringIO, environment: dict[str, str], styled: bool
) -> None:
    Output(stream, io.StringIO(), environment=environment).line(bold("head"), " rest")
    assert stream.getvalue() == ("\x1b[1mhead\x1b[0m rest\n" if styled else "head rest\n")


def test_a_style_cannot_be_brought_in_from_outside() -> None:
    out = Terminal()
    written(out, TERM="xterm").line(red("x\x1b[0my"))
    assert out.getvalue() == "\x1b[31mx␛[0my\x1b[0m\n"


def test_columns_are_aligned_also_with_wide_characters() -> None:
    out = io.StringIO()
    written(out).table([("日本", "1", "x"), (bold("abcde"), "234", "y"), ("z",)], right=(1,))
    assert out.getvalue() == "日本     1  x\nabcde  234  y\nz\n"


def test_an_empty_table_is_nothing() -> None:
    out = io.StringIO()
    written(out).table([])
    assert out.getvalue() == ""


class Point(msgspec.Struct):
    x: int
    inside: tuple[str, ...] = ()


def test_json_knows_our_structs() -> None:
    assert json.loads(encode([Point(1, ("a",)), {"p": Point(2)}])) == [
        {"x": 1, "inside": ["a"]},
        {"p": {"x": 2, "inside": []}},
    ]


@given(st.text(), st.text())
def test_json_says_what_was_meant_without_a_control_character(key: str, value: str) -> None:
    text = encode({key: [value, HOSTILE]})
    assert json.loads(text) == {key: [value, HOSTILE]}
    assert not control(text)
    assert "\n" not in text


def test_json_for_a_reader_of_ascii_is_ascii() -> None:
    assert encode("ä€", ascii_only=True).isascii()


def test_a_stream_that_is_not_unicode_gets_ascii_json() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    out = Output(stream, io.StringIO())
    out.value("●")
    out.flush()
    assert raw.getvalue() == b'"\\u25cf"\n'


def test_an_error_is_a_sentence_and_a_hint_on_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    Output(out, err).error(LeitstandError(f"It broke{HOSTILE}.", "Mend it."))
    assert out.getvalue() == ""
    first, second = err.getvalue().splitlines()
    assert first.startswith("leitstand: It broke")
    assert second == "Mend it."
    assert not control(err.getvalue())


def test_an_error_for_a_script_is_the_last_line_of_stdout() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(out, err, json=True)
    output.event({"part": 1})
    output.error(ServerUnavailable("Nobody answers.", "Start it."))
    assert json.loads(out.getvalue().splitlines()[-1]) == {
        "error": {"code": "server_unavailable", "message": "Nobody answers.", "hint": "Start it."}
    }
    assert err.getvalue() == ""


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class Closed(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


def test_an_answer_that_cannot_be_written_is_known_as_such() -> None:
    with pytest.raises(Unwritable, match="No space left on device"):
        Output(Full(), io.StringIO()).line("x")


def test_a_reader_that_is_gone_is_told_apart() -> None:
    with pytest.raises(BrokenPipeError):
        Output(Closed(), io.StringIO()).flush()


def test_complaints_that_nobody_can_read_are_given_up() -> None:
    out = io.StringIO()
    Output(out, Full()).complain(LeitstandError("x"))
    assert out.getvalue() == ""


def test_the_width_of_no_terminal_is_eighty() -> None:
    assert Output(io.StringIO(), io.StringIO()).width == 80


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 chunks"), (1, "1 chunk"), (999, "999 chunks"), (10_000, "10 000 chunks")]
)
def test_large_numbers_are_grouped(number: int, said: str) -> None:
    assert plural(number, "chunk") == said
