"""When GPU memory is short for a model, and the ways out. Pure.

Somebody at a screen is asked; without a screen the terms decide (`Terms.on_cpu`).
"""

from __future__ import annotations

from collections.abc import Sequence

from core.models.fit import gibibytes
from core.ollama.reading import slowdown
from core.router.types import Candidate, Concern, Memory, Terms, Way


def concern(pick: Candidate, able: Sequence[Candidate], memory: Memory, terms: Terms) -> Concern | None:
    """Say what a person should know before this model is loaded; None when all is well."""
    if pick.loaded:
        return None
    if pick.fits in ("partly", "no"):
        return Concern("not_enough", _short(pick, memory), _ways(pick, able))
    used = _used_after(pick, memory)
    if used is not None and used >= terms.warn_at:
        text = f"With {pick.shown} about {used:.0f} % of the GPU memory is in use."
        anyway = Way("anyway", f"Load {pick.shown} anyway", pick.shown)
        return Concern("high_usage", text, (anyway, *_ways(pick, able)))
    return None


def slower(cpu_share: float) -> float:
    """About how many times slower a model runs with that share on the processor."""
    return slowdown(100 - round(100 * cpu_share))


def _short(pick: Candidate, memory: Memory) -> str:
    need = f" needs {gibibytes(pick.need)}" if pick.need else " needs more GPU memory than there is"
    free = f", {gibibytes(memory.free)} are free" if pick.need and memory.free is not None else ""
    if pick.fits == "partly" and pick.cpu_share is not None:
        return f"{pick.shown}{need}{free}: {pick.cpu_share:.0%} of it would run on the processor."
    return f"{pick.shown}{need}{free}: it does not fit."


def _used_after(pick: Candidate, memory: Memory) -> float | None:
    # What is free on another server cannot be seen.
    if pick.host or pick.need is None or memory.free is None or not memory.total or pick.frees:
        return None
    return 100 * (memory.total - memory.free + pick.need) / memory.total


def _ways(pick: Candidate, able: Sequence[Candidate]) -> tuple[Way, ...]:
    ways = [Way("unload", f"Unload {name}", name) for name in pick.frees]
    instead = next((each for each in able if each.loaded and each.key != pick.key), None) or next(
        (each for each in able if each.fits == "yes" and each.key != pick.key), None
    )
    if instead is not None:
        ways.append(Way("instead", f"Use {instead.shown} instead", instead.shown))
    if pick.fits == "partly" and pick.cpu_share is not None:
        times = pick.slower or slower(pick.cpu_share)
        ways.append(Way("partly", f"Run partly on the processor, about {times:.1f} times slower", pick.shown))
    return (*ways, Way("cancel", "Cancel"))
