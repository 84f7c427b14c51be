"""How long a prompt is, and what becomes of one that is too long."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from core.simulator.models import Spec
from core.simulator.versions import Version
from core.simulator.wire import Refusal

_PER_MESSAGE = 4
_PER_IMAGE = 256
_SHIFT_TEXT = (
    "the prompt is longer than the context length currently available to the model; "
    "shorten the prompt or increase the context length"
)


class Prompt(msgspec.Struct, frozen=True):
    """What the model gets to read."""

    messages: list[dict[str, Any]]
    tokens: int
    text: str
    """Everything in order: a cache that begins alike saves the reading."""


def tokens(text: str) -> int:
    """How many tokens a text has: four characters each."""
    return -(-len(text) // 4)


def _weight(message: dict[str, Any]) -> int:
    text = tokens(message.get("content") or "") + tokens(message.get("thinking") or "")
    calls = message.get("tool_calls")
    return (
        _PER_MESSAGE
        + text
        + _PER_IMAGE * len(message.get("images") or ())
        + (tokens(json.dumps(calls)) if calls else 0)
    )


def fit(
    spec: Spec,
    version: Version,
    messages: list[dict[str, Any]],
    window: int,
    *,
    extra: int,
    tools: list[Any] | None,
    keep: int,
    truncate: bool,
    shift: bool,
) -> Prompt:
    """Cut a prompt to its window the way that version does, or refuse it."""
    fixed = 2 + extra + (tokens(json.dumps(tools)) if tools else 0)
    weights = [_weight(message) for message in messages]
    total = fixed + sum(weights)
    if total > window and version.has("truncate_shift") and not truncate:
        raise _too_long(version, total, window)
    if total > window and spec.gguf_template and version.has("subprocess_engine"):
        raise _nested(total, window)
    kept = list(messages)
    while total > window and (oldest := _oldest(kept)) is not None:
        total -= _weight(kept.pop(oldest))
    if total > window:
        total = _cut(version, window, keep=keep, shift=shift)
    text = "".join(f"{message.get('role')}\n{message.get('content') or ''}\n" for message in kept)
    return Prompt(kept, total, text)


def _oldest(messages: list[dict[str, Any]]) -> int | None:
    """The first message that is neither the system's nor the last."""
    for index, message in enumerate(messages[:-1]):
        if message.get("role") != "system":
            return index
    return None


def _cut(version: Version, window: int, *, keep: int, shift: bool) -> int:
    if not version.has("subprocess_engine"):
        return window
    if not shift:
        raise Refusal(400, _SHIFT_TEXT)
    # The middle goes, and about half the window is all that is left.
    return window - (window - keep - 2) // 2


def _too_long(version: Version, total: int, window: int) -> Refusal:
    if version.has("subprocess_engine"):
        return _nested(total, window)
    return Refusal(400, "the input length exceeds the context length")


def _nested(total: int, window: int) -> Refusal:
    inner = {
        "error": {
            "code": 400,
            "message": f"request ({total} tokens) exceeds the available context size ({window} tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": total,
            "n_ctx": window,
        }
    }
    return Refusal(400, json.dumps(inner, separators=(",", ":")))
