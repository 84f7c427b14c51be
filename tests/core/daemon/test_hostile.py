"""Whatever knocks at the socket: garbage, half a frame, a crowd, a stranger. The host is unharmed."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.daemon import connection, frames, place, server
from core.daemon.frames import Call, Fault, Hello, Ping, Refusal
from core.daemon.hosting import HostingEngine, LocalWay
from core.daemon.link import connected, peer_uid
from core.errors import ConnectionLost, LeitstandError, PermissionRefused, WrongVersion
from core.paths import Paths
from core.version import VERSION
from tests.core.daemon.house import House
from tests.waiting import until

HELLO = frames.packed(Hello(frames.PROTOCOL, VERSION))


class Raw:
    """A connection in which a test says every byte itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self) -> dict[str, Any] | None:
        """The next frame; None when the other side has hung up."""
        try:
            length = int.from_bytes(await self.reader.readexactly(4), "big")
            found: dict[str, Any] = json.loads(await self.reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            return None
        return found

    async def hear_all(self) -> list[dict[str, Any]]:
        said = []
        while (frame := await self.hear()) is not None:
            said.append(frame)
        return said


@asynccontextmanager
async def raw(home: House) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_unix_connection(home.host.socket, limit=2**20)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def unharmed(home: House) -> None:
    """Somebody decent is served as ever."""
    face = await home.face()
    assert len(await face.jobs.lanes()) == 3
    await face.close()
    await until(lambda: home.host.faces == 0)


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 64,
        b"\xff" * 64,
        b"\0\0\0\x05{not}",
        (70_000).to_bytes(4, "big") + b"x" * 70_000,
        frames.packed(Ping(1)),
        frames.packed(Call(1, "jobs.lanes", msgspec.Raw(b"{}"))),
        b"\0\0\0\x02[]",
        b'\0\0\0\x04"\xff\xfe"',
    ],
    ids=[
        "http",
        "zeros",
        "ones",
        "no json",
        "too long a greeting",
        "ping first",
        "call first",
        "array",
        "latin",
    ],
)
async def test_who_does_not_greet_is_refused(home: House, said: bytes) -> None:
    async with raw(home) as line:
        line.say(said)
        answers = await line.hear_all()
        assert [answer["type"] for answer in answers] in (["refusal"], [])
    await unharmed(home)


