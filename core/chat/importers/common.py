"""What all readers share: messages of a file on their way to becoming turns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from core.chat.types import Chat, NewAttachment, Turn

_NEWEST = 4102444800.0
"""The year 2100: later times count in milliseconds or less."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a file."""

    key: str
    parent: str | None
    turn: Turn
    files: tuple[NewAttachment, ...] = ()


class Conversation(msgspec.Struct, frozen=True):
    """One conversation of a file: what it is, its messages, and which one ends the branch that was shown."""

    chat: Chat
    nodes: tuple[Node, ...]
    head: str | None = None


def in_order(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The same messages, a parent before its children; what hangs on nothing is left out."""
    children: dict[str | None, list[Node]] = {}
    known = {node.key for node in nodes}
    for node in nodes:
        parent = node.parent if node.parent in known and node.parent != node.key else None
        if node.parent is not None and parent is None and node.parent in known:
            continue  # its own parent
        children.setdefault(parent, []).append(node)
    ordered: list[Node] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting += reversed(children.get(node.key, []))
    return tuple(ordered)


def moment(value: object, otherwise: float) -> float:
    """A time in seconds, whichever unit the file counts in."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e20:
        return otherwise
    seconds = float(value)
    while seconds > _NEWEST:
        seconds /= 1000
    return seconds


def text(value: object) -> str:
    """A text, or nothing."""
    return value if isinstance(value, str) else ""


def fields(value: object) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}
