"""Servers that say exactly what a test wants, byte by byte, on a real socket."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

Handler = Callable[["Connection"], None]


class Connection:
    """One client, as the server sees it."""

    def __init__(self, stream: socket.socket, over: threading.Event) -> None:
        self._stream = stream
        self._over = over
        self._buffer = b""

    def request(self) -> str | None:
        """The head of the next request; None when the client is gone. What follows it is thrown away."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._read():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        said = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
        length = int(said[1]) if said else 0
        while len(self._buffer) < length:
            if not self._read():
                return None
        self._buffer = self._buffer[length:]
        return head.decode("latin-1")

    def _read(self) -> bool:
        data = self._stream.recv(65536)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        """Say something."""
        self._stream.sendall(data)

    def send_slowly(self, data: bytes) -> None:
        """Say it in pieces of one byte."""
        self._stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(data)):
            self._stream.sendall(data[at : at + 1])

    def fall_silent(self) -> None:
        """Hold the connection without a word until the test is over."""
        self._over.wait(60)


@contextmanager
def serving(handler: Handler) -> Iterator[int]:
    """Listen at a free port; *handler* has each connection to itself."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def attend(stream: socket.socket) -> None:
        with stream, suppress(OSError):
            handler(Connection(stream, over))

    def accept() -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=attend, args=(stream,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        # Closing alone does not wake who waits in accept.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def reply(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """An answer whose length is said before."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(*pieces: bytes) -> bytes:
    """An answer in pieces."""
    body = b"".join(b"%x;note=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\nTrailer: x\r\n\r\n"


def ollama(version: str = "0.33.0", models: list[dict[str, Any]] | None = None) -> Handler:
    """A server that answers what a status asks."""
    return answering(
        {
            "/api/version": reply(json.dumps({"version": version}).encode()),
            "/api/ps": reply(json.dumps({"models": models or []}).encode()),
        }
    )


def answering(replies: Mapping[str, bytes]) -> Handler:
    """A server with one fixed answer a path, and 404 for the rest."""

    def handler(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            path = request.split(" ")[1]
            connection.send(
                replies.get(path, reply(b"404 page not found", status="404 Not Found", kind="text/plain"))
            )

    return handler


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
