"""Files of a question from the command line: sent along as they are, or read as documents of its chat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.chat.attachments import read
from core.chat.types import NewAttachment
from core.cli.ingest_lines import followed
from core.cli.output import Output
from core.errors import LeitstandError, NotFound, Refused
from core.guard import one_line

if TYPE_CHECKING:
    from core.face import Face


class Files(NamedTuple):
    """What becomes of the files that were named."""

    along: tuple[NewAttachment, ...] = ()
    documents: tuple[str, ...] = ()
    """Neither a picture nor a text that can be sent: read first, and asked by their passages."""


def sorted_out(paths: Sequence[str]) -> Files:
    """Read what can be sent along, and name what has to be read as a document."""
    along: list[NewAttachment] = []
    documents: list[str] = []
    for path in paths:
        try:
            along.append(read(path))
        except NotFound:
            raise
        except LeitstandError:
            documents.append(str(Path(path).expanduser().absolute()))
    return Files(tuple(along), tuple(documents))


async def read_in(engine: Face, out: Output, chat_id: int, paths: Sequence[str]) -> None:
    """Read files into the documents that only this chat sees; Refused when one of them cannot be read."""
    if not paths:
        return
    space = await engine.library.session_space(chat_id)
    await followed(engine, out, space, await engine.library.ingest(space.id, tuple(paths)), quiet=True)
    for path in paths:
        page = await engine.library.documents(space.id, text=path)
        found = next((one for one in page.documents if one.source == path), None)
        if found is None or found.state != "ready":
            why = found.error if found is not None and found.error else "It is no document that can be read."
            raise Refused(f"{one_line(Path(path).name, 80)} cannot be asked about: {why}")