async def test_who_says_nothing_is_sent_away(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GREETING_PATIENCE", 0.05)
    async with raw(home) as line:
        assert [answer["type"] for answer in await line.hear_all()] == ["refusal"]
    await unharmed(home)


async def test_half_a_greeting_and_then_nothing_leaves_no_trace(home: House) -> None:
    async with raw(home) as line:
        line.say(HELLO[:7])
    async with raw(home) as line:
        line.say(HELLO[:-1])
    await unharmed(home)


@pytest.mark.parametrize(("protocol", "version"), [(0, VERSION), (99, VERSION), (1, "0.0.1"), (1, "x" * 999)])
async def test_another_version_is_refused_with_the_way_out(home: House, protocol: int, version: str) -> None:
    async with raw(home) as line:
        line.say(frames.packed(Hello(protocol, version)))
        [answer] = await line.hear_all()
    assert answer["fault"]["code"] == WrongVersion.code
    assert VERSION in answer["fault"]["message"]
    assert len(answer["fault"]["message"]) < 200
    await unharmed(home)


@pytest.mark.parametrize(
    "said",
    [
        b"\0\0\0\0",
        (2**32 - 1).to_bytes(4, "big"),
        b"\0\0\0\x03nix",
        frames.headed(b'{"type":"call","id":"x","verb":1,"params":{}}'),
        frames.headed(b'{"type":"welcome"}'),
        frames.headed(b"[" * 50_000),
        HELLO,
    ],
    ids=["empty", "four gigabytes", "no json", "wrong types", "not a face's", "deep", "twice"],
)
async def test_garbage_after_the_greeting_ends_this_connection_only(home: House, said: bytes) -> None:
    face = await home.face()
    async with raw(home) as line:
        line.say(HELLO + said)
        answers = await line.hear_all()
    assert answers[0]["type"] == "welcome"
    assert len(await face.jobs.lanes()) == 3


@pytest.mark.parametrize(
    ("verb", "params", "code"),
    [
        ("jobs.lanes", b"[]", "usage"),
        ("jobs.get", b'{"id": "x"}', "usage"),
        ("jobs.get", b'{"id": 1, "more": 2}', "usage"),
        ("jobs.get", b"{", "usage"),
        ("jobs._ledger", b"{}", "not_found"),
        ("jobs.start", b"{}", "not_found"),
        ("engine.close", b"{}", "not_found"),
        ("chat.send.x", b"{}", "not_found"),
        ("\x1b[2J", b"{}", "not_found"),
    ],
)
async def test_a_wrong_call_is_answered_by_name_and_the_line_holds(
    home: House, verb: str, params: bytes, code: str
) -> None:
    async with raw(home) as line:
        line.say(HELLO)
        # A call that is no JSON at all cannot be built by us: by hand.
        body = b'{"type":"call","id":7,"verb":' + msgspec.json.encode(verb) + b',"params":' + params + b"}"
        line.say(frames.headed(body))
        line.say(frames.packed(Ping(8)))
        await line.hear()
        if params == b"{":
            assert await line.hear() is None  # the frame itself is torn
            return
        said = [await line.hear(), await line.hear()]
        by_type = {frame["type"]: frame for frame in said if frame is not None}
        assert by_type["reply"]["fault"]["code"] == code
        assert "\x1b" not in by_type["reply"]["fault"]["message"]
        assert by_type["pong"]["id"] == 8


async def test_a_crowd_is_refused_beyond_a_number_and_the_host_goes_on(home: House) -> None:
    face = await home.face()
    lines: list[socket.socket] = []
    try:
        for _ in range(1000):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.setblocking(False)
            lines.append(line)
            with suppress(BlockingIOError):
                line.connect(home.host.socket)
            if len(lines) % 50 == 0:
                await asyncio.sleep(0)
                assert len(await face.jobs.lanes()) == 3
        files = len(os.listdir("/proc/self/fd")) - len(lines)  # noqa: PTH208
        assert files < server.MOST * 2 + 100
    finally:
        for line in lines:
            line.close()
    await until(lambda: home.host.faces == 1)
    assert len(await face.jobs.lanes()) == 3
    await until(lambda: home.host._server is not None and home.host._server._waiting == 0)
    await face.close()
    await unharmed(home)


async def test_a_stranger_is_refused_and_a_friend_is_not(home: House) -> None:
    assert home.host._server is not None
    home.host._server._uid_of = lambda _: os.getuid() + 1
    with pytest.raises(PermissionRefused, match="another user"):
        await home.face()
    home.host._server._uid_of = lambda _: None
    await unharmed(home)
    home.host._server._uid_of = peer_uid
    await unharmed(home)


async def test_nobody_else_can_open_the_socket(home: House) -> None:
    found = os.stat(home.host.socket)  # noqa: PTH116
    folder = os.stat(os.path.dirname(home.host.socket))  # noqa: PTH116, PTH120
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_IMODE(folder.st_mode) & 0o077 == 0


def test_a_socket_of_somebody_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        monkeypatch.setattr("core.daemon.link.peer_uid", lambda _: os.getuid() + 1)
        with pytest.raises(ConnectionLost, match="somebody else"):
            connected(address, patience=1)


def test_why_one_is_refused_is_heard_although_nobody_listened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "s")
    gone = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()

        def refuse() -> None:
            line, _ = listener.accept()
            with line:
                refusal = Refusal(Fault.of(PermissionRefused("It belongs to another user.")))
                line.sendall(frames.packed(refusal))
            gone.set()

        def uid_once_it_is_gone(_: object) -> int:
            assert gone.wait(10)
            return os.getuid()

        monkeypatch.setattr("core.daemon.link.peer_uid", uid_once_it_is_gone)
        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(PermissionRefused, match="another user"):
            connected(address, patience=5)
        thread.join()


