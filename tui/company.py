"""One engine, many faces: what the screens say when the engine is elsewhere, or when others need this one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import LeitstandError
from core.presence import LinkState
from tui.modals.decide import Decide, Way
from tui.screens.base import opened
from tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui.app import LeitstandApp

_LEAVING = (
    Way("h", "Hand over", "it goes on in the background until it is done"),
    Way("s", "Stop it", "it goes on at the next start"),
)


class Company:
    """Follows the line to the engine, and asks what becomes of work before its host is left."""

    def __init__(self, app: LeitstandApp) -> None:
        self._app = app
        self._link = app.engine.link
        self._warned: set[str] = set()

    def follow(self, link: LinkState) -> None:
        """Say what changed about the line."""
        before, self._link = self._link, link
        if link.phase == "gone" and before.phase != "gone":
            # No dialog: it would take the next letters of whoever is typing.
            words = "The Leitstand that did the work has ended. What was accepted is kept."
            self._app.toast("warning", words, "alt+r goes on here, in the background.")
        elif link.phase == "attached" and not before.up:
            self._app.toast("good", "Connected again; everything is read anew.")

    async def revive(self) -> None:
        """Go on where the host has ended: a Leitstand in the background does the work from now on."""
        try:
            await self._app.engine.revive()
        except LeitstandError as error:
            self._app.say_error(error)

    def would_lose_words(self) -> bool:
        """Whether leaving now loses what was typed, because nobody is there to keep it; said once."""
        starting = not self._app.engine_ready
        if self._link.up and not starting:
            return False
        screens = opened(self._app)
        written = any(prompt.text.strip() for screen in screens for prompt in screen.query(Prompt))
        if not written and not any(screen.keeps_words for screen in screens):
            return False
        words = "Nobody is there to keep what you typed."
        hint = "alt+r goes on here; ctrl+q once more leaves all the same."
        if starting:
            words = "Leitstand is still starting: what you typed is not kept yet."
            hint = "ctrl+q once more leaves all the same."
        if words in self._warned:
            return False
        self._warned.add(words)
        self._app.toast("warning", words, hint)
        return True

    async def is_needed(self) -> bool:
        """Whether something would stop with this process; read anew, the status line may be behind."""
        app = self._app
        if app.engine.link.phase != "here" or not app.engine_ready or app.engine.options.demo:
            return False
        with suppress(LeitstandError):
            await app.knowledge.read_lanes()
        lanes = app.knowledge.lanes.values()
        going_on = any(lane.running or (lane.waiting and not lane.paused) for lane in lanes)
        return going_on or app.engine.faces > 0

    def ask_before_leaving(self) -> None:
        """Let somebody decide what becomes of the work."""
        if isinstance(self._app.screen, Decide):
            return
        queue, faces = self._app.facts.queue, self._app.engine.faces
        parts = [f"{queue.running} running"] * bool(queue.running) + [f"{queue.waiting} waiting"] * bool(
            queue.waiting
        )
        parts += [f"{faces} other {'screens' if faces > 1 else 'screen'} attached"] * bool(faces)
        words = f"This Leitstand is needed: {', '.join(parts)}."
        self._app.push_screen(Decide("Leave", words, _LEAVING), self._leave)

    async def _leave(self, way: str | None) -> None:
        if way is not None:
            self._app.hands_over = way == "h"
            await self._app.leave()
