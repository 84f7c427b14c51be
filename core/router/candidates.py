"""What is known of the models, as the policy needs it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from core.models.types import Fit, Model
from core.ollama.names import same, split
from core.ollama.wire import InstalledModel, RunningModel
from core.router.types import Candidate, Fits


def from_models(models: Iterable[Model], fits: Iterable[Fit] = ()) -> tuple[Candidate, ...]:
    """Candidates from what the model service knows of every server, and from whether they fit."""
    known, models = {fit.name: fit for fit in fits}, tuple(models)
    pinned = frozenset(model.name for model in models if model.memory and model.memory.stays == "forever")
    return tuple(_candidate(model, known.get(model.name), pinned) for model in models if model.installed)


def _candidate(model: Model, fit: Fit | None, pinned: frozenset[str]) -> Candidate:
    verdict, share = _verdict(fit, pinned)
    return Candidate(
        name=split(model.name)[0],
        host=model.server,
        loaded=model.in_memory,
        size=model.size,
        need=fit.needed if fit else None,
        fits=verdict,
        cpu_share=share,
        slower=fit.slower if fit and share is not None else None,
        frees=fit.could_unload if fit else (),
        capabilities=model.capabilities,
        context=model.context,
        speed=model.average_speed or model.last_speed,
        load_seconds=model.load_seconds,
        uses=model.uses,
        tier=model.tier if model.tier_chosen else None,
    )


def _verdict(fit: Fit | None, pinned: frozenset[str]) -> tuple[Fits, float | None]:
    if fit is None or fit.verdict == "unknown":
        return "unknown", None
    if fit.verdict in ("fits", "tight"):
        return "yes", None
    if fit.verdict == "spills":
        # Idle models leave by themselves when another one is loaded; what is to stay for ever leaves
        # only when its owner says so.
        leave = fit.could_unload and not pinned.intersection(fit.could_unload)
        return ("yes", None) if leave else ("partly", 1 - (fit.gpu_percent or 0) / 100)
    return "no", None


def from_server(
    installed: Iterable[InstalledModel], running: Iterable[RunningModel] = (), *, host: str = ""
) -> tuple[Candidate, ...]:
    """Candidates from the lists of a server alone: whether they fit is not known."""
    loaded = list(running)
    return tuple(
        Candidate(
            name=model.name,
            host=host,
            loaded=any(_is(model, each) for each in loaded),
            size=model.size or None,
            need=next((each.size for each in loaded if _is(model, each)), None),
            capabilities=model.capabilities,
            context=model.details.context_length if model.details else None,
        )
        for model in installed
    )


def _is(model: InstalledModel, running: RunningModel) -> bool:
    """The name in memory is the one that loaded it first, so the digest counts, too."""
    return same(model.name, running.name) or bool(model.digest and model.digest == running.digest)
