"""Conversations from elsewhere: our own export, ChatGPT's, Open WebUI's. Pure.

Each reader turns one conversation into turns in the order of a tree, a parent before its children.
What cannot be read is left out and counted; nothing in a file can make it go round in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from core.chat.importers import chatgpt, leitstand, openwebui
from core.chat.importers.common import Conversation
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


def read(data: bytes, form: Form, now: float) -> tuple[list[Conversation], int]:
    """Every conversation of a file, and how many of it were left out."""
    if len(data) > LARGEST:
        raise UsageError(f"The file is larger than {LARGEST // 2**20} MiB.", "Split it.")
    found = _decoded(data)
    items = _items(found)
    for name, (recognises, conversation) in READERS.items():
        if form not in ("auto", name):
            continue
        if any(recognises(item) for item in items):
            return _converted(items, recognises, conversation, now)
    raise UsageError(
        "The file holds no conversations Leitstand can read.",
        "It reads exports of Leitstand, ChatGPT (conversations.json) and Open WebUI.",
    )


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError("The file is not JSON, or it is cut off.") from None


def _items(found: Any) -> list[Any]:
    chats = found.get("chats") if isinstance(found, dict) else found
    return chats if isinstance(chats, list) else [found]


def _converted(
    items: list[Any], recognises: Recognises, conversation: Reader, now: float
) -> tuple[list[Conversation], int]:
    kept, skipped = [], 0
    for item in items:
        try:
            found = conversation(item, now) if recognises(item) else None
        except (msgspec.ValidationError, UsageError):
            found = None
        if found is None or not found.nodes:
            skipped += 1
        else:
            kept.append(found)
    return kept, skipped
