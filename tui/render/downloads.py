"""Downloads drawn: a line each, and the story of the selected one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from core.downloads.types import MOVING, Download, Plan, State
from core.errors import NotInRegistry
from core.guard import one_line
from tui import format as fmt
from tui.facts import DownloadFacts
from tui.flow import Trouble
from tui.glyphs import Glyphs
from tui.render.catalog_detail import fit_pieces
from tui.render.chat_list import ago
from tui.render.gauges import bar, sparkline
from tui.render.pieces import Piece, Pieces, column, cut
from tui.theme import Ink

_WIDE = 116
_SPARK = 14
_NARROW_WORD = 10 + 2 + 8
"""As wide as a speed and a duration."""
_SHOWN_TROUBLES = 3


class Heading(msgspec.Struct, frozen=True):
    """Stands over the downloads that have ended."""

    count: int


Row = Heading | Download


class Look(msgspec.Struct, frozen=True):
    """Everything the drawing needs besides the download."""

    glyphs: Glyphs
    now: float
    speeds: Sequence[float] = ()
    still: float | None = None
    """For so many seconds nothing came."""

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal shows nothing else."""
        return self.glyphs.live.isascii()


def rows(downloads: Iterable[Download]) -> list[Row]:
    """Lay out: what runs, what waits in its order, what is paused; then what ended, newest first."""
    known = list(downloads)
    far = 10**9

    def rank(download: Download) -> tuple[int, int, int]:
        first = 0 if download.state in (*MOVING, "proving") else 2 if download.state == "paused" else 1
        return first, download.position or far, download.id

    open_: list[Row] = [*sorted((each for each in known if each.unfinished), key=rank)]
    ended = sorted(
        (each for each in known if not each.unfinished),
        key=lambda each: (each.finished or 0.0, each.id),
        reverse=True,
    )
    return [*open_, *([Heading(len(ended))] if ended else []), *ended]


def row_key(row: Row) -> object:
    """What makes a row the same after a change."""
    return "ended" if isinstance(row, Heading) else row.id


def selectable(row: Row) -> bool:
    """Whether the cursor may stand on it."""
    return isinstance(row, Download)


def together(facts: DownloadFacts, glyphs: Glyphs) -> Pieces:
    """Say in a line how all of them go."""
    if not facts.moving and not facts.waiting:
        return [(" nothing is on its way", "dim")]
    words: list[Piece] = [(" ", "text")]
    if facts.moving:
        words += [(f"{glyphs.down} ", "accent"), (f"{facts.moving} on the way", "text")]
    if facts.waiting:
        words.append((f"{'   ' if facts.moving else ''}{facts.waiting} waiting or set aside", "dim"))
    if facts.speed is not None:
        words.append((f"   {fmt.rate(facts.speed).strip()} together", "text"))
    return words


def paint(row: Row, width: int, look: Look) -> Pieces:
    """Draw one line."""
    if isinstance(row, Heading):
        return [(f" Finished  {row.count}", "dim")]
    pieces = _unfinished(row, width, look) if row.unfinished else _ended(row, width, look)
    if look.ascii_only:
        pieces = [(fmt.plain(text), ink) for text, ink in pieces]
    return cut(pieces, width)


def sign(state: State, glyphs: Glyphs) -> tuple[str, Ink]:
    """The sign of a state."""
    if state in MOVING:
        return glyphs.down, "accent"
    signs: dict[State, tuple[str, Ink]] = {
        "proving": (glyphs.live, "accent"),
        "retrying": (glyphs.warning, "warn"),
        "paused": (glyphs.known, "dim"),
        "done": (glyphs.done, "good"),
        "failed": (glyphs.failed, "bad"),
        "cancelled": (glyphs.known, "dim"),
    }
    return signs.get(state, (glyphs.ready, "dim"))


