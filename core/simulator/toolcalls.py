"""Whether a question is one for a tool, and with which arguments."""

from __future__ import annotations

import re
from typing import Any

from core.simulator.structured import value_for

_WORD = re.compile(r"[^\W\d_]{3,}")
_QUOTED = re.compile(r"[\"“„'«]([^\"”“'»]{1,80})[\"”“'»]")
_NAMED = re.compile(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DULL = frozenset(_WORD.findall("the and for you what get der die das und wie ist with from this"))


def choose(tools: list[Any], messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    """The tool whose words the person used, with arguments taken from what was said."""
    if not tools or not messages or messages[-1].get("role") != "user":
        return None
    prompt = str(messages[-1].get("content") or "")
    said = _words(prompt)
    best, most = None, 0
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not function.get("name"):
            continue
        name = str(function["name"])
        described = _words(str(function.get("description")))
        shared = 2 * _shared(said, _words(name.replace("_", " "))) + _shared(said, described)
        if shared > most:
            best, most = function, shared
    if best is None or most < 2:
        return None
    return str(best["name"]), _arguments(best.get("parameters") or {}, prompt)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} - _DULL


def _shared(said: set[str], words: set[str]) -> int:
    return sum(any(one.startswith(word[:5]) for one in said) for word in words)


def _arguments(schema: dict[str, Any], prompt: str) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or list(properties)[:1]
    strings = [*_QUOTED.findall(prompt), *_NAMED.findall(prompt)]
    numbers = _NUMBER.findall(prompt)
    found: dict[str, Any] = {}
    for name, part in properties.items():
        if name not in required:
            continue
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "string" and not part.get("enum"):
            found[name] = strings.pop(0) if strings else " ".join(prompt.split())[:80]
        elif kind in ("integer", "number") and numbers:
            found[name] = int(float(numbers.pop(0))) if kind == "integer" else float(numbers.pop(0))
        else:
            # One value of the right shape, by the same rules as structured answers.
            found[name] = value_for({"type": "object", "properties": {name: part}}, prompt)[name]
    return found
