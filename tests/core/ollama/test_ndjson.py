from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadReply, StreamCut
from core.ollama.ndjson import NdjsonReader


def read(pieces: list[bytes], longest: int = 1 << 20) -> list[Any]:
    reader: NdjsonReader[Any] = NdjsonReader(object, longest)
    found: list[Any] = []
    for piece in pieces:
        found.extend(reader.feed(piece))
    found.extend(reader.finish())
    return found


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


@given(st.lists(values, max_size=8), st.lists(st.integers(0, 2000), max_size=30), st.booleans())
def test_any_fragmentation_gives_the_same_objects(
    objects: list[Any], cuts: list[int], last_newline: bool
) -> None:
    data = b"\n".join(msgspec.json.encode(value) for value in objects) + (b"\n" if last_newline else b"")
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert read(pieces) == objects


def test_a_character_split_across_chunks_is_whole_again() -> None:
    data = '"🙂 größer"\n'.encode()
    assert read([bytes([byte]) for byte in data]) == ["🙂 größer"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\u000b"])
def test_only_a_newline_byte_ends_a_line(separator: str) -> None:
    line = msgspec.json.encode(f"a{separator}b") + b"\n"
    assert read([line]) == [f"a{separator}b"]


def test_blank_lines_and_windows_line_ends_are_no_objects() -> None:
    assert read([b"\n\r\n1\r\n", b"  \n\n2\n \n"]) == [1, 2]


def test_a_last_line_without_its_newline_counts() -> None:
    assert read([b"1\n", b"{", b"}"]) == [1, {}]


def test_half_a_last_line_is_a_cut_stream() -> None:
    reader: NdjsonReader[Any] = NdjsonReader(object)
    assert list(reader.feed(b'1\n{"message":{"content":"secr')) == [1]
    with pytest.raises(StreamCut) as caught:
        list(reader.finish())
    assert "secr" not in caught.value.message


@pytest.mark.parametrize(
    "line",
    [b"<html>", b'{"a":}', b'{"a":1} trailing', b'{"a":"\xff\xfe"}', b"[" * 100_000, b"nonsense", b"\x00"],
)
def test_garbage_is_a_bad_reply_after_the_good_lines_before_it(line: bytes) -> None:
    reader: NdjsonReader[Any] = NdjsonReader(object)
    arriving = reader.feed(b"1\n2\n" + line + b"\n3\n")
    assert [next(arriving), next(arriving)] == [1, 2]
    with pytest.raises(BadReply) as caught:
        next(arriving)
    assert line[:8].decode("latin-1") not in caught.value.message


def test_an_object_of_another_shape_is_a_bad_reply() -> None:
    class Wanted(msgspec.Struct):
        name: str

    with pytest.raises(BadReply):
        list(NdjsonReader(Wanted).feed(b'{"name":5}\n'))


def test_a_line_as_long_as_allowed_is_read_and_a_longer_one_refused() -> None:
    just = b'"' + b"x" * 998 + b'"'
    assert read([just[:500], just[500:] + b"\n"], longest=1000) == ["x" * 998]
    for pieces in ([b'"x' + just[1:] + b"\n"], [just, b" "]):
        with pytest.raises(BadReply, match="line of more than"):
            read(pieces, longest=1000)


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    reader: NdjsonReader[Any] = NdjsonReader(object, longest_line=10_000)
    for _ in range(10):
        assert list(reader.feed(b"x" * 1000)) == []
    with pytest.raises(BadReply):
        list(reader.feed(b"x"))
