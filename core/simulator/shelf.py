"""What the server has on its disk: models, blobs that several of them share, and parts of blobs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.clock import Clock
from core.simulator.models import Spec
from core.simulator.names import Name, parse
from core.simulator.packages import Layer, Model, Package, build

_HOUR = 3600.0


class Partial(msgspec.Struct):
    """A blob that is not complete."""

    completed: int
    touched: float


class Registry:
    """What can be fetched."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        self._packages: dict[str, Package] = {}
        for spec in specs:
            self.offer(build(spec), spec.name, *spec.also)

    def offer(self, package: Package, *names: str) -> None:
        """Publish a package under these names; a new one replaces the old one."""
        for text in names:
            self._packages[named(text).key] = package

    def find(self, name: Name) -> Package | None:
        """The package of that name."""
        return self._packages.get(name.key)


class Shelf:
    """The models that are installed."""

    def __init__(self, clock: Clock, disk: int | None = None) -> None:
        self._clock = clock
        self._disk = disk
        self._models: dict[str, Model] = {}
        self.blobs: dict[str, Layer] = {}
        self.partials: dict[str, Partial] = {}

    def __len__(self) -> int:
        return len(self._models)

    def listed(self) -> list[Model]:
        """All models, the newest first."""
        return sorted(self._models.values(), key=lambda model: (-model.modified, model.name.key))

    def find(self, name: Name | None) -> Model | None:
        """The model of that name, in whatever case."""
        return self._models.get(name.key) if name else None

    def put(self, name: Name, package: Package, modified: float | None = None) -> list[Layer]:
        """Write a manifest; return the blobs that only its predecessor used."""
        old = self._models.get(name.key)
        for layer in package.blobs:
            self.blobs[layer.digest] = layer
            self.partials.pop(layer.digest, None)
        shown = old.name if old else name
        self._models[name.key] = Model(shown, package, self._clock.now() if modified is None else modified)
        return self._unused(old.package.blobs) if old else []

    def drop(self, name: Name) -> None:
        """Remove a manifest and the blobs that nothing else uses."""
        model = self._models.pop(name.key)
        self.discard(self._unused(model.package.blobs))

    def discard(self, layers: Iterable[Layer]) -> None:
        """Delete blobs."""
        for layer in layers:
            self.blobs.pop(layer.digest, None)

    def _unused(self, layers: Iterable[Layer]) -> list[Layer]:
        used = {layer.digest for model in self._models.values() for layer in model.package.blobs}
        return [layer for layer in layers if layer.digest not in used]

    def prune(self, *, grace: bool) -> None:
        """What a start of the server does: delete what no manifest uses, and parts of blobs."""
        self.discard(self._unused(list(self.blobs.values())))
        young = self._clock.now() - _HOUR
        self.partials = {
            digest: partial for digest, partial in self.partials.items() if grace and partial.touched > young
        }

    def has_room(self, more: int) -> bool:
        """Whether that many bytes still fit on the disk."""
        if self._disk is None:
            return True
        used = sum(layer.size for layer in self.blobs.values())
        used += sum(partial.completed for partial in self.partials.values())
        return used + more <= self._disk


def named(text: str) -> Name:
    """A name that is known to be one."""
    name = parse(text)
    if name is None:
        raise ValueError(f"{text!r} is not the name of a model")
    return name
