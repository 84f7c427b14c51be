"""Whether a model fits, beside what is in memory already, and what would make room. Pure.

A tenth more than what is needed must be free; less than that is tight. What cannot be seen from here,
like the memory of another machine, is unknown and stays that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from core.models.pace import Cost
from core.models.sizing import SET_ASIDE, Need
from core.models.types import Fit, GpuLoad, GpuMemory, Source, Verdict
from core.ollama.reading import slower

SPARE = 1.1
STEP = 1024
"""Contexts are proposed in steps of that many tokens."""

_LEARNED = {"measured": "measured", "interpolated": "as other models here"}
"""How the price of the processor is known, in words."""

Needs = Callable[[int], Need | None]
"""What a model needs at a context."""


class Evictable(msgspec.Struct, frozen=True):
    """A model in memory that nobody uses now."""

    name: str
    vram: int
    until: float | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be judged."""

    name: str
    context: int
    most: int | None = None
    """The longest context it was trained for."""
    gpus: Sequence[GpuMemory] | None = None
    """None when they cannot be seen from here, empty when there are none."""
    ram: int | None = None
    """Host memory that is available; None when not known."""
    own: int = 0
    """GPU memory it holds already, which a load with another context gives back first."""
    loaded: int | None = None
    """The context it is in memory with, when it is."""
    idle: tuple[Evictable, ...] = ()
    cost: Cost = Cost()
    """What the processor costs here."""


def judge(ask: Ask, needs: Needs) -> Fit:
    """Say whether it fits."""
    need = needs(ask.context)
    if need is None:
        return Fit(
            name=ask.name,
            verdict="unknown",
            source="unknown",
            context=ask.context,
            reason="Nothing is known of the memory this model needs.",
        )
    if ask.loaded is not None and ask.loaded >= ask.context:
        return _in_memory(ask, need, needs)
    if not ask.gpus:
        return _without_gpus(ask, need)
    return _on_gpus(ask, ask.gpus, need, needs)


