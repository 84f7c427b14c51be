"""What a benchmark measures, under which conditions, and what it says beside the one before.

Speeds are tokens a second, times seconds, sizes bytes. What was not measured is None, never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec

KIND = "benchmark"
"""The kind of its jobs."""

REPEATS = 5
"""How often everything is measured unless somebody says otherwise."""


class Setting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What it was measured with: only runs that share all of this can be compared."""

    digest: str
    quantization: str = ""
    context: int
    version: str = ""
    """Of Ollama."""
    gpus: tuple[str, ...] | None = None
    """None where they cannot be seen from here, empty where there are none."""
    gpu_percent: int | None = None
    """The share of the model on the GPU."""
    size: int | None = None
    """The memory it took."""


class Repeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One round of the prompts."""

    prompt_tokens: int | None = None
    prompt_speed: float | None = None
    tokens: int | None = None
    speed: float | None = None
    first_token: float | None = None
    """From the question to the first word."""


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One benchmark of one model."""

    id: int = 0
    model: str
    at: float
    setting: Setting
    repeats: tuple[Repeat, ...]
    wanted: int
    """How many repeats were asked for; fewer were measured when it was stopped."""
    load_seconds: float | None = None
    shared: bool = False
    """Something else used the models meanwhile, so the figures are too low."""


class Figure(msgspec.Struct, frozen=True):
    """The middle of what was measured, and how far it spread."""

    median: float
    low: float
    high: float
    count: int


Verdict = Literal["first", "noise", "too few", "faster", "slower"]
"""Nothing to compare with; within what chance does; not enough repeats to tell; a real difference."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the speed differs from that of the run before, of the same files."""

    verdict: Verdict = "first"
    percent: float | None = None
    before: float | None = None
    since: float | None = None
    """When that was."""
    differs: tuple[str, ...] = ()
    """What was not the same then, in words: it may be the reason."""


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run with its figures."""

    run: Run
    speed: Figure | None = None
    prompt_speed: Figure | None = None
    first_token: Figure | None = None
    change: Change = Change()


Reports = tuple[Report, ...]
"""A list of reports; named here because a verb is called `list`."""
