"""What models run in: which are loaded, what runs, and what would still fit. Pure, and counts on by itself.

Sizes are bytes. A size or free memory that is unknown is None, and then nothing is assumed to fit
beside what runs: the server would make one of the two wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


def unknown_size(model: str) -> int | None:
    """Say that nothing is known of a model's size."""
    return None


class Rig:
    """The memory models share, as it is or as it would be a few jobs later."""

    def __init__(
        self,
        *,
        loaded: Mapping[str, int | None] | Iterable[str] = (),
        running: Iterable[str] = (),
        free: int | None = None,
        size_of: Callable[[str], int | None] = unknown_size,
    ) -> None:
        self._loaded: dict[str, int | None] = (
            dict(loaded) if isinstance(loaded, Mapping) else dict.fromkeys(loaded)
        )
        self._running = [model for model in running if model]
        self._free = free
        self._size_of = size_of
        for model in self._running:
            # A model that is being loaded for a running job is as good as loaded.
            self._loaded.setdefault(model, size_of(model))

    def copy(self) -> Rig:
        """Return one to try things on."""
        return Rig(loaded=self._loaded, running=self._running, free=self._free, size_of=self._size_of)

    @property
    def loaded(self) -> tuple[str, ...]:
        """The models in memory, the one used last at the end."""
        return tuple(self._loaded)

    def has(self, model: str) -> bool:
        """Whether a job of this model needs no load; one without a model never does."""
        return not model or model in self._loaded

    def runs(self, model: str) -> bool:
        """Whether a job of this model runs now."""
        return model in self._running

    def can_start(self, model: str) -> bool:
        """Whether a job of this model can start without taking the memory of a running one."""
        if self.has(model) or not self._running:
            return True
        need = self._size(model)
        return need is not None and self._free is not None and need <= self._free + self._evictable()

    def evicts(self, model: str) -> tuple[str, ...]:
        """Which loaded models would have to go for this one."""
        if self.has(model):
            return ()
        idle = [name for name in self._loaded if name not in self._running]
        need, free = self._size(model), self._free
        if need is None or free is None:
            return tuple(idle)
        gone: list[str] = []
        for name in idle:
            if free >= need:
                break
            gone.append(name)
            free += self._loaded[name] or 0
        return tuple(gone)

    def start(self, model: str) -> None:
        """A job of this model starts: it is loaded, others go, the longest unused first."""
        if not model:
            return
        for name in self.evicts(model):
            size = self._loaded.pop(name)
            if self._free is not None:
                self._free += size or 0
        if model not in self._loaded:
            size = self._size(model)
            if self._free is not None:
                self._free = max(0, self._free - (size or 0))
        else:
            size = self._loaded.pop(model)
        self._loaded[model] = size
        self._running.append(model)

    def end(self, model: str) -> None:
        """A job of this model ended; the model stays loaded."""
        if model:
            self._running.remove(model)

    def _size(self, model: str) -> int | None:
        return self._size_of(model)

    def _evictable(self) -> int:
        return sum(size or 0 for name, size in self._loaded.items() if name not in self._running)
