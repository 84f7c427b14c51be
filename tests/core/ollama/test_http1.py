from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ollama.http1 import MOST_HEAD, Chunked, Counted, Head, Reply, UntilClosed, body_of

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def torn(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def chunk(piece: bytes, *, extension: bytes = b"", end: bytes = b"\r\n") -> bytes:
    return b"%x" % len(piece) + extension + end + piece + end


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40)),
    cuts=st.lists(st.integers(0, 4000)),
    extension=st.sampled_from([b"", b";a=b", b' ; q="x"']),
    end=st.sampled_from([b"\r\n", b"\n"]),
    trailers=st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\r\nC: d\r\n"]),
)
def test_a_chunked_body_is_the_same_however_it_was_torn(
    pieces: list[bytes], cuts: list[int], extension: bytes, end: bytes, trailers: bytes
) -> None:
    data = b"".join(chunk(piece, extension=extension, end=end) for piece in pieces)
    whole = OK + data + b"0\r\n" + trailers + b"\r\n" + b"and more that is not ours"
    reply, body, said = Reply(), None, b""
    for part in torn(whole, cuts):
        if body is None:
            if (found := reply.feed(part)) is None:
                continue
            head, part = found
            body = body_of(head)
        said += body.feed(part)
    assert body is not None
    assert (said, body.done) == (b"".join(pieces), True)


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300)))
def test_rubbish_is_refused_or_waited_for_and_never_breaks_anything(data: bytes, cuts: list[int]) -> None:
    chunked, reply = Chunked(), Reply()
    for feed in (chunked.feed, reply.feed):
        try:
            for part in torn(data, cuts):
                feed(part)
        except ValueError:
            pass


def test_a_body_with_a_length_ends_there() -> None:
    body = body_of(Head(200, [(b"Content-Length", b"5")]))
    assert (body.feed(b"Hel"), body.done) == (b"Hel", False)
    assert (body.feed(b"lo and more"), body.done) == (b"lo", True)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    body = body_of(Head(200, []))
    assert body.feed(b"Hello") == b"Hello"
    assert not body.done
    body.end()
    assert body.done


@pytest.mark.parametrize("body", [Chunked(), Counted(3)])
def test_a_body_that_ends_too_soon_is_broken_off(body: Chunked | Counted) -> None:
    body.feed(b"1")
    with pytest.raises(ValueError, match="broke off"):
        body.end()


def test_a_reply_that_only_announces_another_is_passed_over() -> None:
    found = Reply().feed(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"rest")
    assert found is not None
    assert (found[0].status, found[1]) == (200, b"rest")


BAD = [
    b"220 mail.example ESMTP\r\n\r\n",
    b"220 m",
    b"\x15\x03\x01\x00\x02\x02",
    b"HTTP/2 200\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * MOST_HEAD,
]


@pytest.mark.parametrize("data", BAD)
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="reply"):
        Reply().feed(data)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Content-Length", b"-1")],
        [(b"Content-Length", b"5"), (b"Content-Length", b"6")],
        [(b"Content-Length", b"1e3")],
    ],
)
def test_a_length_that_cannot_be_believed_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(ValueError, match="reply"):
        body_of(Head(200, headers))


@pytest.mark.parametrize("data", [b"xyz\r\n", b"5\r\nHelloo\r\n", b"f" * 20 + b"\r\n", b"1" * 5000])
def test_pieces_that_cannot_be_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="reply"):
        Chunked().feed(data)


def test_two_lengths_that_agree_are_one() -> None:
    assert isinstance(body_of(Head(200, [(b"Content-Length", b"5"), (b"content-length", b"5")])), Counted)
    assert isinstance(body_of(Head(200, [(b"Transfer-Encoding", b"Chunked")])), Chunked)
    assert isinstance(body_of(Head(200, [])), UntilClosed)
    assert body_of(Head(204, [])).done
