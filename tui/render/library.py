"""The library's lines: spaces at the left, documents beside them, and what is to say about either."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from core.guard import one_line
from core.numbers import grouped
from core.retrieval.library import Ingest, Space
from tui import format as fmt
from tui.glyphs import Glyphs
from tui.render.pieces import Piece, Pieces, cut, packed, spread
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


class Look(msgspec.Struct, frozen=True):
    """Everything a row needs besides what it shows."""

    glyphs: Glyphs
    now: float
    ingests: dict[int, Ingest] = {}
    """What is being read, by its space."""
    short: Callable[[str], str] = str
    """Writes paths as people do."""


def plural(number: int, one: str, many: str = "") -> str:
    """A number and its noun: `1 document`, `12 documents`."""
    return grouped(number) + f" {one if number == 1 else many or one + 's'}"


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
        return progress_words(ingest), "warn" if ingest.phase == "held" else "accent"
    if space.stale:
        return "its model changed: re-index it", "warn"
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
        return f"paused at {_far(ingest)}" if ingest.documents else "paused"
    if ingest.phase == "scanning":
        return "looking through the folders…"
    if ingest.phase == "finishing":
        return "tidying the index…"
    share = f"{100 * ingest.done / ingest.documents:.0f} %" if ingest.documents else ""
    left = f" · {fmt.duration(ingest.eta).strip()} left" if ingest.eta else ""
    return f"{'building anew' if ingest.anew else 'reading'} {share}{left}".rstrip()


def _far(ingest: Ingest) -> str:
    return f"{grouped(ingest.done)} of {grouped(ingest.documents)}"


def space_detail(space: Space, look: Look, key_of: Callable[[str], str], width: int) -> list[Pieces]:
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
        lines += ingest_lines(ingest, look.glyphs, width, goes_on=key_of("library.pause"))
    parts = [
        plural(space.documents, "document"),
        plural(space.chunks, "chunk"),
        fmt.size(space.bytes).strip(),
    ]
    lines.append([("  ·  ".join(parts), "text")])
    if space.made_by:
        share = f"{grouped(space.embedded)} of {plural(space.chunks, 'chunk')}"
        meaning: list[Piece] = [
            ("found by words and by meaning: ", "dim"),
            (one_line(space.made_by, 60), "text"),
        ]
        if space.embedded < space.chunks:
            meaning.append((f", {share} so far", "dim"))
        lines.append(meaning)
    elif space.chunks:
        lines.append([("found by its words alone: no embedding model has read it yet", "dim")])
    if space.roots:
        roots = ", ".join(look.short(root) for root in space.roots[:4])
        lines.append(
            [("from ", "dim"), (one_line(roots, 200), "text"),
             (f" and {len(space.roots) - 4} more" if len(space.roots) > 4 else "", "dim")]
        )  # fmt: skip
        if space.watched:
            all_of_it = len(space.watched) == len(space.roots)
            words = "looked through again by itself" if all_of_it else f"{len(space.watched)} of them watched"
            lines[-1] = [*lines[-1], (f"   {words}", "dim")]
    if is_built_anew(ingest):
        lines.append([("Until then it is searched as it is.", "dim")])
        return lines
    if space.stale:
        lines.append(
            [
                (key_of("library.reindex"), "key"),
                (" re-indexes it; until then it is searched as it is", "dim"),
            ]
        )
    if space.note:
        lines.append([(f"{look.glyphs.warning} ", "warn"), (one_line(space.note, 300), "text")])
    return lines


def is_built_anew(ingest: Ingest | None) -> bool:
    """Whether what would be said of a space's model is being done already."""
    return ingest is not None and ingest.anew and ingest.unfinished


def ingest_lines(ingest: Ingest, glyphs: Glyphs, width: int, *, goes_on: str = "") -> list[Pieces]:
    """How far reading is, with speed and what is left: as many lines as it takes, none of them torn.

    *goes_on* is the key that lets it go on, where it is paused.
    """
    if ingest.error:
        return [[(f"{glyphs.failed} ", "bad"), (one_line(ingest.error, 300), "text")]]
    share = ingest.done / ingest.documents if ingest.documents else 0.0
    held = ingest.phase == "held"
    groups: list[list[Piece]] = [
        [*bar(share, 24, glyphs), ("  ", "text"), (progress_words(ingest), "warn" if held else "accent")]
    ]
    if held and ingest.documents:
        groups[0].append((" documents", "warn"))
    elif ingest.documents:
        groups.append([(f"{grouped(ingest.done)} of {plural(ingest.documents, 'document')}", "text")])
    if ingest.chunks:
        # After a pause those that were made before it are no longer counted.
        groups.append([(plural(ingest.chunks, "new chunk" if ingest.unchanged else "chunk"), "dim")])
    if ingest.speed:
        groups.append([(fmt.rate(ingest.speed).strip(), "dim")])
    if ingest.failed:
        groups.append([(f"{glyphs.failed} {grouped(ingest.failed)} not readable", "bad")])
    if ingest.current and not held:
        groups.append([(one_line(ingest.current.rpartition("/")[2], 60), "dim")])
    if held and goes_on:
        groups.append([(goes_on, "key"), (" goes on", "dim")])
        if ingest.chunks and not ingest.anew:
            groups.append([("what was read can be asked about", "dim")])
    return packed(groups, width)


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


# The line above ---------------------------------------------------------------------------------


def together(spaces: tuple[Space, ...]) -> Pieces:
    """Everything there is, in one line."""
    documents = sum(space.documents for space in spaces)
    chunks = sum(space.chunks for space in spaces)
    parts = [plural(len(spaces), "space"), plural(documents, "document"), plural(chunks, "chunk")]
    return [(f"{' · '.join(parts)} ", "dim")]


def narrowed(text: str, failed: bool, shown: int, total: int, marked: int) -> Pieces:  # noqa: FBT001 - as the page holds it
    """What the list of documents is narrowed to, how much of it is shown, and how many are marked."""
    pieces: list[Piece] = [(" ", "text")]
    if marked:
        pieces += [(f"{plural(marked, 'document')} marked", "mark"), ("   ", "dim")]
    if text:
        pieces += [("named like ", "dim"), (one_line(text, 60), "accent"), ("   ", "dim")]
    if failed:
        pieces.append(("only those not readable   ", "accent"))
    if shown < total:
        pieces.append((f"the first {grouped(shown)} of {plural(total, 'document')}", "dim"))
    return pieces
