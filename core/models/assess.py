"""Puts together what judging needs: a model's shape, earlier loads, what is in memory, what is free."""

from __future__ import annotations

from collections.abc import Callable

from core.config.schema import Config
from core.models.fit import Ask, Evictable, Needs, judge
from core.models.learning import Memories
from core.models.memory import Room
from core.models.pace import cost
from core.models.roster import Roster
from core.models.sizing import Need, need
from core.models.types import Fit, Model

USUAL = 4096
"""The context that is judged where nobody says another."""

LADDER = (4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144)
"""Contexts that people choose from."""


class Assessor:
    """Judges models against a look at the memory."""

    def __init__(self, roster: Roster, memories: Memories, config: Callable[[], Config]) -> None:
        self._roster = roster
        self._memories = memories
        self._config = config

    def fit(self, model: Model, context: int, room: Room) -> Fit:
        """Say whether a model fits with that context."""
        if model.remote:
            return Fit(
                name=model.name,
                verdict="unknown",
                source="unknown",
                reason="It runs elsewhere and needs no memory here.",
            )
        if model.server:
            return _elsewhere(model)
        held = model.memory
        context = min(context, model.context or context)
        ask = Ask(
            name=model.name,
            context=context,
            most=model.context,
            gpus=room.gpus,
            ram=room.ram,
            own=(held.vram or 0) if held else 0,
            loaded=held.context if held else None,
            idle=self._idle(model),
            cost=cost(self._memories.spoken, model.files),
        )
        return judge(ask, self.needs(model))

    def needs(self, model: Model) -> Needs:
        """Return what a model needs, as a function of its context."""
        settings = self._config().models
        facts = self._roster.facts(model)
        measured = self._memories.measured(model.files, settings.cache)

        def at(context: int) -> Need | None:
            return need(
                context,
                weights=model.size,
                shape=facts.shape if facts else None,
                measured=measured,
                parameters=model.parameter_count,
                kind=settings.cache,
                parallel=settings.parallel,
            )

        return at

    def size(self, name: str) -> int | None:
        """Return about how much memory a model takes at the usual context; None when nothing is known."""
        model = self._roster.find(name)
        if model is None:
            return None
        if model.memory is not None:
            return model.memory.size
        found = self.needs(model)(min(self._config().chat.context, model.context or USUAL))
        return found.on(1) if found else None

    def _idle(self, wanted: Model) -> tuple[Evictable, ...]:
        """What is in memory and could go: once each place, without what answers now."""
        places: dict[str, Evictable] = {}
        for model in self._roster.all:
            held = model.memory
            # The cheapest question first: this is asked once for every model, of every model.
            if held is None or model.server or model.state != "loaded" or held.stays == "ending":
                continue
            if wanted.memory is not None and wanted.memory.name == held.name:
                continue
            until = held.until if held.stays == "until" else None
            places.setdefault(held.name, Evictable(held.name, held.vram or 0, until))
        return tuple(places.values())


def _elsewhere(model: Model) -> Fit:
    """What can be said of a model on another server: what that holds in memory, and no guess beyond."""
    held = model.memory
    if held is None:
        reason = f"It runs on {model.server}; what is free there cannot be seen from here."
        return Fit(name=model.name, verdict="unknown", source="unknown", reason=reason)
    share = held.gpu_percent
    return Fit(
        name=model.name,
        verdict="unknown" if share is None else "fits" if share == 100 else "spills",
        source="measured",
        context=held.context,
        needed=held.size,
        gpu_percent=share,
        loaded=True,
        reason=f"It is in the memory of {model.server}.",
    )
