"""Mail: who wrote to whom about what, the text, and the attachments that can be read."""

from __future__ import annotations

from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from core.errors import LeitstandError
from core.retrieval.extract.build import Builder, flowing, titled
from core.retrieval.extract.html import html
from core.retrieval.extract.plain import paragraphs
from core.retrieval.extract.text import clean, decode
from core.retrieval.types import Document

_DEEPEST = 3
_MOST_ATTACHED = 50
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read_mail(
    data: bytes, builder: Builder, extract: Callable[[bytes, str, int], Document], depth: int
) -> None:
    """Read a message; *extract* reads an attachment, one level further down."""
    message = BytesParser(policy=policy.default).parsebytes(data)
    subject = _header(message, "Subject")
    builder.title = subject
    lines = [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]
    builder.add("list", "\n".join(lines))
    body = None
    try:
        body = message.get_body(("plain", "html"))
    except (KeyError, ValueError, AttributeError):
        builder.note("Its parts are damaged.")
    if isinstance(body, EmailMessage):
        text = _content(body)
        if body.get_content_type() == "text/html":
            title = builder.title
            html(text, builder)
            builder.title = title
        else:
            paragraphs(clean(flowing(text)), builder)
            builder.blocks[:] = [type(b)(b.kind, b.text) if b.line else b for b in builder.blocks]
    if depth < _DEEPEST:
        _attachments(message, builder, extract, depth)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return titled(str(message.get(name, "")), 500)
    except (
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ):  # the parser of broken headers trips over some
        return ""


def _content(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    charset = part.get_content_charset("")
    if charset and charset not in ("utf-8", "us-ascii"):
        try:
            return content.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            pass
    return decode(content)[0]


def _attachments(
    message: EmailMessage, builder: Builder, extract: Callable[[bytes, str, int], Document], depth: int
) -> None:
    try:
        parts = list(message.iter_attachments())
    except (AttributeError, TypeError, ValueError, KeyError):
        return
    for number, part in enumerate(parts[:_MOST_ATTACHED], 1):
        name = titled(part.get_filename() or f"attachment {number}", 120)
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            content, name = (bytes(inner), name + ".eml") if isinstance(inner, EmailMessage) else (b"", name)
        else:
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
        try:
            found = extract(content, name, depth + 1)
        except LeitstandError as error:
            builder.note(f"The attachment {name} was not read. {error.message}")
            continue
        builder.add("heading", name, level=1)
        for note in found.notes:
            builder.note(f"{name}: {note}")
        for block in found.blocks:
            level = min(6, block.level + 1) if block.kind == "heading" else 0
            builder.add(
                block.kind,
                block.text,
                level=level,
                page=block.page,
                language=block.language,
                within=block.within,
            )
    if len(parts) > _MOST_ATTACHED:
        builder.note(f"Only the first {_MOST_ATTACHED} of {len(parts)} attachments were read.")
