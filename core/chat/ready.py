"""Ready prompts: texts with gaps, those that come with Leitstand and those of the user's own file.

[[prompt]]
name = "Standup"
about = "What I did, from my notes"
text = "Make a standup report in {{tone=plain}} words of these notes: {{notes}}"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from core.chat import own
from core.errors import ConfigError

FILE = "prompts.toml"
EXAMPLE = (__doc__ or "").partition("\n\n")[2]
"""What a file of one's own looks like."""

_HINT = "A prompt has a name and a text, and may have about and language (en or de)."
_GAP = re.compile(r"\{\{\s*([^{}=\n]{1,60}?)\s*(?:=\s*([^{}\n]{0,200}?)\s*)?\}\}")


class Gap(msgspec.Struct, frozen=True):
    """Something to fill in."""

    name: str
    default: str = ""


class ReadyPrompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text with gaps under a name."""

    name: str
    text: str
    about: str = ""
    language: Literal["", "en", "de"] = ""
    own: bool = False
    """Whether it stands in the user's own file."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is to be filled in, in the order it stands there; each once."""
        found: dict[str, Gap] = {}
        for name, default in _GAP.findall(self.text):
            if name not in found or not found[name].default:
                found[name] = Gap(name, default)
        return tuple(found.values())

    @property
    def main(self) -> str:
        """The gap for what is worked on: the last one without a default; empty when there is none."""
        return next((gap.name for gap in reversed(self.gaps) if not gap.default), "")

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with its gaps filled; one that nothing was given for gets its default."""
        defaults = {gap.name: gap.default for gap in self.gaps}

        def fill(found: re.Match[str]) -> str:
            return values.get(found[1], "").strip() or defaults[found[1]]

        return _GAP.sub(fill, self.text).strip()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: tuple[ReadyPrompt, ...] = ()


def load(path: Path | None) -> tuple[ReadyPrompt, ...]:
    """Every prompt there is, one's own first; one's own takes the place of another of its name. Blocking."""
    found = own.read(path, _File, _HINT) if path is not None else None
    mine = checked(found, path) if found is not None and path is not None else ()
    named = {prompt.name.casefold() for prompt in mine}
    return (*mine, *(prompt for prompt in built_in() if prompt.name.casefold() not in named))


def built_in() -> tuple[ReadyPrompt, ...]:
    """Those that are there from the start."""
    text = resources.files("core.chat").joinpath("ready.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _File).prompt


def check(text: str, path: Path) -> None:
    """Raise ConfigError when a text is no file of prompts."""
    checked(own.parsed(text.encode("utf-8", "replace"), path, _File, _HINT), path)


def checked(found: _File, path: Path) -> tuple[ReadyPrompt, ...]:
    """The prompts of a file, each with a name and a text."""
    if any(not prompt.name.strip() or not prompt.text.strip() for prompt in found.prompt):
        raise ConfigError(f"{path}: a prompt has no name or no text.")
    return tuple(msgspec.structs.replace(prompt, own=True) for prompt in found.prompt)


def entry(prompt: ReadyPrompt) -> str:
    """A prompt as it stands in a file."""
    kept = ("name", "language", "about", "text")
    return own.entry("prompt", {name: getattr(prompt, name) for name in kept})
