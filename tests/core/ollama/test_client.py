from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest

from core.errors import (
    BadReply,
    CannotThink,
    ConfigError,
    LeitstandError,
    ModelNotFound,
    NotInRegistry,
    NotOllama,
    RunnerCrashed,
    ServerError,
    ServerUnavailable,
    StreamCut,
    Timeout,
)
from core.ollama.client import Ollama, encoded
from core.ollama.wire import ChatChunk, ChatRequest, CreateRequest, EmbedRequest, GenerateRequest, Message
from tests.core.ollama.scripted import Body, client, reply, stream, streamed

HELLO = b'{"model":"toy","message":{"role":"assistant","content":"Hello"},"done":false}\n'
WORLD = b'{"model":"toy","message":{"role":"assistant","content":" world"},"done":false}\n'
DONE = b'{"model":"toy","message":{"role":"assistant","content":"!"},"done":true,"eval_count":3}\n'
ASK = ChatRequest(model="toy", messages=(Message(role="user", content="Hi"),))


async def everything(chunks: AsyncIterator[ChatChunk]) -> str:
    return "".join([chunk.message.content async for chunk in chunks])


async def failing(chunks: AsyncIterator[Any]) -> tuple[list[Any], LeitstandError]:
    """What came before the error, and the error."""
    seen: list[Any] = []
    try:
        async for chunk in chunks:
            seen.append(chunk)  # noqa: PERF401 - what came before the error is the point
    except LeitstandError as error:
        return seen, error
    pytest.fail("the stream ended without an error")


async def test_an_answer_streams_and_ends_with_its_metrics() -> None:
    ollama, server = client(stream(HELLO, WORLD, DONE))
    chunks = [chunk async for chunk in ollama.chat(ASK)]
    assert "".join(chunk.message.content for chunk in chunks) == "Hello world!"
    assert (chunks[-1].done, chunks[-1].eval_count) == (True, 3)
    assert server.asked() == (
        "POST",
        "/api/chat",
        {"model": "toy", "messages": [{"role": "user", "content": "Hi"}]},
    )


async def test_pieces_torn_in_the_middle_of_a_character_make_the_same_answer() -> None:
    data = '{"message":{"content":"größe 🙂"}}\n{"done":true}\n'.encode()
    ollama, _ = client(stream(*(bytes([byte]) for byte in data)))
    assert await everything(ollama.chat(ASK)) == "größe 🙂"


async def test_a_prefix_in_the_address_stays_before_the_route() -> None:
    ollama, server = client(reply({"version": "0.12.6"}), url="https://gateway/team/ollama/")
    assert await ollama.version() == "0.12.6"
    assert str(server.requests[0].url) == "https://gateway/team/ollama/api/version"


async def test_requests_carry_what_a_server_and_its_proxies_need() -> None:
    ollama, server = client(stream(DONE), url="http://me:secret@gpu-box")
    await everything(ollama.chat(ASK))
    headers = server.requests[0].headers
    assert headers["host"] == "gpu-box"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["authorization"].startswith("Basic ")
    assert "origin" not in headers


async def test_only_connecting_has_a_time_limit() -> None:
    ollama, server = client(stream(DONE))
    await everything(ollama.chat(ASK))
    assert server.requests[0].extensions["timeout"] == {
        "connect": 5.0,
        "read": None,
        "write": None,
        "pool": None,
    }


async def test_half_characters_in_a_prompt_are_sent_and_not_refused() -> None:
    ollama, server = client(stream(DONE))
    request = ChatRequest(model="toy", messages=(Message(role="user", content="a\udc80b"),))
    await everything(ollama.chat(request))
    assert b'"a\\udc80b"' in server.requests[0].content
    assert msgspec.json.decode(encoded({"a": 1})) == {"a": 1}


