"""What a download would bring, before a byte moves: files, sizes, room on the disk, whether it would run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.downloads.types import Plan
from core.errors import DiskFull, LeitstandError, NotInRegistry, ServerUnavailable
from core.models.directory import Disk, disk, partial_bytes
from core.models.fit import gigabytes
from core.models.service import ModelService
from core.models.types import Fit, Model
from core.ollama import names
from core.ollama.connection import ServerService
from core.ollama.registry import Layer, Manifest, Registry
from core.tasks import Tasks

ROOM = 1.5
"""So many times what is missing must be free: a full disk hurts more than the model."""


class Outlook(msgspec.Struct, frozen=True):
    """A plan with what only the download itself needs."""

    plan: Plan
    layers: tuple[Layer, ...] = ()
    present: frozenset[str] = frozenset()


def wanted(missing: int) -> int:
    """The free space to ask for."""
    return int(missing * ROOM)


def refusal(plan: Plan) -> DiskFull:
    """Say that there is too little room."""
    assert plan.disk is not None
    return DiskFull(
        f"{plan.name} needs {gigabytes(plan.wanted or 0)} of free space ({gigabytes(plan.missing or 0)} to "
        f"fetch, and half as much to spare); {plan.disk.path} has {gigabytes(plan.disk.free)}.",
        "Delete models that are no longer needed, or move the models to another disk (OLLAMA_MODELS).",
    )


class Planner:
    """Asks the registry, the server and the disk."""

    def __init__(
        self,
        server: ServerService,
        registry: Registry,
        models: ModelService,
        tasks: Tasks,
        *,
        directory: Callable[[], Path | None],
        look: Callable[[Path], Disk | None] = disk,
    ) -> None:
        self._server = server
        self._registry = registry
        self._models = models
        self._tasks = tasks
        self._directory = directory
        self._look = look

    async def outlook(self, name: str, *, reserved: int = 0) -> Outlook:
        """Plan a download; *reserved* bytes of the disk belong to others that run.

        Raise NotInRegistry when there is no such model. A registry that says nothing leaves sizes unknown.
        """
        model = names.parse(name)
        here = self._models.roster.find(name)
        installed = here is not None and here.installed
        directory = None if model.server else self._directory()
        room = await self._disk(directory, reserved)
        try:
            manifest = await self._registry.manifest(name)
        except NotInRegistry:
            raise
        except LeitstandError as error:
            note = f"Its size is not known yet. {error.message}"
            return Outlook(Plan(name=model.shown, disk=room, installed=installed, note=note))
        sizes = {layer.digest: layer.size for layer in manifest.layers}
        present = await self._present(sizes, model.shown)
        missing = await self._missing({d: s for d, s in sizes.items() if d not in present}, directory)
        plan = Plan(
            name=model.shown,
            total=manifest.total,
            missing=missing,
            files=len(sizes),
            missing_files=len(sizes) - len(present),
            disk=room,
            wanted=wanted(missing),
            enough=None if room is None else room.free >= wanted(missing),
            installed=installed,
            current=installed and len(present) == len(sizes),
            fit=await self._fit(model.shown, here, manifest),
            note="" if room is not None else "The server's disk cannot be seen from here.",
        )
        return Outlook(plan, manifest.layers, present)

    async def _present(self, sizes: dict[str, int], name: str) -> frozenset[str]:
        client = self._server.client.at(name)
        found: set[str] = set()
        for digest in sizes:
            try:
                if await client.blob_exists(digest):
                    found.add(digest)
            except ServerUnavailable:
                raise
            except LeitstandError:
                continue  # a proxy that knows no HEAD: then it counts as missing
        return frozenset(found)

    async def _missing(self, sizes: dict[str, int], directory: Path | None) -> int:
        if directory is None:
            return sum(sizes.values())
        there = await self._tasks.in_thread(_parts, directory, tuple(sizes))
        return sum(max(size - there[digest], 0) for digest, size in sizes.items())

    async def _disk(self, directory: Path | None, reserved: int) -> Disk | None:
        if directory is None:
            return None
        found = await self._tasks.in_thread(self._look, directory)
        if found is None:
            return None
        return msgspec.structs.replace(found, free=max(found.free - reserved, 0))

    async def _fit(self, name: str, here: Model | None, manifest: Manifest) -> Fit | None:
        model = here or Model(name=name)
        if not model.installed:
            model = msgspec.structs.replace(model, size=manifest.weights or manifest.total)
        return await self._models.judge(model)


def _parts(directory: Path, digests: tuple[str, ...]) -> dict[str, int]:
    return {digest: partial_bytes(directory, digest) for digest in digests}
