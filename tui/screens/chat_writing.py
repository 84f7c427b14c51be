"""What happens between the first letter and the sent question."""

from __future__ import annotations

from textual import on

from core.chat.types import Budget
from core.errors import ContextExceeded, LeitstandError
from core.guard import one_line
from tui.screens import chat_words
from tui.screens.chat_choosing import Choosing
from tui.screens.chat_files import file_offer, files_starting
from tui.widgets.offers import Offer, Offers
from tui.widgets.prompt import Prompt


class Writing(Choosing):
    """The composer's side of the chat page."""

    # Writing ------------------------------------------------------------------------------------

    @on(Prompt.Typed)
    def _typed(self) -> None:
        self._offer()
        self.show_keys()
        self._count_soon()

    @on(Prompt.Submitted)
    async def _submitted(self, event: Prompt.Submitted) -> None:
        text = event.text.strip()
        if not text and not self._attached:
            self._prompt.give_back(event.text)
            await self._go_on()
            return
        if found := chat_words.find(text):
            command, rest = found
            action = getattr(self, f"action_{command.action}")
            waiting = action(rest) if command.takes else action()
            if waiting is not None:
                await waiting
        elif event.text.startswith("/") and (word := chat_words.unknown(text)):
            self._prompt.give_back(event.text)
            if (begun := chat_words.starting(text)) and not self._prompt.text.endswith("\n"):
                self._prompt.put(f"/{begun[0].name} ")
            else:
                hint = "A space before it sends it as it is; / lists the commands."
                self.leitstand.toast("info", f"There is no command /{one_line(word, 40)}.", hint)
        elif (question := await self._take_named(event.text)) is not None:
            await self._send(question)

    async def _send(self, text: str, *, anyway: bool = False, model: str = "", asked: bool = False) -> None:
        if not asked and (decision := await self._short_of_memory(text)) is not None:
            self._prompt.give_back(text)
            self._ask_about_memory(decision)
            return
        try:
            sent = await self.engine.chat.send(
                self._chat.id if self._chat else None,
                text,
                attachments=tuple(self._attached),
                model=model,
                anyway=anyway,
            )
        except ContextExceeded as error:
            self._prompt.give_back(text)
            await self._too_long(text, error)
            return
        except LeitstandError as error:
            self._prompt.give_back(text)
            self.leitstand.say_error(error)
            return
        self._attached.clear()
        if self._chat is None or self._chat.id != sent.chat.id:
            # What was typed meanwhile belongs to the chat that has begun.
            meanwhile = self._prompt.take()
            async with self.turning:
                await self._open(sent.chat.id)
            self._prompt.give_back(meanwhile)
        else:
            self._chat = sent.chat
            self._take_turn(sent.question)
            self._take_turn(sent.answer)
            self._prompt.remember([turn.text for turn in self._turns.values() if turn.role == "user"])
        self._talk.follow()

    async def _too_long(self, text: str, error: ContextExceeded) -> None:
        """Say before anything is cut that it would be, and offer the ways out."""
        from tui.modals.choose import Choose
        from tui.render.option import Option

        budget = await self.engine.chat.budget(
            self._chat.id if self._chat else None, text, attachments=tuple(self._attached)
        )
        options = [Option(choice.kind, choice.text) for choice in budget.choices]
        options.append(Option("anyway", "Send it anyway: the server cuts what does not fit"))

        def chosen(kind: str | None) -> None:
            if kind is not None:
                self.run_worker(self._way_out(kind, text, budget), group="send", exit_on_error=False)

        self.app.push_screen(Choose(one_line(error.message, 60), options), chosen)

    async def _way_out(self, kind: str, text: str, budget: Budget) -> None:
        choice = next((found for found in budget.choices if found.kind == kind), None)
        try:
            if kind == "anyway":
                await self._send(self._prompt.take(), anyway=True, asked=True)
            elif kind == "raise_context" and choice is not None and choice.tokens:
                await self.engine.chat.set_context(budget.model or self._answers_next, choice.tokens)
                await self._send(self._prompt.take())
            elif kind == "new_chat" and self._chat is not None:
                sent = await self.engine.chat.new_chat_with_summary(self._chat.id)
                await self._open(sent.chat.id)
                self._prompt.put(text)
            else:
                self._prompt.focus()
        except LeitstandError as error:
            self.leitstand.say_error(error)

    @on(Prompt.Asked)
    def _asked_for_help(self) -> None:
        self.leitstand.action_help()

    # Completing ---------------------------------------------------------------------------------

    @property
    def _offers(self) -> Offers:
        return self.query_one(Offers)

    def _offer(self) -> None:
        word = self._prompt.word()
        if self._prompt.text.startswith("/"):
            found = [
                Offer(f"/{command.name}" + (" " if command.takes else ""), command.about)
                for command in chat_words.starting(self._prompt.text)
            ]
            self._put_offers(found)
        elif word.startswith("@"):
            self.run_worker(self._offer_files(word), group="files", exclusive=True, exit_on_error=False)
        else:
            self._put_offers(self._suggestions())

    def _put_offers(self, found: list[Offer]) -> None:
        # A word that is complete needs no offer, and Enter must send it.
        if len(found) == 1 and found[0].text.strip() == self._prompt.word():
            found = []
        self._offers.put(found)
        self._prompt.offering = bool(found)

    async def _offer_files(self, word: str) -> None:
        names = await self.engine.tasks.in_thread(files_starting, word[1:])
        if self._prompt.word() == word:
            self._put_offers([file_offer(name) for name in names])

    @on(Prompt.Completing)
    async def _complete(self, event: Prompt.Completing) -> None:
        if event.key in {"up", "down"}:
            self._offers.move(-1 if event.key == "up" else 1)
        elif event.key == "escape":
            self._put_offers([])
        elif (offer := self._offers.selected) is not None:
            self._prompt.replace_word(offer.text)
            if offer.text.startswith("@") and not offer.text.endswith("/"):
                await self._attach_file(offer.text[1:])
                self._prompt.replace_word("")
            elif event.key == "enter" and offer.text.startswith("/") and not offer.text.endswith(" "):
                self._put_offers([])
                self._prompt.submit()
        elif event.key == "tab" and (word := self._prompt.word()).startswith("@"):
            await self._complete_file(word)

    async def _complete_file(self, word: str) -> None:
        """Take the file that is named already, or else the first it may become, though nothing is offered."""
        names = await self.engine.tasks.in_thread(files_starting, word[1:])
        if not names or self._prompt.word() != word:
            return
        name = word[1:] if word[1:] in names else names[0]
        self._prompt.replace_word(f"@{name}")
        if not name.endswith("/") and await self._attach_file(name):
            self._prompt.replace_word("")
