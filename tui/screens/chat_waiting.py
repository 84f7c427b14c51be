"""A question that was sent before Leitstand had started: kept in sight, and sent once it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from core.chat.types import NewAttachment
from tui.render import composer
from tui.screens.chat_comparing import Comparing
from tui.screens.chat_keys import Keys
from tui.screens.chat_writing import Writing
from tui.widgets.line import Line


class Held(NamedTuple):
    """What goes as soon as it can."""

    text: str
    files: tuple[NewAttachment, ...]


class Waiting(Comparing, Writing, Keys):
    """What the chat page does with Enter while there is nobody yet to answer."""

    DEFAULT_CSS = "#held { display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._held: Held | None = None

    @property
    def keeps_words(self) -> bool:
        """Whether a question waits to be sent."""
        return self._held is not None

    async def read(self) -> None:
        """Read the page; then there is a chat into which the question that waited goes."""
        await super().read()
        if (held := self._held) is not None:
            self._hold(None)
            self._attached.extend(held.files)
            self.run_worker(self._send_held(held.text), group="send", exit_on_error=False)

    async def _send(self, text: str, *, anyway: bool = False, model: str = "", asked: bool = False) -> None:
        if self.leitstand.engine_ready and self._opened:
            await super()._send(text, anyway=anyway, model=model, asked=asked)
        else:
            self._wait_with(text)

    async def _send_held(self, text: str) -> None:
        # Files could not be looked for before.
        if (question := await self._take_named(text)) is not None:
            await self._send(question)

    def _wait_with(self, text: str) -> None:
        """Keep a question until the page has been read, behind one that waits already."""
        held, files = self._held, tuple(self._attached)
        self._attached.clear()
        if held is not None:
            text, files = f"{held.text}\n{text}", held.files + files
        self._hold(Held(text, files))
        if self.leitstand.engine_ready:
            # The page could not be read so far: try, and let nobody wait for what does not come.
            self.run_worker(self._read_or_give_back(), group="send", exit_on_error=False)

    async def _read_or_give_back(self) -> None:
        await self.resync()
        self._take_back()

    def _take_back(self) -> bool:
        """Give a question that waits back to the composer; False when there is none."""
        if (held := self._held) is None:
            return False
        self._hold(None)
        self._attached.extend(held.files)
        self._prompt.give_back(held.text)
        return True

    def _hold(self, held: Held | None) -> None:
        self._held = held
        line = self.query_one("#held", Line)
        line.display = held is not None
        if held is not None:
            line.put(composer.held(held.text, self.leitstand.glyphs))
        self._show_next()

    async def action_focus_prompt(self) -> None:
        """Take back what was not sent yet, or go back to the composer."""
        if not self._take_back():
            await super().action_focus_prompt()
        self._prompt.focus()

    def labels(self) -> Mapping[str, str]:
        """Escape takes a question back while one waits."""
        return {**super().labels(), **({"chat.write": "take back"} if self._held is not None else {})}

    def offers(self, id: str) -> bool:
        """Name the way back while a question waits."""
        return super().offers(id) or (id == "chat.write" and self._held is not None)
