"""A hundred documents of which twenty are hostile or broken: eighty are in, twenty are named with reasons."""

from __future__ import annotations

from pathlib import Path

from tests.core.retrieval.hostile import HOSTILE
from tests.core.retrieval.making import docx, epub, mail, paragraph, pdf
from tests.core.retrieval.reading_room import reading_room


def good(number: int) -> tuple[str, bytes]:
    """A document that can be read, of one kind after the other."""
    words = f"Document {number} tells of the heron number {number} in the reeds."
    match number % 8:
        case 0:
            return f"{number}.md", f"# Heron {number}\n\n{words}\n".encode()
        case 1:
            return f"{number}.txt", words.encode()
        case 2:
            return f"{number}.docx", docx(paragraph(words))
        case 3:
            return f"{number}.pdf", pdf((words,))
        case 4:
            return f"{number}.epub", epub(f"<p>{words}</p>")
        case 5:
            return f"{number}.eml", mail(f"Heron {number}", words)
        case 6:
            return f"{number}.html", f"<html><body><p>{words}</p></body></html>".encode()
        case _:
            return f"{number}.py", f"def heron_{number}():\n    return {words!r}\n".encode()


async def test_eighty_are_in_and_twenty_are_named_with_reasons(tmp_path: Path) -> None:
    async with reading_room(tmp_path, real=True) as room:
        for number in range(80):
            name, data = good(number)
            (room.shelf / name).write_bytes(data)
        for name, data, _ in HOSTILE.values():
            (room.shelf / name).write_bytes(data)
        space = await room.library.create_space("all")
        job = await room.ingested(space)
        assert job.state == "done"
        documents = (await room.library.documents(space.id)).documents
        ready = {one.source for one in documents if one.state == "ready"}
        failed = {Path(one.source).name: one.error for one in documents if one.state == "failed"}
        assert (len(documents), len(ready)) == (100, 80)
        assert failed.keys() == {name for name, _, _ in HOSTILE.values()}
        for name, _, sentence in HOSTILE.values():
            assert sentence in failed[name]
        now = await room.library.space(space.id)
        assert (now.failed, now.embedded) == (20, now.chunks)
        assert (await room.library.health(space.id)).rows == now.chunks
        found = await room.library.search("heron number 42 in the reeds", spaces=(space.id,), limit=20)
        assert any("heron number 42 " in passage.text for passage in found.passages)
