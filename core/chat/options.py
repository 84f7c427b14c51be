"""Sampling options and keep-alive times as a person may set them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from core.chat.types import THINK_SETTINGS, KeepAlive, ThinkSetting
from core.errors import UsageError
from core.guard import one_line
from core.ollama import reading

OPTIONS: Mapping[str, type] = {
    "temperature": float,
    "top_k": int,
    "top_p": float,
    "min_p": float,
    "typical_p": float,
    "repeat_last_n": int,
    "repeat_penalty": float,
    "presence_penalty": float,
    "frequency_penalty": float,
    "num_predict": int,
    "num_keep": int,
    "seed": int,
    "stop": list,
}
"""What may differ from chat to chat without the server loading the model again."""

_OF_THE_MODEL = frozenset(
    {"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"}
)


def checked_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options that the server takes, or a sentence about the one that it does not."""
    return {name: _checked(name, value) for name, value in given.items() if value is not None}


def checked_keep_alive(given: float | str) -> KeepAlive:
    """A time the server takes; an empty text leaves it to the server."""
    if given == "":
        return None
    return reading.keep_alive(given) if isinstance(given, str) else given


def checked_think(given: ThinkSetting) -> ThinkSetting:
    """One of the settings there are."""
    if given not in THINK_SETTINGS:
        raise UsageError(
            f"Thinking cannot be “{one_line(given, 40)}”.", f"It can be {', '.join(THINK_SETTINGS)}."
        )
    return given


def _checked(name: str, value: Any) -> Any:
    if name in _OF_THE_MODEL:
        hint = "Change the context length of the model instead." if name == "num_ctx" else ""
        raise UsageError(f"{name} belongs to the model: it would be loaded again for this chat.", hint)
    kind = OPTIONS.get(name)
    if kind is None:
        near = get_close_matches(name, OPTIONS, 1)
        shown = one_line(name, 40)
        raise UsageError(
            f"There is no option “{shown}”.",
            f"Did you mean {near[0]}?" if near else f"There are {', '.join(OPTIONS)}.",
        )
    if kind is list:
        found = [value] if isinstance(value, str) else value
        if isinstance(found, list | tuple) and all(isinstance(text, str) and text for text in found):
            return list(found)
        raise UsageError(f"{name} is a list of texts.")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and number:
        return float(value)
    if kind is int and number and float(value).is_integer():
        return int(value)
    raise UsageError(f"{name} is a {'whole ' if kind is int else ''}number.")
