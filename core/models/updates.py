"""Whether there is a newer version of a model: the registry is asked, on demand only."""

from __future__ import annotations

import msgspec

from core.errors import LeitstandError
from core.jobs.context import JobContext
from core.jobs.types import NewJob, packed
from core.models.learning import Memories
from core.models.roster import Roster
from core.models.types import Model
from core.ollama.connection import ServerService
from core.ollama.registry import Manifest, Registry

KIND = "model.updates"


class UpdatesAsk(msgspec.Struct, frozen=True):
    """Which models to ask about; none means all that are installed."""

    names: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """What was found out."""

    current: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """The registry did not answer, or does not know them: made here, or private."""


def job_for(ask: UpdatesAsk) -> NewJob:
    """The job that asks the registry."""
    return NewJob(kind=KIND, title="Look for newer versions", payload=packed(ask), sole=KIND, max_attempts=1)


class Checker:
    """Runs the jobs that ask."""

    def __init__(self, server: ServerService, registry: Registry, roster: Roster, memories: Memories) -> None:
        self._server = server
        self._registry = registry
        self._roster = roster
        self._memories = memories

    async def run(self, ctx: JobContext) -> Checked:
        """Ask about one model after the other."""
        asked = ctx.payload(UpdatesAsk).names
        models = [self._roster.here(name) for name in asked] or [
            model for model in self._roster.all if model.installed and not model.remote
        ]
        found: dict[str, list[str]] = {"current": [], "outdated": [], "unknown": []}
        for number, model in enumerate(models):
            ctx.progress(percent=100.0 * number / len(models), text=model.name)
            found[await self._compare(model)].append(model.name)
        return Checked(**{name: tuple(names) for name, names in found.items()})

    async def _compare(self, model: Model) -> str:
        try:
            manifest = await self._registry.manifest(model.name)
            offered = model.digest if await self._is_here(model, manifest) else manifest.digest
        except LeitstandError:
            return "unknown"
        await self._memories.change(model.name, offered=offered)
        return "current" if offered == model.digest else "outdated"

    async def _is_here(self, model: Model, manifest: Manifest) -> bool:
        """Older servers wrote manifests of their own: then having every file counts as having it."""
        if manifest.digest == model.digest:
            return True
        client = self._server.client.at(model.name)
        for layer in manifest.layers:
            if not await client.blob_exists(layer.digest):
                return False
        return True