async def test_generate_create_and_pull_stream_until_their_own_end() -> None:
    ollama, server = client(
        stream(b'{"response":"","done":false}\n{"response":"4","done":true}\n'),
        stream(b'{"status":"pulling manifest"}\n', b'{"status":"success"}'),
        stream(b'{"status":"writing manifest"}\n{"status":"success"}\n'),
        stream(b'{"status":"success"}\n'),
    )
    generated = [chunk async for chunk in ollama.generate(GenerateRequest(model="toy", prompt="2+2="))]
    assert [chunk.response for chunk in generated] == ["", "4"]
    assert [step.status async for step in ollama.pull("toy", insecure=True)] == [
        "pulling manifest",
        "success",
    ]
    assert server.asked() == ("POST", "/api/pull", {"model": "toy", "insecure": True})
    made = [step.status async for step in ollama.create(CreateRequest(model="mine", from_="toy"))]
    assert made == ["writing manifest", "success"]
    assert server.asked() == ("POST", "/api/create", {"model": "mine", "from": "toy"})
    assert [step.status async for step in ollama.pull("toy")] == ["success"]
    assert server.asked() == ("POST", "/api/pull", {"model": "toy"})


async def test_lists_are_read_and_null_is_none_of_them() -> None:
    ollama, _ = client(reply({"models": [{"name": "toy:latest", "size": 5}]}), reply({"models": None}))
    assert [model.name for model in await ollama.tags()] == ["toy:latest"]
    assert await ollama.ps() == ()


async def test_show_embed_delete_and_copy_ask_the_right_way() -> None:
    ollama, server = client(
        reply({"capabilities": ["completion"]}),
        reply({"embeddings": [[1.0], [0.5]], "model": "e"}),
        httpx.Response(200),
    )
    assert (await ollama.show("toy", verbose=True)).capabilities == ("completion",)
    assert server.asked() == ("POST", "/api/show", {"model": "toy", "verbose": True})
    assert (await ollama.embed(EmbedRequest(model="e", input=("a", "b")))).embeddings == ((1.0,), (0.5,))
    assert server.asked() == ("POST", "/api/embed", {"model": "e", "input": ["a", "b"]})
    await ollama.delete("toy")
    assert server.asked() == ("DELETE", "/api/delete", {"model": "toy"})
    await ollama.copy("toy", "mine")
    assert server.asked() == ("POST", "/api/copy", {"source": "toy", "destination": "mine"})


async def test_loading_says_the_options_and_unloading_says_zero() -> None:
    ollama, server = client(reply({"done": True, "done_reason": "load"}))
    await ollama.load("toy", {"num_ctx": 4096}, "5m")
    assert server.asked() == (
        "POST",
        "/api/chat",
        {"model": "toy", "options": {"num_ctx": 4096}, "keep_alive": "5m", "stream": False},
    )
    await ollama.unload("toy")
    assert server.asked() == ("POST", "/api/chat", {"model": "toy", "keep_alive": 0, "stream": False})


async def test_an_embedding_model_is_loaded_by_embedding_nothing() -> None:
    ollama, server = client(
        reply({"error": '"e" does not support chat'}, 400), reply({"model": "e", "embeddings": []})
    )
    await ollama.load("e")
    assert server.asked() == ("POST", "/api/embed", {"model": "e", "input": []})


async def test_files_are_found_and_sent() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    ollama, server = client(httpx.Response(404), httpx.Response(200), httpx.Response(201))
    assert not await ollama.blob_exists("sha256:ab")
    assert await ollama.blob_exists("sha256:ab")
    await ollama.upload_blob("sha256:ab", content(), size=3)
    sent = server.requests[-1]
    assert (sent.method, sent.url.path, sent.content) == ("POST", "/api/blobs/sha256:ab", b"abc")
    assert sent.headers["content-length"] == "3"


async def test_a_file_with_another_digest_is_refused_in_words() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    ollama, _ = client(reply({"error": 'digest mismatch, expected "a", got "b"'}, 400))
    with pytest.raises(ServerError, match="digest mismatch"):
        await ollama.upload_blob("sha256:ab", content())


