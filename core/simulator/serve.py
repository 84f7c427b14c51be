"""The simulator on a real socket: HTTP/1.1, chunked, and aware of clients that hang up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.errors import UsageError
from core.simulator.app import Simulator
from core.simulator.wire import Hangup, Reply, Request, Unreachable

Message = dict[str, Any]


class Protocol(H11Protocol):
    """HTTP/1.1 that tells at once when the client is gone, and that can break a connection."""

    connection: asyncio.Transport
    on_loss: Callable[[], object] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its parent has it
        """A client connected: from now on the application can reach the connection."""
        super().connection_made(transport)
        self.connection = transport
        self.app_state = {**self.app_state, "protocol": self}

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        if self.on_loss:
            self.on_loss()


class Socket(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take no signals."""
        yield

    async def drop(self) -> None:
        """Close everything at once: whoever still listens is cut off."""
        for listener in getattr(self, "servers", ()):
            listener.close()
        for protocol in list(self.server_state.connections):
            if isinstance(protocol, Protocol):
                protocol.connection.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=1)


class Application:
    """Translates between a socket and a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def __call__(
        self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]
    ) -> None:
        """One request."""
        protocol: Protocol = scope["state"]["protocol"]
        request = await _request(scope, receive)
        task = asyncio.current_task()
        gone = asyncio.Event()

        def leave() -> None:
            gone.set()
            if task:
                task.cancel()

        protocol.on_loss = leave
        try:
            await self._respond(request, send)
        except (Hangup, Unreachable):
            protocol.connection.abort()
            protocol.on_loss = gone.set
            await gone.wait()
        except asyncio.CancelledError:
            # A client that left is no error; a server that stops is none of ours.
            if not gone.is_set():
                raise
        finally:
            protocol.on_loss = None

    async def _respond(self, request: Request, send: Callable[[Message], Any]) -> None:
        reply = await self._simulator.handle(request)
        try:
            await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
            async for chunk in reply.body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await reply.body.aclose()


async def _request(scope: Message, receive: Callable[[], Any]) -> Request:
    parts = [part async for part in _incoming(receive)]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"".join(parts))


async def _incoming(receive: Callable[[], Any]) -> AsyncGenerator[bytes, None]:
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    return [(name.title().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]


async def serve(
    simulator: Simulator,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Listen until cancelled; *ready* gets the address, which names the port when none was chosen."""
    listener = listen(host, port)
    shown, number = listener.getsockname()[:2]
    config = uvicorn.Config(
        Application(simulator),
        http=Protocol,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    server = Socket(config)
    if ready:
        ready(f"http://[{shown}]:{number}" if ":" in shown else f"http://{shown}:{number}")
    try:
        await server.serve(sockets=[listener])
    finally:
        await server.drop()
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections from now on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
            listener.setblocking(False)
            undo.pop_all()
            return listener
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{host}:{port} cannot be listened on: {reason}.") from error
