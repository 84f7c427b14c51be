"""PDF: the text layer page by page, put back into paragraphs, with headings where the file tells them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from core.errors import Unreadable
from core.retrieval.extract.build import Builder
from core.retrieval.extract.safe import damaged, encrypted
from core.retrieval.extract.text import clean

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MOST_PAGES = 5_000
_ENDS = (".", "!", "?", ":", ";", "…", "”", "“", '"', ")", "]")
_NUMBERED = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?|[A-Z]\.|[IVX]{1,5}\.|§ ?\d+\w?)\s+\S")
_BULLET = re.compile(r"\s*(?:[-•▪◦‣·*–]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+\S")
_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
"""Letters that were set as one: nobody searches for them so."""
_COUNTED = re.compile(
    r"(?:(?:chapter|section|appendix|part|kapitel|abschnitt|anhang|teil)\s+)?(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?|[A-Z]\.(?:\d{1,2}\.?)*|[IVX]{1,5}\.)\s+",
    re.IGNORECASE,
)
"""What counts a heading: many files leave it out where they name their chapters."""
_LEADER = re.compile(r"(?:\s?[.·…]){5,}\s*")
"""The dots that lead to a number in a table of contents."""
_FIRST_NUMBER, _LAST_NUMBER = re.compile(r"(\d{1,4})\b"), re.compile(r"(?:^|.*\D)(\d{1,4})$")
_DIGITS = re.compile(r"\d+")


def read_pdf(data: bytes, builder: Builder) -> None:
    """Read a PDF."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise encrypted() from None
        if "ecurity" in str(error):
            raise Unreadable("It is encrypted.", "Save it without that and add it again.") from None
        raise damaged("no PDF can be found in it") from None
    try:
        _read(document, builder)
    finally:
        document.close()


def _read(document: PdfDocument, builder: Builder) -> None:
    count = len(document)
    if count > MOST_PAGES:
        raise Unreadable(
            f"It has {count} pages, and {MOST_PAGES} is the most.", "Split it and add the parts."
        )
    builder.pages = count
    builder.title = (document.get_metadata_value("Title") or "").strip()
    if builder.title.lower().startswith(("microsoft word - ", "untitled", "unbenannt")):
        builder.title = ""
    pages: list[list[str]] = []
    broken = 0
    for number in range(count):
        try:
            pages.append(_lines(document, number))
        except Exception as error:  # whatever is wrong with a page, the others can be read
            if isinstance(error, MemoryError):
                raise
            pages.append([])
            broken += 1
    if broken:
        builder.note(
            f"{broken} of its {count} pages {'is' if broken == 1 else 'are'} damaged and could not be read."
        )
    empty = sum(1 for lines in pages if not lines)
    if empty == count:
        if broken == count and count:
            raise damaged("none of its pages can be read")
        raise Unreadable(
            "Its pages are pictures without text." if count else "It has no pages.",
            "Run text recognition over it first, for instance ocrmypdf, and add the result." if count else "",
        )
    if empty - broken > 0:
        builder.note(f"{empty - broken} of its {count} pages hold no text: they are empty or pictures.")
    _without_margins(pages)
    outline = _outline(document)
    for number, lines in enumerate(pages, 1):
        _page(lines, builder, number, outline.get(number, {}))


def _lines(document: PdfDocument, number: int) -> list[str]:
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            text = text_page.get_text_range()
        finally:
            text_page.close()
    finally:
        page.close()
    # PDFium marks a hyphen at the end of a line as U+FFFE: the word goes on in the next one.
    text = text.replace("\ufffe\r\n", "\ufffe").replace("\ufffe\n", "\ufffe").replace("\ufffe", "\xad\n")
    text = text.translate(_LIGATURES)
    return [
        line
        for one in clean(text.replace("\xad\n", "\u2027\n")).split("\n")
        if (line := _LEADER.sub(" … ", " ".join(one.split())).strip())
    ]


def _outline(document: PdfDocument) -> dict[int, dict[str, int]]:
    """The bookmarks as headings: page → text → level."""
    found: dict[int, dict[str, int]] = {}
    try:
        for number, mark in enumerate(document.get_toc(max_depth=6)):
            if number > 20_000:
                break
            target = mark.get_dest()
            at = target.get_index() if target else None
            if at is not None:
                found.setdefault(at + 1, {})[_key(clean(mark.get_title() or ""))] = min(6, mark.level + 1)
    except Exception as error:  # a broken outline costs the headings, not the text
        if isinstance(error, MemoryError):
            raise
    return found


