"""The list of chats as rows: groups by recency, two lines a chat."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec

from core.chat.types import ENDED, Chat
from core.guard import one_line
from tui.glyphs import Glyphs
from tui.render.pieces import Piece, Pieces, column

DAY = 86_400.0


class Heading(msgspec.Struct, frozen=True):
    """A word over a group of chats."""

    text: str


Row = Chat | Heading


def group(chat: Chat, now: float) -> str:
    """The word a chat stands under."""
    if chat.pinned:
        return "Pinned"
    midnight = _midnight(now)
    if chat.updated >= midnight:
        return "Today"
    if chat.updated >= midnight - DAY:
        return "Yesterday"
    if chat.updated >= midnight - 7 * DAY:
        return "This week"
    if chat.updated >= midnight - 31 * DAY:
        return "This month"
    return "Earlier"


def _midnight(now: float) -> float:
    local = time.localtime(now)
    return now - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec)


def rows(chats: Iterable[Chat], now: float) -> list[Row]:
    """Put a heading over each group, in the order the chats come."""
    found: list[Row] = []
    word = ""
    for chat in chats:
        if (new := group(chat, now)) != word:
            word = new
            found.append(Heading(word))
        found.append(chat)
    return found


def row_key(row: Row) -> object:
    """What makes a row the same row after a refresh."""
    return row.id if isinstance(row, Chat) else row.text


def ago(then: float, now: float) -> str:
    """When something was, in the words of a list: `now`, `4 min`, `17:40`, `3 Nov`."""
    passed = max(0.0, now - then)
    if passed < 60:
        return "now"
    if passed < 3600:
        return f"{passed / 60:.0f} min"
    local = time.localtime(then)
    if then >= _midnight(now) - DAY:
        return time.strftime("%H:%M", local)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    year = f" {local.tm_year}" if passed > 300 * DAY else ""
    return f"{local.tm_mday} {months[local.tm_mon - 1]}{year}"


def paint(row: Row, width: int, *, open_id: int | None, now: float, glyphs: Glyphs) -> Sequence[Pieces]:
    """Two lines for a chat, a blank and a word for a heading."""
    if isinstance(row, Heading):
        return [[("", "text")], [(row.text, "dim")]]
    mark: Piece = ("  ", "text")
    if row.state is not None and row.state not in ENDED:
        mark = (f" {glyphs.live}", "accent")
    elif row.unread:
        mark = (f" {glyphs.live}", "good")
    elif row.state == "failed":
        mark = (f" {glyphs.failed}", "bad")
    star = f"{glyphs.favourite} " if row.pinned else ""
    title = column(star + (one_line(row.title, 200) or "New chat"), width - 2)
    name: Piece = (title, "mark" if row.id == open_id else "text")
    return [[name, mark], [("  ", "dim"), (_second(row, now), "dim")]]


_BUSY = {"queued": "waiting…", "loading": "loading…", "reading": "reading…", "thinking": "thinking…"}


def _second(chat: Chat, now: float) -> str:
    if chat.state is not None and chat.state not in ENDED:
        return _BUSY.get(chat.state, "answering…")
    model = one_line(chat.model, 60)
    return f"{model} · {ago(chat.updated, now)}" if model else ago(chat.updated, now)
