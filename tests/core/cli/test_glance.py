from __future__ import annotations

import json
import subprocess
import sys

import pytest

from core.cli.glance import Away, Glance, NotOllama, Target, glance
from tests.core.cli.servers import (
    Connection,
    Handler,
    answering,
    chunked,
    closed_port,
    ollama,
    reply,
    serving,
)

VERSION = b'{"version":"0.33.0"}'
PS = json.dumps(
    {"models": [{"name": "llama3.2:3b", "size": 2_100_000_000}, {"name": "x", "size": 5}]}
).encode()
SEEN = Glance("0.33.0", (("llama3.2:3b", 2_100_000_000), ("x", 5)))
HTML = reply(b"<html>hello</html>", kind="text/html")


def at(port: int) -> Target:
    return Target("127.0.0.1", port)


def saying(*answers: bytes, slowly: bool = False) -> Handler:
    """A server that says these answers on one connection, one a request, then closes it."""

    def handler(connection: Connection) -> None:
        for answer in answers:
            connection.request()
            (connection.send_slowly if slowly else connection.send)(answer)

    return handler


def one_a_connection(connection: Connection) -> None:
    request = connection.request() or ""
    connection.send(reply(VERSION if "/api/version" in request else PS, more="Connection: close\r\n"))


def until_closed(connection: Connection) -> None:
    request = connection.request() or ""
    connection.send(b"HTTP/1.0 200 OK\r\n\r\n" + (VERSION if "/api/version" in request else PS))


@pytest.mark.parametrize(
    "handler",
    [
        saying(reply(VERSION), reply(PS)),
        saying(reply(VERSION), reply(PS), slowly=True),
        saying(chunked(VERSION[:5], VERSION[5:]), chunked(PS)),
        saying(chunked(VERSION), chunked(*(PS[at : at + 1] for at in range(len(PS)))), slowly=True),
        one_a_connection,
        until_closed,
    ],
    ids=["length", "length, slowly", "chunks", "chunks, slowly", "one a connection", "until closed"],
)
def test_every_way_of_framing_an_answer_is_read(handler: Handler) -> None:
    with serving(handler) as port:
        assert glance(at(port), 10) == SEEN


def test_the_path_the_host_and_the_login_are_sent() -> None:
    requests: list[str] = []

    def handler(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            requests.append(request)
            connection.send(reply(VERSION if request.startswith("GET /o/api/version ") else PS))

    with serving(handler) as port:
        glance(Target("127.0.0.1", port, path="/o", login="dTpw"), 10)
        first, second = requests
    assert f"\r\nHost: 127.0.0.1:{port}\r\n" in first
    assert first.endswith("\r\nAuthorization: Basic dTpw")
    assert second.startswith("GET /o/api/ps HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "models",
    [b'{"models":null}', b"{}", b"[]", b'{"models":[1,{"name":2},{}]}'],
)
def test_models_that_cannot_be_read_are_none(models: bytes) -> None:
    with serving(answering({"/api/version": reply(VERSION), "/api/ps": reply(models)})) as port:
        assert glance(at(port), 10) == Glance("0.33.0", ())


def test_a_size_nobody_said_is_nothing() -> None:
    with serving(ollama(models=[{"name": "x"}, {"name": "y", "size": "big"}])) as port:
        assert glance(at(port), 10).models == (("x", 0), ("y", 0))


def test_a_server_that_cannot_tell_its_models_now_is_there() -> None:
    busy = reply(b'{"error":"busy"}', status="500 Internal Server Error")
    with serving(answering({"/api/version": reply(VERSION), "/api/ps": busy})) as port:
        assert glance(at(port), 10) == Glance("0.33.0", ())


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        reply(b"", status="302 Found", more="Location: http://elsewhere/\r\n"),
        reply(b"404 page not found", status="404 Not Found", kind="text/plain"),
        reply(b'{"version":1}'),
        reply(b"[]"),
        reply(b'{"version":"0.1'),
        reply(b"\xff\xfe"),
        reply(b"[" * 100_000),
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000,
    ],
)
def test_what_does_not_answer_as_ollama_is_not_ollama(answer: bytes) -> None:
    with serving(saying(answer)) as port, pytest.raises(NotOllama):
        glance(at(port), 10)


def test_nobody_there_is_away() -> None:
    with pytest.raises(Away):
        glance(at(closed_port()), 10)


def test_an_address_that_leads_nowhere_is_away() -> None:
    with pytest.raises(Away):
        glance(Target("::1%nowhere", 1), 0.2)


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
def test_a_gateway_without_its_server_is_away(status: str) -> None:
    with serving(answering({"/api/version": reply(b"<html>", status=status)})) as port, pytest.raises(Away):
        glance(at(port), 10)


def test_a_server_that_closes_without_a_word_is_away() -> None:
    with serving(lambda connection: None) as port, pytest.raises(Away):
        glance(at(port), 10)


def silent(connection: Connection) -> None:
    connection.fall_silent()


def silent_in_the_middle(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    connection.fall_silent()


@pytest.mark.parametrize("handler", [silent, silent_in_the_middle])
def test_a_silent_server_is_away_when_the_deadline_comes(handler: Handler) -> None:
    with serving(handler) as port, pytest.raises(Away):
        glance(at(port), 0.05)


def python(code: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_a_silent_name_server_cannot_hold_it_up() -> None:
    code = """
import socket, time
socket.getaddrinfo = lambda *a, **k: time.sleep(600)
from core.cli.glance import Away, Target, glance
try:
    glance(Target("gpubox.example", 1), 0.1)
except Away:
    print("away")
"""
    assert python(code) == "away"


def test_a_name_is_looked_up() -> None:
    with serving(ollama()) as port:
        code = "from core.cli.glance import Target, glance\n"
        assert python(f"{code}print(glance(Target('localhost', {port}), 20).version)") == "0.33.0"


def test_a_name_nobody_knows_is_away() -> None:
    code = """
import socket
def unknown(*a, **k): raise socket.gaierror("no such name")
socket.getaddrinfo = unknown
from core.cli.glance import Away, Target, glance
try:
    glance(Target("gpubox.example", 1), 20)
except Away:
    print("away")
"""
    assert python(code) == "away"


def test_a_server_that_wants_tls_and_has_none_is_away() -> None:
    def plain(connection: Connection) -> None:
        connection.send(b"this is not TLS, whatever you may think\r\n" * 4)

    with serving(plain) as port, pytest.raises(Away):
        glance(Target("127.0.0.1", port, tls=True), 10)
