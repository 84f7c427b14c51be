"""Documents are read in a process of their own: whatever one does to its reader, it does it there.

    Reader ── Ask ──▶ child: limits on memory, time and files; no secrets in its environment
           ◀─ Part … Part, Done | Failed ──

One child reads many documents, one after another; it is killed and replaced when a document takes it too
long, makes it too large, or breaks it, and only that document hears of it. Answers come in small parts so
that taking them in never holds up the screen. The child ends when its parent does, however that happens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio import subprocess
from contextlib import suppress
from pathlib import Path

import msgspec

from core.errors import LeitstandError, Unreadable
from core.retrieval.frames import Ask, Done, Failed, Limits, Part, Reply, packed
from core.retrieval.types import Block, Cut, Document, Section, Unit

_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from core.retrieval.child import main; main()"
_ANSWERS = msgspec.msgpack.Decoder(Part | Done | Failed)
_MOST_FRAME = 8 * 2**20
_CALM = 64 * 1024
"""Bytes after which the loop gets its turn."""


class Reading(msgspec.Struct, frozen=True):
    """A document and what it was cut into."""

    document: Document
    cut: Cut
    digest: str = ""
    """Of the bytes that were read."""


class Reader:
    """Reads documents in a child process, one at a time; the child is started when the first one comes."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits
        self._child: subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def read(self, path: Path) -> Document:
        """Read a file; raise Unreadable with the sentence for that document."""
        return (await self._ask(Ask(path=_whole(path), name=path.name, limits=self._limits))).document

    async def read_bytes(self, data: bytes, name: str) -> Document:
        """Read what was pasted or piped."""
        return (await self._ask(Ask(data=data, name=name, limits=self._limits))).document

    async def sections(
        self, source: Path | bytes, name: str = "", *, document_id: str, unit: int = 200, section: int = 500
    ) -> Reading:
        """Read a document and cut it, all of it in the child: nothing here has to wait for it."""
        ask = Ask(
            path="" if isinstance(source, bytes) else _whole(source),
            data=source if isinstance(source, bytes) else b"",
            name=name or ("" if isinstance(source, bytes) else source.name),
            limits=self._limits,
            document_id=document_id,
            unit=unit,
            section=section,
        )
        return await self._ask(ask)

    async def close(self) -> None:
        """End the child."""
        self._closed = True
        await self._end()

    async def _ask(self, ask: Ask) -> Reading:
        async with self._turn:
            if self._closed:
                raise LeitstandError("Leitstand is closing and reads no more documents.")
            try:
                async with asyncio.timeout(self._limits.seconds):
                    return await self._exchange(ask)
            except TimeoutError:
                await self._end()
                raise Unreadable(
                    f"Reading it took longer than {self._limits.seconds:.0f} seconds.", "Split it."
                ) from None
            except (EOFError, OSError, msgspec.MsgspecError, asyncio.LimitOverrunError):
                # It died, or it says things it cannot mean: either way it is of no use any more.
                code = await self._end()
                raise Unreadable(_died(code)) from None
            except asyncio.CancelledError:
                # Half an answer is on its way: the next document must not take it for its own.
                await self._end()
                raise

    async def _exchange(self, ask: Ask) -> Reading:
        child = self._child
        if child is None or child.returncode is not None:
            child = await self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(packed(ask))
        await child.stdin.drain()
        blocks: list[Block] = []
        sections: list[Section] = []
        units: list[Unit] = []
        taken = 0
        while True:
            length = int.from_bytes(await child.stdout.readexactly(4))
            if length > _MOST_FRAME:
                raise EOFError
            reply: Reply = _ANSWERS.decode(await child.stdout.readexactly(length))
            if isinstance(reply, Failed):
                await self._retired(reply.retire)
                raise Unreadable(reply.message, reply.hint)
            if isinstance(reply, Done):
                await self._retired(reply.retire)
                document = msgspec.structs.replace(reply.document, blocks=tuple(blocks))
                return Reading(document, Cut(tuple(sections), tuple(units)), reply.digest)
            blocks += reply.blocks
            sections += reply.sections
            units += reply.units
            taken += length
            if taken > _CALM:
                taken = 0
                await asyncio.sleep(0)

    async def _started(self) -> subprocess.Process:
        keep = {name: os.environ[name] for name in ("SYSTEMROOT", "TMPDIR") if name in os.environ}
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-X",
            "utf8",
            "-c",
            _START,
            str(_ROOT),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath, "LANG": "C.UTF-8", **keep},
            # ctrl+c in the terminal is meant for the screen, not for whoever reads documents.
            start_new_session=True,
            limit=2**20,
        )
        return self._child

    async def _retired(self, retire: bool) -> None:  # noqa: FBT001 - it is what the child said
        if retire:
            await self._end()

    async def _end(self) -> int | None:
        """Kill the child and wait for its end; return what it ended with when it ended by itself."""
        child, self._child = self._child, None
        if child is None:
            return None
        code = child.returncode
        if code is None:
            # It may have died a moment ago: then its own end tells more than ours.
            await asyncio.sleep(0)
            code = child.returncode
        if code is None:
            # Not `child.kill()`: that fetches the code of one that has just ended, and keeps it.
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
            ended = await child.wait()
            code = None if ended == -9 else ended
        if child.stdin is not None:
            child.stdin.close()
        child._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else it is closed by the collector
        return code


def _whole(path: Path) -> str:
    """The child works in another directory."""
    return str(path.absolute())


def _died(code: int | None) -> str:
    if code in (-24, -9, 137):
        return "Reading it took too much time or memory."
    if code is not None and code < 0:
        return "It broke the reader: it is damaged, or made to do harm."
    return "The reader ended while it read it."
