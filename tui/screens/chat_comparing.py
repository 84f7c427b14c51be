"""The answers to one question side by side, and asking several models for them."""

from __future__ import annotations

from core.chat.types import Turn
from core.errors import LeitstandError
from tui.render.turns import view
from tui.screens.chat_steering import Steering


class Comparing(Steering):
    """What the chat page does with variants."""

    # Side by side -------------------------------------------------------------------------------

    async def action_compare(self) -> None:
        """Show every answer to the selected question side by side; once more takes the one with the focus."""
        if self._compared.shown:
            await self._stop_comparing(take=self._compared.chosen)
            return
        turn = self._selected()
        if turn is None or turn.siblings < 2:
            self.leitstand.toast("info", "There is only one answer; alt+m asks several models.")
            return
        await self._compare(turn)

    async def _compare(self, turn: Turn) -> None:
        self._variants_of, self._variants = turn.parent_id, {}
        variants = await self.engine.chat.variants(turn.id)
        now = self.engine.clock.now()
        self._welcome(show=False)
        self._talk.display = False
        await self._compared.put([view(one, now) for one in variants], self._talk, turn.id)
        # Pieces of answers that came before the columns could take them are nowhere yet.
        for one in await self.engine.chat.variants(turn.id):
            newest = max(one, self._variants.get(one.id, one), key=_progress)
            self._variants[one.id] = newest
            self._compared.update_turn(view(newest, now))

    async def _stop_comparing(self, take: int | None = None) -> None:
        self._compared.close()
        self._variants_of, self._variants = None, {}
        self._talk.display = True
        if take is not None and take not in self._turns:
            self._show_chat(await self.engine.chat.select_sibling(take))
        self._talk.focus()

    def _selected(self, role: str = "assistant") -> Turn | None:
        """The answer whose column has the focus, while answers are compared."""
        if role == "assistant" and (chosen := self._compared.chosen) is not None:
            return self._variants.get(chosen)
        return super()._selected(role)

    async def action_sibling(self, step: int) -> None:
        """Go to another column, or turn to another variant."""
        if self._compared.shown:
            self._compared.step(step)
        else:
            await super().action_sibling(step)

    async def action_focus_prompt(self) -> None:
        """Back to the one answer, then back to the composer."""
        if self._compared.shown:
            await self._stop_comparing()
        self._prompt.focus()

    def action_scroll_talk(self, direction: int) -> None:
        """Read back or on by a screenful, in the column that has the focus."""
        (self._compared.view or self._talk).page(direction)

    # Several models -----------------------------------------------------------------------------

    async def action_ask_several(self) -> None:
        """Ask several models what is written, or else the selected question, and compare the answers."""
        from tui.modals.choose_many import ChooseMany

        text = self._prompt.text
        turn = None if text.strip() else self._selected()
        if not text.strip() and turn is None:
            self.leitstand.toast("info", "Write a question first.")
            return

        def chosen(models: tuple[str, ...] | None) -> None:
            if models:
                self.run_worker(self._ask_several(text, turn, models), group="send", exit_on_error=False)

        title = "Who else answers this?" if turn is not None else "Who answers?"
        self.app.push_screen(ChooseMany(title, await self.leitstand.model_options()), chosen)

    async def _ask_several(self, text: str, turn: Turn | None, models: tuple[str, ...]) -> None:
        chat = self.engine.chat
        try:
            if turn is not None:
                sent = await chat.answer_also(turn.id, models)
            else:
                chat_id, files = self._chat.id if self._chat else None, tuple(self._attached)
                sent = await chat.ask_several(chat_id, text, models, attachments=files)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        if turn is None:
            self._attached.clear()
            self._prompt.empty()
        async with self.turning:
            await self._open(sent.chat.id)
            if len(models) > 1 or turn is not None:
                await self._compare(await chat.turn(sent.answer.id))


def _progress(turn: Turn) -> tuple[bool, int]:
    """How far an answer is."""
    return turn.ended, len(turn.thinking) + len(turn.text)