@pytest.mark.parametrize("said", [b"", b"\0\0", b"\0\0\0\x02{}", b"HTTP/1.1 400\r\n\r\n" * 9, b"\xff" * 40])
def test_a_host_that_talks_rubbish_is_nobody(tmp_path: Path, said: bytes) -> None:
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(4096)
                line.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConnectionLost):
            connected(address, patience=2)
        thread.join()


def paths(tmp_path: Path) -> Paths:
    return Paths.find({"LEITSTAND_HOME": str(tmp_path), "HOME": str(tmp_path)})


def test_a_stale_socket_is_replaced_and_a_live_one_is_left_alone(tmp_path: Path) -> None:
    first = place.listening(paths(tmp_path))
    address = first.getsockname()
    first.close()
    second = place.listening(paths(tmp_path))
    assert second.getsockname() == address
    second.listen()
    third = place.listening(paths(tmp_path))
    assert third.getsockname() not in {address, ""}
    assert Path(address).exists()
    for each in (second, third):
        each.close()


def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    first = place.listening(paths(tmp_path))
    address = Path(first.getsockname())
    first.close()
    address.unlink()
    address.write_text("mine")
    other = place.listening(paths(tmp_path))
    other.close()
    assert address.read_text() == "mine"


def test_a_path_too_long_for_a_socket_has_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="l") as short:
        monkeypatch.setattr("tempfile.gettempdir", lambda: short)
        found = place.listening(paths(tmp_path / ("x" * 120)))
        found.close()
        assert Path(found_name(short)).parent.name == f"leitstand-{os.getuid()}"


def found_name(folder: str) -> str:
    """The one socket somewhere in a folder."""
    [name] = Path(folder).rglob("*.sock")
    return str(name)


def test_a_folder_that_others_can_enter_is_closed_and_a_link_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    place.make_own(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(PermissionError):
        place.make_own(tmp_path / "link")


async def test_without_a_place_for_a_socket_leitstand_works_alone_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.bus import Notice
    from tests.core.daemon import house as made

    monkeypatch.setattr(place, "folders", lambda _: ())
    seen: list[str] = []
    publish = HostingEngine.start

    async def start(engine: Any) -> None:
        with engine.bus.subscribe(Notice) as mailbox:
            await publish(engine)
            seen.extend(event.text for event in mailbox.take())

    monkeypatch.setattr(HostingEngine, "start", start)
    async with made.house(tmp_path / "h") as home:
        assert home.host.socket == ""
        assert len(await home.host.jobs.lanes()) == 3
    assert any("attach" in text for text in seen)


async def test_a_way_to_nobody_says_so(tmp_path: Path, home: House) -> None:
    way = LocalWay(home.options, paths(tmp_path / "elsewhere"))
    with pytest.raises(ConnectionLost):
        way.connect()
    assert way.is_gone()
    here = LocalWay(home.options, home.host.paths)
    assert not here.is_gone()


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_frame_that_they_are_not(body: bytes) -> None:
    for read in (frames.from_face, frames.from_engine, frames.hello_from, frames.answer_from):
        with suppress(frames.BadFrame):
            read(body)


@given(st.integers(0, 2**32 - 1))
def test_a_length_is_believed_within_its_bound_only(length: int) -> None:
    header = length.to_bytes(4, "big")
    try:
        assert frames.length_of(header) == length
        assert 0 < length <= frames.LARGEST
    except frames.BadFrame:
        assert not 0 < length <= frames.LARGEST


def test_what_is_too_large_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LARGEST", 1000)
    with pytest.raises(LeitstandError, match="too much"):
        frames.headed(b"x" * 1001)
    assert connection.BACKLOG < frames.LARGEST_GREETING * 4
