"""HTML: what a visitor would read, without the furniture around it, the scripts and what is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.errors import Unreadable
from core.retrieval.extract.build import Builder, flowing, row
from core.retrieval.extract.nesting import bare, bearable, unbearable
from core.retrieval.extract.text import clean, decode

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NEVER = (
    "script, style, noscript, template, svg, math annotation, iframe, object, canvas, head style, [hidden]"
)
_FURNITURE = "nav, footer, aside, form, button, select, dialog"
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_WHITE = re.compile(r"\s+")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main",
    "nav", "ol", "p", "section", "summary", "ul", "caption", "tbody", "thead", "tfoot", "tr", "td", "th",
    "table", "pre",
))  # fmt: skip
_SHORT, _MOST_SPANNED, _MOST_REPEATED = 200, 100, 20_000
"""Letters of a cell that is said again in every row it reaches into, how far it may, and how often in all."""
_LISTS = frozenset({"ul", "ol", "dl"})


def read_html(data: bytes, builder: Builder) -> None:
    """Read a web page."""
    text, note = _decoded(data)
    builder.note(note)
    html(text, builder)


def _decoded(data: bytes) -> tuple[str, str]:
    """The page's text, in the encoding that it declares when it is not UTF-8."""
    if found := _CHARSET.search(data[:4096]):
        name = found[1].decode("ascii", "replace").lower()
        if name not in ("utf-8", "utf8", "utf-16", "unicode") and not data.startswith(
            (b"\xef\xbb\xbf", b"\xff\xfe")
        ):
            try:
                return data.decode(name), ""
            except (LookupError, UnicodeDecodeError, ValueError):
                pass
    return decode(data)


def html(text: str, builder: Builder, *, page: int | None = None, deeper: int = 0) -> None:
    """Add the blocks of a web page."""
    if why := unbearable(text):
        titled, paragraphs = bare(text)
        builder.title = builder.title or titled
        for paragraph in paragraphs:
            builder.add("prose", paragraph, page=page)
        builder.note(f"{why}: its text was taken without its shape.")
        return
    from selectolax.lexbor import LexborHTMLParser

    try:
        tree = LexborHTMLParser(bearable(text))
    except (ValueError, RuntimeError):
        raise Unreadable("Its HTML cannot be read.") from None
    title = tree.css_first("title")
    titled = " ".join(title.text().split()) if title is not None else ""
    for node in tree.css(_NEVER):
        node.decompose()
    for node in tree.css("[style]"):
        if _HIDDEN.search(node.attributes.get("style") or ""):
            node.decompose()
    body = tree.body
    if body is None:
        return
    before = len(builder.blocks)
    kept = body.html or ""
    for node in tree.css(_FURNITURE):
        node.decompose()
    # Headers in each other are no furniture, and looking into each would take as long as they are deep.
    for node in tree.css("header") if tree.css_first("header header") is None else ():
        if node.css_first("h1, h2") is None:
            node.decompose()
    _Walk(builder, page, deeper).over(body)
    if len(builder.blocks) == before and (whole := LexborHTMLParser(kept).body) is not None:
        # A page that is nothing but a form or a menu says that.
        _Walk(builder, page, deeper).over(whole)
    first = next(
        (b.text for b in builder.blocks[before:] if b.kind == "heading" and b.level == 1 + deeper), ""
    )
    builder.title = builder.title or titled or first


