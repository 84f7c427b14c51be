"""How a chat answers, and what can be done with its turns."""

from __future__ import annotations

from textual import on

from core.chat.routing import AUTO
from core.chat.types import ENDED, THINK_SETTINGS, ThinkSetting, Turn
from core.errors import LeitstandError, UsageError
from core.guard import one_line
from core.ollama.names import same
from tui.render.option import Option
from tui.render.pieces import Pieces
from tui.screens.chat_settling import Settling
from tui.widgets.transcript import Transcript

AUTO_OPTION = Option(AUTO, "auto", "chosen for every question by what it asks")


class Steering(Settling):
    """The model's side of the chat page."""

    # Actions: how it answers --------------------------------------------------------------------

    async def action_pick_model(self) -> None:
        """Choose the model of this chat from what is installed."""
        from tui.modals.choose import Choose

        looks_up = self._looks_up
        options = [AUTO_OPTION, *await self.leitstand.model_options(documents=looks_up)]
        if not self.engine.config.current.router.enabled:
            del options[0]
        words: list[Pieces] = [
            [("No models are installed.", "strong")],
            [("Download one: leitstand pull llama3.2, or on the page Catalog.", "dim")],
        ]

        def chosen(name: str | None) -> None:
            if name is not None:
                self.run_worker(self._settle(model=name), group="settle", exit_on_error=False)

        current = (self._chat.model if self._chat else "") or self.engine.config.current.chat.model or AUTO
        mark = f"{self.leitstand.glyphs.done} documents"
        about = f"Questions are looked up here ({self._looked_up}): {mark} marks who is recommended for that."
        if not looks_up:
            about = ""
        self.app.push_screen(Choose("Model", options, current=current, about=about, words=words), chosen)

    async def action_model(self, name: str = "") -> None:
        """Set the model by its name, or by a part of it that only one has."""
        if not name:
            await self.action_pick_model()
            return
        try:
            known = [option.key for option in await self.leitstand.model_options()]
        except LeitstandError:
            known = []
        meant = [one for one in known if name.casefold() in one.casefold()]
        if name == AUTO or not known or any(same(name, one) for one in known):
            await self._settle(model=name)
        elif len(meant) == 1:
            await self._settle(model=meant[0])
        else:
            hint = f"It could be {', '.join(meant[:4])}." if meant else "ctrl+o lists those there are."
            self.leitstand.toast("warning", f"The server has no model {one_line(name, 80)}.", hint)

    async def action_turn_think(self) -> None:
        """Turn through auto, on and off."""
        order: tuple[ThinkSetting, ...] = ("auto", "on", "off")
        now = self._chat.think if self._chat else "auto"
        await self._settle(think=order[(order.index(now) + 1) % 3 if now in order else 0])
        self.leitstand.toast("info", f"Thinking: {self._chat.think if self._chat else 'auto'}.")

    async def action_think(self, how: str = "") -> None:
        """Set how it thinks by name."""
        setting = next((found for found in THINK_SETTINGS if found == how), None)
        if setting is None:
            self.leitstand.toast("info", f"Thinking can be {', '.join(THINK_SETTINGS)}.")
        else:
            await self._settle(think=setting)

    async def action_system(self, text: str = "") -> None:
        """Set the system prompt, or ask for it."""
        if text:
            await self._settle(system=text)
            return
        from tui.modals.edit import Edit

        async def take(value: str) -> None:
            await self._settle(system=value.strip())

        about = "What the model is told before everything else; empty: the default."
        now = self._chat.system if self._chat else ""
        self.app.push_screen(Edit("System prompt", now, take, about=about))

    async def action_context(self, tokens: str = "") -> None:
        """Set the context length of this chat's model; it is loaded anew once."""
        model = self._answers_next
        try:
            if not tokens.isdecimal():
                raise UsageError("The context length is a number of tokens.", "For example: /context 16384")
            await self.engine.chat.set_context(model, int(tokens))
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        await self._count()

    async def action_temperature(self, number: str = "") -> None:
        """Set how freely it speaks."""
        try:
            value = float(number.replace(",", "."))
        except ValueError:
            self.leitstand.toast(
                "info", "The temperature is a number from 0 to 2.", "For example: /temperature 0.7"
            )
            return
        options = dict(self._chat.options) if self._chat else {}
        await self._settle(options=options | {"temperature": value})

    async def action_attach(self, path: str = "") -> None:
        """Send a file with the next question."""
        if path:
            await self._attach_file(path)
        else:
            self._prompt.put("@")
            self._prompt.focus()

    async def action_detach(self) -> None:
        """Send nothing with the next question."""
        names = ", ".join(one_line(file.name, 40) for file in self._attached[:3])
        self._attached.clear()
        self.leitstand.toast("info", f"{names} stays here." if names else "Nothing is attached.")
        await self._count()

    async def action_summary(self) -> None:
        """Go on in a new chat with a summary of this one."""
        if self._chat is None:
            return
        try:
            sent = await self.engine.chat.new_chat_with_summary(self._chat.id)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        await self._open(sent.chat.id)

    # Actions: turns -----------------------------------------------------------------------------

    def _unfinished(self) -> Turn | None:
        return next((turn for turn in reversed(self._turns.values()) if turn.state not in ENDED), None)

    async def action_stop(self) -> None:
        """Stop the answer, keeping what was said."""
        turn = self._unfinished()
        if turn is None:
            self.leitstand.toast("info", "Nothing is being answered here.")
            return
        try:
            self._take_turn(await self.engine.chat.stop(turn.id))
        except LeitstandError as error:
            self.leitstand.say_error(error)

    async def action_stop_or_copy(self) -> None:
        """Copy what is selected; without a selection stop the answer."""
        selected = self.get_selected_text() or self._prompt.selected_text
        if selected:
            await self.leitstand.copy(selected)
        elif self._unfinished() is not None:
            await self.action_stop()
        else:
            self.leitstand.toast("info", "ctrl+q leaves Leitstand.")

    async def _answered(self, deed: str, turn: Turn | None, *arguments: object) -> None:
        if turn is None:
            self.leitstand.toast("info", "There is no answer yet.")
            return
        try:
            await getattr(self.engine.chat, deed)(turn.id, *arguments)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        await self._open(turn.chat_id)
        self._talk.follow()

    async def action_regenerate(self) -> None:
        """Answer once more; a failed answer is tried again."""
        turn = self._selected()
        await self._answered("retry" if turn is not None and turn.state == "failed" else "regenerate", turn)

    async def action_continue_answer(self) -> None:
        """Go on with an answer that ended early."""
        await self._answered("continue_answer", self._selected())

    async def action_sibling(self, step: int) -> None:
        """Turn to another variant of the selected turn."""
        turn = self._turns.get(self._talk.cursor_turn or -1) or self._selected()
        if turn is None or turn.siblings < 2:
            self.leitstand.toast("info", "There is only this one; r answers once more.")
            return
        try:
            opened = await self.engine.chat.step_sibling(turn.id, step)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self._show_chat(opened)

    async def action_edit(self) -> None:
        """Ask the selected question in other words."""
        turn = self._selected("user")
        if turn is None:
            return
        from tui.modals.edit import Edit

        async def take(text: str) -> None:
            await self.engine.chat.edit_and_resend(turn.id, text)
            await self._open(turn.chat_id)

        self.app.push_screen(Edit("Ask in other words", turn.text, take))

    async def action_copy_answer(self) -> None:
        """Copy the selected or last answer as it was written."""
        turn = self._selected()
        if turn is not None and turn.text:
            await self.leitstand.copy(turn.text)

    @on(Transcript.CopyRequested)
    async def _copy(self, event: Transcript.CopyRequested) -> None:
        text = event.text
        if event.what == "all" and self._chat is not None:
            # All of it, not only what has been loaded.
            text = (await self.engine.chat.export(self._chat.id, "markdown")).text
        if text:
            await self.leitstand.copy(text)
        else:
            self.leitstand.toast("info", "There is nothing to copy here yet.")

    @on(Transcript.LinkOpened)
    async def _link(self, event: Transcript.LinkOpened) -> None:
        # A link in an answer is somebody's text: it is never opened, only handed over.
        await self.leitstand.copy(event.target)

    def action_find(self, words: str = "") -> None:
        """Find words on this page."""
        found = self._talk.find(words)
        self.leitstand.toast("info", f"{found} found." if words else "Write the words after /find.")
