"""The library's lines: spaces at the left, documents beside them, and what is to say about either."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from core.guard import one_line
from core.retrieval.library import Ingest, LibraryDocument, Space
from tui import format as fmt
from tui.glyphs import Glyphs
from tui.render.chat_list import ago
from tui.render.pieces import Piece, Pieces, column, cut, spread
from tui.theme import Ink

COLOUR_INKS: dict[str, Ink] = {
    "": "dim",
    "red": "bad",
    "orange": "warn",
    "yellow": "warn",
    "green": "good",
    "teal": "good",
    "blue": "accent",
    "violet": "mark",
    "pink": "mark",
}
"""What a space's colour looks like; its name always stands beside it."""

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


class Look(msgspec.Struct, frozen=True):
    """Everything a row needs besides what it shows."""

    glyphs: Glyphs
    now: float
    ingests: dict[int, Ingest] = {}
    """What is being read, by its space."""
    short: Callable[[str], str] = str
    """Writes paths as people do."""


def media_word(media: str) -> str:
    """What kind of document it is, as a short word."""
    return _MEDIA.get(media, media) or fmt.UNKNOWN


def plural(number: int, one: str, many: str = "") -> str:
    """A number and its noun: `1 document`, `12 documents`."""
    return f"{number:,}".replace(",", " ") + f" {one if number == 1 else many or one + 's'}"


# Spaces -----------------------------------------------------------------------------------------


def space_row(space: Space, width: int, look: Look) -> list[Pieces]:
    """A space in two lines: its name and how many documents it has, and how it is."""
    glyphs = look.glyphs
    mark = glyphs.live if space.documents else glyphs.ready
    name = "Documents of one chat" if space.chat_id is not None else one_line(space.name, 80)
    first = spread(
        [(f" {mark} ", COLOUR_INKS.get(space.colour, "dim")), (name, "strong")],
        [(f"{fmt.count(space.documents).strip()} ", "dim")],
        width,
    )
    words, ink = state_words(space, look)
    return [first, cut([("   ", "dim"), (words, ink)], width)]


def state_words(space: Space, look: Look) -> tuple[str, Ink]:
    """How a space is, in a few words, the most urgent first."""
    ingest = look.ingests.get(space.id)
    if ingest is not None and ingest.unfinished:
        return progress_words(ingest), "accent"
    if space.stale:
        return "its model changed: r reads it anew", "warn"
    if not space.documents:
        return "empty", "dim"
    if space.failed:
        return f"{plural(space.failed, 'document')} not readable", "warn"
    if space.waiting:
        return f"{plural(space.waiting, 'document')} to read", "dim"
    if space.chunks and space.embedded < space.chunks:
        share = 100 * space.embedded / space.chunks
        return ("by words alone" if not space.embedded else f"{share:.0f} % by meaning, too"), "dim"
    return f"{plural(space.chunks, 'chunk')}, by meaning and words", "dim"


def progress_words(ingest: Ingest) -> str:
    """How far an ingest is, in a few words."""
    if ingest.phase == "waiting":
        return "waits for its turn"
    if ingest.phase == "held":
        return f"paused at {ingest.done} of {ingest.documents}"
    if ingest.phase == "scanning":
        return "looking through the folders…"
    if ingest.phase == "finishing":
        return "tidying the index…"
    share = f"{100 * ingest.done / ingest.documents:.0f} %" if ingest.documents else ""
    left = f" · {fmt.duration(ingest.eta).strip()} left" if ingest.eta else ""
    return f"reading {share}{left}".rstrip()


def space_detail(space: Space, look: Look) -> list[Pieces]:
    """What is to say about a space."""
    name = "Documents of one chat" if space.chat_id is not None else one_line(space.name, 80)
    lines: list[Pieces] = [
        [
            (name, "strong"),
            (f"   {one_line(space.description, 300)}" if space.description else "", "text"),
        ]
    ]
    ingest = look.ingests.get(space.id)
    if ingest is not None and (ingest.unfinished or ingest.error):
        lines.append(ingest_line(ingest, look.glyphs))
    parts = [
        plural(space.documents, "document"),
        plural(space.chunks, "chunk"),
        fmt.size(space.bytes).strip(),
    ]
    lines.append([("  ·  ".join(parts), "text")])
    if space.made_by:
        meaning = f"{space.embedded:,} of {space.chunks:,}".replace(",", " ")
        lines.append(
            [("found by words and by meaning: ", "dim"), (one_line(space.made_by, 60), "text"),
             (f", {meaning} chunks", "dim")]
        )  # fmt: skip
    elif space.chunks:
        lines.append([("found by its words alone: no embedding model has read it yet", "dim")])
    if space.roots:
        roots = ", ".join(look.short(root) for root in space.roots[:4])
        lines.append(
            [("from ", "dim"), (one_line(roots, 200), "text"),
             (f" and {len(space.roots) - 4} more" if len(space.roots) > 4 else "", "dim")]
        )  # fmt: skip
    if space.note:
        lines.append([(f"{look.glyphs.warning} ", "warn"), (one_line(space.note, 300), "text")])
    return lines


