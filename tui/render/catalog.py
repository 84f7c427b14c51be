"""The catalogue's lines: what is filtered, the columns' heads, a row a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from core.benchmarks.types import KIND as BENCHMARK
from core.guard import one_line
from core.models.types import Fit, Model
from core.ollama.names import split
from tui import format as fmt
from tui.glyphs import Glyphs
from tui.render.model_board import ModelBoard, Which, speed_of
from tui.render.models import sign
from tui.render.pieces import Piece, Pieces, column, cut, width_of
from tui.theme import Ink

Cell = Literal["name", "size", "quant", "context", "can", "fits", "speed", "state"]

WHICH_WORDS: dict[Which, str] = {
    "all": "all models",
    "here": "installed",
    "memory": "in memory",
    "elsewhere": "not here",
}
ABILITY_WORDS = {
    "": "any ability",
    "tools": "calls tools",
    "thinking": "thinks",
    "vision": "sees",
    "embedding": "embeds",
    "insert": "fills in",
}
_CAN = {"thinking": "think", "embedding": "embed", "insert": "fill in"}
_GIB = 2**30
_MARKS = 3
_LEAST_NAME = 20
_EVERY_CHOICE = 100
"""From that width on everything is named that one may choose."""
_NARROWEST = 60
"""Under that width a state is its sign."""


class _Column(msgspec.Struct, frozen=True):
    """One column: how wide, and from which width of the list on it is shown."""

    cell: Cell
    title: str
    width: int
    least: int = 0
    right: bool = False


COLUMNS: tuple[_Column, ...] = (
    _Column("name", "name", 0),
    _Column("size", "size", 8, right=True),
    _Column("quant", "quant", 7, 108),
    _Column("context", "context", 7, 77, right=True),
    _Column("can", "can", 20, 120),
    _Column("fits", "needs, GiB", 13, 68),
    _Column("speed", "speed", 10, 94, right=True),
    _Column("state", "state", 18),
)
_GAP = 2
_ONLY_SIGN: dict[str, Any] = {"title": "", "width": 2}


class Look(msgspec.Struct, frozen=True):
    """Everything a row needs besides its model."""

    board: ModelBoard
    glyphs: Glyphs
    now: float


def _shown(width: int) -> list[tuple[_Column, int]]:
    """The columns there is room for; the name gets what the others leave."""
    shown = [each for each in COLUMNS if width >= each.least]
    if width < _NARROWEST:
        shown = [*shown[:-1], msgspec.structs.replace(shown[-1], **_ONLY_SIGN)]  # the state stands last
    taken = _MARKS + sum(each.width for each in shown) + _GAP * (len(shown) - 1)
    name = max(width - taken, _LEAST_NAME)
    return [(each, each.width or name) for each in shown]


def head(width: int) -> list[Piece]:
    """Name the columns."""
    pieces: list[Piece] = [(" " * _MARKS, "dim")]
    for each, wide in _shown(width):
        pieces.append((column(each.title, wide, right=each.right), "dim"))
        pieces.append((" " * _GAP, "dim"))
    return pieces[:-1]


def filters(
    board: ModelBoard, shown: int, glyphs: Glyphs, *, typing: bool, width: int
) -> tuple[Pieces, Pieces]:
    """Say what is listed, and how many of how many; where there is little room, only what was chosen."""
    down = glyphs.opened
    left: list[Piece] = []
    if not typing:
        text = one_line(board.text, 60)
        left = [(" / ", "key"), (text or "filter", "accent" if text else "dim"), ("    ", "text")]
    choices = (
        (WHICH_WORDS[board.which], board.which != "all"),
        (ABILITY_WORDS.get(board.ability, board.ability), bool(board.ability)),
        ("fits here" if board.only_fitting else "any size", board.only_fitting),
        (board.order, board.order != "recommended"),
    )
    for words, chosen in choices:
        if chosen or width >= _EVERY_CHOICE:
            left += [(f"{words} {down}", "accent" if chosen else "dim"), ("   ", "text")]
    known = len(board.models)
    what = " models" if width >= _NARROWEST else ""
    count = f"{shown} of {known}{what}" if board.restricted else f"{known}{what}"
    return left, [(f"{count} ", "dim")]


def row(model: Model, width: int, look: Look) -> Pieces:
    """Draw one model."""
    glyphs = look.glyphs
    pieces: list[Piece] = [
        (" ", "text"),
        (glyphs.favourite if model.favourite else " ", "accent"),
        (" ", "text"),
    ]
    for each, wide in _shown(width):
        drawn = list(_CELLS[each.cell](model, look))
        if wide == _ONLY_SIGN["width"]:
            drawn = drawn[:1]  # the sign
        room = wide - width_of(drawn)
        if room < 0:
            drawn, room = cut(drawn, wide), 0
        space: Piece = (" " * room, "text")
        pieces += [space, *drawn] if each.right else [*drawn, space]
        pieces.append((" " * _GAP, "text"))
    pieces.pop()
    if glyphs.live.isascii():
        pieces = [(fmt.plain(text), ink) for text, ink in pieces]
    return cut(pieces, width)


# Cells ------------------------------------------------------------------------------------------


def _name(model: Model, look: Look) -> Pieces:
    mark = f" {look.glyphs.default}" if model.default else ""
    called, server = split(one_line(model.name, 200))
    badge = f"@{server}" if server else ""
    return [(called, "strong" if model.in_memory else "text"), (badge, "accent"), (mark, "accent")]


def _size(model: Model, look: Look) -> Pieces:
    number, _, unit = fmt.size(model.size).strip().partition(" ")
    return [(number, "text" if model.size else "dim"), (f" {unit:<2}" if unit else "", "dim")]


def _quant(model: Model, look: Look) -> Pieces:
    return [(one_line(model.quantization, 20) or fmt.UNKNOWN, "dim")]


def _context(model: Model, look: Look) -> Pieces:
    return [(fmt.context(model.context).strip(), "text" if model.context else "dim")]


def _can(model: Model, look: Look) -> Pieces:
    if model.capabilities is None:
        return [(fmt.UNKNOWN, "dim")]
    can = [_CAN.get(name, name) for name in model.capabilities if name != "completion"]
    return [(one_line(" ".join(can), 60), "dim")]


def _fits(model: Model, look: Look) -> Pieces:
    fit = look.board.fits.get(model.name)
    if model.remote:
        return [("elsewhere", "dim")]
    if fit is None or fit.verdict == "unknown":
        return [(fmt.UNKNOWN, "dim")]
    mark, ink = verdict_sign(fit, look.glyphs)
    if fit.verdict == "too big":
        return [(f"{mark} ", ink), ("too big", "text")]
    if fit.verdict == "spills":
        return [(f"{mark} ", ink), (f"{100 - (fit.gpu_percent or 0)} % CPU", "text")]
    return [(f"{mark} ", ink), (f"{about(fit)}{gib(fit.needed)}", "text"), (f"/{gib(fit.total)}", "dim")]


def _speed(model: Model, look: Look) -> Pieces:
    number, _, unit = fmt.speed(speed_of(model)).strip().partition(" ")
    return [(number, "text" if unit else "dim"), (f" {unit}" if unit else "", "dim")]


def _state(model: Model, look: Look) -> Pieces:
    glyphs, board = look.glyphs, look.board
    if model.leaves_at is not None:
        left = fmt.duration(max(model.leaves_at - look.now, 0)).strip()
        return [(f"{glyphs.warning} ", "warn"), (f"deleted in {left}", "text")]
    if (job := board.loads.get(model.name)) is not None:
        measured = job.kind == BENCHMARK
        if job.state != "running":
            return [(f"{glyphs.live} ", "accent"), ("to be measured" if measured else "waits to load", "dim")]
        percent = job.progress.percent
        if measured:
            return [(f"{glyphs.live} ", "accent"), (f"measuring {percent or 0:.0f} %", "accent")]
        # A guess from earlier loads, so it says that it is one.
        word = "loading" if percent is None else f"loading ~{percent:.0f} %"
        return [(f"{glyphs.live} ", "accent"), (word, "accent")]
    if (pull := board.pull_of(model)) is not None:
        done = "" if pull.percent is None else f"{int(pull.percent)} % "
        return [(f"{glyphs.down} ", "accent"), (done + pull.state, "text")]
    mark, ink = sign(model, glyphs)
    if model.fault is not None and not model.in_memory:
        return [(f"{glyphs.failed} ", "bad"), ("did not work", "text")]
    if model.memory is not None:
        word = "answers" if model.state == "active" else "loaded"
        return [(f"{mark} ", ink), (word, "text"), (f" {stays(model, look.now)}", "dim")]
    if model.state == "loading":
        return [(f"{mark} ", "accent"), ("loading", "accent")]
    words = {"known": "", "installed": "installed"}
    word = "newer version" if model.version == "outdated" else words.get(model.state, model.state)
    return [(f"{mark} ", ink), (word, "dim")]


_CELLS: dict[Cell, Callable[[Model, Look], Pieces]] = {
    "name": _name, "size": _size, "quant": _quant, "context": _context, "can": _can, "fits": _fits,
    "speed": _speed, "state": _state,
}  # fmt: skip


# Words that the details use as well -------------------------------------------------------------


def verdict_sign(fit: Fit, glyphs: Glyphs) -> tuple[str, Ink]:
    """The sign of a verdict."""
    match fit.verdict:
        case "fits":
            return glyphs.done, "good"
        case "tight" | "spills":
            return glyphs.warning, "warn"
        case "too big":
            return glyphs.failed, "bad"
    return glyphs.known, "dim"


def about(fit: Fit) -> str:
    """A mark before a number that was not measured."""
    return "" if fit.source == "measured" else "~"


def gib(count: int | None) -> str:
    """Memory in GiB without the unit."""
    return fmt.UNKNOWN if count is None else f"{count / _GIB:.1f}"


def stays(model: Model, now: float) -> str:
    """For how long a model stays in memory if it goes unused."""
    memory = model.memory
    if memory is None or memory.stays == "unknown":
        return ""
    if memory.stays == "until" and memory.until is not None:
        return fmt.duration(max(memory.until - now, 0)).strip()
    return "stays" if memory.stays == "forever" else "leaves"
