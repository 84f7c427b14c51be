"""What a model can do and how it is loaded, as far as the server tells."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.errors import ModelNotFound, UsageError
from core.ollama import names
from core.ollama.client import Ollama
from core.ollama.reading import parameters
from core.ollama.wire import RunningModel, ShowReply

_FRESH = 60.0
_LARGE = 70e9
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model; None is not known, never no."""

    name: str
    capabilities: frozenset[str] | None = None
    trained: int | None = None
    """The longest context it was trained for."""
    own_context: int | None = None
    """The context length that its Modelfile asks for."""
    count: float | None = None
    """How many parameters it has."""

    cloud: bool = False
    """Whether it runs elsewhere: then the server never lists it as loaded."""

    def can(self, capability: str) -> bool | None:
        """Whether it has a capability."""
        return None if self.capabilities is None else capability in self.capabilities

    @property
    def large(self) -> bool:
        """Whether it may take its time: 70 billion parameters and more."""
        return (self.count or _named_count(self.name)) >= _LARGE * 0.98


class Facts:
    """Asks the server, and remembers the answer for a minute."""

    def __init__(self, client: Callable[[], Ollama], clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, ModelFacts]] = {}

    async def of(self, model: str) -> ModelFacts:
        """Everything about a model; ModelNotFound when the server does not have it."""
        client = self._client()
        key = (client.address.url, same(model))
        known = self._known.get(key)
        if known is None or self._clock.monotonic() - known[0] > _FRESH:
            known = (self._clock.monotonic(), _read(model, await client.show(model)))
            self._known[key] = known
        return known[1]

    def known(self, model: str) -> ModelFacts | None:
        """What was heard of a model before, however long ago; asks nobody."""
        known = self._known.get((self._client().address.url, same(model)))
        return None if known is None else known[1]

    async def loaded(self, model: str) -> RunningModel | None:
        """How it is in the server's memory; None when it is not, or nobody can tell."""
        called, _ = names.split(model)
        for running in await self._client().at(model).ps():
            if same(running.name) == same(called):
                return running
        return None

    async def first(self) -> str:
        """Who answers when nobody was chosen: the first model that can chat, the newest first."""
        for model in await self._client().tags():
            capabilities = model.capabilities
            if capabilities is None:
                capabilities = (await self._client().show(model.name)).capabilities
            if capabilities is None or "completion" in capabilities:
                return model.name
        raise ModelNotFound("The server has no model to chat with.", "Download one first.")


def same(model: str) -> str:
    """Equal for equal names: llama3.2 is llama3.2:latest."""
    try:
        return names.parse(model).key
    except UsageError:
        return model.strip().lower()


def _read(model: str, show: ShowReply) -> ModelFacts:
    count = (show.model_info or {}).get("general.parameter_count")
    label = show.details.parameter_size if show.details else ""
    own = parameters(show.parameters).get("num_ctx", [""])[-1]
    return ModelFacts(
        name=model,
        capabilities=None if show.capabilities is None else frozenset(show.capabilities),
        trained=show.trained_context,
        own_context=int(own) if own.isdecimal() else None,
        cloud=bool(show.remote_host) or _in_cloud(model),
        count=float(count) if isinstance(count, int | float) and count > 0 else _labelled(label),
    )


def _in_cloud(model: str) -> bool:
    try:
        return names.parse(model).cloud
    except UsageError:
        return False


def _labelled(label: str) -> float | None:
    found = re.fullmatch(r"\s*([\d.]{1,12})\s*([KMBT]?)\s*", label.upper())
    try:
        return float(found[1]) * _UNITS[found[2]] if found else None
    except ValueError:
        return None


def _named_count(name: str) -> float:
    """The size that a name such as llama3.3:70b tells; 0 when it tells none."""
    found = re.findall(r"(?<![\w.])(\d{1,4}(?:\.\d+)?)b(?![a-z0-9])", name.lower())
    return float(found[-1]) * 1e9 if found else 0.0
