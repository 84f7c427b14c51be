"""EPUB: the chapters in their reading order, each a web page of its own."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree as ET

from core.errors import Unreadable
from core.retrieval.extract.build import Builder
from core.retrieval.extract.html import html
from core.retrieval.extract.nesting import unbearable
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
        if not _is_contents(one)
    }
    spine = find(root, "spine")
    named = _contents(package, folder, manifest)
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
        before = len(builder.blocks)
        html(text, builder)
        if name in named and len(builder.blocks) > before:
            _called(builder, before, named[name])
    if missing:
        builder.note(f"{missing} of its chapters {'is' if missing == 1 else 'are'} missing in the file.")


def _is_contents(part: ET.Element) -> bool:
    return "nav" in attribute(part, "properties").split()


def _contents(package: Package, folder: str, manifest: ET.Element | None) -> dict[str, str]:
    """What the table of contents calls each file of the book: many chapters do not name themselves."""
    from selectolax.lexbor import LexborHTMLParser

    named: dict[str, str] = {}
    for part in manifest if manifest is not None else ():
        if not _is_contents(part) and attribute(part, "media-type") != "application/x-dtbncx+xml":
            continue
        path = resolved(folder, unquote(attribute(part, "href")))
        content = package.read(path)
        text = decode(content)[0] if content is not None else ""
        if not text or unbearable(text):
            continue
        label = ""
        # Old tables name first and then say where, each in an element of its own; new ones have links.
        for node in LexborHTMLParser(text).css("navlabel, content, nav a"):
            if node.tag == "navlabel":
                label = node.text()
                continue
            where = node.attributes.get("src" if node.tag == "content" else "href") or ""
            words = " ".join((label if node.tag == "content" else node.text()).split())
            target = resolved(path.rpartition("/")[0], unquote(where.partition("#")[0]))
            if words and where:
                named.setdefault(target, words[:200])
    return named


def _called(builder: Builder, at: int, words: str) -> None:
    """Put a heading before a chapter that has none of its own."""
    if all(block.kind != "heading" for block in builder.blocks[at:]):
        builder.add("heading", words, level=1)
        builder.blocks.insert(at, builder.blocks.pop())
