"""A hundred documents of which twenty are hostile or broken: eighty are in, twenty are named with reasons."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.guard import harmless
from core.retrieval.sandbox import Reader
from tests.core.retrieval.hostile import HARMLESS, HOSTILE
from tests.core.retrieval.making import docx, epub, mail, paragraph, pdf, pptx, shape, xlsx
from tests.core.retrieval.reading_room import ReadingRoom, reading_room
from tests.core.retrieval.shelves import texts_of

MOST_MEMORY = 600 * 2**20
"""What the process that reads may ever have, in bytes: a tenth of what the bombs among them unpack to."""

NO_FILES = {
    "pipe.md": "It is a device or a pipe",
    "outside.txt": "a link that leads out of the folder",
    "zero.md": "a link that leads out of the folder",
    "nowhere.txt": "a link that leads nowhere",
    "nothing.csv": "It is empty.",
}
ELSEWHERE = {
    "a smaller zip bomb", "laughs in two bytes a letter", "a truncated word document", "random bytes",
    "a picture called text",
}  # fmt: skip
"""Hostile documents that leave their places to what is no file at all; the reader's own tests have them."""
BAD = {name: sentence for case, (name, _, sentence) in HOSTILE.items() if case not in ELSEWHERE} | NO_FILES


def good(number: int) -> tuple[str, bytes]:
    """A document that can be read, of one kind after the other."""
    words = f"Document {number} tells of the heron number {number} in the reeds, über die Straße hinweg."
    kinds = {
        "md": f"# Heron {number}\n\n{words}\n".encode(),
        "txt": words.encode(),
        "rst": f"Heron {number}\n========\n\n{words}\n".encode(),
        "py": f"def heron_{number}():\n    return {words!r}\n".encode(),
        "html": f"<html><body><p>{words}</p></body></html>".encode(),
        "csv": f"bird,words\nheron,{words}\n".encode(),
        "json": f'{{"bird": "heron", "words": "{words}"}}'.encode(),
        "pdf": pdf((words.encode("ascii", "replace").decode(),)),
        "docx": docx(paragraph(words)),
        "pptx": pptx(shape(words)),
        "xlsx": xlsx(f'<row><c r="A1" t="inlineStr"><is><t>{words}</t></is></c></row>'),
        "epub": epub(f"<p>{words}</p>"),
        "eml": mail(f"Heron {number}", words),
        "latin.txt": words.encode("cp1252"),
        "wide.txt": words.encode("utf-16"),
        "bare.txt": words.encode("utf-16-le"),
        "torn.md": words.encode() + b" \xff\xfe torn",
        "line.log": words.encode() + b" word" * 4_000,
        "\x1b[31mred\u202e.txt": f"\x1b]0;owned\x07{words}\x1b[2J".encode(),
        "no ending": words.encode(),
    }
    ending = list(kinds)[number % len(kinds)]
    return f"{number} {ending}" if ending == "no ending" else f"{number}.{ending}", kinds[ending]


def fill(room: ReadingRoom) -> None:
    outside = room.home / "outside.txt"
    outside.write_text("Somebody else's words.")
    for number in range(80 - len(HARMLESS)):
        name, data = good(number)
        (room.shelf / name).write_bytes(data)
    for name, data in HARMLESS.values():
        (room.shelf / name).write_bytes(data)
    for case, (name, data, _) in HOSTILE.items():
        if case not in ELSEWHERE:
            (room.shelf / name).write_bytes(data)
    os.mkfifo(room.shelf / "pipe.md")
    (room.shelf / "outside.txt").symlink_to(outside)
    (room.shelf / "zero.md").symlink_to("/dev/zero")
    (room.shelf / "nowhere.txt").symlink_to(room.shelf / "gone.txt")
    (room.shelf / "circle").symlink_to(room.shelf, target_is_directory=True)
    (room.shelf / "nothing.csv").touch()


def most_memory(reader: Reader) -> int:
    """What the process that reads has ever had."""
    if reader._child is None or sys.platform != "linux":
        return 0
    try:
        status = Path(f"/proc/{reader._child.pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line[:6] == "VmHWM:"), 0)


def watched(reader: Reader, peaks: list[int]) -> None:
    """Look at every process that reads before it ends."""
    end = reader._end

    async def ending() -> int | None:
        peaks.append(most_memory(reader))
        return await end()

    reader._end = ending  # type: ignore[method-assign]


async def test_eighty_are_in_and_twenty_are_named_with_reasons(tmp_path: Path) -> None:
    assert len(BAD) == 20
    peaks: list[int] = []
    async with reading_room(tmp_path, real=True) as room:
        fill(room)
        reader = room.library._parts.tools.reader
        assert isinstance(reader, Reader)
        watched(reader, peaks)
        space = await room.library.create_space("all")
        job = await room.ingested(space)
        assert job.state == "done"
        documents = (await room.library.documents(space.id, limit=200)).documents
        ready = {one.source for one in documents if one.state == "ready"}
        failed = {Path(one.source).name: one.error for one in documents if one.state == "failed"}
        assert (len(documents), len(ready)) == (100, 80)
        assert failed.keys() == BAD.keys()
        for name, sentence in BAD.items():
            assert sentence in failed[name]
        now = await room.library.space(space.id)
        assert (now.failed, now.embedded) == (20, now.chunks)
        assert (await room.library.health(space.id)).rows == now.chunks
        texts = list((await texts_of(room.index, space.id)).values())
        assert all(harmless(text) == text for text in texts)
        assert not any("root:" in text or "Somebody else" in text for text in texts)
        # Every one of them, in whatever encoding it was written.
        for number in range(80 - len(HARMLESS)):
            said = [text for text in texts if f"heron number {number} " in text]
            assert len(said) == 1, good(number)[0]
            assert "über die Straße" in said[0] or "?ber die Stra?e" in said[0]
    peaks.append(most_memory(reader))
    assert max(peaks) < MOST_MEMORY
    if sys.platform == "linux":
        assert max(peaks) > 20 * 2**20, "nobody looked"
