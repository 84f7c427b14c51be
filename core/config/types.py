"""Settings, their state, and what is wrong with a configuration file."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.bus import Event, StateEvent

Value = bool | int | float | str | list[str] | dict[str, str]
"""What a setting can be, as plain data."""

Keys = tuple[str, ...]
"""The keys that lead to something in a parsed file; unlike a path, they may have dots in them."""

Kind = Literal["text", "switch", "integer", "number", "choice", "list", "map"]

Source = Literal["default", "file", "override"]
"""Where a value comes from; an override is an argument or the environment of this process."""


Names = Literal["", "model", "embedding model"]
"""Of what a setting is a name: then it is chosen from those there are."""


class Setting(msgspec.Struct, frozen=True):
    """One line of the table: what a form, a help text and the example file need to know."""

    path: str
    kind: Kind
    title: str
    description: str
    default: Value
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    restart: bool = False
    secret: bool = False
    names: Names = ""

    @property
    def section(self) -> str:
        """The table of the file it stands in; empty at the top."""
        return self.path.rpartition(".")[0]

    @property
    def expects(self) -> str:
        """What it can be, to end a sentence that begins with "it must be"."""
        if self.kind == "choice":
            *most, last = self.choices
            return f"{', '.join(most)} or {last}" if most else last
        if self.kind in {"integer", "number"}:
            return _number(self.kind, self.minimum, self.maximum) + (f" {self.unit}" if self.unit else "")
        return {
            "switch": "true or false",
            "list": "a list of texts",
            "map": "a table of texts",
            "text": "one line of text",
        }[self.kind]


def _number(kind: Kind, minimum: float | None, maximum: float | None) -> str:
    noun = "a whole number" if kind == "integer" else "a number"
    if minimum is not None and maximum is not None:
        return f"{noun} from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"{noun}, {minimum:g} or more"
    return f"{noun}, at most {maximum:g}" if maximum is not None else noun


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with the file: which key, which line, what, and what to do.

    The key is empty when the file as a whole is meant. Every text is one harmless line.
    """

    key: str
    line: int | None
    message: str
    hint: str = ""

    @property
    def sentence(self) -> str:
        """The message with its line."""
        return self.message if self.line is None else f"Line {self.line}: {self.message}"


class SettingState(msgspec.Struct, frozen=True):
    """A setting and what it is now."""

    setting: Setting
    value: Value
    source: Source

    @property
    def is_default(self) -> bool:
        """Whether it has the value it had when nothing was set."""
        return self.value == self.setting.default


class ConfigChanged(StateEvent, frozen=True, tag=True):
    """Settings have new values (read them from the service), or the file has other problems."""

    keys: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    def merge(self, newer: Event) -> Event | None:
        """Keep every key that changed, and the newest problems."""
        if not isinstance(newer, ConfigChanged):
            return None
        return ConfigChanged(tuple(sorted({*self.keys, *newer.keys})), newer.problems)
