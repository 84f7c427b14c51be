"""The Ollama client: one method a route, typed structs in and out, every failure one of our errors.

    ollama = Ollama(address.parse("127.0.0.1"))
    async with aclosing(ollama.chat(ChatRequest(model="llama3.2", messages=(…,)))) as chunks:
        async for chunk in chunks:
            …

Streams end with their final object or with an error, never silently. Cancelling the task that reads
one, or closing it, closes the connection at once, and that is what stops the server's work. There is
no time limit on a stream: its headers come with the first token, after loading and reading the prompt.

Where there are other servers, what is asked of a model of theirs (qwen3:8b@box) goes to them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from core.errors import (
    BadReply,
    ConfigError,
    LeitstandError,
    NotCapable,
    NotOllama,
    ServerUnavailable,
    StreamCut,
    Timeout,
)
from core.ollama import names
from core.ollama.address import Address
from core.ollama.failures import Refusal, error_line, failure
from core.ollama.ndjson import UNREADABLE, NdjsonReader
from core.ollama.transport import REST, InThread, Rest, at_once, build, failures_of_httpx, translate
from core.ollama.wire import (
    Answer,
    ChatChunk,
    ChatRequest,
    CreateRequest,
    EmbedReply,
    EmbedRequest,
    GenerateChunk,
    GenerateRequest,
    InstalledModel,
    KeepAlive,
    Line,
    PsReply,
    PullProgress,
    RunningModel,
    ShowReply,
    TagsReply,
    VersionReply,
)

if TYPE_CHECKING:
    import httpx

L = TypeVar("L", bound=Line)

QUICK = 30.0
"""Seconds for what a server answers out of its head."""
PATIENT = 600.0
"""Seconds for what may load a model or copy a file first."""

_LONGEST_REPLY = 256 * 1024 * 1024
_LONGEST_ERROR = 1024 * 1024


class Ollama:
    """One server. Nothing is imported, opened or asked before the first request."""

    def __init__(
        self,
        address: Address,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        connect_timeout: float = 5.0,
        in_thread: InThread = at_once,
        elsewhere: Callable[[str], Ollama] | None = None,
    ) -> None:
        self.address = address
        self._elsewhere = elsewhere
        self._build = partial(build, address, transport, connect_timeout)
        self._in_thread = in_thread
        self._http: httpx.AsyncClient | None = None
        self._building = asyncio.Lock()
        self._closed = False

    def at(self, model: str) -> Ollama:
        """Whoever has a model: this server, or the one that its name ends with."""
        server = names.server_of(model)
        if not server:
            return self
        if self._elsewhere is None:
            raise ConfigError(f"{model} is on another server, which cannot be reached from here.")
        return self._elsewhere(server)

    async def version(self, *, deadline: float = QUICK) -> str:
        """The server's version, such as "0.12.6"; "0.0.0" from a build from source."""
        reply = await self._ask("GET", "/api/version", VersionReply, deadline=deadline)
        return reply.version

    async def tags(self, *, deadline: float = QUICK) -> tuple[InstalledModel, ...]:
        """The models on the server's disk, the newest first."""
        return (await self._ask("GET", "/api/tags", TagsReply, deadline=deadline)).models or ()

    async def ps(self, *, deadline: float = QUICK) -> tuple[RunningModel, ...]:
        """The models in the server's memory."""
        return (await self._ask("GET", "/api/ps", PsReply, deadline=deadline)).models or ()

    async def show(self, model: str, *, verbose: bool = False, deadline: float = QUICK) -> ShowReply:
        """What the server knows of one model; *verbose* includes the tokenizer's long lists."""
        body = {"model": model, "verbose": True} if verbose else {"model": model}
        return await self._ask("POST", "/api/show", ShowReply, body, model=model, deadline=deadline)

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """Answer a chat, piece by piece."""
        return self._stream("/api/chat", request, ChatChunk, request.model, _done)

    def chat_in_gulps(self, request: ChatRequest, rest: Rest) -> AsyncGenerator[Sequence[ChatChunk], None]:
        """Answer a chat, all that has come at a time; *rest* says for how long more of it may gather."""
        return self._gulps("/api/chat", request, ChatChunk, request.model, _done, rest)

    def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerateChunk, None]:
        """Continue a prompt, piece by piece."""
        return self._stream("/api/generate", request, GenerateChunk, request.model, _done)

    async def embed(self, request: EmbedRequest, *, deadline: float | None = PATIENT) -> EmbedReply:
        """Turn texts into vectors of length one, in their order; one failing text fails them all."""
        return await self._ask(
            "POST", "/api/embed", EmbedReply, request, model=request.model, deadline=deadline
        )

    def pull(self, model: str, *, insecure: bool = False) -> AsyncGenerator[PullProgress, None]:
        """Have the server download a model; closing the stream stops it, pulling again continues."""
        body = {"model": model, "insecure": True} if insecure else {"model": model}
        return self._stream("/api/pull", body, PullProgress, model, _succeeded)

    def pull_in_gulps(
        self, model: str, rest: Rest, *, insecure: bool = False
    ) -> AsyncGenerator[Sequence[PullProgress], None]:
        """The same, several reports at a time: a server makes more of them than anybody can read."""
        body = {"model": model, "insecure": True} if insecure else {"model": model}
        return self._gulps("/api/pull", body, PullProgress, model, _succeeded, rest)

    def create(self, request: CreateRequest) -> AsyncGenerator[PullProgress, None]:
        """Make a model from another one or from uploaded files."""
        return self._stream("/api/create", request, PullProgress, request.model, _succeeded)

    async def delete(self, model: str, *, deadline: float = PATIENT) -> None:
        """Remove a model from the server's disk; it stays loaded if it is."""
        await self._do("DELETE", "/api/delete", {"model": model}, model=model, deadline=deadline)

    async def copy(self, source: str, destination: str, *, deadline: float = PATIENT) -> None:
        """Give a model a second name; an existing *destination* is overwritten."""
        body = {"source": source, "destination": destination}
        await self._do("POST", "/api/copy", body, model=source, deadline=deadline)

    async def load(
        self,
        model: str,
        options: dict[str, Any] | None = None,
        keep_alive: KeepAlive | None = None,
        *,
        deadline: float | None = None,
    ) -> None:
        """Load a model with the options it will be used with; other options would load it again."""
        request = ChatRequest(model=model, options=options, keep_alive=keep_alive, stream=False)
        try:
            await self._ask("POST", "/api/chat", Answer, request, model=model, deadline=deadline)
        except NotCapable:  # an embedding model: it is loaded by embedding nothing
            empty = EmbedRequest(model=model, input=(), options=options, keep_alive=keep_alive)
            await self.embed(empty, deadline=deadline)

    async def unload(self, model: str, *, deadline: float = QUICK) -> None:
        """Free the memory of a model; a running answer finishes first."""
        request = ChatRequest(model=model, keep_alive=0, stream=False)
        await self._ask("POST", "/api/chat", Answer, request, model=model, deadline=deadline)

    async def blob_exists(self, digest: str, *, deadline: float = QUICK) -> bool:
        """Whether the server has a file of that digest ("sha256:…")."""
        async with self._within(deadline), self._reply("HEAD", f"/api/blobs/{digest}", absent=True) as reply:
            return reply.status_code != 404

    async def upload_blob(
        self,
        digest: str,
        content: AsyncIterable[bytes],
        *,
        size: int | None = None,
        deadline: float | None = None,
    ) -> None:
        """Send a file for `create`; the server refuses it when its digest is another."""
        headers = {"Content-Type": "application/octet-stream"}
        if size is not None:
            headers["Content-Length"] = str(size)
        async with (
            self._within(deadline),
            self._reply("POST", f"/api/blobs/{digest}", content, headers=headers),
        ):
            pass

    async def close(self) -> None:
        """Close every connection; streams that still run end with an error."""
        self._closed = True
        if self._http is not None:
            await self._http.aclose()

    async def _do(self, method: str, route: str, body: Any, *, model: str, deadline: float) -> None:
        where, content = self.at(model).address, encoded(local(body))
        async with self._within(deadline, where), self._reply(method, route, content, model=model):
            pass

    async def _ask(
        self,
        method: str,
        route: str,
        kind: type[L],
        body: Any = None,
        *,
        model: str = "",
        deadline: float | None,
    ) -> L:
        where = self.at(model).address
        content = None if body is None else encoded(local(body))
        async with (
            self._within(deadline, where),
            self._reply(method, route, content, model=model) as response,
        ):
            data = await self._read(response, _LONGEST_REPLY, where)
        try:
            reply = msgspec.json.decode(data, type=kind)
        except UNREADABLE:
            if kind is VersionReply:
                raise self._not_ollama() from None
            raise BadReply(f"The server's answer to {route} cannot be read.") from None
        if reply.error is not None:
            raise error_line(reply.error, route, model)
        return reply

    async def _stream(
        self, route: str, request: Any, kind: type[L], model: str, ended: Callable[[Any], bool]
    ) -> AsyncGenerator[L, None]:
        async with aclosing(self._gulps(route, request, kind, model, ended, _at_once)) as gulps:
            async for items in gulps:
                for item in items:
                    yield item

    async def _gulps(
        self, route: str, request: Any, kind: type[L], model: str, ended: Callable[[Any], bool], rest: Rest
    ) -> AsyncGenerator[Sequence[L], None]:
        reader, content = NdjsonReader(kind), encoded(local(request))
        async with self._reply("POST", route, content, model=model, rest=rest) as response:
            arriving = response.aiter_bytes()
            while True:
                data = await self._next(arriving)
                lines = reader.feed(data) if data is not None else reader.finish()
                items, fault = _taken(lines, route, model, ended)
                if items:
                    yield items
                if fault is not None:
                    raise fault
                if items and ended(items[-1]):
                    return
                if data is None:
                    raise StreamCut("The server ended its answer without finishing it.")

    async def _next(self, arriving: AsyncIterator[bytes]) -> bytes | None:
        try:
            return await anext(arriving, None)
        except failures_of_httpx():
            raise StreamCut("The connection broke in the middle of the answer.") from None

    @asynccontextmanager
    async def _reply(
        self,
        method: str,
        route: str,
        content: bytes | AsyncIterable[bytes] | None = None,
        *,
        model: str = "",
        headers: dict[str, str] | None = None,
        absent: bool = False,
        rest: Rest | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """A successful reply whose body is still to come (*absent*: a 404 is an answer too)."""
        there = self.at(model)
        client = await there.connected()
        headers = headers or ({"Content-Type": "application/json"} if content is not None else None)
        try:
            request = client.build_request(
                method,
                there.address.url + route,
                content=content,
                headers=headers,
                extensions=None if rest is None else {REST: rest},
            )
            response = await client.send(request, stream=True)
        except failures_of_httpx() as error:
            raise translate(error, there.address) from error
        try:
            html = response.headers.get("content-type", "").startswith("text/html")
            if (not response.is_success or html) and not (absent and response.status_code == 404):
                raise failure(await self._refusal(response, route, model, there.address))
            yield response
        finally:
            await response.aclose()

    async def connected(self) -> httpx.AsyncClient:
        """The way to the server, built when it is first needed."""
        async with self._building:
            if self._closed:
                raise ServerUnavailable(f"The connection to {self.address.url} was closed.")
            if self._http is None:
                self._http = await self._in_thread(self._build)
            return self._http

    async def _refusal(self, response: httpx.Response, route: str, model: str, where: Address) -> Refusal:
        try:
            async with asyncio.timeout(QUICK):
                body = await self._read(response, _LONGEST_ERROR, where)
        except (TimeoutError, BadReply, ServerUnavailable):
            body = b""  # the status alone has to do
        return Refusal(
            route=route,
            status=response.status_code,
            body=body,
            location=response.headers.get("location", ""),
            model=model,
            url=where.url,
        )

    async def _read(self, response: httpx.Response, most: int, where: Address) -> bytes:
        data = bytearray()
        try:
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > most:
                    raise BadReply(f"The server's answer is longer than {most // (1024 * 1024)} MiB.")
        except failures_of_httpx() as error:
            raise translate(error, where) from error
        return bytes(data)

    @asynccontextmanager
    async def _within(self, deadline: float | None, where: Address | None = None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(deadline):
                yield
        except TimeoutError:
            raise Timeout(
                f"{(where or self.address).url} took longer than {deadline:g} seconds to answer.",
                "The server may be busy; try again.",
            ) from None

    def _not_ollama(self) -> NotOllama:
        return NotOllama(f"Something answers at {self.address.url}, but it is not Ollama.")


def _taken(
    lines: Iterator[L], route: str, model: str, ended: Callable[[Any], bool]
) -> tuple[list[L], LeitstandError | None]:
    """Return the objects up to the last one, or up to what went wrong, and what that is."""
    items: list[L] = []
    try:
        for item in lines:
            if item.error is not None:
                return items, error_line(item.error, route, model)
            items.append(item)
            if ended(item):
                break
    except LeitstandError as error:
        return items, error
    return items, None


def local(body: Any) -> Any:
    """A request as its server is to see it: models are named as they are called there."""
    if isinstance(body, dict):
        return {key: _called(value) if key in _NAMES else value for key, value in body.items()}
    model = getattr(body, "model", "")
    return msgspec.structs.replace(body, model=_called(model)) if "@" in model else body


_NAMES = frozenset(("model", "source", "destination"))


def _called(name: Any) -> Any:
    return names.split(name)[0] if isinstance(name, str) else name


def encoded(body: Any) -> bytes:
    """A request as JSON; half characters that no encoding has are sent as the escapes JSON has for them."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(body)).encode("ascii")


def _at_once() -> float:
    return 0.0


def _done(answer: Answer) -> bool:
    return answer.done


def _succeeded(progress: PullProgress) -> bool:
    return progress.status == "success"