def _unfinished(download: Download, width: int, look: Look) -> list[Piece]:
    wide = width >= _WIDE
    mark, ink = sign(download.state, look.glyphs)
    bar_width = 26 if wide else 14
    rest = 3 + 2 + bar_width + 7 + 2 + 10 + 2 + 9 + (2 + 17 + 2 + _SPARK + 2 + 12 if wide else 0)
    name = column(one_line(download.name, 200), max(width - rest, 16))
    live = download.state in MOVING
    pieces: list[Piece] = [(f" {mark} ", ink), (name, "strong" if live else "text"), ("  ", "text")]
    pieces += _bar(download, bar_width, look)
    percent = fmt.UNKNOWN if download.percent is None else f"{int(download.percent)} %"
    pieces += [(percent.rjust(7), "text" if live else "dim"), ("  ", "text")]
    if wide:
        pieces += [*_bytes(download), ("  ", "text")]
        drawn = sparkline(list(look.speeds)[-2 * _SPARK :], _SPARK, ascii_only=look.ascii_only)
        pieces += [(drawn if live else " " * _SPARK, "accent"), ("  ", "text")]
    moving = download.state == "downloading"
    if not wide and not moving:
        # There is no room for a word of its own, and nothing else to say at its place.
        return [*pieces, (_word(download).rjust(_NARROW_WORD), "dim")]
    pieces += [
        (fmt.rate(download.speed if moving else None), "text" if moving else "dim"),
        ("  ", "text"),
        (fmt.duration(download.eta if moving else None), "text" if moving else "dim"),
    ]
    if not wide:
        return pieces
    stands = moving and look.still is not None
    word: Piece = ("stands still", "warn") if stands else (column(_word(download), 12), "dim")
    return [*pieces, ("  ", "text"), word]


def _bar(download: Download, width: int, look: Look) -> list[Piece]:
    share = None if download.percent is None else download.percent / 100
    drawn = bar(share, width, ascii_only=look.ascii_only)
    if share is None:
        return [(drawn, "rule")]
    full = drawn.rstrip(" .")
    track = "." if look.ascii_only else "░"
    return [(full, "accent" if download.state in MOVING else "dim"), (track * (width - len(full)), "rule")]


def _bytes(download: Download) -> list[Piece]:
    """Done of total in one unit, as wide as ever: `11.9 of 18.6 GB`."""
    total = download.total
    if total is None:
        done = fmt.size(download.completed).strip() if download.completed else fmt.UNKNOWN
        return [(done.rjust(17), "text")]
    unit, digits, step = next(
        each
        for each in (("GB", 1, 1e9), ("MB", 0, 1e6), ("kB", 0, 1e3), ("B", 0, 1.0))
        if total >= each[2] or each[2] == 1.0
    )
    about = "" if download.exact else "~"
    part = f"{download.completed / step:.{digits}f}"
    whole = f"{about}{total / step:.{digits}f}"
    return [
        (part.rjust(17 - 4 - len(whole) - 3), "text"),
        (" of ", "dim"),
        (whole, "text"),
        (f" {unit:<2}", "dim"),
    ]


def _word(download: Download) -> str:
    if download.state == "waiting" and download.position:
        return f"{download.position}. in line"
    return {"proving": "trying out", "retrying": "tries again"}.get(download.state, download.state)


