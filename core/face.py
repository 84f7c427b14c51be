"""What a face sees of the engine, whether that lives in this process or in another.

A screen or a command uses nothing else: the exposed verbs of the services, the bus, and the few things that
can be read without waiting. `core/engine.py` is one such object, `core/daemon/client.py` makes the other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from core.bus import Bus
from core.clock import Clock
from core.config.service import ConfigService
from core.health import HealthService
from core.ollama.connection import ServerService
from core.ollama.hosts import HostsService
from core.paths import Paths
from core.presence import LinkState
from core.tasks import Tasks

if TYPE_CHECKING:
    # Imported when the first of their verbs is called.
    from core.backup.service import BackupService
    from core.batches import BatchService
    from core.benchmarks.service import BenchmarkService
    from core.chat.service import ChatService
    from core.downloads.service import DownloadService
    from core.engine import Options
    from core.jobs.service import JobService
    from core.models.service import ModelService
    from core.retrieval.service import LibraryService
    from core.router.service import RouterService
    from core.telemetry.service import TelemetryService

SERVICES = {
    "backups": "core.backup.service:BackupService",
    "batches": "core.batches:BatchService",
    "benchmarks": "core.benchmarks.service:BenchmarkService",
    "chat": "core.chat.service:ChatService",
    "config": "core.config.service:ConfigService",
    "downloads": "core.downloads.service:DownloadService",
    "health": "core.health:HealthService",
    "hosts": "core.ollama.hosts:HostsService",
    "jobs": "core.jobs.service:JobService",
    "library": "core.retrieval.service:LibraryService",
    "models": "core.models.service:ModelService",
    "router": "core.router.service:RouterService",
    "server": "core.ollama.connection:ServerService",
    "telemetry": "core.telemetry.service:TelemetryService",
}
"""Every service of the engine that has verbs, by its name there. A new one is a row here and a line below."""

MIRRORED = {
    "config": ("current", "problems"),
    "server": ("current",),
}
"""What may be read of a service without waiting; everything else is a verb."""


class Face(Protocol):
    """The engine as its faces know it."""

    options: Options
    paths: Paths
    """Of this machine; the engine's own places are told by its verbs."""
    clock: Clock
    bus: Bus
    tasks: Tasks
    """Threads and background work of this process."""
    link: LinkState

    config: ConfigService
    health: HealthService
    server: ServerService
    hosts: HostsService
    backups: BackupService
    batches: BatchService
    benchmarks: BenchmarkService
    chat: ChatService
    downloads: DownloadService
    jobs: JobService
    library: LibraryService
    models: ModelService
    router: RouterService
    telemetry: TelemetryService

    @property
    def faces(self) -> int:
        """How many other processes are attached to the engine of this one."""
        ...

    async def revive(self) -> None:
        """Have the engine hosted again, in the background, when its process has ended."""
        ...

    async def start(self) -> None:
        """Begin; the verbs can be called afterwards."""
        ...

    async def close(self, *, goes_on: bool = False) -> None:
        """End in order what lives in this process; *goes_on* says that another one takes it over."""
        ...


def service(name: str) -> type:
    """Import the class of a service."""
    module, _, class_name = SERVICES[name].partition(":")
    found: type = getattr(import_module(module), class_name)
    return found
