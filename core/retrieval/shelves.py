"""Making, changing and deleting spaces, and what of them each chat looks up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.errors import NotFound, Refused, UsageError
from core.guard import one_line
from core.retrieval.desk import Desk
from core.retrieval.library import COLOURS, Choice, Mode, Space, Spaces, SpacesChanged
from core.retrieval.narrowing import Narrow, checked
from core.retrieval.sieve import Sieve
from core.retrieval.store import key_of, table_of

LONGEST_NAME = 80
_LONGEST_DESCRIPTION = 1000
_SESSION = "This chat"
LANGUAGES = (
    "", "arabic", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hungarian",
    "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "tamil", "turkish",
)  # fmt: skip
"""Languages whose words can be brought to their stems."""


class Shelves:
    """The spaces, without what is in them."""

    def __init__(self, desk: Desk, *, speak: Callable[[int, str], None]) -> None:
        self._desk = desk
        self._speak = speak
        """Hears which language the words of a space are in."""

    async def all(self, *, deleted: bool) -> Spaces:
        """Every space that is there, or every deleted one."""
        return tuple(self._desk.decorated(space) for space in await self._desk.spaces.all(deleted=deleted))

    async def named(self, name: str) -> Space | None:
        """The space of that name, if there is one."""
        key = key_of(one_line(name, LONGEST_NAME))
        found = (space for space in await self.all(deleted=False) if space.chat_id is None)
        return next((space for space in found if key_of(space.name) == key), None)

    async def create(
        self,
        name: str,
        *,
        description: str,
        colour: str,
        language: str,
        model: str,
        chat_id: int | None = None,
    ) -> Space:
        """Make a space."""
        desk, now = self._desk, self._desk.clock.now()
        space = Space(
            id=0,
            name=_name(name),
            description=one_line(description, _LONGEST_DESCRIPTION),
            colour=_colour(colour),
            language=_language(language),
            model=one_line(model),
            chat_id=chat_id,
            created=now,
            updated=now,
        )
        async with desk.database.write() as tx:
            if chat_id is None and await desk.spaces.taken(tx, space.name):
                raise _taken(space.name)
            id = await desk.spaces.insert(tx, space)
        self._speak(id, space.language)
        return await desk.tell(id)

    async def session(self, chat_id: int) -> Space:
        """The space of documents that only one chat sees, made when it is missing."""
        found = await self._desk.spaces.of_chat(chat_id)
        if found is not None:
            return self._desk.decorated(found)
        return await self.create(_SESSION, description="", colour="", language="", model="", chat_id=chat_id)

    async def change(
        self,
        id: int,
        *,
        name: str | None,
        description: str | None,
        colour: str | None,
        language: str | None,
        model: str | None,
    ) -> Space:
        """Change what is given of a space."""
        desk = self._desk
        space = await desk.open_space(id)
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = _name(name)
        if description is not None:
            changes["description"] = one_line(description, _LONGEST_DESCRIPTION)
        if colour is not None:
            changes["colour"] = _colour(colour)
        if language is not None:
            changes["language"] = _language(language)
        if model is not None:
            changes["model"] = one_line(model)
        if changes:
            async with desk.database.write() as tx:
                renamed = changes.get("name", space.name)
                if space.chat_id is None and await desk.spaces.taken(tx, renamed, but=id):
                    raise _taken(renamed)
                await desk.spaces.update(tx, id, **changes, updated=desk.clock.now())
            self._speak(id, changes.get("language", space.language))
        return await desk.tell(id)

    async def delete(self, id: int) -> Space:
        """Delete a space; it can be taken back for some days."""
        desk = self._desk
        await desk.open_space(id)
        async with desk.database.write() as tx:
            await desk.spaces.update(tx, id, deleted_at=desk.clock.now())
        return await desk.tell(id)

    async def undo(self, id: int) -> Space:
        """Take a deletion back."""
        desk = self._desk
        space = await desk.space(id)
        async with desk.database.write() as tx:
            if space.chat_id is None and await desk.spaces.taken(tx, space.name, but=id):
                raise Refused(
                    f"There is another space {space.name} now.", "Rename that one, then take this one back."
                )
            await desk.spaces.update(tx, id, deleted_at=None)
        return await desk.tell(id)

    async def forget_expired(self) -> list[int]:
        """Remove for good what was deleted long ago, and documents of chats that are gone."""
        desk = self._desk
        before = desk.clock.now() - desk.settings().keep_deleted_days * 86400
        gone = await desk.spaces.expired(before)
        for id in gone:
            await self.forget(id)
        return gone

    async def forget(self, id: int) -> None:
        """Remove a space with everything in it; its table of the index goes next."""
        desk = self._desk
        build = await desk.spaces.build(id)
        async with desk.database.write() as tx:
            # The next build may have been begun.
            await desk.spaces.forget(tx, id, [table_of(id, build), table_of(id, build + 1)])
        desk.bus.publish(SpacesChanged())

    # What chats look up.

    async def choice(self, chat_id: int | None) -> Choice:
        """What the questions of a chat are looked up in; spaces that are gone are left out."""
        desk = self._desk
        kept = await desk.spaces.choice(chat_id) if chat_id is not None else None
        if kept is None:
            return Choice(desk.settings().chats)
        there = {space.id for space in await desk.spaces.all()}
        return Choice(kept.mode, tuple(id for id in kept.spaces if id in there), kept.narrow)

    async def choose(self, chat_id: int, mode: Mode, spaces: Sequence[int], narrow: Narrow) -> Choice:
        """Say what the questions of a chat are looked up in; NotFound where *narrow* names no document."""
        desk, narrow = self._desk, checked(narrow)
        chosen = tuple(dict.fromkeys(spaces))
        if mode == "chosen" and not chosen:
            raise UsageError("Which spaces are chosen?", "Name at least one, or choose none.")
        for id in chosen:
            space = await desk.open_space(id)
            if space.chat_id not in (None, chat_id):
                raise NotFound(f"There is no space {id} for this chat.")
        if mode != "none":
            there = await desk.spaces.all()
            meant = [space for space in there if space.id in chosen or not (chosen or space.chat_id)]
            await Sieve(desk.database).sift(narrow, meant)
        async with desk.database.write() as tx:
            await desk.spaces.choose(tx, chat_id, Choice(mode, chosen, narrow))
        return await self.choice(chat_id)


def _name(name: str) -> str:
    line = one_line(name, LONGEST_NAME)
    if not line:
        raise UsageError("A space needs a name.")
    if line.casefold() == "auto":
        raise UsageError("A space cannot be called auto: that means the spaces that match a question.")
    return line


def _colour(colour: str) -> str:
    if colour not in COLOURS:
        raise UsageError(
            f"There is no colour “{one_line(colour, 20)}”.", f"There are: {', '.join(COLOURS[1:])}."
        )
    return colour


def _language(language: str) -> str:
    wanted = language.casefold().strip()
    if wanted not in LANGUAGES:
        raise UsageError(
            f"Words of the language “{one_line(language, 20)}” cannot be brought to their stems.",
            f"There are: {', '.join(LANGUAGES[1:])}.",
        )
    return wanted


def _taken(name: str) -> Refused:
    return Refused(f"There is a space {name} already.", "Choose another name.")