def _key(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _without_margins(pages: list[list[str]]) -> None:
    """Take out running heads and feet: lines that return on most pages with only a number changed."""
    if len(pages) < 4:
        return
    _without_numbers(pages)
    for edge in (0, -1):
        for _ in range(2):
            seen = Counter(_DIGITS.sub("#", lines[edge]) for lines in pages if len(lines) > 3)
            if not seen:
                break
            line, times = seen.most_common(1)[0]
            if times < len(pages) * 0.6 or len(line) > 150:
                break
            for lines in pages:
                if len(lines) > 3 and _DIGITS.sub("#", lines[edge]) == line:
                    del lines[edge]


def _without_numbers(pages: list[list[str]]) -> None:
    """Take out the lines at the edges that count the pages, whatever chapter they name beside the number."""
    edges = [(page, edge) for page, lines in enumerate(pages) if len(lines) > 3 for edge in (0, -1)]
    away = Counter(number - page for page, edge in edges for number in _numbers(pages[page][edge]))
    if not away:
        return
    offset, times = away.most_common(1)[0]
    if times < max(3, len(pages) * 0.4):
        return
    for page, edge in edges:
        if page + offset in _numbers(pages[page][edge]):
            del pages[page][edge]


def _numbers(line: str) -> set[int]:
    """The number that a short line begins or ends with."""
    if len(line) > 80 or line.endswith((".", ",", ";")):
        return set()
    return {int(found[1]) for found in (_FIRST_NUMBER.match(line), _LAST_NUMBER.match(line)) if found}


def _page(lines: list[str], builder: Builder, page: int, marks: dict[str, int]) -> None:
    """Join the lines of a page to paragraphs: one ends where a line is short, or the next one begins anew."""
    lengths = sorted(len(line) for line in lines)
    usual = lengths[int(len(lengths) * 0.8)] if lengths else 0
    gathered: list[str] = []

    def flush() -> None:
        if gathered:
            bullets = sum(1 for line in gathered if _BULLET.match(line))
            if bullets * 2 > len(gathered):
                builder.add("list", "\n".join(gathered).replace("\u2027\n", ""), page=page)
            else:
                builder.add("prose", _joined(gathered), page=page)
            gathered.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        level, used = _marked(lines, at, marks)
        if not level and not marks and _looks_like_heading(line, gathered, usual):
            level, used = _depth(line), 1
        if level:
            flush()
            builder.add("heading", " ".join(lines[at : at + used]), level=level, page=page)
            at += used
            continue
        if gathered and _BULLET.match(line) and not _BULLET.match(gathered[0]):
            flush()
        gathered.append(line)
        if line.endswith(_ENDS) and len(line) < usual * 0.85 and not _BULLET.match(line):
            flush()
        at += 1
    flush()


def _marked(lines: list[str], at: int, marks: dict[str, int]) -> tuple[int, int]:
    """The level of the bookmark that stands at a line and how many lines it takes; (0, 0) for none."""
    if marks:
        for used in (1, 2, 3):
            words = " ".join(lines[at : at + used])
            if level := marks.get(_key(words)) or marks.get(_key(_COUNTED.sub("", words, count=1))):
                return level, used
    return 0, 0


def _looks_like_heading(line: str, before: list[str], usual: int) -> bool:
    """A short numbered line after a finished paragraph."""
    return (
        len(line) < min(80, usual * 0.8)
        and not line.endswith((".", ",", ";", ":", "-", "\u2027"))
        and (not before or before[-1].endswith(_ENDS))
        and _NUMBERED.match(line) is not None
        and line.split(None, 1)[1][:1].isupper()
    )


def _depth(line: str) -> int:
    return min(6, line.split(None, 1)[0].rstrip(".").count(".") + 1)


def _joined(lines: list[str]) -> str:
    """Lines as one paragraph: a word broken at the end of a line is put together again."""
    text = "\n".join(lines)
    text = text.replace("\u2027\n", "")
    text = re.sub(r"(?<=[a-zäöüß])-\n(?=[a-zäöüß])", "", text)
    return text.replace("\n", " ").replace("\u2027", "-")
