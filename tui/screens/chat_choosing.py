"""Which model answers: why, another one, and what to do when memory is short for it."""

from __future__ import annotations

from core.chat.routing import AUTO, Tier
from core.chat.types import Turn
from core.errors import LeitstandError
from core.router.types import TIERS, Decision, Way
from tui.render.option import Option
from tui.screens.chat_attaching import Attaching

_TIERS = {
    "fast": "small talk and short facts",
    "code": "programs, shells and queries",
    "heavy": "mathematics, logic and analysis",
}


class Choosing(Attaching):
    """The router's side of the chat page."""

    # Why, and who else --------------------------------------------------------------------------

    async def action_why(self) -> None:
        """Say why this model answered, with every reason."""
        from tui.modals.why import Why

        turn = self._selected()
        decision = None if turn is None else await self.engine.router.of_turn(turn.id)
        if turn is None or decision is None:
            self.leitstand.toast("info", "Nothing was decided about this answer.")
            return

        def closed(other: bool | None) -> None:  # noqa: FBT001 - as Textual calls it
            if other:
                self.run_worker(self._choose_other(turn), group="route", exit_on_error=False)

        self.app.push_screen(Why(decision), closed)

    async def action_reroute(self) -> None:
        """Let another model or tier answer the selected question."""
        turn = self._selected()
        if turn is None:
            self.leitstand.toast("info", "There is no answer yet.")
            return
        await self._choose_other(turn)

    async def _choose_other(self, turn: Turn) -> None:
        from tui.modals.choose import Choose

        tiers = [Option(f"tier {tier}", tier, f"whoever is best for {_TIERS[tier]}") for tier in TIERS]
        models = [one for one in await self.leitstand.model_options() if one.key != turn.model]

        def chosen(key: str | None) -> None:
            if key is not None:
                tier = next((one for one in TIERS if key == f"tier {one}"), None)
                model = "" if tier is not None else key
                self.run_worker(self._reroute(turn, model, tier), group="route", exit_on_error=False)

        self.app.push_screen(Choose("Who answers instead?", [*tiers, *models]), chosen)

    async def _reroute(self, turn: Turn, model: str, tier: Tier | None) -> None:
        try:
            sent = await self.engine.chat.reroute(turn.id, model=model, tier=tier)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        async with self.turning:
            await self._open(sent.chat.id)
        self._talk.follow()

    # Before a model is switched to --------------------------------------------------------------

    async def _short_of_memory(self, text: str) -> Decision | None:
        """What would be decided, when a person should know before; None when all is well."""
        chosen = (self._chat.model if self._chat else "") or self.engine.config.current.chat.model
        if not chosen and not self.engine.config.current.router.enabled:
            chosen = self._answers_next
        images = any(file.kind == "image" for file in self._attached)
        try:
            decision = await self.engine.router.explain(
                text,
                chat_id=self._chat.id if self._chat else None,
                model="" if chosen == AUTO else chosen,
                images=images,
            )
        except LeitstandError:
            return None  # nothing is known of the memory: then nothing is asked
        return decision if decision.concern is not None else None

    def _ask_about_memory(self, decision: Decision) -> None:
        """Offer the ways out; what is written stays until one is taken."""
        from tui.modals.choose import Choose

        concern = decision.concern
        assert concern is not None
        ways = {f"{way.kind} {way.model}": way for way in concern.ways}

        def chosen(key: str | None) -> None:
            if key is not None:
                self.run_worker(self._take_way(ways[key]), group="send", exit_on_error=False)

        # What stands behind the comma is what a way costs: the column beside has room for it.
        parts = {key: way.text.partition(", ") for key, way in ways.items()}
        options = [Option(key, label, about) for key, (label, _, about) in parts.items()]
        title = "Not enough GPU memory" if concern.kind == "not_enough" else "High usage of GPU memory"
        self.app.push_screen(Choose(title, options, about=concern.text), chosen)

    async def _take_way(self, way: Way) -> None:
        if way.kind == "cancel":
            self._prompt.focus()
            return
        try:
            if way.kind == "unload":
                await self.engine.models.unload(way.model)
        except LeitstandError as error:
            self.leitstand.say_error(error)
            return
        # What was decided stands, unless it is to be another model.
        await self._send(self._prompt.take(), model=way.model if way.kind == "instead" else "", asked=True)

    async def _send(self, text: str, *, anyway: bool = False, model: str = "", asked: bool = False) -> None:
        raise NotImplementedError
