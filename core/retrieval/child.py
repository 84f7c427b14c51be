"""The process that reads documents: it takes a question, reads one file, answers, and takes the next."""

from __future__ import annotations

import fcntl
import gc
import os
import resource
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import BinaryIO, TypeVar

import msgspec

from core.errors import LeitstandError, Unreadable
from core.retrieval.chunk import cut
from core.retrieval.extract import extract
from core.retrieval.frames import Ask, Done, Failed, Limits, Part, packed
from core.retrieval.types import Block, Section, Unit

T = TypeVar("T", Block, Section, Unit)

_LARGE = 500 * 2**20
"""Memory that a child has ever used, in bytes, after which it is not worth keeping."""
_PART = 96 * 1024
"""Characters of text that one answer carries."""
_PIPE = 2**20
_YOUNG = 50_000
"""New objects after which the youngest are looked at."""


def main() -> None:
    """Read documents until the parent closes the pipe or is gone."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not land between two answers.
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    _watch_parent()
    _roomy(answers.fileno())
    # Most of what a document is made of cannot hold itself: looking for such garbage is a tenth of reading.
    gc.set_threshold(_YOUNG)
    limited = False
    decoder = msgspec.msgpack.Decoder(Ask)
    while (head := questions.read(4)) and len(head) == 4:
        ask = decoder.decode(questions.read(int.from_bytes(head)))
        if not limited:
            _limit(ask.limits)
            limited = True
        _limit_time(ask.limits)
        try:
            _answer(ask, answers)
        except Exception as error:  # noqa: BLE001 - whatever a hostile file brings up is an answer, too
            answers.write(packed(_failure(error)))
        answers.flush()


def _roomy(pipe: int) -> None:
    """Let a whole answer lie in the pipe, so that each is handed over at once and not in sixteen turns."""
    with suppress(AttributeError, OSError):  # other systems have no such pipes, and others may need them more
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _failure(error: Exception) -> Failed:
    if isinstance(error, LeitstandError):
        return Failed(error.message, error.hint, retire=_retire())
    if isinstance(error, MemoryError):
        return Failed("It needs more memory than reading one document may take.", "Split it.", retire=True)
    # A fault of the reader's, met only by a file that no program would write.
    return Failed(
        f"It is damaged in a way that the reader does not know ({type(error).__name__}).", retire=True
    )


def _answer(ask: Ask, answers: BinaryIO) -> None:
    data = ask.data or _content(ask.path, ask.limits.bytes)
    document = extract(data, ask.name)
    if ask.document_id:
        found = cut(document, document_id=ask.document_id, unit=ask.unit, section=ask.section)
        answers.writelines(packed(Part(sections=some)) for some in _parts(found.sections))
        answers.writelines(packed(Part(units=some)) for some in _parts(found.units))
    else:
        answers.writelines(packed(Part(blocks=some)) for some in _parts(document.blocks))
    bare = msgspec.structs.replace(document, blocks=())
    answers.write(packed(Done(bare, blake2b(data, digest_size=16).hexdigest(), retire=_retire())))


def _parts(things: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """As many at a time as make one answer."""
    gathered: list[T] = []
    total = 0
    for one in things:
        gathered.append(one)
        total += len(one.text)
        if total >= _PART:
            yield tuple(gathered)
            gathered, total = [], 0
    if gathered:
        yield tuple(gathered)


def _content(path: str, most: int) -> bytes:
    """The bytes of a regular file: a pipe would never end, and a device is no document."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        raise Unreadable("It is not there any more.") from None
    except PermissionError:
        raise Unreadable("It may not be read by this user.", "Change who may read it.") from None
    except OSError as error:
        raise Unreadable(f"It cannot be opened: {error.strerror}.") from None
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device or a pipe"
        raise Unreadable(f"It is {what}, not a document.")
    with os.fdopen(number, "rb") as file:
        if found.st_size > most:
            raise Unreadable(
                f"It has {found.st_size // 2**20} MB, and {most // 2**20} MB is the most.", "Split it."
            )
        try:
            return file.read(most + 1)
        except OSError as error:
            raise Unreadable(f"It cannot be read: {error.strerror}.") from None


def _limit(limits: Limits) -> None:
    """Bind this process for good: memory, no files written, no process started."""
    for kind, most in (
        ("RLIMIT_AS", limits.memory),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_NPROC", 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, kind), (most, most))


def _limit_time(limits: Limits) -> None:
    """Give this document its seconds of the processor; whoever takes more is ended by the kernel."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + limits.cpu + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _retire() -> bool:
    return _most_memory() > _LARGE


def _most_memory() -> int:
    """The most bytes this process ever had.

    Not from getrusage where it can be had otherwise: its figure begins with that of the process we come from.
    """
    try:
        with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - the child imports as little as it can
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)


def _watch_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
