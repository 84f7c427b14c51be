"""A person's own personas and prompts, beside those that come with Leitstand. Blocking: a thread's work."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from core.chat import own, personas, ready
from core.chat.ready import ReadyPrompt
from core.chat.types import Persona
from core.errors import NotFound, Refused, UsageError
from core.guard import one_line

Kind = Literal["personas", "prompts"]


class OwnFiles:
    """The two files, and everything there is with them."""

    def __init__(self, personas_file: Path | None) -> None:
        self._paths = {
            "personas": personas_file,
            "prompts": personas_file and personas_file.with_name(ready.FILE),
        }

    def personas(self) -> tuple[Persona, ...]:
        """Everybody there is to talk to."""
        return personas.load(self._paths["personas"])

    def persona(self, name: str) -> Persona:
        """One of them, however its name is written."""
        for persona in self.personas():
            if persona.name.casefold() == name.casefold():
                return persona
        raise NotFound(f"There is no persona “{one_line(name, 60)}”.")

    def prompts(self) -> tuple[ReadyPrompt, ...]:
        """Every ready prompt, one's own first."""
        return ready.load(self._paths["prompts"])

    def text(self, kind: Kind, add: str) -> str:
        """The text of a file, with the entry of that name to change; without one, with an example."""
        text = own.text_of(self._path(kind))
        more, mine = (self._persona if kind == "personas" else self._prompt)(add.casefold())
        return text if mine else f"{text.rstrip()}\n\n{more}".lstrip()

    def write(self, kind: Kind, text: str) -> None:
        """Put a text in the place of a file; ConfigError says what is wrong with it."""
        path = self._path(kind)
        (personas if kind == "personas" else ready).check(text, path)
        own.write(path, text)

    def save_persona(self, persona: Persona, replacing: str) -> Persona:
        """Write a persona into the file; *replacing* is whom it takes the place of there."""
        persona = personas.sound(persona)
        mine = {one.name.casefold() for one in self.personas() if one.own}
        place = replacing if replacing.casefold() in mine else ""
        taken = mine - {place.casefold()}
        if persona.name.casefold() in taken:
            raise UsageError(f"There is a persona “{persona.name}” already.", "Give this one another name.")
        path = self._path("personas")
        self.write("personas", personas.with_entry(own.text_of(path), persona, place))
        return persona

    def delete_persona(self, name: str) -> Persona:
        """Take a persona out of the file; return it as it was."""
        persona = self.persona(name)
        if not persona.own:
            raise Refused(
                f"“{persona.name}” comes with Leitstand.", "Change it instead: yours takes its place."
            )
        path = self._path("personas")
        self.write("personas", personas.without_entry(own.text_of(path), persona.name))
        return persona

    def _persona(self, name: str) -> tuple[str, bool]:
        found = next((one for one in self.personas() if one.name.casefold() == name), None)
        return (personas.EXAMPLE, False) if found is None else (personas.entry(found), found.own)

    def _prompt(self, name: str) -> tuple[str, bool]:
        found = next((one for one in self.prompts() if one.name.casefold() == name), None)
        return (ready.EXAMPLE, False) if found is None else (ready.entry(found), found.own)

    def _path(self, kind: Kind) -> Path:
        path = self._paths[kind]
        if path is None:
            raise Refused("There is no place for files of one's own here.")
        return path
