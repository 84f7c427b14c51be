"""Ready prompts and personas: what saves a person from writing the same thing twice."""

from __future__ import annotations

from typing import Literal

from core.chat.ready import ReadyPrompt
from core.chat.types import Persona
from core.errors import LeitstandError
from core.guard import one_line
from tui.modals.confirm import Confirm
from tui.modals.own import EDIT, ChooseOwn
from tui.render.option import Option
from tui.screens.chat_settling import Settling
from tui.terminal import editor

_LANGUAGES = {"en": "English", "de": "Deutsch"}


class Ready(Settling):
    """The chat page's shortcuts."""

    def __init__(self) -> None:
        super().__init__()
        self._gone: list[Persona] = []
        """Personas that were deleted here and can be taken back."""

    async def action_prompt(self, name: str = "") -> None:
        """Choose a ready prompt, and fill it with what stands in the composer."""
        try:
            prompts = self._sorted(await self.engine.chat.prompts())
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        wanted = name.casefold()
        meant = [one for one in prompts if wanted and wanted in one.name.casefold()]
        if meant:
            exact = next((one for one in meant if one.name.casefold() == wanted), meant[0])
            self._fill(exact)
            return
        named = {one.name: one for one in prompts}
        options = [
            Option(one.name, one_line(one.name, 60), one.about, _LANGUAGES.get(one.language, "own"))
            for one in prompts
        ]

        def chosen(key: str | None) -> None:
            if key is None:
                return
            if key.startswith(EDIT):
                self._edit_own("prompts", key.removeprefix(EDIT))
            else:
                self._fill(named[key])

        self.app.push_screen(ChooseOwn("Ready prompts", options), chosen)

    def _sorted(self, prompts: tuple[ReadyPrompt, ...]) -> list[ReadyPrompt]:
        """One's own first, then those in one's language."""
        environment = self.engine.options.environment
        mine = (environment.get("LC_ALL") or environment.get("LANG") or "en")[:2]
        mine = mine if mine in _LANGUAGES else "en"
        return sorted(prompts, key=lambda one: (not one.own, one.language not in ("", mine)))

    def _fill(self, prompt: ReadyPrompt) -> None:
        from tui.modals.fill import Fill

        if not prompt.gaps:
            self._prompt.put(prompt.filled({}))
            return

        def filled(text: str | None) -> None:
            if text is not None:
                self._prompt.put(text)
            self.set_focus(self._prompt)

        self.app.push_screen(Fill(prompt, self._prompt.text), filled)

    async def action_persona(self, name: str = "") -> None:
        """Choose somebody to talk to."""
        if name:
            await self._settle(persona=name)
            return
        from tui.modals.personas import Acts, Personas

        chats = self.engine.chat
        try:
            personas = await chats.personas()
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        try:
            models = [one.key for one in await self.leitstand.model_options()]
        except LeitstandError:
            models = []  # the server is away: a name is typed whole

        async def save(persona: Persona, replacing: str) -> Persona:
            saved = await chats.save_persona(persona, replacing=replacing)
            await self._changed_persona(replacing, saved)
            return saved

        def chosen(key: str | None) -> None:
            if key is None:
                return
            if key.startswith(EDIT):
                self._edit_own("personas", key.removeprefix(EDIT))
            else:
                self.run_worker(self._talk_to(key), group="settle", exit_on_error=False)

        current = self._chat.persona if self._chat else ""
        acts = Acts(save, chats.delete_persona, chats.personas)
        dialog = Personas(personas, acts, current=current, models=models, deleted=self._gone)
        self.app.push_screen(dialog, chosen)

    async def _changed_persona(self, before: str, now: Persona) -> None:
        """Let the open chat go on with the persona it has, as that is now."""
        if before and self._chat is not None and self._chat.persona.casefold() == before.casefold():
            await self._talk_to(now.name)

    async def _talk_to(self, name: str) -> None:
        await self._settle(persona=name)
        await self._read_persona()

    def _edit_own(self, kind: Literal["personas", "prompts"], name: str) -> None:
        self.run_worker(self._edited(kind, name), group="own", exclusive=True, exit_on_error=False)

    async def _edited(self, kind: Literal["personas", "prompts"], name: str) -> None:
        """Let a person change their own file in their editor; a faulty text is offered to them again."""
        engine = self.engine
        try:
            text = await engine.chat.own_file(kind, name)
            while True:
                changed = await editor.edit(
                    text,
                    environment=engine.options.environment,
                    directory=engine.paths.cache,
                    suspended=self.app.suspend,
                    suffix=".toml",
                )
                if changed is None or changed == text:
                    return
                try:
                    await engine.chat.write_own_file(kind, changed)
                except LeitstandError as error:
                    again = Confirm(
                        error.message, f"{error.hint} Nothing was saved yet.".strip(), "go on editing"
                    )
                    if not await self.app.push_screen_wait(again):
                        return
                    text = changed
                else:
                    break
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        self.leitstand.toast("good", f"Your {kind} are saved.")
        await self._read_persona()