def _in_memory(ask: Ask, need: Need, needs: Needs) -> Fit:
    verdict: Verdict = "fits" if ask.own >= need.size or not ask.gpus else "spills"
    percent = min(100, ask.own * 100 // max(need.size, 1))
    return Fit(
        name=ask.name,
        verdict=verdict if ask.own else "unknown",
        source=need.source,
        context=ask.loaded,
        needed=need.on(len(ask.gpus or ())),
        margin=need.margin,
        free=_total_free(ask),
        total=_total(ask),
        gpu_percent=percent,
        **_slower(ask, percent, spills=verdict == "spills" and bool(ask.own)),
        largest_context=_largest(ask, ask.gpus, needs) if ask.gpus else None,
        loaded=True,
        reason=f"It is in memory now, {percent} % of it on the GPU.",
    )


def _without_gpus(ask: Ask, need: Need) -> Fit:
    why = "there is no GPU here" if ask.gpus is not None else "the GPUs cannot be seen from here"
    return Fit(
        name=ask.name,
        verdict="unknown",
        source=need.source,
        context=ask.context,
        needed=need.size,
        margin=need.margin,
        reason=f"It needs {gibibytes(need.size)} ({worded(need.source)}); {why}.",
    )


def _on_gpus(ask: Ask, gpus: Sequence[GpuMemory], need: Need, needs: Needs) -> Fit:
    used = _placed(need, gpus, ask.own)
    needed = need.on(len(used) or len(gpus))
    free = _total_free(ask) or 0
    verdict, percent = _verdict(ask, gpus, need)
    room = _makes_room(ask, gpus, need) if verdict not in ("fits", "tight") else ()
    fit = Fit(
        name=ask.name,
        verdict=verdict,
        source=need.source,
        context=ask.context,
        needed=needed,
        margin=need.margin,
        free=free,
        total=_total(ask),
        gpu_percent=percent,
        **_slower(ask, percent, spills=verdict == "spills"),
        gpus=tuple(
            GpuLoad(gpu.name, gpu.free, bytes_)
            for gpu, bytes_ in zip(gpus, used or _filled(gpus), strict=False)
            if bytes_
        ),
        largest_context=_largest(ask, gpus, needs),
        could_unload=room,
    )
    return msgspec.structs.replace(fit, reason=_reason(fit))


def _slower(ask: Ask, percent: int, *, spills: bool) -> dict[str, Any]:
    """How much slower it would run, and how that is known; nothing where all of it is on the GPU."""
    return {"slower": ask.cost.times(percent), "slower_source": ask.cost.basis} if spills else {}


def _verdict(ask: Ask, gpus: Sequence[GpuMemory], need: Need) -> tuple[Verdict, int]:
    if _fits(need, gpus, ask.own, SPARE):
        return "fits", 100
    if _fits(need, gpus, ask.own, 1.0):
        return "tight", 100
    usable = max(sum(gpu.free for gpu in gpus) + ask.own - SET_ASIDE * len(gpus), 0)
    percent = min(usable * 100 // max(need.size, 1), 99)
    if ask.ram is not None and need.size - usable > ask.ram:
        return "too big", percent
    return "spills", percent


def _fits(need: Need, gpus: Sequence[GpuMemory], own: int, spare: float) -> bool:
    """Whether it fits on one of them, or on all of them together."""
    if len(gpus) == 1:
        return need.on(1) * spare <= gpus[0].free + own
    if any(need.on(1) * spare <= gpu.free for gpu in gpus):
        return True
    return need.on(len(gpus)) * spare <= sum(gpu.free for gpu in gpus) + own


def _placed(need: Need, gpus: Sequence[GpuMemory], own: int) -> list[int]:
    """Bytes on each GPU, as the server places them: on one if it fits there, else on all by what is free."""
    for spare in (SPARE, 1.0):
        for at, gpu in enumerate(gpus):
            if need.on(1) * spare <= gpu.free + (own if len(gpus) == 1 else 0):
                return [need.size if other == at else 0 for other in range(len(gpus))]
    if not _fits(need, gpus, own, 1.0):
        return []
    free = sum(gpu.free for gpu in gpus) or 1
    return [need.size * gpu.free // free for gpu in gpus]


def _filled(gpus: Sequence[GpuMemory]) -> list[int]:
    return [max(gpu.free - SET_ASIDE, 0) for gpu in gpus]


def _makes_room(ask: Ask, gpus: Sequence[GpuMemory], need: Need) -> tuple[str, ...]:
    """The fewest idle models whose memory would be enough; of equally few those that would leave first."""

    def enough(freed: int) -> bool:
        return _fits(need, gpus, ask.own + freed, SPARE)

    soonest = sorted(ask.idle, key=lambda model: model.until if model.until is not None else float("inf"))
    for model in soonest:
        if enough(model.vram):
            return (model.name,)
    chosen: list[Evictable] = []
    for model in sorted(soonest, key=lambda model: -model.vram):
        chosen.append(model)
        if enough(sum(each.vram for each in chosen)):
            return tuple(each.name for each in chosen)
    return ()


def _largest(ask: Ask, gpus: Sequence[GpuMemory], needs: Needs) -> int | None:
    """The longest context with which it fits entirely; None when not even the shortest does."""
    low, high = 0, max((ask.most or ask.context) // STEP, 1)
    while low < high:
        middle = (low + high + 1) // 2
        need = needs(middle * STEP)
        if need is not None and _fits(need, gpus, ask.own, SPARE):
            low = middle
        else:
            high = middle - 1
    return low * STEP or None


def _total_free(ask: Ask) -> int | None:
    return sum(gpu.free for gpu in ask.gpus) if ask.gpus else None


def _total(ask: Ask) -> int | None:
    return sum(gpu.total for gpu in ask.gpus) if ask.gpus else None


def _reason(fit: Fit) -> str:
    needed = f"{gibibytes(fit.needed or 0)} ({worded(fit.source)})"
    free = gibibytes(fit.free or 0)
    match fit.verdict:
        case "fits":
            return f"It needs {needed} of the {free} that are free on the GPU."
        case "tight":
            return f"It needs {needed} of {free}: that leaves less than a tenth."
        case "spills" if fit.could_unload:
            names = listed(fit.could_unload)
            return f"It needs {needed}, {free} are free; unloading {names} would make room."
        case "spills":
            return f"It needs {needed}, {free} are free: {spilled(fit)}."
        case _:
            return f"It needs {needed}: more than the GPU and the host's memory have free."


def listed(names: Iterable[str]) -> str:
    """Names as part of a sentence."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def worded(source: Source) -> str:
    """How sure a number is, in words."""
    return {
        "measured": "measured",
        "interpolated": "from earlier loads",
        "estimated": "estimated",
        "unknown": "unknown",
    }[source]


def spilled(fit: Fit) -> str:
    """What becomes of a model that does not fit on the GPU alone."""
    return f"{100 - (fit.gpu_percent or 0)} % of it would run on the CPU, {slower_words(fit)}"


def slower_words(fit: Fit) -> str:
    """How much slower that is, and how it is known."""
    if fit.slower is None:
        return "slower"
    return f"{slower(fit.slower)} ({_LEARNED.get(fit.slower_source, 'estimated')})"


def gibibytes(size: int) -> str:
    """Memory as people read it, in the unit the drivers count in."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def gigabytes(size: int) -> str:
    """A size on a disk as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
