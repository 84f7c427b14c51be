"""Which reader reads what: the content decides, the name only helps where content says nothing."""

from __future__ import annotations

import re

from core.errors import Unreadable
from core.retrieval.extract import kinds
from core.retrieval.extract.build import Builder, ending
from core.retrieval.types import Document

MOST_BYTES = 50 * 2**20
_MAIL = re.compile(
    rb"(?:From|To|Subject|Date|Received|Return-Path|MIME-Version|Message-ID|Delivered-To|X-[\w-]+):[ \t]",
    re.IGNORECASE,
)
_HTML = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*|<\?xml[^>]{0,200}\?>\s*)*<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)


def extract(data: bytes, name: str) -> Document:
    """Read the bytes of a file called *name*; raise Unreadable with the sentence that says why not."""
    return _extract(data, name, 0)


def _extract(data: bytes, name: str, depth: int) -> Document:
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"It has {len(data) // 2**20} MB, and {MOST_BYTES // 2**20} MB is the most.", "Split it."
        )
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("It is empty.")
    called = kinds.kind_of(name)
    media = _media(data, name, called)
    builder = Builder(media.name)
    if called is not None and called.name != media.name and not (called.text and media.text):
        builder.note(f"Its name says {ending(name)}, its content is {media.words}.")
    try:
        _read(media, data, builder, depth)
    except MemoryError:
        raise Unreadable("It needs more memory than reading one document may take.", "Split it.") from None
    except RecursionError:
        raise Unreadable("It nests too deeply.") from None
    return builder.done(name)


def _read(media: kinds.Kind, data: bytes, builder: Builder, depth: int) -> None:
    # Each reader is loaded when the first document of its kind comes.
    match media.name:
        case "markdown":
            from core.retrieval.extract.markdown import read_markdown as read
        case "rst":
            from core.retrieval.extract.rst import read_rst as read
        case "html":
            from core.retrieval.extract.html import read_html as read
        case "csv":
            from core.retrieval.extract.tables import read_csv as read
        case "json":
            from core.retrieval.extract.tables import read_json as read
        case "pdf":
            from core.retrieval.extract.pdf import read_pdf as read
        case "docx":
            from core.retrieval.extract.word import read_docx as read
        case "pptx":
            from core.retrieval.extract.slides import read_pptx as read
        case "xlsx":
            from core.retrieval.extract.sheets import read_xlsx as read
        case "epub":
            from core.retrieval.extract.epub import read_epub as read
        case "mail":
            from core.retrieval.extract.mail import read_mail

            read_mail(data, builder, _extract, depth)
            return
        case "text" if media.language:
            from core.retrieval.extract.markup import read_markup

            read_markup(data, builder, media.language)
            return
        case "code":
            from core.retrieval.extract.code import read_code

            read_code(data, builder, media.language)
            return
        case _:
            from core.retrieval.extract.plain import read_plain as read
    read(data, builder)


def _media(data: bytes, name: str, called: kinds.Kind | None) -> kinds.Kind:
    """What the content is, helped by the name where it could be several things."""
    start = data[:2048]
    if b"%PDF-" in start[:1024]:
        return kinds.PDF
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(data)
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        from core.retrieval.extract.safe import encrypted, is_locked_office

        if is_locked_office(data):
            raise encrypted()
        raise Unreadable(
            "It is a document of an old Office format.",
            "Save it in today's format (docx, xlsx, pptx) and add that.",
        )
    if start.startswith(b"{\\rtf"):
        raise Unreadable("It is a document in RTF.", "Save it as docx and add that.")
    for mark, what in kinds.STRANGERS:
        if start.startswith(mark):
            raise Unreadable(f"It is {what}, not a document.", kinds.hint_of(what))
    if start[4:12] in (b"ftypisom", b"ftypmp42", b"ftypM4A ", b"ftypqt  ", b"ftypavif", b"ftypheic"):
        raise Unreadable("It is a picture, a sound or a film, not a document.")
    if start[:4] == b"RIFF":
        raise Unreadable("It is a picture, a sound or a film, not a document.")
    if called is not None and called.text:
        if called.name in ("text", "markdown") and _HTML.match(start):
            return kinds.HTML
        return called
    if _HTML.match(start):
        return kinds.HTML
    if start.startswith(b"#!"):
        return kinds.script(start)
    if (
        called is None
        and _MAIL.match(start.lstrip(b"\r\n"))
        and b"\n\n" in data.replace(b"\r\n", b"\n")[:65536]
    ):
        return kinds.MAIL
    if called is not None and not _is_text(start):
        raise Unreadable(
            f"It is damaged: its name says {ending(name)}, and its content is something else.",
            "Open it in its program, save it anew and add it again.",
        )
    return kinds.TEXT


def _is_text(start: bytes) -> bool:
    """Whether it could be a text in some encoding: one has next to no control characters."""
    if b"\0" in start:
        return start[1::2].count(0) > len(start) * 0.2 or start[0::2].count(0) > len(start) * 0.2
    strange = sum(1 for byte in start if byte < 9 or 13 < byte < 27 or 27 < byte < 32 or byte == 127)
    return strange * 50 <= len(start)


def _package(data: bytes) -> kinds.Kind:
    """Which document a zip archive is."""
    from core.retrieval.extract.safe import MOST_UNPACKED, Package

    package = Package(data)
    names = package.names
    if "word/document.xml" in names:
        return kinds.DOCX
    if "ppt/presentation.xml" in names:
        return kinds.PPTX
    if "xl/workbook.xml" in names:
        return kinds.XLSX
    if "META-INF/container.xml" in names:
        return kinds.EPUB
    declared = (package.read("mimetype", MOST_UNPACKED) or b"")[:100]
    if declared.startswith(b"application/vnd.oasis.opendocument"):
        raise Unreadable("It is an OpenDocument file.", "Save it as docx, xlsx, pptx or PDF and add that.")
    raise Unreadable("It is an archive.", "Unpack it and add the files in it.")
