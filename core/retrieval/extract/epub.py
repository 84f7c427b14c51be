"""EPUB: the chapters in their reading order, each a web page of its own."""

from __future__ import annotations

from urllib.parse import unquote

from core.errors import Unreadable
from core.retrieval.extract.build import Builder
from core.retrieval.extract.html import html
from core.retrieval.extract.safe import Package, attribute, damaged, find, inside, resolved
from core.retrieval.extract.text import decode

_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(data: bytes, builder: Builder) -> None:
    """Read a book."""
    package = Package(data)
    protection = package.xml("META-INF/encryption.xml")
    if protection is not None and any(
        attribute(method, "Algorithm") not in _FONTS for method in inside(protection, "EncryptionMethod")
    ):
        raise Unreadable("It is protected against copying.", "Add an unprotected copy of the book.")
    container = package.xml("META-INF/container.xml")
    start = next(inside(container, "rootfile"), None) if container is not None else None
    path = attribute(start, "full-path") if start is not None else ""
    root = package.xml(path)
    if root is None:
        raise damaged("its table of parts is missing")
    folder = path.rpartition("/")[0]
    metadata = find(root, "metadata")
    titles = inside(metadata, "title") if metadata is not None else iter(())
    builder.title = next(((one.text or "").strip() for one in titles), "")
    manifest = find(root, "manifest")
    parts = {
        attribute(one, "id"): (
            resolved(folder, unquote(attribute(one, "href"))),
            attribute(one, "media-type"),
        )
        for one in (manifest if manifest is not None else ())
        if "nav" not in attribute(one, "properties").split()
    }
    spine = find(root, "spine")
    missing = 0
    for one in spine if spine is not None else ():
        name, media = parts.get(attribute(one, "idref"), ("", ""))
        if not name or "html" not in media:
            continue
        content = package.read(name)
        if content is None:
            missing += 1
            continue
        text, note = decode(content)
        builder.note(note)
        html(text, builder)
    if missing:
        builder.note(f"{missing} of its chapters {'is' if missing == 1 else 'are'} missing in the file.")
