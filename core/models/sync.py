"""Keeps the roster in step with the server: one list, and a question for each model that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from core.bus import Bus, Event
from core.clock import Clock
from core.config.schema import Config
from core.config.types import ConfigChanged
from core.errors import LeitstandError
from core.jobs.types import Job, JobChanged, base_of
from core.models import store
from core.models.facts import Facts, facts_of
from core.models.learning import Memories
from core.models.roster import Roster, key_of, mark
from core.models.types import State
from core.ollama.connection import ServerChanged, ServerService
from core.ollama.hosts import Host, HostChanged, HostsService
from core.ollama.names import at
from core.ollama.wire import InstalledModel, RunningModel
from core.store.database import Database
from core.tasks import Tasks

if TYPE_CHECKING:
    from core.ollama.client import Ollama

EVERY = 300.0
"""Seconds between two lists when nothing hints at a change."""
_AT_ONCE = 4
"""Questions about single models that the server is asked at the same time."""


_OTHERS_DEADLINE = 3.0
"""So long another server may take for a list it has in its head."""

M = TypeVar("M", InstalledModel, RunningModel)


def _named(model: M, server: str) -> M:
    """A model of another server, under the name it has here."""
    return replace(model, name=at(model.name, server))


class Synchroniser:
    """Asks the server, now and by itself."""

    def __init__(
        self,
        roster: Roster,
        memories: Memories,
        server: ServerService,
        hosts: HostsService,
        *,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        config: Callable[[], Config],
    ) -> None:
        self._roster = roster
        self._memories = memories
        self._server = server
        self._hosts = hosts
        self._others_listed: dict[str, float] = {}
        """When the other servers were last asked for their lists."""
        self._store = store
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._config = config
        self._turn = asyncio.Lock()
        self._listed_at: float | None = None
        self._listed_url = ""
        self._watching: list[asyncio.Task[None]] = []
        self._pause: asyncio.Task[None] | None = None
        self._jobs: dict[int, Job] = {}
        self._cold: set[int] = set()
        """Jobs that began when their model was not in memory: only those tell how long loading takes."""
        self.seen_at: float | None = None
        """When the server was last asked what it has; None before the first time."""

    def start(self) -> None:
        """Begin to look by itself."""
        self._watching = [
            self._tasks.spawn("models", self._keep_looking()),
            self._tasks.spawn("models in use", self._follow()),
        ]

    def stop(self) -> None:
        """Look no more."""
        for task in self._watching:
            task.cancel()
        self._look_now()

    async def sync(self) -> None:
        """Read the whole list now; whoever asks while that runs gets one of their own, made after it."""
        async with self._turn:
            others = [
                self._tasks.spawn(f"models of {host.name}", self._other(host.name, self._read_other))
                for host in self._hosts.current
                if host.state.phase in ("connecting", "online")
            ]
            try:
                client = self._server.client
                tags = await client.tags()
                self._listed_at, self._listed_url = self._clock.monotonic(), client.address.url
                facts = await self._facts_of(client, tags)
                self._roster.set_installed(tags, facts)
                await self._running(await client.ps())
                self.seen_at = self._clock.now()
            finally:
                await asyncio.gather(*others)

    async def look_at_memory(self, server: str = "") -> None:
        """Ask what is in a server's memory; read its list, too, when that shows something unknown."""
        if server:
            await self._look_at_other(server)
            return
        running = await self._server.client.ps()
        if not self._roster.knows(running):
            await self.sync()
        else:
            await self._running(running)

    def version(self, server: str = "") -> str:
        """The version of a server, as far as it is known."""
        state = self._hosts.state(server) if server else self._server.current
        return state.version or ""

    async def _running(self, running: tuple[RunningModel, ...], server: str = "") -> None:
        self._roster.set_running(running, server)
        cache = self._config().models.cache
        await self._memories.seen(running, cache=cache, version=self.version(server))

    # The other servers.

    async def _other(self, server: str, ask: Callable[[str], Awaitable[None]]) -> None:
        """Ask another server; one that does not answer holds up nobody, and takes only its models away."""
        try:
            await ask(server)
        except LeitstandError as error:
            self._hosts.report(server, error)

    async def _read_other(self, server: str) -> None:
        client = self._hosts.client(server)
        tags = tuple(_named(tag, server) for tag in await client.tags(deadline=_OTHERS_DEADLINE))
        self._others_listed[server] = self._clock.monotonic()
        facts = await self._facts_of(client, tags, server)
        running = await client.ps(deadline=_OTHERS_DEADLINE)
        if server not in self._hosts.names:
            return  # it was taken out of the settings meanwhile
        self._roster.set_installed(tags, facts, server)
        await self._running(tuple(_named(model, server) for model in running), server)

    async def _look_at_other(self, server: str) -> None:
        listed = self._others_listed.get(server)
        if listed is not None and self._clock.monotonic() - listed < EVERY:
            asked = await self._hosts.client(server).ps(deadline=_OTHERS_DEADLINE)
            running = tuple(_named(model, server) for model in asked)
            if self._roster.knows(running):
                await self._running(running, server)
                return
        await self._read_other(server)

    async def _facts_of(
        self, client: Ollama, tags: tuple[InstalledModel, ...], server: str = ""
    ) -> dict[str, Facts]:
        version = self.version(server)
        marks = {mark(tag): tag.name for tag in tags}
        kept = await store.facts(self._store, marks)
        # An older server may have said less; a newer one is asked once more.
        facts = {
            each: found
            for each, (said_by, found) in kept.items()
            if found.capabilities is not None or said_by == version
        }
        asked = await self._ask(client, [(each, name) for each, name in marks.items() if each not in facts])
        if asked:
            await store.save_facts(self._store, asked, version, self._clock.now())
        return facts | asked

    async def _ask(self, client: Ollama, wanted: Iterable[tuple[str, str]]) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        left = iter(wanted)

        async def work() -> None:
            for each, name in left:
                try:
                    found[each] = facts_of(await client.show(name))
                except LeitstandError:
                    continue  # what the list says of it has to do until the next time

        await asyncio.gather(*(self._tasks.spawn("facts of models", work()) for _ in range(_AT_ONCE)))
        return found

    # By itself.

    async def _keep_looking(self) -> None:
        while True:
            others = [
                self._tasks.spawn(f"models of {host.name}", self._other(host.name, self._look_at_other))
                for host in self._hosts.current
                if host.state.phase == "online"
            ]
            if self._server.current.phase == "online":
                await self._look()
            await asyncio.gather(*others)
            self._pause = self._tasks.spawn(
                "pause of the models", self._clock.sleep(self._config().server.check_every)
            )
            await asyncio.wait([self._pause])

    async def _look(self) -> None:
        due = self._listed_at is None or self._clock.monotonic() - self._listed_at >= EVERY
        try:
            if due or self._listed_url != self._server.client.address.url:
                await self.sync()
            else:
                await self.look_at_memory()
        except LeitstandError as error:
            self._server.report(error)

    def _look_now(self) -> None:
        if self._pause is not None:
            self._pause.cancel()

    async def _follow(self) -> None:
        with self._bus.subscribe(ServerChanged, HostChanged, JobChanged, ConfigChanged) as mailbox:
            while True:
                for event in await mailbox.drain():
                    await self._heard(event)

    async def _heard(self, event: Event) -> None:
        if isinstance(event, ServerChanged):
            if event.state.phase == "online":
                self._listed_at = None
                self._look_now()
            elif event.state.phase != "connecting":
                self._roster.set_running(())  # nobody can say what is in memory
        elif isinstance(event, HostChanged):
            self._heard_of(event.host)
        elif isinstance(event, ConfigChanged):
            self._roster.set_default(self._config().chat.model)
        elif isinstance(event, JobChanged) and base_of(event.job.lane) == "inference" and event.job.model:
            await self._used(event.job)

    def _heard_of(self, host: Host) -> None:
        if host.state.phase == "online":
            self._others_listed.pop(host.name, None)
            self._look_now()
        elif host.state.phase != "connecting":
            self._roster.forget(host.name)

    async def _used(self, job: Job) -> None:
        before, known = self._doing(), self._jobs.get(job.id)
        if job.state == "running":
            self._jobs[job.id] = job
        elif self._jobs.pop(job.id, None) is None and job.state != "done":
            return
        if known is None:  # also of one that began and ended before anybody looked
            await self._begun(job)
        if job.load_seconds is not None and job.id in self._cold:
            self._cold.discard(job.id)
            await self._memories.change(job.model, load_seconds=job.load_seconds)
        if job.state != "running":
            self._cold.discard(job.id)
        doing = self._doing()
        if doing != before:
            self._roster.set_doing(doing)
            # A load that ended, an answer that ended: what is in memory, and for how long, has changed.
            self._look_now()

    async def _begun(self, job: Job) -> None:
        if job.kind.startswith("model.") or job.kind == "benchmark":
            return  # these say themselves how long loading took, and are no use
        model = self._roster.find(job.model)
        if model is None or model.memory is None:
            self._cold.add(job.id)
        await self._memories.used(job.model)

    def _doing(self) -> dict[str, State]:
        doing: dict[str, State] = {}
        for job in self._jobs.values():
            key = key_of(job.model)
            # A quick load may end between two looks: then the first words tell of its end.
            if job.progress.phase == "loading" and not job.progress.numbers.get("tokens"):
                doing.setdefault(key, "loading")
            else:
                doing[key] = "active"
        return doing
