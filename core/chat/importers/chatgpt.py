"""Reads ChatGPT's export: conversations.json, or one conversation of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.chat.importers.common import Conversation, Node, fields, in_order, moment, text
from core.chat.types import Chat, Role, Turn

_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}


def recognises(item: Any) -> bool:
    """Whether this is one of its conversations."""
    return isinstance(item, dict) and isinstance(item.get("mapping"), dict)


def conversation(item: Any, now: float) -> Conversation:
    """Turn it into ours: tools and hidden messages are passed over, thoughts join their answer."""
    mapping: dict[str, Any] = {key: fields(node) for key, node in item["mapping"].items()}
    created = moment(item.get("create_time"), now)
    said = {key: found for key, node in mapping.items() if (found := _said(node, created)) is not None}
    nodes = []
    for key, turn in said.items():
        if turn.role == "assistant" and not turn.text:
            continue  # thoughts: they go to the answer that follows
        thoughts, parent = _above(key, mapping, said)
        if thoughts and turn.role == "assistant":
            turn = _with_thoughts(turn, thoughts)
        nodes.append(Node(key=key, parent=parent, turn=turn))
    head = text(item.get("current_node"))
    answered = {node.key for node in nodes}
    if head and head not in answered:
        head = _above(head, mapping, said)[1] or ""
    chat = Chat(
        id=0,
        title=text(item.get("title")),
        title_source="user" if text(item.get("title")) else "text",
        created=created,
        updated=moment(item.get("update_time"), created),
    )
    return Conversation(chat, in_order(nodes), head or None)


def _said(node: dict[str, Any], created: float) -> Turn | None:
    message = fields(node.get("message"))
    role = _ROLES.get(text(fields(message.get("author")).get("role")))
    metadata, content = fields(message.get("metadata")), fields(message.get("content"))
    if role is None or metadata.get("is_visually_hidden_from_conversation") is True:
        return None
    answer, thinking = _texts(content)
    if not answer and not thinking:
        return None
    at = moment(message.get("create_time"), created)
    return Turn(
        id=0,
        chat_id=0,
        role=role,
        text=answer,
        thinking=thinking,
        model=text(metadata.get("model_slug")) if role == "assistant" else "",
        created=at,
        since=at,
        finished=at,
    )


def _texts(content: dict[str, Any]) -> tuple[str, str]:
    """What was said and what was thought."""
    kind = text(content.get("content_type"))
    if kind == "thoughts":
        found = content.get("thoughts")
        thoughts = [fields(thought) for thought in found] if isinstance(found, list) else []
        pieces = [
            "\n".join(filter(None, (text(each.get("summary")), text(each.get("content")))))
            for each in thoughts
        ]
        return "", "\n\n".join(filter(None, pieces))
    if kind == "code":
        code = text(content.get("text"))
        return (f"```\n{code}\n```" if code.strip() else ""), ""
    if kind not in ("text", "multimodal_text", ""):
        return "", ""
    parts = content.get("parts")
    pieces = [_part(part) for part in parts] if isinstance(parts, list) else [text(content.get("text"))]
    return "\n\n".join(filter(None, pieces)), ""


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    kind = text(fields(part).get("content_type"))
    if kind in ("audio_transcription", "text"):
        return text(fields(part).get("text"))
    return "[image]" if "image" in kind else ""


def _above(key: str, mapping: dict[str, Any], said: dict[str, Turn]) -> tuple[list[str], str | None]:
    """The nearest message above that stays, and the thoughts on the way to it."""
    thoughts: list[str] = []
    seen = {key}
    above = text(mapping.get(key, {}).get("parent"))
    while above and above not in seen:
        seen.add(above)
        turn = said.get(above)
        if turn is not None and (turn.text or turn.role == "user"):
            return thoughts, above
        if turn is not None:
            thoughts.insert(0, turn.thinking)
        above = text(mapping.get(above, {}).get("parent"))
    return thoughts, None


def _with_thoughts(turn: Turn, thoughts: list[str]) -> Turn:
    return msgspec.structs.replace(turn, thinking="\n\n".join([*thoughts, turn.thinking]).strip())
