"""Personas in words and colours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.chat.types import Persona
from core.guard import one_line
from tui.render.option import Option
from tui.render.pieces import Pieces
from tui.theme import Ink

_INKS: dict[str, Ink] = {"blue": "accent", "green": "good", "orange": "warn", "red": "bad"}
_MOST_LINES = 4

NOBODY = Option("", "Nobody in particular", "the plain model")


def ink(persona: Persona) -> Ink:
    """The ink of a persona's icon."""
    return _INKS.get(persona.colour, "strong")


def option(persona: Persona) -> Option:
    """A persona as a row to choose."""
    return Option(
        persona.name,
        one_line(persona.name, 60),
        persona.description,
        one_line(persona.model, 40) or ("own" if persona.own else ""),
        mark=one_line(persona.icon, 2) or " ",
        mark_ink=ink(persona),
    )


def heading(persona: Persona) -> Pieces:
    """Icon, name and description in one line."""
    return [
        (f"{one_line(persona.icon, 2)} " if persona.icon else "", ink(persona)),
        (one_line(persona.name, 60), "strong"),
        (f"  {one_line(persona.description, 200)}", "dim"),
    ]


def about(persona: Persona) -> list[Pieces]:
    """Everything about a persona: whom it prefers, what it is told, what one could ask."""
    lines: list[Pieces] = [[("", "text")]]
    if persona.model:
        lines.append([("model   ", "dim"), (one_line(persona.model, 80), "text")])
    if persona.options:
        lines.append([("options ", "dim"), (one_line(options_written(persona.options), 200), "text")])
    lines.append([("told    ", "dim"), (one_line(persona.system, 600) or "nothing", "text")])
    for number, question in enumerate(persona.questions[:_MOST_LINES]):
        lines.append([("ask     " if number == 0 else "        ", "dim"), (one_line(question, 200), "text")])
    return lines


_OPTION = re.compile(r'\s*([^\s=:,]+)\s*[=:]?\s*("(?:[^"\\\\]|\\\\.)*"|[^,]*)(?:,|$)')


def options_written(options: Mapping[str, Any]) -> str:
    """Sampling options in one line, as they are typed: temperature 0.2, top_k 40."""
    return ", ".join(
        f"{name} {_value_written(value)}"
        for name, values in options.items()
        for value in (values if isinstance(values, list | tuple) else [values])
    )


def options_read(text: str) -> dict[str, Any]:
    """What such a line says; whether the server takes it is for others to tell."""
    found: dict[str, Any] = {}
    for name, written in _OPTION.findall(text):
        value = _value_read(written.strip())
        found[name] = value if name != "stop" else [*found.get(name, []), value]
    return found


def _value_written(value: object) -> str:
    text = str(value)
    plain = not isinstance(value, str) or (_value_read(text) == text and not set(text) & set(',"'))
    return text if plain and text.strip() == text != "" else json.dumps(text, ensure_ascii=False)


def _value_read(text: str) -> Any:
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
