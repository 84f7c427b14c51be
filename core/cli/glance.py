"""Asks a server what a status line needs, with nothing but sockets, within a deadline.

A status line is asked for every few seconds, for ever: this costs a few milliseconds where the full client
costs a hundred. Both questions travel on one connection; a server that answers only the first is asked again.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

DEADLINE = 0.8
_LIMIT = 1 << 20


class Away(Exception):
    """Nobody answers in time."""


class NotOllama(Exception):
    """Something answers, but not as Ollama would."""


class Refusing(Exception):
    """It answers, but not to us: it wants a login, or does not know the name it was asked by."""


class Glance(NamedTuple):
    """What a glance at the server shows."""

    version: str
    models: tuple[tuple[str, int], ...]
    """The models in memory: name and the bytes they hold."""


class Target(NamedTuple):
    """Where to ask."""

    host: str
    port: int
    path: str = ""
    tls: bool = False
    login: str = ""
    """User and password as HTTP wants them."""


def glance(target: Target, deadline: float = DEADLINE) -> Glance:
    """Ask for the version and the loaded models; raise Away, NotOllama or Refusing."""
    end = time.monotonic() + deadline
    version, models = _ask(target, ("/api/version", "/api/ps"), end)
    found = version.get("version") if isinstance(version, dict) else None
    if not isinstance(found, str):
        raise NotOllama
    return Glance(found, tuple(_loaded(models)))


def _loaded(answer: Any) -> Iterable[tuple[str, int]]:
    listed = answer.get("models") if isinstance(answer, dict) else None
    for model in listed if isinstance(listed, list) else ():
        name, size = (model.get("name"), model.get("size")) if isinstance(model, dict) else (None, 0)
        if isinstance(name, str):
            yield name, size if isinstance(size, int) else 0


def _ask(target: Target, paths: tuple[str, ...], end: float) -> list[Any]:
    """One answer a path; None where the server has none."""
    answers: list[Any] = []
    while len(answers) < len(paths):
        before = len(answers)
        with _connect(target, end) as connection:
            wanted = paths[before:]
            connection.sendall(b"".join(_request(target, path, path is wanted[-1]) for path in wanted))
            reader = _Reader(connection, end)
            for _ in wanted:
                if reader.at_end():
                    break
                answers.append(_decoded(*reader.response()))
        if len(answers) == before:
            raise Away
    return answers


def _request(target: Target, path: str, last: bool) -> bytes:  # noqa: FBT001 - one of two fixed requests
    host = f"[{target.host}]" if ":" in target.host else target.host
    kept = "close" if last else "keep-alive"
    head = (
        f"GET {target.path}{path} HTTP/1.1\r\nHost: {host}:{target.port}\r\n"
        f"Accept: application/json\r\nConnection: {kept}\r\n"
    )
    head += f"Authorization: Basic {target.login}\r\n\r\n" if target.login else "\r\n"
    return head.encode("utf-8", "replace")


def _decoded(status: int, body: bytes) -> Any:
    if status in (502, 503, 504):  # a gateway whose server is away
        raise Away
    if status in (401, 403):
        raise Refusing
    if status >= 500:  # it is there, and has other worries
        return None
    try:
        if status != 200:
            raise NotOllama
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotOllama from None


def _connect(target: Target, end: float) -> socket.socket:
    for family, host in _addresses(target.host, end):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(_left(end))
            plain.connect((host, target.port))
            return _tls(plain, target.host) if target.tls else plain
        except OSError:
            plain.close()
    raise Away


def _tls(plain: socket.socket, host: str) -> socket.socket:
    import ssl

    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _addresses(host: str, end: float) -> list[tuple[socket.AddressFamily, str]]:
    # A number needs no look-up; most addresses are one.
    kind = _family(host)
    if kind is not None:
        return [(kind, host)]
    found = ((_family(address), address) for address in _resolved(host, end))
    return [(family, address) for family, address in found if family is not None]


def _family(host: str) -> socket.AddressFamily | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return family
    return None


def _resolved(host: str, end: float) -> list[str]:
    """Look a name up in a child process: a name server that is silent cannot be interrupted otherwise."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            os.write(writable, "\n".join(str(entry[4][0]) for entry in found[:20]).encode())
        finally:
            os._exit(0)
    os.close(writable)
    try:
        answered = select.select([readable], [], [], _left(end))[0]
        text = os.read(readable, 4096).decode() if answered else ""
    finally:
        os.close(readable)
        os.kill(child, 9)
        os.waitpid(child, 0)
    return text.split("\n") if text else []


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise Away
    return left


class _Reader:
    """Reads answers off a connection; never more than the limit, never beyond the deadline."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection = connection
        self._end = end
        self._buffer = b""
        self._total = 0

    def at_end(self) -> bool:
        """Whether the server has closed instead of answering."""
        return not self._buffer and not self._more()

    def response(self) -> tuple[int, bytes]:
        """Read one status and its body."""
        lines = self._until(b"\r\n\r\n").split(b"\r\n")
        words = lines[0].split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise NotOllama
        headers = {
            name.strip().lower(): value.strip().lower()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        if b"chunked" in headers.get(b"transfer-encoding", b""):
            return int(words[1]), self._chunks()
        length = headers.get(b"content-length")
        if length is None:
            return int(words[1]), self._rest()
        if not length.isdigit():
            raise NotOllama
        return int(words[1]), self._exactly(int(length))

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = self._until(b"\r\n").partition(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise NotOllama from None
            if length == 0:
                while self._until(b"\r\n"):
                    pass
                return body
            body += self._exactly(length)
            self._exactly(2)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._must()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, length: int) -> bytes:
        if not 0 <= length <= _LIMIT:
            raise NotOllama
        while len(self._buffer) < length:
            self._must()
        found, self._buffer = self._buffer[:length], self._buffer[length:]
        return found

    def _rest(self) -> bytes:
        while self._more():
            pass
        found, self._buffer = self._buffer, b""
        return found

    def _must(self) -> None:
        if not self._more():
            raise NotOllama  # cut in the middle of an answer

    def _more(self) -> bool:
        self._connection.settimeout(_left(self._end))
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            raise Away from None
        except OSError:
            data = b""
        self._total += len(data)
        if self._total > _LIMIT:
            raise NotOllama
        self._buffer += data
        return bool(data)
