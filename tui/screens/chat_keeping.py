"""What can be done with a whole chat: open, find, rename, delete, export."""

from __future__ import annotations

from core.chat import imports
from core.chat.types import Chat, SearchHit
from core.errors import LeitstandError
from core.guard import one_line
from tui.render import chat_list
from tui.screens.chat_files import file_offer, files_starting, read_export, write_new
from tui.screens.conversation import Conversation
from tui.widgets.offers import Offer
from tui.widgets.transcript import Transcript


class Keeping(Conversation):
    """The list's side of the chat page."""

    # Actions: chats -----------------------------------------------------------------------------

    async def action_new_chat(self) -> None:
        """Begin a new chat; an empty one that is open already stays."""
        await self._show_new()
        self._prompt.focus()

    async def action_other_chat(self, step: int) -> None:
        """Open the chat above or below."""
        if not self._order:
            return
        if self._chat is None:
            await self._open(self._order[0])
            return
        index = self._order.index(self._chat.id) + step if self._chat.id in self._order else 0
        if 0 <= index < len(self._order):
            await self._open(self._order[index])

    def action_show_list(self) -> None:
        """Go to the list, or open it over the chat where there is no room for it."""
        if self._rows.display and self.size.width >= 100:
            self.set_focus(self._rows)
            return
        from tui.modals.choose import Choose
        from tui.render.option import Option

        now = self.engine.clock.now()
        options = [
            Option(
                str(chat.id),
                one_line(chat.title, 200) or "New chat",
                chat.model,
                chat_list.ago(chat.updated, now),
            )
            for chat in (self._chats[id] for id in self._order)
        ]

        def chosen(key: str | None) -> None:
            if key is not None:
                self.run_worker(self._open(int(key)), group="open", exit_on_error=False)

        current = str(self._chat.id) if self._chat else ""
        self.app.push_screen(Choose("Chats", options, current=current), chosen)

    def action_search(self) -> None:
        """Find words in every chat."""
        from tui.modals.search import Search

        def chosen(hit: SearchHit | None) -> None:
            if hit is not None:
                self.run_worker(self._go_to(hit), group="open", exit_on_error=False)

        self.app.push_screen(Search(), chosen)

    async def _go_to(self, hit: SearchHit) -> None:
        await self._open(hit.chat_id)
        if hit.turn_id is not None:
            while hit.turn_id not in self._turns and await self._load_earlier():
                pass
            self._talk.show_turn(hit.turn_id)

    async def _load_earlier(self) -> bool:
        if self._chat is None or not self._turns:
            return False
        before = len(self._turns)
        await self._earlier(Transcript.NeedEarlier(self._talk, min(self._turns)))
        return len(self._turns) > before

    def _target(self) -> Chat | None:
        """The chat that is meant: the selected one while the list has the focus, else the open one."""
        if self._rows.has_focus and isinstance(self._rows.selected, Chat):
            return self._rows.selected
        return self._chat

    async def _with_chat(self, deed: str, *arguments: object, **named: object) -> Chat | None:
        """Call a verb on the open chat; what goes wrong is said."""
        target = self._target()
        if target is None:
            self.leitstand.toast("info", "There is no chat yet: write something first.")
            return None
        try:
            chat: Chat = await getattr(self.engine.chat, deed)(target.id, *arguments, **named)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return None
        return chat

    async def action_rename(self, title: str = "") -> None:
        """Give the open chat another title."""
        if title:
            await self._with_chat("rename", title)
            return
        target = self._target()
        if target is None:
            return
        from tui.modals.ask import Ask

        async def take(text: str) -> None:
            await self.engine.chat.rename(target.id, text)

        about = "An empty title brings the automatic one back."
        self.app.push_screen(Ask("Title of this chat", about, target.title, take))

    async def action_pin(self) -> None:
        """Keep the open chat on top, or not."""
        if (target := self._target()) is not None:
            await self._with_chat("pin", pinned=not target.pinned)

    async def action_delete(self) -> None:
        """Delete the open chat; it can be taken back."""
        chat = await self._with_chat("delete")
        if chat is None:
            return
        self._deleted.append(chat.id)
        self.leitstand.toast(
            "info", f"“{one_line(chat.title, 60) or 'New chat'}” is deleted.", "/undo takes it back."
        )
        await self._read_list()
        if self._chat is not None and self._chat.id != chat.id:
            return
        if self._order:
            await self._open(self._order[0])
        else:
            await self._show_new()

    async def action_undo_delete(self) -> None:
        """Take the last deletion back."""
        try:
            if not self._deleted:  # then what was deleted before this start
                gone = (await self.engine.chat.list(deleted=True)).chats
                self._deleted = [one.id for one in sorted(gone, key=lambda one: one.deleted_at or 0.0)]
            if not self._deleted:
                self.leitstand.toast("info", "Nothing was deleted.")
                return
            chat = await self.engine.chat.undo_delete(self._deleted.pop())
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        await self._read_list()
        await self._open(chat.id)

    async def action_export(self, path: str = "") -> None:
        """Write the open chat to a file: Markdown, or JSON when the name says so."""
        target = self._target()
        if target is None:
            return
        as_json = path == "json" or path.casefold().endswith(".json")
        try:
            export = await self.engine.chat.export(target.id, "json" if as_json else "markdown")
            name = export.name if path in ("", "json", "markdown") else path
            where = await self.engine.tasks.in_thread(write_new, name, export)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        hint = "" if as_json else "/export json writes every variant, and can be imported again."
        self.leitstand.toast("good", f"Written to {self.leitstand.short(where)}.", hint)

    async def action_import(self, path: str = "") -> None:
        """Take over the conversations of a file, or ask which."""
        if path:
            self.run_worker(self._import(path), group="import", exit_on_error=False)
            return
        from tui.modals.paths import AskPath

        async def names(text: str) -> list[Offer]:
            found = await self.engine.tasks.in_thread(files_starting, text or "~/")
            return [file_offer(name, "") for name in found]

        about = "An export of Leitstand, of ChatGPT (conversations.json) or of Open WebUI."
        self.app.push_screen(AskPath("Take over chats", about, names, self._take_over))

    async def _import(self, path: str) -> None:
        try:
            await self._take_over(path)
        except LeitstandError as error:
            self.leitstand.say_error(error)

    async def _take_over(self, path: str) -> None:
        # Read here: the engine may be on another machine.
        data = await self.engine.tasks.in_thread(read_export, path)
        brought = await self.engine.chat.import_(data)
        self.leitstand.toast("good" if brought.chats else "info", imports.told(brought))
        if brought.chats and self._chat is None and not self._prompt.text:
            await self._open(brought.chats[-1])
