"""Which model holds which memory, and what it is doing: the server's view joined with the machine's."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.telemetry.types import Gpu, LoadedModel, ModelUse, RunningJob

_FOR_EVER = 10 * 365 * 86_400.0
_RUNNERS = ("ollama", "llama-server")
_GIB = 2**30


def models_in_use(
    models: Sequence[LoadedModel],
    jobs: Sequence[RunningJob],
    gpus: Sequence[Gpu],
    *,
    now: float,
    here: bool,
) -> tuple[ModelUse, ...]:
    """Say of each loaded model what it holds and does; *here* when it is in the memory of *gpus*."""
    working = {job.model for job in jobs}
    return tuple(
        _use(model, tuple(job for job in jobs if job.model == model.name), now, watts)
        for model in models
        # What the GPUs draw belongs to one model only when no other works.
        for watts in [_watts(gpus) if here and working == {model.name} else None]
    )


def arriving(models: Sequence[LoadedModel], jobs: Sequence[RunningJob]) -> tuple[RunningJob, ...]:
    """Return the jobs whose model is not in memory yet."""
    there = {model.name for model in models}
    return tuple(job for job in jobs if job.model not in there)


def _use(model: LoadedModel, jobs: tuple[RunningJob, ...], now: float, watts: float | None) -> ModelUse:
    vram = min(max(model.vram, 0), model.size)
    left = None if model.expires_at is None else max(model.expires_at - now, 0.0)
    speeds = [job.tokens_per_second for job in jobs if job.tokens_per_second is not None]
    speed = sum(speeds) if speeds else None
    return ModelUse(
        model.name,
        model.size,
        vram,
        model.size - vram,
        100 * vram / model.size if model.size > 0 else None,
        model.context,
        # A keep-alive without end is written as a date three centuries away.
        None if left is None or left > _FOR_EVER else left,
        jobs,
        speed,
        watts / speed if watts is not None and speed else None,
        model.answer_joules,
    )


def _watts(gpus: Sequence[Gpu]) -> float | None:
    known = [gpu.power for gpu in gpus if gpu.power is not None]
    return sum(known) if known else None


def with_models(gpus: Sequence[Gpu], models: Sequence[LoadedModel]) -> tuple[Gpu, ...]:
    """Name the model each process serves, where there is only one it can be."""
    served = _served(gpus, [model for model in models if model.vram > 0])
    if not served:
        return tuple(gpus)
    return tuple(
        msgspec.structs.replace(
            gpu,
            processes=tuple(
                msgspec.structs.replace(process, model=served.get(process.pid)) for process in gpu.processes
            ),
        )
        if gpu.processes
        else gpu
        for gpu in gpus
    )


def _served(gpus: Sequence[Gpu], models: list[LoadedModel]) -> dict[int, str]:
    """Match processes with models by the memory they hold, as long as one of them has no other choice."""
    held: dict[int, int | None] = {}
    for gpu in gpus:
        for process in gpu.processes or ():
            # A name is only known where process numbers are ours; without it nothing is matched.
            if process.name is None or not process.name.startswith(_RUNNERS):
                continue
            before = held.get(process.pid, 0)
            known = before is not None and process.memory is not None
            held[process.pid] = (before or 0) + (process.memory or 0) if known else None
    if len(held) == 1 and len(models) == 1:
        ((pid, memory),) = held.items()
        return {pid: models[0].name} if memory is None or _fits(memory, models[0]) else {}
    choices = {
        pid: [model for model in models if memory is not None and _fits(memory, model)]
        for pid, memory in held.items()
    }
    served: dict[int, str] = {}
    while certain := next((pid for pid, left in choices.items() if len(left) == 1), None):
        model = choices.pop(certain)[0]
        served[certain] = model.name
        for left in choices.values():
            if model in left:
                left.remove(model)
    return served


def _fits(memory: int, model: LoadedModel) -> bool:
    return 0.8 * model.vram <= memory <= 1.25 * model.vram + _GIB
