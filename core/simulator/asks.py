"""What a client may send: types, options, durations and flags, refused in the server's own words."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from core.simulator.versions import Version
from core.simulator.wire import Refusal

_MAP = "map[string]interface {}"
_IMAGES = "[]api.ImageData"
_TYPES = {
    **dict.fromkeys(("stream", "truncate", "shift", "raw", "verbose", "insecure", "logprobs"), "bool"),
    **dict.fromkeys(("top_logprobs", "dimensions"), "int"),
    **dict.fromkeys(("files", "adapters"), "map[string]string"),
    "messages": "[]api.Message",
    "tools": "api.Tools",
    "options": _MAP,
    "parameters": "map[string]any",
    "context": "[]int",
    "images": _IMAGES,
}
"""The Go type of a field wherever it occurs; the others are strings."""

_SPEAKS = ("model", "options", "stream", "truncate", "shift", "logprobs", "top_logprobs")
_NAMES = ("model", "name")

FIELDS: dict[str, tuple[str, ...]] = {
    "ChatRequest": (*_SPEAKS, "messages", "tools"),
    "GenerateRequest": (*_SPEAKS, "prompt", "suffix", "system", "template", "context", "raw", "images"),
    "EmbedRequest": ("model", "truncate", "dimensions", "options"),
    "EmbeddingRequest": ("model", "prompt", "options"),
    "ShowRequest": (*_NAMES, "verbose", "system", "options"),
    "PullRequest": (*_NAMES, "insecure", "stream"),
    "PushRequest": (*_NAMES, "insecure", "stream"),
    "DeleteRequest": _NAMES,
    "CopyRequest": ("source", "destination"),
    "CreateRequest": (
        *(*_NAMES, "stream", "from", "files", "adapters", "template", "system"),
        *("parameters", "messages", "quantize"),
    ),
}
"""What each request may carry; unknown fields are ignored."""
_TYPED = frozenset(field for fields in FIELDS.values() for field in fields)

_MESSAGE = ("role", "content", "thinking", "tool_name", "images")

_INTEGERS = (
    *("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict"),
    *("num_predict", "num_keep", "top_k", "repeat_last_n", "seed"),
)
_FLOATS = (
    *("temperature", "top_p", "min_p", "typical_p"),
    *("repeat_penalty", "presence_penalty", "frequency_penalty"),
)
_OPTIONS = {
    **dict.fromkeys(_INTEGERS, "integer"),
    **dict.fromkeys(_FLOATS, "float32"),
    "use_mmap": "boolean",
    "stop": "array",
}
_EXPECTED: dict[str, tuple[type, ...]] = {
    "integer": (int, float),
    "float32": (int, float),
    "boolean": (bool,),
    "array": (list,),
}


def _constant(name: str) -> None:
    raise Refusal(400, f"invalid character {name[0]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(parse_constant=_constant)  # Python knows numbers that JSON does not


def decode(body: bytes, kind: str) -> dict[str, Any]:
    """The object a client sent; fields of a wrong type are refused, unknown ones ignored."""
    text = body.decode("utf-8", "replace").lstrip()
    if not text:
        raise Refusal(400, "missing request body")
    try:
        value, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise Refusal(400, _complaint(error)) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, f"json: cannot unmarshal {_kind(value)} into Go value of type api.{kind}")
    value = {field: given for field, given in value.items() if field in FIELDS[kind] or field not in _TYPED}
    for field in FIELDS[kind]:
        _check(value.get(field), _TYPES.get(field, "string"), f"{kind}.{field}")
    for message in (value.get("messages") or ()) if "messages" in FIELDS[kind] else ():
        if not isinstance(message, dict):
            raise Refusal(400, _mismatch(message, f"{kind}.messages", "api.Message"))
        for field in _MESSAGE:
            _check(message.get(field), _TYPES.get(field, "string"), f"{kind}.messages.{field}")
    # Half a surrogate pair is legal JSON and cannot be written again; Go replaces it at once.
    return _without_surrogates(value) if "\\ud" in text.lower() else value


def _without_surrogates(value: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned


def _complaint(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc):
        return "unexpected EOF"
    character = error.doc[error.pos]
    if error.msg.startswith("Expecting property name"):
        where = "looking for beginning of object key string"
    elif error.msg.startswith("Expecting ',' delimiter"):
        where = "after object key:value pair"
    elif error.msg.startswith("Expecting ':' delimiter"):
        where = "after object key"
    elif error.msg.startswith("Invalid control character"):
        where = "in string literal"
    elif error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    else:
        where = "looking for beginning of value"
    return f"invalid character {character!r} {where}"


def _kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
    return "object"


def _mismatch(value: object, field: str, wanted: str) -> str:
    return f"json: cannot unmarshal {_kind(value)} into Go struct field {field} of type {wanted}"


def _check(value: object, wanted: str, field: str) -> None:
    if value is None:
        return
    match wanted:
        case "string":
            fits = isinstance(value, str)
        case "bool":
            fits = isinstance(value, bool)
        case "int":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "map[string]string":
            fits = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        case _ if wanted.startswith("map"):
            fits = isinstance(value, dict)
        case _:
            fits = isinstance(value, list)
    if not fits:
        raise Refusal(400, _mismatch(value, field, wanted))
    if wanted == _IMAGES and isinstance(value, list):
        for image in value:
            _image(image)


def _image(value: object) -> None:
    text = value if isinstance(value, str) else ""
    if wrong := re.search(r"[^A-Za-z0-9+/=\r\n]", text):
        raise Refusal(400, f"illegal base64 data at input byte {wrong.start()}")
    try:
        base64.b64decode(text, validate=False)
    except binascii.Error:
        raise Refusal(400, f"illegal base64 data at input byte {len(text)}") from None


def check_options(options: dict[str, Any] | None) -> dict[str, Any]:
    """The options without nulls; a wrong type is an internal error, an unknown name nothing at all."""
    found = {}
    for key, value in (options or {}).items():
        wanted = _OPTIONS.get(key)
        if value is None or wanted is None:
            continue
        if not isinstance(value, _EXPECTED[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
            raise Refusal(500, f'option "{key}" must be of type {wanted}')
        found[key] = math.trunc(value) if isinstance(value, float) and wanted == "integer" else value
    return found


def check_format(value: object) -> None:
    """Nothing, "json" or a schema."""
    if value in (None, "", "json") or isinstance(value, dict):
        return
    shown = json.dumps(json.dumps(value))
    raise Refusal(500, f'invalid format: {shown}; expected "json" or a valid JSON Schema object')


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def check_keep_alive(value: object, version: Version) -> float | None:
    """Seconds; negative means for ever, None means unset."""
    match value:
        case None:
            return None
        case bool():
            raise Refusal(400, "Unsupported type: 'bool'")
        case int() | float():
            seconds = float(value)
        case str():
            seconds = _duration(value)
        case list():
            raise Refusal(400, "Unsupported type: '[]interface {}'")
        case _:
            raise Refusal(400, f"Unsupported type: '{_MAP}'")
    if 0 < seconds < 1 and not version.has("short_keep_alive"):
        return 0.0
    return seconds


def _duration(text: str) -> float:
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text.startswith(("+", "-")) else text
    if rest == "0":
        return 0.0
    total, at = 0.0, 0
    for part in re.finditer(r"(\d+\.?\d*|\.\d+)([^\d.]*)", rest):
        if part.start() != at:
            break
        at = part.end()
        if not part[2]:
            raise Refusal(400, f'time: missing unit in duration "{text}"')
        if part[2] not in _UNITS:
            raise Refusal(400, f'time: unknown unit "{part[2]}" in duration "{text}"')
        total += float(part[1]) * _UNITS[part[2]]
    if not rest or at != len(rest):
        raise Refusal(400, f'time: invalid duration "{text}"')
    return sign * total


_LEVELS = ("high", "medium", "low", "max")


Wish = bool | str | None
"""What a client wants of thinking: on, off, a level, or nothing said."""


def check_think(value: object, version: Version) -> Wish:
    """What the client wants of thinking; an old server does not know the field."""
    if not version.has("think") or value is None:
        return None
    if isinstance(value, bool):
        return value
    if not version.has("think_levels"):
        raise Refusal(400, _mismatch(value, "ChatRequest.think", "bool"))
    levels = _LEVELS if version.has("think_max") else _LEVELS[:3]
    allowed = ", ".join(f'"{level}"' for level in levels)
    if not isinstance(value, str):
        raise Refusal(400, f"think must be a boolean or string ({allowed}, true, or false)")
    if value not in levels:
        raise Refusal(400, f'invalid think value: "{value}" (must be {allowed}, true, or false)')
    return value


def check_logprobs(ask: dict[str, Any]) -> None:
    """At most twenty alternatives."""
    if not 0 <= (ask.get("top_logprobs") or 0) <= 20:
        raise Refusal(400, "top_logprobs must be between 0 and 20")
