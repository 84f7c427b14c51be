"""The documents of a space as lines: one each in the list, and what is to say about those that are meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.guard import one_line
from core.retrieval.library import LibraryDocument, Space
from tui import format as fmt
from tui.render.chat_list import ago
from tui.render.library import Look, plural
from tui.render.pieces import Piece, Pieces, column, spread

_MEDIA = {
    "markdown": "Markdown",
    "text": "text",
    "rst": "RST",
    "html": "web page",
    "csv": "table",
    "json": "JSON",
    "notebook": "notebook",
    "mail": "mail",
    "pdf": "PDF",
    "docx": "Word",
    "pptx": "slides",
    "xlsx": "Excel",
    "epub": "book",
    "code": "code",
}

_WIDE_KIND, _WIDE_SIZE = 62, 76


def document_head(width: int) -> list[Piece]:
    """Name the columns."""
    return spread(
        [("    document", "dim")], _document_right(width, ("kind", "chunks", "size", "state")), width
    )


def document_row(document: LibraryDocument, width: int, look: Look, *, marked: bool = False) -> Pieces:
    """A document: its title, what it is, how much of it there is, and how it is."""
    glyphs = look.glyphs
    signs: dict[str, Piece] = {
        "ready": (glyphs.done, "good"),
        "waiting": (glyphs.known, "dim"),
        "failed": (glyphs.failed, "bad"),
    }
    state = {
        "ready": "" if document.embedded >= document.chunks else "words only",
        "waiting": "to be read",
        "failed": "not readable",
    }[document.state]
    right = _document_right(
        width,
        (
            media_word(document.media),
            fmt.count(document.chunks).strip() if document.state == "ready" else "",
            fmt.size(document.size).strip(),
            state,
        ),
        bad=document.state == "failed",
    )
    title = one_line(document.title or document.source, 200)
    name = one_line(document.source.rpartition("/")[2], 100)
    left: list[Piece] = [
        (f"{glyphs.live if marked else ' '} ", "mark"),
        signs[document.state],
        (" ", "text"),
        (title, "strong" if marked else "text"),
    ]
    if document.state == "failed" and document.error:
        left.append((f"  {one_line(document.error, 200)}", "dim"))
    elif name and name != title and width >= _WIDE_KIND:
        left.append((f"  {name}", "dim"))
    if document.notes and document.state == "ready":
        left.append((f" {glyphs.warning}", "warn"))
    return spread(left, right, width)


def _document_right(width: int, cells: tuple[str, str, str, str], *, bad: bool = False) -> list[Piece]:
    kind, chunks, size, state = cells
    pieces: list[Piece] = []
    if width >= _WIDE_KIND:
        pieces.append((column(kind, 9) + "  ", "dim"))
    pieces.append((column(chunks, 6, right=True) + "  ", "dim"))
    if width >= _WIDE_SIZE:
        pieces.append((column(size, 8, right=True) + "  ", "dim"))
    # One more than its longest word: the scroll bar stands in the last.
    pieces.append((column(state, 13), "bad" if bad else "dim"))
    return pieces


def document_detail(document: LibraryDocument, look: Look, key_of: Callable[[str], str]) -> list[Pieces]:
    """What is to say about a document, and what helps when it could not be read."""
    title = one_line(document.title, 200)
    source = one_line(look.short(document.source), 300)
    lines: list[Pieces] = [[(title or source, "strong")]]
    if document.error:
        lines.append([(f"{look.glyphs.failed} ", "bad"), (one_line(document.error, 400), "text")])
    parts = [media_word(document.media)]
    if document.pages:
        parts.append(plural(document.pages, "page"))
    if document.sections:
        parts.append(f"{plural(document.sections, 'section')}, {plural(document.chunks, 'chunk')}")
    parts += [fmt.size(document.size).strip()]
    if document.modified:
        parts.append(f"changed {since(document.modified, look.now)}")
    lines.append([("  ·  ".join(part for part in parts if part != fmt.UNKNOWN), "text")])
    if source and source != title:
        lines.append([("from ", "dim"), (source, "text")])
    if document.error:
        lines.append(
            [(key_of("library.again"), "key"), (" reads it again, ", "dim"),
             (key_of("library.delete"), "key"), (" takes it off the list", "dim")]
        )  # fmt: skip
    lines.extend(
        [(f"{look.glyphs.warning} ", "warn"), (one_line(note, 300), "text")] for note in document.notes[:3]
    )
    return lines


def since(then: float, now: float) -> str:
    """How long ago, as a sentence says it: `now`, `3 min ago`, `at 17:40`, `on 14 Mar`."""
    words = ago(then, now)
    if words == "now":
        return words
    if words.endswith("min"):
        return f"{words} ago"
    return f"at {words}" if ":" in words else f"on {words}"


def marked_detail(documents: Sequence[LibraryDocument], key_of: Callable[[str], str]) -> list[Pieces]:
    """What is marked, and what can be done with it."""
    chunks = sum(document.chunks for document in documents)
    size = fmt.size(sum(document.size for document in documents)).strip()
    failed = sum(document.state == "failed" for document in documents)
    parts = [plural(chunks, "chunk"), size] + ([f"{failed} not readable"] if failed else [])
    deeds = (
        ("library.delete", "takes them out"),
        ("library.erase", "erases them for good"),
        ("library.again", "reads them again"),
        ("library.copy", "copies their paths"),
        ("documents.mark_all", "marks all"),
        ("library.back", "marks nothing"),
    )
    keys: list[Piece] = [piece for id, words in deeds for piece in _deed(key_of(id), words)]
    return [
        [(f"{plural(len(documents), 'document')} marked", "strong")],
        [("  ·  ".join(parts), "text")],
        [("", "text")],
        keys,
    ]


def _deed(key: str, words: str) -> list[Piece]:
    return [(key, "key"), (f" {words}   ", "dim")]


def removal_words(
    documents: Sequence[LibraryDocument], space: Space | None, *, undo: str, purge: bool
) -> str:
    """What follows when documents are taken out of the library, in sentences."""
    one = len(documents) == 1
    files = [document for document in documents if document.kind == "file"]
    words = []
    if files:
        words.append("Its file stays where it is." if one else "Their files stay where they are.")
    if purge:
        words.append("Every byte the library kept is overwritten; passages in answers stay with those.")
    else:
        words.append(f"{undo} reads {'it' if one else 'them'} again.")
        if len(files) < len(documents):
            what = "It was pasted" if one else "What was pasted"
            words.append(f"{what}{', and' if one else ''} can be taken back until Leitstand is closed.")
    roots = space.roots if space is not None else ()
    if any(file.source.startswith(f"{root.rstrip('/')}/") for file in files for root in roots):
        words.append(f"{'It stays' if one else 'They stay'} out until added by name.")
    return " ".join(words)


def media_word(media: str) -> str:
    """What kind of document it is, as a short word."""
    return _MEDIA.get(media, one_line(media, 20)) or fmt.UNKNOWN