class _Walk:
    """Goes through the tree without recursion: pages from outside nest as deep as they like."""

    def __init__(self, builder: Builder, page: int | None, deeper: int) -> None:
        self._builder = builder
        self._page = page
        self._deeper = deeper
        self._text: list[str] = []
        self._list = 0

    def over(self, body: LexborNode) -> None:
        """Visit everything below *body*."""
        stack: list[tuple[str, Iterator[LexborNode]]] = [("", iter((body,)))]
        while stack:
            tag, rest = stack[-1]
            node = next(rest, None)
            if node is None:
                self._leave(tag)
                stack.pop()
            elif self._enter(node):
                stack.append((node.tag or "", node.iter(include_text=True, skip_empty=False)))
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Begin an element; whether to go into it."""
        tag = node.tag or ""
        if tag == "-text":
            self._text.append(_WHITE.sub(" ", node.text_content or ""))
            return False
        if tag in _HEADINGS:
            self._flush()
            text = " ".join(node.text().split())
            level = min(6, _HEADINGS[tag] + self._deeper)
            self._builder.add("heading", text, level=level, page=self._page)
            return False
        if tag == "pre":
            self._flush()
            self._code(node)
            return False
        if (
            tag == "table"
            and node.css_first("table table") is None
            and node.css_first("table pre, table h2") is None
        ):
            self._flush()
            self._table(node)
            return False
        if tag == "br":
            self._text.append("\n")
            return False
        if tag == "img":
            self._text.append(f" {node.attributes.get('alt') or ''} ")
            return False
        if tag in _LISTS:
            if not self._list:
                self._flush()
            self._list += 1
        elif tag == "li":
            self._text.append("\n" + "  " * max(0, min(self._list, 8) - 1) + "- ")
        elif tag in ("dt", "dd") or (tag in _BLOCKS and self._list):
            self._text.append("\n" if self._list else "\n\n")
        elif tag in _BLOCKS:
            self._flush()
        return True

    def _leave(self, tag: str) -> None:
        if tag in _LISTS:
            if self._list == 1:
                self._flush()
            self._list = max(0, self._list - 1)
        elif tag in _BLOCKS and not self._list:
            self._flush()

    def _flush(self) -> None:
        if not self._text:
            return
        text = "".join(self._text)
        self._text = []
        if self._list:
            lines = (_item(line) for line in _joined_marks(text).split("\n"))
            self._builder.add("list", "\n".join(line for line in lines if line), page=self._page)
        else:
            self._builder.add("prose", flowing(text), page=self._page)

    def _code(self, node: LexborNode) -> None:
        text = clean(node.text()).strip("\n")
        if text.strip():
            inner = node.css_first("code") or node
            classes = (inner.attributes.get("class") or "").split()
            language = next(
                (c.partition("-")[2] for c in classes if c.startswith(("language-", "lang-"))), ""
            )
            language = re.sub(r"[^\w+#.-]", "", language)[:30].lower()
            self._builder.add("code", fenced(text, language), language=language, page=self._page)

    def _table(self, node: LexborNode) -> None:
        rows = [line for cells in _grid(node) if (line := row(cells))]
        caption = node.css_first("caption")
        if caption is not None:
            rows.insert(0, " ".join(caption.text().split()))
        self._builder.add("table", "\n".join(rows), page=self._page)


def _grid(table: LexborNode) -> Iterator[list[str]]:
    """The cells of a table row by row, each in its column; one that reaches over rows is said in each."""
    above: dict[int, tuple[int, str]] = {}
    left = _MOST_REPEATED
    for one in table.css("tr"):
        cells: list[str] = []
        below: dict[int, tuple[int, str]] = {}
        own = list(one.css("td, th"))[::-1]
        last = max(above, default=-1)
        while own or len(cells) <= last:
            at = len(cells)
            if at in above:
                more, words = above[at]
                cells.append(words)
            elif own:
                cell = own.pop()
                more, words = _span(cell, "rowspan") - 1, cell.text(separator=" ")
                cells += [words, *[""] * (_span(cell, "colspan") - 1)]
            else:
                more, words = 0, ""
                cells.append(words)
            if more:
                below[at] = more - (at in above), words if len(words) <= _SHORT else ""
        left -= last + 1
        above = {at: one for at, one in below.items() if one[0] > 0} if left > 0 else {}
        yield cells


def _span(cell: LexborNode, name: str) -> int:
    """Over how many rows or columns a cell reaches."""
    given = (cell.attributes.get(name) or "").strip()
    return (
        max(1, min(int(given), _MOST_SPANNED))
        if given.isascii() and given.isdigit() and len(given) < 6
        else 1
    )


def _item(line: str) -> str:
    """A line of a list: one blank between words, the depth of its bullet kept."""
    words = " ".join(line.split())
    return line[: len(line) - len(line.lstrip(" "))] + words if words.startswith("- ") else words


def _joined_marks(text: str) -> str:
    """A bullet stands on the line of its words, even where a paragraph begins inside the item."""
    return re.sub(r"- \s*\n\s*(?!- )", "- ", text)


def fenced(text: str, language: str = "") -> str:
    """Code as a fence that nothing inside it closes."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
