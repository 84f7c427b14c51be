"""Files that go along with a question: pictures for models that see, texts for all of them."""

from __future__ import annotations

import re
from pathlib import Path

from core.chat.types import Attachment, NewAttachment
from core.errors import NotFound, Refused, UsageError
from core.guard import one_line

MOST_IMAGE = 20 * 2**20
MOST_TEXT = 4 * 2**20
MOST_FILES = 20

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")


_DOCUMENTS = (b"%PDF-", b"PK\x03\x04")
"""How files begin that hold a text, but not as it stands there."""


def read(path: str) -> NewAttachment:
    """Read a file that a person named; blocking."""
    file = Path(path).expanduser()
    shown = one_line(file.name, 100)
    try:
        if file.is_dir():
            raise NotFound(
                f"{shown} is a folder.", "Name a file in it; the Library page reads whole folders."
            )
        if not file.is_file():
            raise NotFound(f"There is no file {one_line(str(file), 200)}.", "Check the path.")
        size = file.stat().st_size
        if size > MOST_IMAGE:
            raise _too_large(shown, size, MOST_IMAGE)
        content = file.read_bytes()
    except OSError as error:
        raise Refused(f"{shown} cannot be read: {error.strerror}.") from None
    return made(file.name, content)


def made(name: str, content: bytes) -> NewAttachment:
    """Tell pictures from texts by their content; refuse what is neither."""
    shown = one_line(name, 100)
    if is_image(content):
        if len(content) > MOST_IMAGE:
            raise _too_large(shown, len(content), MOST_IMAGE)
        return NewAttachment(name, "image", content)
    if len(content) > MOST_TEXT:
        raise _too_large(shown, len(content), MOST_TEXT)
    if not content.strip():
        raise UsageError(f"{shown} is empty.")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode()
    if b"\0" in content or content.startswith(_DOCUMENTS):
        raise UsageError(
            f"{shown} is neither a picture nor a text.", "Add it to the library to ask about documents."
        )
    return NewAttachment(name, "text", text_of(content).encode())


def is_image(content: bytes) -> bool:
    """Whether these bytes begin like a picture that models understand."""
    return content.startswith(_IMAGES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def text_of(content: bytes) -> str:
    """The text of a file in whatever encoding it is."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def checked(files: tuple[NewAttachment, ...]) -> tuple[NewAttachment, ...]:
    """Look at attachments from a face: whatever it calls them, their content decides."""
    if len(files) > MOST_FILES:
        raise UsageError(f"{len(files)} files are too many: a question takes {MOST_FILES}.")
    return tuple(made(file.name, file.content) for file in files)


def described(files: tuple[NewAttachment, ...]) -> tuple[Attachment, ...]:
    """What a turn says of its attachments."""
    return tuple(Attachment(file.name, file.kind, len(file.content)) for file in files)


def quoted(name: str, text: str) -> str:
    """A text file as a part of a question."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{one_line(name, 100)}:\n{fence}\n{text}\n{fence}"


def _too_large(name: str, size: int, most: int) -> Refused:
    return Refused(
        f"{name} is too large to be sent along: {size / 2**20:.0f} MiB, and {most // 2**20} is the most.",
        "Add it to the library to ask about long documents.",
    )
