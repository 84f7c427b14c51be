"""How long things usually take, learned from what has run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

UNKNOWN_RUN = 20.0
UNKNOWN_LOAD = 10.0
_WORTH_LEARNING = 0.5
"""A shorter "load" found the model loaded already."""
_WEIGHT = 0.3
"""What the newest value counts against everything before it."""


class Habits:
    """Averages that follow what happens: run time by kind and model, load time by model."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], float] = {}
        self._loads: dict[str, float] = {}

    def learn(self, kind: str, model: str, seconds: float, load: float | None) -> None:
        """Remember one run: its whole length, and the part of it that was loading."""
        if load is not None and load >= _WORTH_LEARNING:
            _follow(self._loads, model, load)
            _follow(self._loads, "", load)
        run = max(0.0, seconds - (load or 0.0))
        _follow(self._runs, (kind, model), run)
        _follow(self._runs, (kind, ""), run)

    def learn_all(self, newest_first: Iterable[Mapping[str, Any]]) -> None:
        """Remember what was stored."""
        for row in reversed(list(newest_first)):
            # A wall clock that was set back may have made it negative.
            self.learn(row["kind"], row["model"], max(0.0, row["seconds"]), row["load_seconds"])

    def run_seconds(self, kind: str, model: str) -> float:
        """Return how long such a job runs, without loading."""
        return self._runs.get((kind, model)) or self._runs.get((kind, "")) or UNKNOWN_RUN

    def load_seconds(self, model: str) -> float:
        """Return how long a model takes to load; of one that is new, what loads took on average."""
        return self._loads.get(model) or self._loads.get("") or UNKNOWN_LOAD


def _follow(values: dict[Any, float], key: Any, value: float) -> None:
    before = values.get(key)
    values[key] = value if before is None else before + _WEIGHT * (value - before)
