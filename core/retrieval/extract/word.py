"""Word documents: paragraphs by their styles, lists, tables row by row, pages where Word noted them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from core.retrieval.extract.build import Builder, row
from core.retrieval.extract.safe import Package, attribute, damaged, find, inside, local, properties
from core.retrieval.types import BlockKind

_SKIPPED = frozenset(
    {"del", "Fallback", "instrText", "delText", "moveFrom", "pPr", "rPr", "sectPr", "txbxContent"}
)

_HEADING = re.compile(r"heading ?([1-6])", re.IGNORECASE)


def read_docx(data: bytes, builder: Builder) -> None:
    """Read a Word document."""
    package = Package(data)
    root = package.xml("word/document.xml")
    body = find(root, "body")
    if body is None:
        raise damaged("it holds no document")
    builder.title = properties(package)
    body_reader = _Body(
        builder, _styles(package), paged=next(inside(body, "lastRenderedPageBreak"), None) is not None
    )
    body_reader.blocks(body)
    for box in inside(body, "txbxContent"):
        body_reader.blocks(box)
    body_reader.flush()
    for part in ("word/footnotes.xml", "word/endnotes.xml"):
        notes = package.xml(part)
        for note in notes if notes is not None else ():
            if not attribute(note, "type"):
                text = " ".join(_text(one)[0] for one in inside(note, "p"))
                builder.add("prose", text.strip())
    if body_reader.page is not None:
        builder.pages = body_reader.page


def _styles(package: Package) -> dict[str, tuple[str, int]]:
    """Every paragraph style's name and heading level, 0 for none; a style inherits the level it builds on."""
    root = package.xml("word/styles.xml")
    found: dict[str, tuple[str, int, str]] = {}
    for style in root if root is not None else ():
        if local(style) != "style":
            continue
        name = _value(find(style, "name")).lower()
        level = 0
        outline = find(find(style, "pPr"), "outlineLvl")
        if outline is not None and _value(outline).isdigit():
            level = int(_value(outline)) + 1
        if name.startswith("heading ") and name[8:].isdigit():
            level = int(name[8:])
        found[attribute(style, "styleId")] = (
            name,
            level if level < 10 else 0,
            _value(find(style, "basedOn")),
        )
    return {key: (found[key][0], _inherited(key, found)) for key in found}


def _inherited(key: str, styles: dict[str, tuple[str, int, str]]) -> int:
    for _ in range(10):
        if key not in styles:
            return 0
        if styles[key][1]:
            return min(6, styles[key][1])
        key = styles[key][2]
    return 0


def _value(element: ET.Element | None) -> str:
    return "" if element is None else attribute(element, "val")


class _Body:
    """Goes through the body: neighbouring list paragraphs become one list, code paragraphs one piece."""

    def __init__(self, builder: Builder, styles: dict[str, tuple[str, int]], *, paged: bool) -> None:
        self._builder = builder
        self._styles = styles
        self.page = 1 if paged else None
        self._lines: list[str] = []
        self._kind: BlockKind = "prose"
        self._page: int | None = None

    def blocks(self, parent: ET.Element, depth: int = 0) -> None:
        """Add the paragraphs and tables directly below *parent*, and those in what merely wraps them."""
        for child in parent:
            name = local(child)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif name not in _SKIPPED and depth < 20:
                self.blocks(child, depth + 1)

    def _paragraph(self, paragraph: ET.Element) -> None:
        text, breaks = _text(paragraph)
        page = self.page
        if self.page is not None:
            self.page += breaks
            if text.startswith("\f"):
                page = self.page
        text = text.replace("\f", "")
        if not text.strip():
            return
        style = find(paragraph, "pPr")
        called = _value(find(style, "pStyle"))
        name, level = self._styles.get(called, ("", 0))
        if called not in self._styles and (found := _HEADING.fullmatch(called)):
            # Some programs name a style and never say what it is.
            level = int(found[1])
        outline = _value(find(style, "outlineLvl"))
        if outline.isdigit() and int(outline) < 6:
            level = int(outline) + 1
        if name == "title" and not self._builder.title:
            self._builder.title = text
        if level or name == "title":
            self.flush()
            self._builder.add("heading", text, level=level or 1, page=page)
        elif (numbering := find(style, "numPr")) is not None or name.startswith("list"):
            depth = _value(find(numbering, "ilvl"))
            self._gather(
                "list", "  " * (int(depth) if depth.isdigit() and len(depth) < 2 else 0) + "- " + text, page
            )
        elif "code" in name or "preformatted" in name or "source" in name:
            self._gather("code", text, page)
        else:
            self.flush()
            self._builder.add("prose", text, page=page)

    def _gather(self, kind: BlockKind, line: str, page: int | None) -> None:
        if self._kind != kind:
            self.flush()
        if not self._lines:
            self._kind, self._page = kind, page
        self._lines.append(line)

    def flush(self) -> None:
        """Add what was gathered."""
        if self._lines:
            self._builder.add(self._kind, "\n".join(self._lines), page=self._page)
            self._lines = []
        self._kind = "prose"

    def _table(self, table: ET.Element) -> None:
        self.flush()
        page = self.page
        rows = []
        inner = {
            id(one) for nested in inside(table, "tbl") if nested is not table for one in inside(nested, "tr")
        }
        for one in inside(table, "tr"):
            if id(one) in inner:  # a table in a cell: its words stand in that
                continue
            cells = []
            for cell in one:
                if local(cell) == "tc":
                    words = [_text(p) for p in inside(cell, "p")]
                    cells.append(" ".join(text.replace("\f", "") for text, _ in words))
                    if self.page is not None:
                        self.page += sum(breaks for _, breaks in words)
            if line := row(cells):
                rows.append(line)
        self._builder.add("table", "\n".join(rows), page=page)


def _text(element: ET.Element) -> tuple[str, int]:
    """The words of a paragraph and how many pages end inside it; a page break stands as a form feed."""
    parts: list[str] = []
    breaks = 0
    stack = [element]
    while stack:
        one = stack.pop()
        name = local(one)
        if name in _SKIPPED and one is not element:
            continue
        if name == "t":
            parts.append(one.text or "")
        elif name == "tab":
            parts.append("\t")
        elif name in ("br", "cr"):
            parts.append(" " if attribute(one, "type") == "page" else "\n")
        elif name == "noBreakHyphen":
            parts.append("-")
        elif name == "lastRenderedPageBreak":
            breaks += 1
            parts.append("\f")
        stack.extend(reversed(one))
    return "".join(parts), breaks