@pytest.mark.parametrize(
    ("pieces", "text", "kind"),
    [
        ([HELLO], "Hello", StreamCut),
        ([], "", StreamCut),
        ([HELLO, WORLD[:20]], "Hello", StreamCut),
        ([HELLO, httpx.ReadError("reset")], "Hello", StreamCut),
        ([HELLO, httpx.RemoteProtocolError("incomplete chunked read")], "Hello", StreamCut),
        ([HELLO + b"garbage\n" + WORLD], "Hello", BadReply),
        ([HELLO, b"[]\n"], "Hello", BadReply),
        (
            [HELLO, b'{"error":"an error was encountered while running the model: unexpected EOF"}\n'],
            "Hello",
            RunnerCrashed,
        ),
        ([HELLO + b'{"error":"EOF"}'], "Hello", BadReply),
        ([b'{"error":"\\"toy\\" does not support thinking"}\n'], "", CannotThink),
        ([b'{"error":"model \'toy\' not found"}\n'], "", ModelNotFound),
        ([b'{"error":""}\n'], "", ServerError),
    ],
)
async def test_an_answer_that_does_not_end_well_keeps_what_came_and_says_why(
    pieces: list[bytes | Exception], text: str, kind: type[LeitstandError]
) -> None:
    ollama, _ = client(stream(*pieces))
    seen, error = await failing(ollama.chat(ASK))
    assert "".join(chunk.message.content for chunk in seen) == text
    assert type(error) is kind


async def test_a_pull_without_its_success_has_failed() -> None:
    ollama, _ = client(
        stream(b'{"status":"writing manifest"}\n'),
        stream(b'{"status":"pulling manifest"}\n{"error":"pull model manifest: file does not exist"}\n'),
    )
    assert type((await failing(ollama.pull("toy")))[1]) is StreamCut
    assert type((await failing(ollama.pull("toy")))[1]) is NotInRegistry


async def test_a_refusal_before_the_stream_is_the_servers_own() -> None:
    ollama, _ = client(reply({"error": "model 'toy' not found"}, 404))
    _, error = await failing(ollama.chat(ASK))
    assert type(error) is ModelNotFound
    assert "toy" in error.message


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<h1>Router</h1>"),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(302, headers={"location": "https://gpu-box/login"}),
        httpx.Response(200, json={"detail": "hello"}),
        httpx.Response(200, json=["0.1"]),
        httpx.Response(200, content=b""),
        httpx.Response(200, json={"version": 5}),
    ],
)
async def test_something_else_at_the_address_is_not_taken_for_ollama(response: httpx.Response) -> None:
    ollama, _ = client(response)
    with pytest.raises(NotOllama):
        await ollama.version()


async def test_a_login_page_in_place_of_a_stream_is_not_taken_for_one() -> None:
    ollama, _ = client(httpx.Response(200, html="<h1>Login</h1>"))
    assert type((await failing(ollama.chat(ASK)))[1]) is NotOllama


@pytest.mark.parametrize("content", [b"{", b'{"models":5}', b'{"models":[{}]}', b"null", b'{"data":[]}'])
async def test_an_unreadable_list_is_a_bad_reply(content: bytes) -> None:
    ollama, _ = client(httpx.Response(200, content=content))
    with pytest.raises(BadReply, match="/api/tags"):
        await ollama.tags()


async def test_an_error_with_status_200_is_an_error() -> None:
    ollama, _ = client(reply({"error": "model 'toy' not found", "models": None}))
    with pytest.raises(ModelNotFound):
        await ollama.tags()


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("refused"), ServerUnavailable, "Nobody answers at http://gpu-box:11434."),
        (httpx.ConnectTimeout(""), ServerUnavailable, "does not answer"),
        (
            httpx.ConnectError("[Errno -2] Name or service not known"),
            ServerUnavailable,
            "gpu-box is not known",
        ),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), ServerUnavailable, "not trusted"),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] x"), ServerUnavailable, "not speak https"),
        (httpx.ReadError("reset"), ServerUnavailable, "was cut"),
        (httpx.RemoteProtocolError("Server disconnected without a response."), ServerUnavailable, "was cut"),
        (httpx.RemoteProtocolError("illegal status line"), NotOllama, "not speak HTTP"),
        (httpx.DecodingError("bad gzip"), BadReply, "decompressed"),
        (httpx.ProxyError("403 Forbidden"), ServerUnavailable, "proxy"),
        (httpx.UnsupportedProtocol("x"), ConfigError, "cannot be used"),
        (OSError(24, "Too many open files"), ServerUnavailable, "was cut"),
    ],
)
async def test_a_server_that_cannot_be_reached_says_which_and_why(
    error: Exception, kind: type[LeitstandError], words: str
) -> None:
    ollama, _ = client(error)
    for attempt in (ollama.version(), anext(ollama.chat(ASK))):
        with pytest.raises(LeitstandError) as caught:
            await attempt
        assert type(caught.value) is kind
        assert words in caught.value.message


