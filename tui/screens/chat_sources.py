"""What the library has to do with a chat: what is looked up, what an answer rests on, where that stands."""

from __future__ import annotations

from textual import on

from core.chat.types import Turn
from core.errors import LeitstandError
from core.guard import one_line
from core.retrieval.library import Choice, DocumentChanged, Space, SpaceChanged, SpacesChanged
from core.retrieval.narrowing import in_words
from tui.screens.chat_attaching import Attaching
from tui.widgets.transcript import Transcript


class Sourcing(Attaching):
    """The library's side of the chat page."""

    # What is looked up --------------------------------------------------------------------------

    def follow_facts(self) -> None:
        """Follow the spaces, too: the first document in one is something to look up."""
        super().follow_facts()
        self._filled: set[int] = set()
        self.follow(SpaceChanged, self._space_changed)
        self.follow(SpacesChanged, self._spaces_changed)
        self._reading: set[tuple[int, str]] = set()
        self.follow(DocumentChanged, self._document_changed)

    def _space_changed(self, event: SpaceChanged) -> None:
        space = event.space
        if (space.id in self._filled) != bool(space.documents and space.deleted_at is None):
            self._know_library_soon()

    def _document_changed(self, event: DocumentChanged) -> None:
        """Say of a file that was to become a document here when it cannot."""
        document = event.document
        if document.state == "waiting" or (document.space, document.source) not in self._reading:
            return
        self._reading.discard((document.space, document.source))
        name = one_line(document.title or document.source.rpartition("/")[2], 80)
        if document.state == "ready":
            self.leitstand.toast("good", f"{name} can be asked about now.")
        if document.state == "failed":
            self.leitstand.toast("warning", f"{name} cannot be asked about.", one_line(document.error, 200))

    def _spaces_changed(self, event: SpacesChanged) -> None:
        self._know_library_soon()

    async def _know_library(self) -> None:
        library = self.engine.library
        try:
            there = await library.spaces()
            spaces = [space for space in there if space.documents]
            choice = await library.choice(self._chat.id if self._chat else None) if spaces else Choice("none")
        except LeitstandError:
            return
        self._filled = {space.id for space in spaces}
        own = any(self._chat is not None and space.chat_id == self._chat.id for space in spaces)
        shared = [space for space in spaces if space.chat_id is None]
        # A chosen space is named also while it is empty.
        chosen = [space for space in there if space.id in choice.spaces and not space.documents]
        words = looked_up(choice, [*shared, *chosen], own=own)
        self._looks_up = own or (choice.mode != "none" and bool(shared))
        if words != self._looked_up:
            self._looked_up = words
            self._show_next()

    async def action_choose_spaces(self) -> None:
        """Choose what the questions of this chat are looked up in."""
        from tui.modals.spaces import ChooseSpaces

        try:
            spaces = [space for space in await self.engine.library.spaces() if space.chat_id is None]
            choice = await self.engine.library.choice(self._chat.id if self._chat else None)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        if not spaces:
            self.leitstand.toast(
                "info", "There is no space yet.", "ctrl+g 6 makes one and reads documents into it."
            )
            return

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self.run_worker(self._choose(choice), group="settle", exit_on_error=False)

        self.app.push_screen(ChooseSpaces(spaces, choice), chosen)

    async def _choose(self, choice: Choice) -> None:
        try:
            if self._chat is None:
                chat = await self.engine.chat.create()
                await self.engine.chat.set_draft(chat.id, self._prompt.text)
                await self._open(chat.id)
            assert self._chat is not None
            await self.engine.library.choose(self._chat.id, choice.mode, choice.spaces, choice.narrow)
        except LeitstandError as error:
            self.leitstand.say_error(error)
        await self._know_library()
        await self._count()

    async def _attach_to_library(self, path: str) -> bool:
        """A file that is too large, or no text, becomes a document of this chat alone."""
        try:
            if self._chat is None:
                chat = await self.engine.chat.create()
                await self.engine.chat.set_draft(chat.id, self._prompt.text)
                await self._open(chat.id)
            assert self._chat is not None
            space = await self.engine.library.session_space(self._chat.id)
            await self.engine.library.ingest(space.id, (path,))
        except LeitstandError:
            return False
        self._reading.add((space.id, path))
        name = one_line(path.rpartition("/")[2], 80)
        self.leitstand.toast(
            "info",
            f"{name} becomes one of this chat's own documents.",
            "It is read first: ask once that is said.",
        )
        await self._know_library()
        await self._count()
        return True

    # What an answer rests on --------------------------------------------------------------------

    def _sourced(self) -> Turn | None:
        """The answer under the transcript's cursor, or the last one that looked something up."""
        chosen = self._turns.get(self._talk.cursor_turn or -1)
        if chosen is not None and chosen.sources is not None:
            return chosen
        return next((turn for turn in reversed(self._turns.values()) if turn.sources is not None), None)

    async def action_open_source(self, number: int) -> None:
        """Open a passage of an answer where it stands in its document."""
        if (turn := self._sourced()) is None:
            self.leitstand.toast("info", "No answer here was looked up in the library.")
        else:
            await self._open_source(turn.id, number)

    @on(Transcript.SourceChosen)
    async def _source_chosen(self, event: Transcript.SourceChosen) -> None:
        turn = self._turns.get(event.turn_id)
        if turn is not None and turn.sources is not None:
            await self._open_source(event.turn_id, event.number)

    async def _open_source(self, turn_id: int, number: int) -> None:
        from tui.modals.passage import Reading

        try:
            passages = await self.engine.chat.passages(turn_id)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        passage = next((one for one in passages if one.number == number), None)
        if passage is None:
            self.leitstand.toast("info", f"[{number}] is no passage this answer was given.")
        else:
            self.app.push_screen(Reading.at(passage, self._asked(turn_id)))

    def _asked(self, turn_id: int) -> str:
        """The question that an answer is for."""
        answer = self._turns.get(turn_id)
        question = self._turns.get(answer.parent_id or -1) if answer is not None else None
        return question.text if question is not None else ""

    async def action_show_sources(self) -> None:
        """List what an answer was given from."""
        from tui.modals.sources import ShowSources

        turn = self._sourced()
        if turn is None or turn.sources is None:
            self.leitstand.toast("info", "No answer here was looked up in the library.")
            return
        try:
            passages = await self.engine.chat.passages(turn.id)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self.app.push_screen(ShowSources(turn.sources, passages, self._asked(turn.id)))

    async def action_inspect_search(self) -> None:
        """Show how the passages of an answer were found."""
        from tui.modals.inspect import Inspect

        turn = self._sourced()
        try:
            found = await self.engine.chat.inspection(turn.id) if turn is not None else None
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        if turn is None or turn.sources is None or found is None:
            self.leitstand.toast("info", "Nothing was searched for an answer here.")
            return
        self.app.push_screen(Inspect(found, turn.sources.spaces, turn.sources.notes))


def looked_up(choice: Choice, spaces: list[Space], *, own: bool) -> str:
    """What questions are looked up in, in a few words; empty where there is nothing to look up in."""
    if not spaces and not own:
        return ""
    if choice.mode == "none":
        words = "" if own else "library off"
    elif choice.mode == "auto":
        words = "library auto" if spaces else ""
    else:
        names = [one_line(space.name, 30) for space in spaces if space.id in choice.spaces]
        words = f"in {', '.join(names[:3])}" + (f" +{len(names) - 3}" if len(names) > 3 else "")
    only = f"only {in_words(choice.narrow)}" if words and choice.mode != "none" and choice.narrow else ""
    return " · ".join(part for part in (words, only, "this chat's documents" if own else "") if part)
