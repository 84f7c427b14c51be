"""Answers that follow a JSON schema."""

from __future__ import annotations

import json
from typing import Any

_DEPTH = 12


def structured(wanted: Any, prompt: str) -> str:
    """A JSON text for `"json"` or for a schema; its strings come from the prompt."""
    if wanted == "json":
        return json.dumps(
            {"answer": _words(prompt, 12), "language": "en", "confidence": 0.87}, ensure_ascii=False
        )
    return json.dumps(value_for(wanted, prompt), ensure_ascii=False)


def value_for(schema: dict[str, Any], prompt: str) -> Any:
    """A value that follows a schema."""
    return _value(schema, schema, prompt, "", 0)


def _value(schema: Any, root: dict[str, Any], prompt: str, name: str, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    if "$ref" in schema:
        return _value(_resolve(schema["$ref"], root), root, prompt, name, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return _closest(schema["enum"], prompt)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], root, prompt, name, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match kind:
        case "object":
            properties = schema.get("properties") or {}
            return {key: _value(part, root, prompt, key, depth + 1) for key, part in properties.items()}
        case "array":
            size = max(int(schema.get("minItems", 2)), 1)
            return [_value(schema.get("items"), root, prompt, name, depth + 1) for _ in range(size)]
        case "integer" | "number":
            least = schema.get("minimum", 1)
            return min(least, schema.get("maximum", least))
        case "boolean":
            return True
        case "null":
            return None
    return _words(prompt, 6) or name


def _resolve(reference: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _closest(choices: list[Any], prompt: str) -> Any:
    said = prompt.casefold()
    return next((choice for choice in choices if str(choice).casefold() in said), choices[0])


def _words(text: str, most: int) -> str:
    return " ".join(text.split()[:most])
