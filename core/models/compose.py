"""Puts a model together from everything that is known of it; what the server says wins. Pure."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from core.models.catalog import Entry, Hit, Variant
from core.models.facts import Facts
from core.models.store import Note
from core.models.types import InMemory, Model, Tier, Use
from core.ollama.reading import gpu_percent, stay, timestamp
from core.ollama.wire import Details, InstalledModel, RunningModel

HEAVY = 20e9
"""From that many parameters on a model counts as heavy."""


def installed(
    tag: InstalledModel, facts: Facts | None, hit: Hit | None, note: Note | None, memory: InMemory | None
) -> Model:
    """A model on the server."""
    facts = facts or Facts()
    details = tag.details or Details()
    entry, variant = (hit.entry, hit.variant) if hit else (None, None)
    capabilities = facts.capabilities if facts.capabilities is not None else tag.capabilities
    if capabilities is None and hit is not None:
        capabilities = _listed(hit)
    count = facts.parameter_count or (variant.parameter_count if variant else None)
    remote = tag.remote_host or facts.remote
    return _noted(
        Model(
            name=tag.name,
            state="loaded" if memory else "installed",
            **_entry(entry),
            uses=_uses(entry, capabilities),
            capabilities=capabilities,
            # Of what runs elsewhere only a stub is here.
            size=None if remote else tag.size or None,
            family=details.family or facts.architecture,
            parameters=details.parameter_size or (variant.parameters if variant else ""),
            parameter_count=count,
            quantization=details.quantization_level or facts.quantization,
            context=facts.context or details.context_length,
            digest=tag.digest,
            modified=timestamp(tag.modified_at),
            remote=remote,
            memory=memory,
        ),
        note,
    )


def known(name: str, entry: Entry, variant: Variant, note: Note | None) -> Model:
    """A model that could be downloaded."""
    capabilities = variant.capabilities if variant.capabilities is not None else entry.capabilities
    return _noted(
        Model(
            name=name,
            **_entry(entry),
            uses=_uses(entry, capabilities),
            capabilities=capabilities,
            size=variant.bytes,
            parameters=variant.parameters,
            parameter_count=variant.parameter_count,
            quantization=variant.quantization,
            context=variant.context or entry.context,
        ),
        note,
    )


def in_memory(running: RunningModel, now: float) -> InMemory:
    """What /api/ps says of a model."""
    rest = stay(running.expires_at, now)
    return InMemory(
        size=running.size,
        vram=running.size_vram,
        gpu_percent=gpu_percent(running.size, running.size_vram),
        context=running.context_length,
        stays=rest.kind,
        until=rest.until,
        name=running.name,
    )


def tier_of(model: Model) -> Tier | None:
    """The tier a model belongs to when nobody chose one; None for what does not answer questions."""
    if model.capabilities is not None and "completion" not in model.capabilities:
        return None
    if "embedding" in model.uses:
        return None
    if "code" in model.uses and "chat" not in model.uses:
        return "code"
    if model.parameter_count is None:
        return None
    return "heavy" if model.parameter_count >= HEAVY else "fast"


def _entry(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    return {
        "entry": entry.name,
        "description": entry.description,
        "maker": entry.maker,
        "licence": entry.licence,
        "released": entry.released,
    }


def _listed(hit: Hit) -> tuple[str, ...] | None:
    if hit.variant is not None and hit.variant.capabilities is not None:
        return hit.variant.capabilities
    return hit.entry.capabilities


def _uses(entry: Entry | None, capabilities: tuple[str, ...] | None) -> tuple[Use, ...]:
    """What it is good for: as the catalogue says, else what follows from its capabilities."""
    if entry is not None and entry.uses:
        return entry.uses
    found: list[Use] = []
    for capability, use in _FOLLOWS:
        if capabilities is not None and capability in capabilities:
            found.append(use)
    return tuple(found)


_FOLLOWS: tuple[tuple[str, Use], ...] = (
    ("completion", "chat"),
    ("thinking", "reasoning"),
    ("vision", "vision"),
    ("embedding", "embedding"),
)


def _noted(model: Model, note: Note | None) -> Model:
    tier = tier_of(model)
    if note is None:
        return replace(model, tier=tier)
    average = note.speed_sum / note.speed_count if note.speed_count else None
    version = model.version
    if note.offered is not None and model.digest:
        version = "current" if note.offered == model.digest else "outdated"
    return replace(
        model,
        favourite=note.favourite,
        tier=note.tier or tier,
        tier_chosen=note.tier is not None,
        times_used=note.times_used,
        last_used=note.last_used,
        last_speed=note.last_speed,
        average_speed=average,
        load_seconds=note.load_seconds,
        benchmark=note.benchmark,
        fault=note.fault,
        version=version,
    )
