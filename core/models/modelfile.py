"""Modelfiles: what a new model is made of, as text. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from core.errors import UsageError
from core.guard import one_line

_ROLES = ("system", "user", "assistant")
_SINGLE = {"from": "from_", "template": "template", "system": "system", "adapter": "adapter"}


class Modelfile(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe, read."""

    from_: str
    """A model's name, or the path of a GGUF file."""
    adapter: str = ""
    template: str | None = None
    system: str | None = None
    parameters: dict[str, Any] = {}
    licences: tuple[str, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()
    """Role and text."""


def read(text: str) -> Modelfile:
    """Read a Modelfile; raise UsageError with the line that cannot be meant."""
    values: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    licences: list[str] = []
    messages: list[tuple[str, str]] = []
    for number, command, rest in _commands(text):
        name = command.lower()
        if name in _SINGLE:
            if not rest:
                raise _wrong(number, f"{command} needs a value")
            values[_SINGLE[name]] = rest
        elif name == "license":
            licences.append(rest)
        elif name == "parameter":
            _parameter(parameters, rest, number)
        elif name == "message":
            role, _, said = rest.partition(" ")
            if role.lower() not in _ROLES or not said.strip():
                raise _wrong(number, "MESSAGE needs a role (system, user or assistant) and a text")
            messages.append((role.lower(), _unquoted(said.strip())))
        else:
            raise _wrong(number, f"there is no command {one_line(command, 40)}")
    if "from_" not in values:
        raise UsageError("The Modelfile does not say what the model is made from.", "Begin it with FROM.")
    return Modelfile(**values, parameters=parameters, licences=tuple(licences), messages=tuple(messages))


def _commands(text: str) -> list[tuple[int, str, str]]:
    """Line number, command and value; a value in triple quotes may go over several lines."""
    found: list[tuple[int, str, str]] = []
    lines = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        command, _, rest = line.partition(" ")
        rest = rest.strip()
        opened = re.search(r'(^|\s)"""', rest)
        if opened is None:
            found.append((number, command, _unquoted(rest) if command.lower() in _SINGLE else rest))
            continue
        before, body = rest[: opened.start()].strip(), rest[opened.end() :]
        while '"""' not in body:
            if at >= len(lines):
                raise _wrong(number, 'a text begins with """ and does not end')
            body += "\n" + lines[at]
            at += 1
        body = body[: body.index('"""')]
        found.append((number, command, f"{before} {body}" if before else body))
    return found


def _parameter(parameters: dict[str, Any], rest: str, number: int) -> None:
    name, _, text = rest.partition(" ")
    value = _value(_unquoted(text.strip()), quoted=text.strip().startswith('"'))
    if not name or value == "":
        raise _wrong(number, "PARAMETER needs a name and a value")
    if name == "stop":
        parameters.setdefault("stop", []).append(str(value))
    else:
        parameters[name] = value


def _value(text: str, *, quoted: bool) -> str | int | float | bool:
    if quoted:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _wrong(number: int, what: str) -> UsageError:
    return UsageError(f"Line {number} of the Modelfile cannot be read: {what}.")
