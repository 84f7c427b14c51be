"""Excel: a heading a sheet, its rows as lines of text, dates as dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
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

_BUILT_IN_DATES = frozenset({14, 15, 16, 17, 22, 27, 30, 36, 50, 57})
_DATE = re.compile(r"[ymdYMD]{1,4}")
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_COLUMN = re.compile(r"([A-Z]{1,3})\d*")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates have no zone
_WIDEST = 1_000


def read_xlsx(data: bytes, builder: Builder) -> None:
    """Read a workbook."""
    package = Package(data)
    book = package.xml("xl/workbook.xml")
    if book is None:
        raise damaged("it holds no workbook")
    builder.title = properties(package)
    strings = [_words(item) for item in _children(package.xml("xl/sharedStrings.xml"), "si")]
    dates = _dates(package)
    leads = relations(package, "xl/workbook.xml")
    for number, sheet in enumerate(_children(find(book, "sheets"), "sheet"), 1):
        part = next((leads[v] for k, v in sheet.attrib.items() if k.endswith("}id") and v in leads), "")
        root = package.xml(part)
        if root is None:
            continue
        builder.add("heading", attribute(sheet, "name") or f"Sheet {number}", level=1, page=number)
        lines = [line for one in inside(root, "row") if (line := row(_cells(one, strings, dates)))]
        builder.add("table", "\n".join(lines), page=number)
        builder.pages = number


def _children(root: ET.Element | None, name: str) -> list[ET.Element]:
    return [] if root is None else [child for child in root if local(child) == name]


def _words(item: ET.Element) -> str:
    return "".join(one.text or "" for one in inside(item, "t"))


def _dates(package: Package) -> frozenset[str]:
    """The numbers of the cell styles that show a date."""
    root = package.xml("xl/styles.xml")
    if root is None:
        return frozenset()
    own = {
        attribute(one, "numFmtId")
        for one in inside(root, "numFmt")
        if _DATE.search(_QUOTED.sub("", attribute(one, "formatCode")))
    }
    styles = _children(find(root, "cellXfs"), "xf")
    return frozenset(
        str(number)
        for number, one in enumerate(styles)
        if (form := attribute(one, "numFmtId")) in own or (form.isdigit() and int(form) in _BUILT_IN_DATES)
    )


def _cells(one: ET.Element, strings: list[str], dates: frozenset[str]) -> list[str]:
    """The cells of a row at their columns."""
    cells: list[str] = []
    for cell in one:
        found = _COLUMN.match(attribute(cell, "r"))
        column = _number(found[1]) if found else len(cells)
        if column >= _WIDEST:
            break
        cells.extend([""] * (column - len(cells)))
        cells.append(_cell(cell, strings, dates))
    return cells


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(cell: ET.Element, strings: list[str], dates: frozenset[str]) -> str:
    kind = attribute(cell, "t")
    value = find(cell, "v")
    text = (value.text or "") if value is not None else ""
    if kind == "inlineStr":
        return _words(cell)
    if kind == "s":
        return strings[int(text)] if text.isdigit() and len(text) < 9 and int(text) < len(strings) else ""
    if kind == "b":
        return {"1": "TRUE", "0": "FALSE"}.get(text, text)
    if kind in ("", "n") and attribute(cell, "s") in dates:
        return _date(text)
    return text


def _date(text: str) -> str:
    """A day counted from 1900 as people write it."""
    try:
        moment = _EPOCH + timedelta(days=float(text))
    except (ValueError, OverflowError):
        return text
    if float(text).is_integer():
        return moment.date().isoformat()
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0).isoformat(" ")
