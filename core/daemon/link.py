"""One connection: whose it is, and whole frames in and out of it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from contextlib import suppress

from core.daemon import frames
from core.daemon.frames import HEADER, LARGEST, Answer, BadFrame, Hello, Refusal, Welcome
from core.errors import ConnectionLost, LeitstandError, WrongVersion
from core.version import VERSION

GREETING_PATIENCE = 5.0
"""Seconds either side waits for the other's first word."""

_XUCRED = struct.Struct("IIh")


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end, as the kernel says; None where it cannot say."""
    with suppress(OSError, AttributeError):
        if sys.platform == "darwin":
            # LOCAL_PEERCRED: version, uid, number of groups, …
            told = connection.getsockopt(0, 1, 76)
            return int(_XUCRED.unpack_from(told)[1])
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", told)[1])
    return None


def is_ours(uid: int | None) -> bool:
    """Whether that user may come in; where the kernel does not say, the private folder has to do."""
    return uid is None or uid == os.getuid()


async def received(reader: asyncio.StreamReader, largest: int = LARGEST) -> bytes | None:
    """The next frame; None when the other side is gone, in the middle of one as well."""
    try:
        length = frames.length_of(await reader.readexactly(HEADER), largest)
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None


def connected(address: str, *, patience: float = GREETING_PATIENCE) -> tuple[socket.socket, Welcome]:
    """Knock at a socket and be let in; blocking, and done when the welcome is read, to the last byte.

    Raises ConnectionLost when nobody is there, and what the other side says when it refuses.
    """
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.settimeout(patience)
        stream.connect(address)
        if not is_ours(peer_uid(stream)):
            raise ConnectionLost("The socket of the running Leitstand belongs to somebody else.")
        # Whoever refuses a stranger says so and closes, without hearing who it is.
        with suppress(BrokenPipeError, ConnectionResetError):
            stream.sendall(frames.packed(Hello(frames.PROTOCOL, VERSION)))
        answer = _answer(stream)
    except (OSError, BadFrame) as error:
        stream.close()
        raise ConnectionLost("Nobody answers there.") from error
    except BaseException:
        stream.close()
        raise
    if isinstance(answer, Refusal):
        stream.close()
        raise answer.fault.error()
    stream.setblocking(False)
    return stream, answer


def _answer(stream: socket.socket) -> Answer:
    length = frames.length_of(_exactly(stream, HEADER))
    return frames.answer_from(_exactly(stream, length))


def _exactly(stream: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = stream.recv(min(count - len(found), 65536))
        if not piece:
            raise ConnectionResetError
        found += piece
    return bytes(found)


def refusal_of(hello: Hello) -> LeitstandError | None:
    """Why somebody of that version cannot come in."""
    if hello.protocol == frames.PROTOCOL and hello.version == VERSION:
        return None
    return WrongVersion(f"The Leitstand that runs is version {VERSION}, this one is {hello.version[:40]}.")
