"""The process that reads documents: what a document does to it, it does to nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import LeitstandError, Unreadable
from core.guard import harmless
from core.retrieval.frames import Limits
from core.retrieval.sandbox import Reader
from tests.core.retrieval.hostile import HARMLESS, HOSTILE
from tests.core.retrieval.making import docx, paragraph, xlsx
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
SLOW = b"# a\n" * 1_000_000
"""A million headings: each is a block of its own, which takes some seconds on any machine."""


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


def child_of(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child.pid


def memory_of(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_twenty_hostile_documents_get_a_sentence_each_and_the_rest_is_read(
    reader: Reader, tmp_path: Path
) -> None:
    assert len(HOSTILE) == 20
    children = set()
    for name, data, sentence in HOSTILE.values():
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(Unreadable) as caught:
            await reader.read(file)
        said = f"{caught.value.message} {caught.value.hint}"
        assert sentence in said, name
        assert harmless(said) == said
        good = tmp_path / "good.md"
        good.write_text(f"# After {name}\n\nAll is well.\n")
        assert (await reader.read(good)).title == f"After {name}"
        children.add(child_of(reader))
        if sys.platform == "linux":
            assert memory_of(child_of(reader)) < 600 * 2**20
    assert len(children) <= 3, "one child reads many documents"


@pytest.mark.parametrize("case", HARMLESS)
async def test_odd_documents_are_read(reader: Reader, case: str) -> None:
    name, data = HARMLESS[case]
    document = await reader.read_bytes(data, name)
    text = "".join(block.text for block in document.blocks)
    assert text
    assert harmless(text) == text


async def test_a_document_is_cut_in_the_child_and_comes_with_its_digest(
    reader: Reader, tmp_path: Path
) -> None:
    file = tmp_path / "long.md"
    file.write_text(
        "\n\n".join(f"# Part {n}\n\n" + f"Words of part {n} go on and on. " * 60 for n in range(200))
    )
    whole = await reader.sections(file, document_id="d1")
    again = await reader.sections(file.read_bytes(), "long.md", document_id="d1")
    assert len(whole.cut.sections) >= 200
    assert whole == again
    assert len(whole.digest) == 32
    assert {unit.section for unit in whole.cut.units} == {section.key for section in whole.cut.sections}


async def test_what_takes_too_long_is_ended_and_the_next_document_read() -> None:
    reader = Reader(Limits(seconds=0.3))
    with pytest.raises(Unreadable, match="took longer than"):
        await reader.read_bytes(SLOW, "headings.md")
    reader._limits = Limits()
    assert (await reader.read_bytes(b"# Fine\n\nyes", "a.md")).title == "Fine"
    await reader.close()


async def test_what_takes_too_much_of_the_processor_is_ended_by_the_kernel() -> None:
    reader = Reader(Limits(cpu=0))
    with pytest.raises(Unreadable, match="too much time or memory"):
        await reader.read_bytes(SLOW, "headings.md")
    await reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to its memory")
async def test_what_takes_too_much_memory_is_told(tmp_path: Path) -> None:
    reader = Reader(Limits(memory=180 * 2**20))
    big = "<row>" + "<c><v>123456</v></c>" * 100 + "</row>"
    with pytest.raises(Unreadable, match=r"memory|hundred times"):
        await reader.read_bytes(xlsx("".join(f"<!--{n * 7919}-->{big}" for n in range(9000))), "big.xlsx")
    assert (await reader.read_bytes(b"ok then", "a.txt")).blocks
    await reader.close()


async def test_a_child_that_is_killed_is_replaced(reader: Reader) -> None:
    await reader.read_bytes(b"one", "a.txt")
    first = child_of(reader)
    os.kill(first, signal.SIGKILL)
    with suppress(Unreadable):  # it may be asked before anybody can know
        await reader.read_bytes(b"two", "a.txt")
    assert (await reader.read_bytes(b"three", "a.txt")).blocks[0].text == "three"
    assert child_of(reader) != first


async def test_an_answer_nobody_waited_for_is_not_the_next_ones(reader: Reader) -> None:
    asked = asyncio.ensure_future(reader.read_bytes(b"first " * 400_000, "a.txt"))
    await until(lambda: reader._child is not None)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await reader.read_bytes(b"second", "b.txt")).blocks[0].text == "second"


async def test_several_at_once_each_get_their_own(reader: Reader) -> None:
    found = await asyncio.gather(*(reader.read_bytes(f"text {n}".encode(), "a.txt") for n in range(20)))
    assert [document.blocks[0].text for document in found] == [f"text {n}" for n in range(20)]


async def test_a_closed_reader_reads_no_more() -> None:
    reader = Reader()
    await reader.read_bytes(b"x", "a.txt")
    child = child_of(reader)
    await reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises(LeitstandError, match="closing"):
        await reader.read_bytes(b"x", "a.txt")


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="the environment of a process is seen in /proc"
)
async def test_the_child_inherits_no_secrets(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hunter2")
    await reader.read_bytes(b"x", "a.txt")
    environment, opened = inherited(child_of(reader))
    assert b"hunter2" not in environment
    assert all(name.startswith(("pipe:", "/dev/null", "socket:")) for name in opened), opened


def inherited(process: int) -> tuple[bytes, set[str]]:
    """The environment of a process and what it has open."""
    place = Path(f"/proc/{process}")
    return (place / "environ").read_bytes(), {str(one.readlink()) for one in (place / "fd").iterdir()}


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


PARENT = """
import asyncio, sys
from core.retrieval.sandbox import Reader

async def main():
    reader = Reader()
    await reader.read_bytes(b"x", "a.txt")
    print(reader._child.pid, flush=True)
    await reader.read_bytes(b"# a\\n" * 2_000_000, "headings.md")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_the_child_ends_with_its_parent_however_that_ends() -> None:
    parent = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    child = int(await asyncio.to_thread(parent.stdout.readline))
    parent.kill()
    await asyncio.to_thread(parent.wait)
    parent.stdout.close()
    # Even while it is in the middle of a document that takes it seconds.
    await until(lambda: gone(child))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), "a folder"),
        (os.mkfifo, "a device or a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device or a pipe"),
        (lambda path: None, "not there any more"),
        (lambda path: path.write_bytes(b"x" * (51 * 2**20)), "50 MB is the most"),
    ],
)  # fmt: skip
async def test_what_is_no_regular_file_is_not_read(
    reader: Reader, tmp_path: Path, make: Callable[[Path], object], sentence: str
) -> None:
    make(tmp_path / "x.txt")
    with pytest.raises(Unreadable, match=sentence):
        await reader.read(tmp_path / "x.txt")


async def test_a_word_document_is_read_in_the_child(reader: Reader) -> None:
    document = await reader.read_bytes(docx(paragraph("Hallo Welt"), title="Brief"), "brief.docx")
    assert (document.title, document.blocks[0].text) == ("Brief", "Hallo Welt")