def ingest_line(ingest: Ingest, glyphs: Glyphs) -> Pieces:
    """How far reading is, with speed and what is left."""
    if ingest.error:
        return [(f"{glyphs.failed} ", "bad"), (one_line(ingest.error, 300), "text")]
    share = ingest.done / ingest.documents if ingest.documents else 0.0
    pieces: list[Piece] = [*bar(share, 24, glyphs), ("  ", "text"), (progress_words(ingest), "accent")]
    if ingest.documents:
        pieces.append((f"   {ingest.done} of {plural(ingest.documents, 'document')}", "text"))
    if ingest.chunks:
        pieces.append((f"   {plural(ingest.chunks, 'chunk')}", "dim"))
    if ingest.speed:
        pieces.append((f"   {fmt.rate(ingest.speed).strip()}", "dim"))
    if ingest.failed:
        pieces.append((f"   {glyphs.failed} {ingest.failed} not readable", "bad"))
    if ingest.current:
        pieces.append((f"   {one_line(ingest.current.rpartition('/')[2], 60)}", "dim"))
    return pieces


def bar(share: float, width: int, glyphs: Glyphs) -> list[Piece]:
    """A bar in eighths, or in signs where a terminal shows ASCII only."""
    share = min(1.0, max(0.0, share))
    if glyphs.live.isascii():
        full = round(share * width)
        return [("#" * full, "accent"), ("." * (width - full), "rule")]
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    return [(text, "accent"), ("░" * (width - len(text)), "rule")]


# Documents --------------------------------------------------------------------------------------

_WIDE_KIND, _WIDE_SIZE = 62, 76


def document_head(width: int) -> list[Piece]:
    """Name the columns."""
    return spread(
        [("   document", "dim")], _document_right(width, ("kind", "chunks", "size", "state")), width
    )


def document_row(document: LibraryDocument, width: int, look: Look) -> Pieces:
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
    left: list[Piece] = [(" ", "text"), signs[document.state], (" ", "text"), (title, "text")]
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
    pieces.append((column(state, 12), "bad" if bad else "dim"))
    return pieces


def document_detail(document: LibraryDocument, look: Look) -> list[Pieces]:
    """What is to say about a document."""
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
        parts.append(f"changed {ago(document.modified, look.now)}")
    lines.append([("  ·  ".join(parts), "text")])
    if source and source != title:
        lines.append([("from ", "dim"), (source, "text")])
    lines.extend(
        [(f"{look.glyphs.warning} ", "warn"), (one_line(note, 300), "text")] for note in document.notes[:3]
    )
    return lines


# The line above ---------------------------------------------------------------------------------


def together(spaces: tuple[Space, ...]) -> Pieces:
    """Everything there is, in one line."""
    documents = sum(space.documents for space in spaces)
    chunks = sum(space.chunks for space in spaces)
    parts = [plural(len(spaces), "space"), plural(documents, "document"), plural(chunks, "chunk")]
    return [(f"{' · '.join(parts)} ", "dim")]


def narrowed(text: str, failed: bool, shown: int, total: int) -> Pieces:  # noqa: FBT001 - as the page holds it
    """What the list of documents is narrowed to, and how much of it is shown."""
    pieces: list[Piece] = [(" ", "text")]
    if text:
        pieces += [("named like ", "dim"), (one_line(text, 60), "accent"), ("   ", "dim")]
    if failed:
        pieces.append(("only those not readable   ", "accent"))
    if shown < total:
        pieces.append((f"the first {shown} of {plural(total, 'document')}", "dim"))
    return pieces
