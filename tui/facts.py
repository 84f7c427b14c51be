"""What the status line says: gathered by the app, drawn on every page."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.guard import one_line
from core.jobs.types import LaneState
from core.ollama.connection import ServerState
from core.presence import HERE, LinkState
from core.telemetry.types import Sample
from tui.format import percent, rate
from tui.glyphs import Glyphs
from tui.render.pieces import Piece, Pieces, cut, width_of


class QueueFacts(msgspec.Struct, frozen=True):
    """How much is in the queue, over all its lanes."""

    running: int = 0
    waiting: int = 0
    paused: bool = False
    """Somebody waits in a lane that a person paused."""

    @classmethod
    def of(cls, lanes: Iterable[LaneState]) -> QueueFacts:
        """Add the lanes up."""
        kept = list(lanes)
        return cls(
            sum(lane.running for lane in kept),
            sum(lane.waiting for lane in kept),
            any(lane.paused and lane.waiting for lane in kept),
        )


class DownloadFacts(msgspec.Struct, frozen=True):
    """What is being fetched, all downloads together."""

    moving: int = 0
    waiting: int = 0
    percent: int | None = None
    speed: float | None = None


class Facts(msgspec.Struct, frozen=True):
    """The state of everything one wants in the corner of an eye; None means not known."""

    server: ServerState | None = None
    notices: int = 0
    away_note: str = ""
    sample: Sample | None = None
    """The machine at the last look."""
    queue: QueueFacts = QueueFacts()
    downloads: DownloadFacts = DownloadFacts()
    loaded: tuple[str, ...] = ()
    """The models in the server's memory."""
    link: LinkState = HERE
    """The line to the engine, when that lives in another process."""
    trip: float | None = None
    """Seconds to the person's terminal and back, over SSH."""
    slow_line: bool = False
    """So far or so narrow that the screens rest from everything that can be spared."""


def server_pieces(state: ServerState | None, glyphs: Glyphs) -> list[Piece]:
    """Say which server and how it is, in words beside the colour."""
    if state is None:
        return [("starting…", "dim")]
    if state.phase == "online":
        version = f"  {one_line(state.version, 30)}" if state.version else ""
        name = "demonstration" if state.demo else one_line(state.url, 60)
        return [(f"{glyphs.live} ", "good"), (name, "text"), (version, "dim")]
    if state.phase == "connecting":
        return [(f"{glyphs.ready} ", "dim"), ("connecting ", "dim"), (one_line(state.url, 60), "dim")]
    word = "not Ollama" if state.phase == "wrong" else "away"
    name = one_line(state.url, 60) or "server"
    return [(f"{glyphs.failed} ", "bad"), (name, "text"), (f"  {word}", "bad")]


def link_pieces(link: LinkState, glyphs: Glyphs) -> list[Piece]:
    """Say what is wrong with the line to the engine; a line that holds says nothing."""
    if link.phase in {"here", "attached"}:
        return []
    pieces: list[Piece] = [(f"{glyphs.warning} {one_line(link.message, 120)}", "warn")]
    return [*pieces, ("  alt+r", "key"), (" goes on here", "dim")] if link.phase == "gone" else pieces


def place_pieces(link: LinkState) -> list[Piece]:
    """Say on which other machine the engine is, and how far that is."""
    if not link.where:
        return []
    pieces: list[Piece] = [(one_line(link.where, 40), "text")]
    if link.round_trip is not None:
        milliseconds = f" {link.round_trip * 1000:.0f} ms"
        pieces.append((milliseconds, "warn" if link.slow else "dim"))
    return [*pieces, ("  ", "dim")]


def trip_pieces(trip: float | None, glyphs: Glyphs, *, slow: bool, brief: bool) -> list[Piece]:
    """Say how far away the person at the terminal is; a quick line only where there is room."""
    far = "" if trip is None else f"{trip * 1000:.0f} ms"
    if slow:
        return [(f"{glyphs.warning} slow line {far}".rstrip(), "warn")]
    return [(far, "dim")] if far and not brief else []


def model_pieces(loaded: tuple[str, ...], glyphs: Glyphs) -> list[Piece]:
    """Say which models are in memory."""
    if not loaded:
        return [(f"{glyphs.ready} no model in memory", "dim")]
    more = f" +{len(loaded) - 1}" if len(loaded) > 1 else ""
    return [(f"{glyphs.live} ", "good"), (one_line(loaded[0], 40), "text"), (more, "dim")]


def notice_pieces(count: int, glyphs: Glyphs) -> list[Piece]:
    """Say how many notices were not read."""
    return [(f"{glyphs.warning} {count}", "warn")] if count else []


def queue_pieces(queue: QueueFacts, glyphs: Glyphs, *, narrow: bool = False) -> list[Piece]:
    """Say how many run or wait; a quiet queue says nothing."""
    number = queue.running + queue.waiting
    if not number:
        return []
    pieces: list[Piece] = [("queue ", "dim"), (str(number), "text")]
    if queue.paused:
        pieces.append((f" {glyphs.warning}{'' if narrow else ' paused'}", "warn"))
    return pieces


def download_pieces(facts: DownloadFacts, glyphs: Glyphs, *, brief: bool) -> list[Piece]:
    """Say how far the downloads are; where there is room, how fast as well."""
    if not facts.moving:
        return []
    pieces: list[Piece] = [(f"{glyphs.down} {facts.moving}", "text")]
    if facts.percent is not None:
        between = "|" if glyphs.live.isascii() else "·"
        pieces += [(f" {between} ", "dim"), (percent(facts.percent).strip(), "text")]
    if facts.speed is not None and not brief:
        pieces.append((f" {rate(facts.speed).strip()}", "dim"))
    return pieces


def join(groups: list[list[Piece]], width: int) -> Pieces:
    """Put the groups beside each other, leaving out those for which there is no room."""
    line: list[Piece] = [(" ", "text")]
    for group in groups:
        if not group:
            continue
        addition: list[Piece] = [("   ", "text"), *group] if len(line) > 1 else list(group)
        if width_of(line) + width_of(addition) <= width:
            line += addition
    return line if len(line) > 1 else cut([piece for group in groups[:1] for piece in group], width)
