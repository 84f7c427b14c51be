"""The client against real connections: what a server on the other end sees."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core.errors import BadRequest, LeitstandError, NotOllama, ServerUnavailable, StreamCut, Timeout
from core.ollama.address import parse
from core.ollama.client import Ollama
from core.ollama.transport import build
from core.ollama.wire import ChatRequest, Message

ASK = ChatRequest(model="toy", messages=(Message(role="user", content="Hi"),))
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b'{"message":{"content":"Hello"},"done":false}\n'
VERSION = b'{"version":"0.12.6"}'

Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """One listening port; notes the head of every request and whether the client hung up."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.port = 0
        self.heads: list[bytes] = []
        self.hung_up = asyncio.Event()
        self.asked = asyncio.Event()
        self.connections = 0

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.asked.set()
                await self._serve(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up.set()
        finally:
            writer.close()

    def client(self, *, scheme: str = "http", host: str = "127.0.0.1") -> Ollama:
        return Ollama(parse(f"{scheme}://{host}:{self.port}"))


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[Server]:
    server = Server(serve)
    listener = await asyncio.start_server(server._connected, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server


async def body(head: bytes, reader: asyncio.StreamReader) -> None:
    """Read what belongs to the request, so that only the hang-up is left to read."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            await reader.readexactly(int(value))


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def speak_then_wait(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await body(head, reader)
    writer.write(HEADERS + chunked(CHUNK))
    await reader.readexactly(1)


async def load_for_ever(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await body(head, reader)
    await reader.readexactly(1)


async def tell_version(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(VERSION), VERSION))


async def sees(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


async def test_cancelling_an_answer_is_seen_by_the_server_as_a_hang_up() -> None:
    async with serving(speak_then_wait) as server:
        ollama = server.client()
        came = asyncio.Event()

        async def read() -> None:
            async for _ in ollama.chat(ASK):
                came.set()

        reader = asyncio.get_running_loop().create_task(read())
        await sees(came)
        assert not server.hung_up.is_set()
        reader.cancel()
        await sees(server.hung_up)
        with pytest.raises(asyncio.CancelledError):
            await reader
        await ollama.close()


async def test_cancelling_while_the_model_loads_is_seen_too() -> None:
    async with serving(load_for_ever) as server:
        ollama = server.client()
        reader = asyncio.get_running_loop().create_task(anext(ollama.chat(ASK)))
        await sees(server.asked)
        reader.cancel()
        await sees(server.hung_up)
        with pytest.raises(asyncio.CancelledError):
            await reader
        await ollama.close()


async def test_leaving_the_loop_early_hangs_up() -> None:
    async with serving(speak_then_wait) as server:
        ollama = server.client()
        async for chunk in ollama.chat(ASK):
            assert chunk.message.content == "Hello"
            break
        await sees(server.hung_up)
        await ollama.close()


async def test_a_deadline_hangs_up() -> None:
    async with serving(load_for_ever) as server:
        ollama = server.client()
        with pytest.raises(Timeout):
            await ollama.version(deadline=0.05)
        await sees(server.hung_up)
        await ollama.close()


async def test_closing_the_client_ends_its_streams_with_an_error() -> None:
    async with serving(speak_then_wait) as server:
        ollama = server.client()
        chunks = ollama.chat(ASK)
        await anext(chunks)
        await ollama.close()
        await sees(server.hung_up)
        with pytest.raises(StreamCut):
            await anext(chunks)


async def test_a_server_that_dies_in_an_answer_cuts_the_stream() -> None:
    async def die(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.write(HEADERS + chunked(CHUNK))
        await writer.drain()
        writer.transport.abort()

    async with serving(die) as server:
        ollama = server.client()
        chunks = ollama.chat(ASK)
        with pytest.raises(StreamCut, match="broke in the middle"):
            _ = [chunk async for chunk in chunks]
        await ollama.close()


async def test_a_server_that_dies_while_it_loads_is_unavailable() -> None:
    async def die(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.transport.abort()

    async with serving(die) as server:
        ollama = server.client()
        with pytest.raises(ServerUnavailable, match="was cut"):
            await anext(ollama.chat(ASK))
        await ollama.close()


async def test_a_hundred_and_fifty_answers_stream_side_by_side() -> None:
    async with serving(speak_then_wait) as server:
        ollama = server.client()
        streams = [ollama.chat(ASK) for _ in range(150)]
        async with asyncio.timeout(30):
            first = await asyncio.gather(*(anext(chunks) for chunks in streams))
        assert {chunk.message.content for chunk in first} == {"Hello"}
        for chunks in streams:
            await chunks.aclose()
        await ollama.close()


async def test_quick_questions_share_a_connection_and_survive_its_end() -> None:
    closing = False

    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await tell_version(head, reader, writer)
        if closing:
            await writer.drain()
            writer.transport.close()

    async with serving(serve) as server:
        ollama = server.client()
        assert await ollama.version() == await ollama.version() == "0.12.6"
        assert server.connections == 1
        closing = True
        for _ in range(3):
            assert await ollama.version() == "0.12.6"
        await ollama.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_nobody_at_the_address_is_unavailable_at_once() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    ollama = Ollama(parse(url))
    with pytest.raises(ServerUnavailable) as caught:
        await ollama.version()
    assert caught.value.message == f"Nobody answers at {url}."
    assert "ollama serve" in caught.value.hint
    await ollama.close()


async def test_a_name_nobody_knows_is_named() -> None:
    ollama = Ollama(parse("no-such-host.invalid"))
    with pytest.raises(ServerUnavailable, match=r"no-such-host\.invalid is not known"):
        await ollama.version()
    await ollama.close()


async def test_a_program_that_does_not_speak_http_is_not_ollama() -> None:
    async def mail(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n500 unrecognised command\r\n\r\n")
        await reader.readexactly(1)

    async with serving(mail) as server:
        ollama = server.client()
        with pytest.raises(NotOllama, match="does not speak HTTP"):
            await ollama.version()
        await ollama.close()


async def test_https_to_a_plain_server_says_so() -> None:
    listener = await asyncio.start_server(_answer_plainly, "127.0.0.1", 0)
    async with listener:
        ollama = Ollama(parse(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"))
        with pytest.raises(ServerUnavailable, match="does not speak https"):
            await ollama.version()
        await ollama.close()


async def _answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with serving(tell_version) as server:
        for host in ("127.0.0.1", "localhost"):
            ollama = server.client(host=host)
            assert await ollama.version() == "0.12.6"
            await ollama.close()


async def test_another_machine_is_asked_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(tell_version) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "other-box")
        monkeypatch.setenv("no_proxy", "other-box")
        ollama = Ollama(parse("gpu-box.invalid:11434"))
        assert await ollama.version() == "0.12.6"
        assert proxy.heads[0].startswith(b"GET http://gpu-box.invalid:11434/api/version ")
        await ollama.close()


async def test_a_peer_that_lost_its_power_is_noticed_while_a_model_loads() -> None:
    async with serving(tell_version) as server:
        http = build(parse(f"127.0.0.1:{server.port}"), None, 5)
        async with http, http.stream("GET", f"http://127.0.0.1:{server.port}/") as response:
            connection = response.extensions["network_stream"].get_extra_info("socket")
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60


# Gulps: how a stream is read while nobody wants every word at once.

FINAL = b'{"message":{"content":""},"done":true,"done_reason":"stop"}\n'


def word(number: int) -> bytes:
    return chunked(b'{"message":{"content":"%d "},"done":false}\n' % number)


async def test_words_gather_while_nobody_wants_them_and_none_is_lost() -> None:
    async def speak(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.write(HEADERS)
        for number in range(60):
            writer.write(word(number))
            await writer.drain()
            await asyncio.sleep(0.002)
        writer.write(chunked(FINAL) + b"0\r\n\r\n")
        await reader.readexactly(1)

    async with serving(speak) as server:
        ollama = server.client()
        said: list[str] = []
        gulps = 0
        async with asyncio.timeout(20):
            async for chunks in ollama.chat_in_gulps(ASK, lambda: 0.03):
                gulps += 1
                said += [chunk.message.content for chunk in chunks]
        assert "".join(said) == "".join(f"{number} " for number in range(60))
        assert gulps < 30
        await ollama.close()


async def test_a_word_that_comes_alone_is_not_kept_waiting() -> None:
    go = asyncio.Event()

    async def speak(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.write(HEADERS + word(1))
        await go.wait()
        writer.write(word(2))
        await reader.readexactly(1)

    async with serving(speak) as server:
        ollama = server.client()
        gulps = ollama.chat_in_gulps(ASK, lambda: 3600.0)
        assert [chunk.message.content for chunk in await anext(gulps)] == ["1 "]
        go.set()
        async with asyncio.timeout(5):
            assert [chunk.message.content for chunk in await anext(gulps)] == ["2 "]
        await gulps.aclose()
        await sees(server.hung_up)
        await ollama.close()


async def test_what_came_before_an_error_counts() -> None:
    async def speak(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.write(HEADERS + word(1) + word(2) + chunked(b'{"error":"out of memory"}\n'))
        await reader.readexactly(1)

    async with serving(speak) as server:
        ollama = server.client()
        gulps = ollama.chat_in_gulps(ASK, lambda: 0.0)
        said = [chunk.message.content for chunk in await anext(gulps)]
        while len(said) < 2:
            said += [chunk.message.content for chunk in await anext(gulps)]
        assert said == ["1 ", "2 "]
        with pytest.raises(LeitstandError):
            await anext(gulps)
        await sees(server.hung_up)
        await ollama.close()


async def test_a_question_of_megabytes_arrives_whole_however_slowly_it_is_read() -> None:
    long = ChatRequest(model="toy", messages=(Message(role="user", content="x" * 4_000_000),))
    lengths = []

    async def read_slowly(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        got = 0
        while got < length:
            got += len(await reader.read(50_000))
            await asyncio.sleep(0)
        lengths.append(got)
        writer.write(HEADERS + chunked(FINAL) + b"0\r\n\r\n")

    async with serving(read_slowly) as server:
        ollama = server.client()
        async with asyncio.timeout(20):
            assert len([chunk async for chunk in ollama.chat(long)]) == 1
        assert lengths[0] > 4_000_000
        await ollama.close()


async def test_a_refusal_in_the_middle_of_a_long_question_is_heard() -> None:
    long = ChatRequest(model="toy", messages=(Message(role="user", content="x" * 8_000_000),))

    async def refuse(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(3600)

    async with serving(refuse) as server:
        ollama = server.client()
        async with asyncio.timeout(20):
            with pytest.raises(BadRequest, match="does not let a request of this size through"):
                await anext(ollama.chat(long))
        await ollama.close()


async def test_a_reply_in_no_known_coding_is_not_taken_for_an_answer() -> None:
    async def speak(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await body(head, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nabc")
        await reader.readexactly(1)

    async with serving(speak) as server:
        ollama = server.client()
        with pytest.raises(NotOllama):
            await anext(ollama.chat(ASK))
        await sees(server.hung_up)
        await ollama.close()


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "http://127.0.0.1:{port}"])
async def test_a_stream_meets_an_absent_server_as_every_request_does(url: str) -> None:
    ollama = Ollama(parse(url.format(port=unused_port())))
    with pytest.raises(ServerUnavailable) as streamed:
        await anext(ollama.chat(ASK))
    with pytest.raises(ServerUnavailable) as asked:
        await ollama.version()
    assert (streamed.value.message, streamed.value.hint) == (asked.value.message, asked.value.hint)
    await ollama.close()


async def test_a_stream_from_a_program_that_does_not_speak_http_is_not_ollama() -> None:
    async def mail(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.readexactly(1)

    async with serving(mail) as server:
        ollama = server.client()
        with pytest.raises(NotOllama, match="does not speak HTTP"):
            await anext(ollama.chat(ASK))
        await ollama.close()


async def test_a_login_in_the_address_goes_along_with_a_stream() -> None:
    async with serving(speak_then_wait) as server:
        ollama = Ollama(parse(f"http://me:secret@127.0.0.1:{server.port}"))
        chunks = ollama.chat(ASK)
        await anext(chunks)
        await chunks.aclose()
        assert b"Authorization: Basic bWU6c2VjcmV0" in server.heads[0]
        assert server.heads[0].startswith(b"POST /api/chat HTTP/1.1\r\n")
        await ollama.close()
