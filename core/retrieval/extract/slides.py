"""PowerPoint: a page a slide, its title as a heading, its texts, tables and notes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from core.retrieval.extract.build import Builder, row
from core.retrieval.extract.safe import (
    Package,
    attribute,
    damaged,
    find,
    inside,
    local,
    properties,
    relations,
)


def read_pptx(data: bytes, builder: Builder) -> None:
    """Read a presentation."""
    package = Package(data)
    main = package.xml("ppt/presentation.xml")
    if main is None:
        raise damaged("it holds no presentation")
    builder.title = properties(package)
    leads = relations(package, "ppt/presentation.xml")
    slides = find(main, "sldIdLst")
    builder.pages = 0
    for one in slides if slides is not None else ():
        part = leads.get(_relation(one), "")
        root = package.xml(part)
        if root is None:
            continue
        builder.pages += 1
        _slide(root, builder, builder.pages)
        for target in relations(package, part).values():
            if "notesSlide" in target and (notes := package.xml(target)) is not None:
                text = "\n".join(_body(notes, only="body"))
                if text.strip():
                    builder.add("prose", f"Notes: {text}", page=builder.pages)
    builder.title = builder.title or next((b.text for b in builder.blocks if b.kind == "heading"), "")


def _relation(element: ET.Element) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith("}id")), "")


def _slide(root: ET.Element, builder: Builder, page: int) -> None:
    if attribute(root, "show") == "0":
        builder.note(f"Slide {page} is hidden; it was read like the others.")
    for shape in inside(root, "sp"):
        if _placeholder(shape) in ("title", "ctrTitle"):
            builder.add("heading", " ".join(_lines(shape)), level=1, page=page)
    for shape in root.iter():
        name = local(shape)
        if name == "sp" and _placeholder(shape) not in ("title", "ctrTitle", "sldNum", "dt", "ftr"):
            lines = _lines(shape)
            builder.add("list" if len(lines) > 1 else "prose", "\n".join(lines), page=page)
        elif name == "tbl":
            rows = [
                row([" ".join(_lines(cell)) for cell in one if local(cell) == "tc"])
                for one in inside(shape, "tr")
            ]
            builder.add("table", "\n".join(line for line in rows if line), page=page)


def _body(root: ET.Element, only: str) -> list[str]:
    return [line for shape in inside(root, "sp") if _placeholder(shape) == only for line in _lines(shape)]


def _placeholder(shape: ET.Element) -> str:
    found = next(inside(shape, "ph"), None)
    return "" if found is None else (attribute(found, "type") or "body")


def _lines(shape: ET.Element) -> list[str]:
    """The paragraphs of a shape, those of a list with their depth."""
    lines = []
    for paragraph in inside(shape, "p"):
        text = "".join(
            (one.text or "") if local(one) == "t" else "\t" if local(one) == "tab" else " "
            for one in paragraph.iter()
            if local(one) in ("t", "tab", "br")
        ).strip()
        if text:
            found = find(paragraph, "pPr")
            level = attribute(found, "lvl") if found is not None else ""
            lines.append("  " * (int(level) if level.isdigit() and len(level) < 2 else 0) + text)
    return lines
