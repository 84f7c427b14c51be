"""Conversations from elsewhere: our own export, ChatGPT's, Open WebUI's. Pure.

Each reader turns one conversation into turns in the order of a tree, a parent before its children.
What cannot be read is left out and counted; nothing in a file can make it go round in circles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from core.chat.importers import chatgpt, leitstand, openwebui
from core.chat.importers.common import Conversation
from core.chat.types import Imported
from core.errors import UsageError

Form = Literal["auto", "leitstand", "chatgpt", "openwebui"]

Recognises: TypeAlias = Callable[[Any], bool]
Reader: TypeAlias = Callable[[Any, float], Conversation]

READERS: Mapping[str, tuple[Recognises, Reader]] = {
    "leitstand": (leitstand.recognises, leitstand.conversation),
    "chatgpt": (chatgpt.recognises, chatgpt.conversation),
    "openwebui": (openwebui.recognises, openwebui.conversation),
}
"""How each kind is recognised and read."""

LARGEST = 512 * 2**20

MOST_VALUES = 10_000_000
"""More than any export has; the bytes of an unread value are few, those of a read one are not."""


def read(data: bytes, form: Form, now: float) -> tuple[list[Conversation], int]:
    """Every conversation of a file, and how many of it were left out."""
    if len(data) > LARGEST:
        raise UsageError(f"The file is larger than {LARGEST // 2**20} MiB.", "Split it.")
    kept: list[Conversation] = []
    skipped, recognised = 0, False
    for item in _items(data.removeprefix(b"\xef\xbb\xbf")):
        reader = _reader(item, form)
        recognised = recognised or reader is not None
        found = _converted(item, reader, now) if reader is not None else None
        if found is None or not found.nodes:
            skipped += 1
        else:
            kept.append(found)
    if not recognised:
        raise UsageError(
            "The file holds no conversations Leitstand can read.",
            "It reads exports of Leitstand, ChatGPT (conversations.json) and Open WebUI.",
        )
    return kept, skipped


def _reader(item: Any, form: Form) -> Reader | None:
    """Who reads this."""
    for name, (recognises, reader) in READERS.items():
        if form in ("auto", name) and recognises(item):
            return reader
    return None


def _converted(item: Any, reader: Reader, now: float) -> Conversation | None:
    try:
        return reader(item, now)
    except (msgspec.ValidationError, UsageError):
        return None


def told(brought: Imported) -> str:
    """What an import brought, in a sentence."""
    count = len(brought.chats)
    parts = [f"{count} {'chat' if count == 1 else 'chats'} taken over, {brought.turns} messages"]
    if brought.known:
        parts.append(f"{brought.known} {'is' if brought.known == 1 else 'are'} here already")
    if brought.skipped:
        parts.append(f"{brought.skipped} could not be read")
    return "; ".join(parts) + "."


def _items(data: bytes) -> Iterator[Any]:
    """What the file lists, one after the other, so that the whole file is never held as values."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        raise UsageError("The file holds more than any export of conversations would.", "Split it.")
    try:
        listed = _listed(data)
    except (ValueError, RecursionError):
        yield from _listed_slowly(data)
    else:
        yield from map(_decoded, listed)


def _listed(data: bytes) -> list[msgspec.Raw]:
    start = data.lstrip()[:1]
    if start == b"{":
        chats = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("chats")
        if chats is not None and bytes(chats)[:1] == b"[":
            return msgspec.json.decode(chats, type=list[msgspec.Raw])
    elif start == b"[":
        return msgspec.json.decode(data, type=list[msgspec.Raw])
    return [msgspec.json.decode(data, type=msgspec.Raw)]


def _listed_slowly(data: bytes) -> list[Any]:
    """The same by a reader that forgives half characters, which some exports hold."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError("The file is not JSON, or it is cut off.") from None
    chats = found.get("chats") if isinstance(found, dict) else found
    return chats if isinstance(chats, list) else [found]


def _decoded(item: msgspec.Raw) -> Any:
    """One of them; None when it cannot be read."""
    try:
        return msgspec.json.decode(item)
    except (ValueError, RecursionError):
        return None
