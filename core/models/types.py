"""What a model is, whether it fits, and the event that tells of changes.

What the server does not say is None: unknown, never "none" and never a guess. Sizes are bytes, times
seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from core.bus import Event
from core.jobs.types import Fault
from core.ollama.names import at, same, server_of

State = Literal["known", "installed", "loading", "loaded", "active"]
"""Known from the catalogue only; on the server's disk; being loaded; in memory; answering now."""

Tier = Literal["fast", "code", "heavy"]
TIERS: tuple[Tier, ...] = ("fast", "code", "heavy")

Use = Literal["chat", "code", "reasoning", "rag", "vision", "embedding"]
USES: tuple[Use, ...] = ("chat", "code", "reasoning", "rag", "vision", "embedding")

Scope = Literal["all", "here", "memory"]
"""Every model, those on the server, or those in its memory."""

Source = Literal["measured", "interpolated", "estimated", "unknown"]
"""Where a number is from: an earlier load, earlier loads of the same model, the model's shape, nowhere."""

WhenTight = Literal["refuse", "make room", "anyway"]
"""What to do when a model does not fit on the GPU with a tenth to spare."""

Version = Literal["unknown", "current", "outdated"]
"""Whether the registry has another version of an installed model; unknown until it was asked."""


class InMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model in the server's memory."""

    size: int
    vram: int | None = None
    gpu_percent: int | None = None
    """The share on the GPU, as `ollama ps` shows it."""
    context: int | None = None
    """The context it was loaded with."""
    stays: Literal["until", "forever", "ending", "unknown"] = "unknown"
    until: float | None = None
    """When the server unloads it, if it goes unused; *ending* is busy or about to leave."""
    name: str = ""
    """The name the server shows it under: models with the same weights share one place in memory."""


class Benchmark(msgspec.Struct, frozen=True):
    """Tokens a second in the standard benchmark."""

    latest: float
    average: float
    runs: int


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model, from every source that knows of it; what the server says wins."""

    name: str
    """As the server lists it: llama3.2:3b, hf.co/user/repository:Q4_K_M; of another server qwen3:8b@box."""
    state: State = "known"
    entry: str = ""
    """The catalogue's entry it belongs to: llama3.2 of llama3.2:3b."""
    description: str = ""
    maker: str = ""
    licence: str = ""
    released: str = ""
    uses: tuple[Use, ...] = ()
    capabilities: tuple[str, ...] | None = None
    """completion, tools, thinking, vision, embedding, insert …"""
    size: int | None = None
    """On disk; only about right while the model is not installed."""
    family: str = ""
    parameters: str = ""
    """As people write it: 8.2B."""
    parameter_count: int | None = None
    quantization: str = ""
    context: int | None = None
    """The longest context it was trained for."""
    digest: str = ""
    modified: float | None = None
    remote: str = ""
    """Where it really runs, when that is not the server."""
    favourite: bool = False
    default: bool = False
    tier: Tier | None = None
    tier_chosen: bool = False
    """A person chose the tier; otherwise it follows from the model."""
    memory: InMemory | None = None
    load_seconds: float | None = None
    """How long it took to load the last time."""
    last_speed: float | None = None
    """Tokens a second of its last answer."""
    average_speed: float | None = None
    times_used: int = 0
    last_used: float | None = None
    benchmark: Benchmark | None = None
    version: Version = "unknown"
    leaves_at: float | None = None
    """It is deleted at that time, unless that is taken back before."""
    fault: Fault | None = None
    """What is wrong with it, and what to do."""

    @property
    def installed(self) -> bool:
        """Whether the server has it."""
        return self.state != "known"

    @property
    def in_memory(self) -> bool:
        """Whether it is loaded."""
        return self.state in ("loaded", "active")

    @property
    def server(self) -> str:
        """Which of the other servers has it; empty: the main one."""
        return server_of(self.name)

    @property
    def files(self) -> str:
        """What is measured of it is kept under: its files on its server, whose memory is another's."""
        return at(self.digest, self.server) if self.digest else ""

    def can(self, capability: str) -> bool | None:
        """Whether it has a capability; None when that is not known."""
        return None if self.capabilities is None else capability in self.capabilities


Models = tuple[Model, ...]
"""A list of models; named here because a verb is called `list`."""


class ModelDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything the server says about one model."""

    model: Model
    architecture: str = ""
    parameters: dict[str, list[str]] = {}
    """The settings it comes with, by name; some, like stop, have several values."""
    template: str = ""
    system: str = ""
    licence_text: str = ""
    modelfile: str = ""
    requires: str = ""
    """The oldest version of the server that runs it."""
    facts: dict[str, Any] = {}
    """Its metadata, without the long lists."""
    variants: Models = ()
    """The other models of its catalogue entry."""


class GpuMemory(msgspec.Struct, frozen=True):
    """The memory of one GPU."""

    key: str
    name: str
    free: int
    total: int


class GpuLoad(msgspec.Struct, frozen=True):
    """How much of a model would lie on one GPU."""

    name: str
    free: int
    used: int


Verdict = Literal["fits", "tight", "spills", "too big", "unknown"]
"""On the GPU with room to spare; with less than a tenth to spare; partly on the CPU; nowhere; not known."""


class Fit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a model would run here, at one context length."""

    name: str
    verdict: Verdict
    source: Source
    """Where *needed* is from."""
    context: int | None = None
    needed: int | None = None
    margin: float | None = None
    """How far off *needed* may be: 0.15 is 15 % either way."""
    free: int | None = None
    """GPU memory that is free now, all GPUs together; None where that cannot be seen."""
    total: int | None = None
    gpu_percent: int | None = None
    """The share that would be on the GPU."""
    slower: float | None = None
    """About how many times slower it would run for the rest of it, which is on the CPU."""
    slower_source: Source = "unknown"
    """Where that is from: answers of this model, of other models here, or what is usual."""
    gpus: tuple[GpuLoad, ...] = ()
    largest_context: int | None = None
    """The longest context with which all of it stays on the GPU as free as it is now."""
    could_unload: tuple[str, ...] = ()
    """Which idle models would make room, the fewest that do; empty when that would not help."""
    loaded: bool = False
    """It is in memory now, with at least that context."""
    reason: str = ""
    """One sentence for people."""


Fits = tuple[Fit, ...]


class ModelsChanged(Event, frozen=True, tag=True):
    """These models are new or changed, and those are gone."""

    changed: Models = ()
    gone: tuple[str, ...] = ()

    def merge(self, newer: Event) -> Event | None:
        """Join what changed: the newest word about each model."""
        if not isinstance(newer, ModelsChanged):
            return None
        models = {model.name: model for model in self.changed}
        gone = dict.fromkeys(self.gone)
        for name in newer.gone:
            models.pop(name, None)
            gone[name] = None
        for model in newer.changed:
            models[model.name] = model
            gone.pop(model.name, None)
        return ModelsChanged(tuple(models.values()), tuple(gone))


def pick(models: Models, name: str) -> Model | None:
    """Return the model that a name means, however it is spelt."""
    exact = next((model for model in models if model.name == name), None)
    return exact or next((model for model in models if same(model.name, name)), None)


def ranked(models: Models) -> Models:
    """Return models as every list shows them: favourites first, then the default, then by last use."""
    return tuple(
        sorted(
            models,
            key=lambda model: (
                not model.favourite,
                not model.default,
                -(model.last_used or 0.0),
                not model.installed,
                model.name.casefold(),
            ),
        )
    )
