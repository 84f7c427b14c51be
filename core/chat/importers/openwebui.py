"""Reads Open WebUI's export: a list of chats, or one."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from html import unescape
from typing import Any

import msgspec

from core.chat.attachments import described, is_image
from core.chat.importers.common import Conversation, Node, fields, in_order, moment, text
from core.chat.types import Chat, NewAttachment, Role, Turn

_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_REASONING = re.compile(
    r'<details type="reasoning"[^>]*>\s*(?:<summary>[^<]*</summary>)?(.*?)</details>\s*', re.DOTALL
)
_IMAGE = re.compile(r"data:image/[\w.+-]+;base64,(.+)", re.DOTALL)


def recognises(item: Any) -> bool:
    """Whether this is one of its chats."""
    return isinstance(item, dict) and isinstance(fields(item.get("chat")).get("history"), dict)


def conversation(item: Any, now: float) -> Conversation:
    """Turn it into ours."""
    chat, history = item["chat"], item["chat"]["history"]
    created = moment(item.get("created_at", chat.get("timestamp")), now)
    messages = {key: fields(message) for key, message in fields(history.get("messages")).items()}
    turns = {
        key: node for key, message in messages.items() if (node := _node(key, message, created)) is not None
    }
    nodes = [
        msgspec.structs.replace(node, parent=_above(key, messages, turns)) for key, node in turns.items()
    ]
    models = chat.get("models")
    title = text(item.get("title")) or text(chat.get("title"))
    return Conversation(
        Chat(
            id=0,
            title=title,
            title_source="user" if title else "text",
            pinned=item.get("pinned") is True,
            archived=item.get("archived") is True,
            created=created,
            updated=moment(item.get("updated_at"), created),
            model=text(models[0]) if isinstance(models, list) and models else "",
            system=text(fields(chat.get("params")).get("system")) or text(chat.get("system")),
        ),
        in_order(nodes),
        _shown(text(history.get("currentId")), messages, turns),
    )


def _above(key: str, messages: Mapping[str, dict[str, Any]], turns: Mapping[str, Node]) -> str | None:
    """The nearest message above that stays: those of tools are passed over."""
    above, seen = text(messages[key].get("parentId")), {key}
    while above and above not in turns and above not in seen:
        seen.add(above)
        above = text(messages.get(above, {}).get("parentId"))
    return above or None


def _shown(key: str, messages: Mapping[str, dict[str, Any]], turns: Mapping[str, Node]) -> str | None:
    """The message that ended the branch on the screen, or the one before it that stays."""
    return key if key in turns or key not in messages else _above(key, messages, turns)


def _node(key: str, message: dict[str, Any], created: float) -> Node | None:
    role = _ROLES.get(text(message.get("role")))
    if role is None:
        return None
    said, thinking = (
        _texts(text(message.get("content")))
        if role == "assistant"
        else (
            text(message.get("content")),
            "",
        )
    )
    at = moment(message.get("timestamp"), created)
    files = _images(message.get("files"))
    turn = Turn(
        id=0,
        chat_id=0,
        role=role,
        text=said,
        thinking=thinking,
        model=text(message.get("model")),
        attachments=described(files),
        created=at,
        since=at,
        finished=at,
    )
    return Node(key=key, parent=None, turn=turn, files=files)


def _texts(content: str) -> tuple[str, str]:
    """The answer without the folded blocks that hold the thinking, and what they hold."""
    thoughts = [_unquoted(block) for block in _REASONING.findall(content)]
    return _REASONING.sub("", content).strip(), "\n\n".join(filter(None, thoughts))


def _unquoted(block: str) -> str:
    lines = [re.sub(r"^> ?", "", line) for line in unescape(block).strip().splitlines()]
    return "\n".join(lines).strip()


def _images(found: Any) -> tuple[NewAttachment, ...]:
    kept = []
    for number, file in enumerate(found if isinstance(found, list) else [], 1):
        encoded = _IMAGE.match(text(fields(file).get("url")))
        try:
            content = b64decode(encoded[1], validate=True) if encoded else b""
        except ValueError:
            continue
        if is_image(content):
            kept.append(NewAttachment(text(file.get("name")) or f"image {number}", "image", content))
    return tuple(kept)