async def test_a_reply_that_breaks_off_is_unavailable_and_one_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.ollama.client._LONGEST_REPLY", 2 * 1024 * 1024)
    million = b"x" * 1_000_000
    ollama, _ = client(stream(b'{"mod', httpx.ReadError("reset")), stream(*[million] * 3))
    with pytest.raises(ServerUnavailable):
        await ollama.tags()
    with pytest.raises(BadReply, match="longer than 2 MiB"):
        await ollama.tags()


async def test_a_quick_question_gives_up_after_its_deadline_and_hangs_up() -> None:
    silent = Body([], then_wait=True)
    ollama, _ = client(streamed(silent))
    with pytest.raises(Timeout, match=r"longer than 0\.01 seconds"):
        await ollama.tags(deadline=0.01)
    assert silent.closed


async def test_an_error_whose_text_never_comes_is_told_by_its_status() -> None:
    broken = httpx.Response(404, stream=Body([b'{"err', httpx.ReadError("reset")]))
    ollama, _ = client(broken)
    with pytest.raises(NotOllama):
        await ollama.tags()


async def test_cancelling_the_reader_hangs_up_in_the_same_turn_of_the_loop() -> None:
    silent = Body([HELLO], then_wait=True)
    ollama, _ = client(streamed(silent))

    async def read() -> None:
        await everything(ollama.chat(ASK))

    reader = asyncio.get_running_loop().create_task(read())
    await silent.waiting.wait()
    reader.cancel()
    await asyncio.sleep(0)
    assert silent.closed
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_closing_the_stream_hangs_up() -> None:
    silent = Body([HELLO, WORLD], then_wait=True)
    ollama, _ = client(streamed(silent))
    async with aclosing(ollama.chat(ASK)) as chunks:
        assert (await anext(chunks)).message.content == "Hello"
        assert not silent.closed
    assert silent.closed


async def test_the_end_of_the_answer_hangs_up_even_when_the_server_does_not() -> None:
    silent = Body([HELLO + DONE], then_wait=True)
    ollama, _ = client(streamed(silent))
    assert await everything(ollama.chat(ASK)) == "Hello!"
    assert silent.closed


async def test_a_failed_stream_hangs_up_too() -> None:
    silent = Body([b"garbage\n"], then_wait=True)
    ollama, _ = client(streamed(silent))
    await failing(ollama.chat(ASK))
    assert silent.closed


async def test_httpx_is_loaded_once_where_the_caller_wants_it() -> None:
    calls: list[Any] = []

    async def in_thread(call: Any) -> Any:
        calls.append(call)
        await asyncio.sleep(0)
        return call()

    _, transport = client(reply({"models": []}))
    ollama = Ollama(client(reply({}))[0].address, transport=transport, in_thread=in_thread)
    assert calls == []
    await asyncio.gather(*(ollama.tags() for _ in range(5)))
    assert len(calls) == 1
    assert isinstance(calls[0], partial)


async def test_a_closed_client_closes_its_connections_and_says_so() -> None:
    ollama, transport = client(reply({"models": []}))
    await ollama.tags()
    await ollama.close()
    assert transport.closed
    with pytest.raises(ServerUnavailable, match="closed"):
        await ollama.tags()
    never_used, _ = client(reply({}))
    await never_used.close()