def _ended(download: Download, width: int, look: Look) -> list[Piece]:
    mark, ink = sign(download.state, look.glyphs)
    proof = download.proof
    words: str = download.state
    if download.state == "done":
        words = fmt.size(download.total).strip() if download.total else "done"
        if proof is not None and proof.speed:
            words += f" · {fmt.speed(proof.speed).strip()} at its first words"
    elif download.error is not None:
        words = one_line(download.error.message, 300)
    name = column(one_line(download.name, 200), max(width // 3, 16))
    when = ago(download.finished, look.now) if download.finished is not None else ""
    room = max(width - len(name) - 3 - 2 - 10, 4)
    return [
        (f" {mark} ", ink),
        (name, "text"),
        ("  ", "text"),
        (column(words, room), "text" if download.state == "failed" else "dim"),
        (when.rjust(9), "dim"),
    ]


# The story of one -------------------------------------------------------------------------------


def story(download: Download, plan: Plan | None, troubles: Sequence[Trouble], look: Look) -> list[Pieces]:
    """Tell what it brings, how it went, and what happens next."""
    head: list[Piece] = [(one_line(download.name, 160), "strong"), (f"   {_about(download)}", "text")]
    lines: list[Pieces] = [head]
    if download.error is not None:
        mark = look.glyphs.failed if download.state == "failed" else look.glyphs.warning
        ink: Ink = "bad" if download.state == "failed" else "warn"
        lines.append(
            [
                (f"{mark} {one_line(download.error.message, 400)}  ", ink),
                (one_line(download.error.hint, 300), "dim"),
            ]
        )
    if look.still is not None:
        words = f"{look.glyphs.warning} Nothing came for {fmt.duration(look.still).strip()}; "
        lines.append([(words, "warn"), ("it connects anew by itself.", "text")])
    if plan is not None:
        lines += plan_lines(plan, look.glyphs)
    lines.append([("next  ", "dim"), (_next(download), "text")])
    lines += [
        [(f"{ago(each.at, look.now)} ".rjust(8), "dim"), (one_line(each.text, 200), "dim")]
        for each in list(troubles)[-_SHOWN_TROUBLES:]
        if download.error is None or each.text != download.error.message
    ]
    if look.ascii_only:
        return [[(fmt.plain(text), ink) for text, ink in line] for line in lines]
    return lines


def plan_lines(plan: Plan, glyphs: Glyphs) -> list[Pieces]:
    """What a download brings: files, bytes still to fetch, the disk before and after, whether it fits."""
    lines: list[Pieces] = []
    if plan.total is None:
        lines.append(
            [("plan  ", "dim"), (one_line(plan.note, 300) or "Nothing is known of its size.", "text")]
        )
    else:
        here = (plan.files or 0) - (plan.missing_files or 0)
        words = f"{fmt.size(plan.total).strip()} in {plan.files} files · {here} here already · "
        left = "nothing to fetch" if not plan.missing else f"{fmt.size(plan.missing).strip()} to fetch"
        lines.append([("plan  ", "dim"), (words + left, "text")])
    lines.append([("disk  ", "dim"), *_disk(plan, glyphs)])
    if plan.fit is not None:
        lines.append([("fit   ", "dim"), *fit_pieces(plan.fit, glyphs)])
    return lines


def _disk(plan: Plan, glyphs: Glyphs) -> list[Piece]:
    if plan.disk is None:
        return [("unknown: the server's disk cannot be seen from here", "dim")]
    free = fmt.size(plan.disk.free).strip()
    if plan.missing is None:
        return [(f"{free} free", "text")]
    after = fmt.size(max(plan.disk.free - plan.missing, 0)).strip()
    pieces: list[Piece] = [(f"{free} free now, {after} afterwards", "text")]
    if plan.enough is False:
        pieces.append((f"   {glyphs.failed} {fmt.size(plan.wanted).strip()} must be free", "bad"))
    return pieces


def _about(download: Download) -> str:
    words = one_line(download.text, 200)
    if download.attempt > 1:
        words = f"attempt {download.attempt}" + (f" · {words}" if words else "")
    return words


def _next(download: Download) -> str:
    match download.state:
        case "waiting":
            return "It starts when a place is free; K and J change the order."
        case "paused":
            return "space goes on where it stopped; what came stays on the server's disk."
        case "planning":
            return "The bytes begin to move."
        case "downloading":
            return "The server checks what came; then the model is tried out with its first words."
        case "checking" | "finishing":
            return "The model is tried out with its first words."
        case "retrying":
            return "It goes on by itself where it stopped; space sets it aside."
        case "proving":
            return "It is ready when it has answered once."
        case "failed" if download.error is not None and download.error.code == NotInRegistry.code:
            return "d fetches a model by another name."
        case "failed":
            return "r tries again; what came already is not fetched twice."
        case "cancelled":
            return "r starts it again; models that were installed are as they were."
    return _proven(download)


def _proven(download: Download) -> str:
    proof = download.proof
    if proof is None:
        return "It is ready to be asked."
    words = ["It was tried out and works"]
    if proof.load_seconds:
        words.append(f"loaded in {fmt.duration(proof.load_seconds).strip()}")
    if proof.speed:
        words.append(f"{fmt.speed(proof.speed).strip()}")
    if proof.dimensions:
        words.append(f"vectors of {proof.dimensions} numbers")
    return " · ".join(words)
