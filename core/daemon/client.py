"""The engine as a face sees it when it lives in another process: the same verbs, the same facts.

engine = attach(options)     # at once: connected, welcomed, the settings are known
await engine.start()         # facts come, verbs can be called
…
await engine.close()         # hang up; nothing there is stopped

When the connection is cut the engine is looked for until it is back; then everybody reads again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from core import face
from core.bus import Bus, Event, Resync
from core.clock import Clock, SystemClock
from core.config.schema import read, table
from core.config.types import ConfigChanged
from core.daemon import frames
from core.daemon.frames import Mirror, Welcome
from core.daemon.line import Line
from core.daemon.proxies import proxy
from core.errors import ConnectionLost, LeitstandError, WrongVersion
from core.exposed import Verb
from core.ollama.connection import ServerChanged
from core.ollama.hosts import HostsService
from core.paths import Paths
from core.presence import LinkChanged, LinkPhase, LinkState
from core.tasks import Tasks

if TYPE_CHECKING:
    from core.backup.service import BackupService
    from core.batches import BatchService
    from core.benchmarks.service import BenchmarkService
    from core.chat.service import ChatService
    from core.config.service import ConfigService
    from core.downloads.service import DownloadService
    from core.engine import Options
    from core.health import HealthService
    from core.jobs.service import JobService
    from core.models.service import ModelService
    from core.ollama.connection import ServerService
    from core.retrieval.service import LibraryService
    from core.router.service import RouterService
    from core.telemetry.service import TelemetryService

log = logging.getLogger("leitstand.attached")

PING_EVERY = 5.0
SILENT_AFTER = 10.0
"""Seconds without an answer after which the engine is said to be silent."""

SLOW = 0.15
"""Seconds there and back from which a line counts as slow."""
SLOW_PACE = 0.25
"""Seconds between two batches of facts on such a line."""

_PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds between the first looks for an engine that is gone; then the last of them."""

_APART = 2.0
"""Seconds by which the clock of another machine may differ before it matters."""

Connected = tuple[socket.socket, Welcome]


class Way(Protocol):
    """How to get to an engine; every method blocks."""

    where: str
    """The machine it is on, when that is another one."""

    def connect(self) -> Connected:
        """Go there; ConnectionLost when it cannot be reached now."""
        ...

    def is_gone(self) -> bool:
        """Whether nobody hosts there any more, as far as can be known: somebody else has to."""
        ...

    def revive(self) -> None:
        """Have the engine hosted again, in the background."""
        ...

    def close(self) -> None:
        """Give up whatever the way needs."""
        ...


class ThereClock:
    """The time of the engine's machine, whose clock goes before or after ours."""

    def __init__(self, here: Clock, ahead: float) -> None:
        self._here = here
        self.ahead = ahead

    def now(self) -> float:
        """Seconds since the epoch, there."""
        return self._here.now() + self.ahead

    def monotonic(self) -> float:
        """Seconds that never run backwards, here."""
        return self._here.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._here.sleep(seconds)


class AttachedEngine:
    """An engine in another process."""

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

    def __init__(
        self, options: Options, paths: Paths, way: Way, first: Connected, clock: Clock | None = None
    ) -> None:
        self.options = options
        self.paths = paths
        self.clock: Clock = ThereClock(clock or SystemClock(), 0.0)
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self._way = way
        self._first: Connected | None = first
        self._line: Line | None = None
        self._mirror = first[1].mirror
        self._work: list[asyncio.Task[None]] = []
        self._closed = False
        self.link = LinkState(phase="attached", where=way.where)
        for name in face.SERVICES:
            setattr(self, name, proxy(name, self, self._read_mirror))
        self._welcomed(first[1])

    @property
    def faces(self) -> int:
        """Nobody attaches to one that is attached."""
        return 0

    async def start(self) -> None:
        """Begin to hear facts; the verbs can be called afterwards."""
        number = await self.tasks.in_thread(frames.interface)
        first, self._first = self._first, None
        assert first is not None, "an engine starts once"
        stream, welcome = first
        if welcome.interface != number:
            stream.close()
            raise WrongVersion("The Leitstand that runs has other features than this one.")
        line = await self._begin(stream)
        self._work.append(self.tasks.spawn("line to the engine", self._keep(line)))

    async def close(self, *, goes_on: bool = True) -> None:
        """Hang up; nothing there is stopped."""
        if self._closed:
            return
        self._closed = True
        for task in self._work:
            task.cancel()
        if self._line is not None:
            self._line.hang_up()
        if self._first is not None:
            self._first[0].close()
        await self.tasks.in_thread(self._way.close)
        await self.tasks.close(grace=0)

    async def revive(self) -> None:
        """Have the engine hosted again, in the background, and go on there."""
        await self.tasks.in_thread(self._way.revive)

    # Verbs -----------------------------------------------------------------------------------------

    async def call(self, name: str, verb: Verb, arguments: dict[str, Any]) -> Any:
        """Call a verb there."""
        return await self._now().call(name, verb, arguments)

    async def stream(self, name: str, verb: Verb, arguments: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """Call a verb there that streams."""
        items = self._now().stream(name, verb, arguments)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    def _now(self) -> Line:
        if self._line is None:
            raise ConnectionLost(self.link.message or "The Leitstand that does the work is gone.")
        return self._line

    def _read_mirror(self, service: str, name: str) -> Any:
        mirror = self._mirror
        return {
            ("config", "current"): mirror.config,
            ("config", "problems"): mirror.problems,
            ("server", "current"): mirror.server,
        }[service, name]

    # Facts -----------------------------------------------------------------------------------------

    def _told(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, ServerChanged):
                self._mirror = msgspec.structs.replace(self._mirror, server=event.state)
            self.bus.publish(event)

    def _mirrored(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def _welcomed(self, welcome: Welcome) -> None:
        before, self._mirror = self._mirror, welcome.mirror
        assert isinstance(self.clock, ThereClock)
        ahead = welcome.now - (self.clock.now() - self.clock.ahead)
        self.clock.ahead = ahead if abs(ahead) > _APART else 0.0
        self._pid = welcome.pid
        changed = tuple(
            sorted(path for path in table() if read(before.config, path) != read(self._mirror.config, path))
        )
        if changed:
            self.bus.publish(ConfigChanged(changed, self._mirror.problems))
        if before.server != self._mirror.server:
            self.bus.publish(ServerChanged(self._mirror.server))

    # The line --------------------------------------------------------------------------------------

    async def _begin(self, stream: socket.socket) -> Line:
        line = self._line = await Line.over(stream, told=self._told, mirrored=self._mirrored)
        self._say("attached")
        return line

    async def _keep(self, line: Line) -> None:
        """Follow a line to its end, and the next one, until this side closes."""
        while True:
            pinging = self.tasks.spawn("looking whether the engine is there", self._ping(line))
            try:
                await line.read()
            except LeitstandError as error:
                log.warning("the line ended: %s", error.code)
            finally:
                pinging.cancel()
                self._line = None
            self._say("lost", "The Leitstand that does the work is looked for.")
            line = await self._find()
            self.bus.publish(Resync())

    async def _find(self) -> Line:
        tried = 0
        while True:
            await self.clock.sleep(_PAUSES[min(tried, len(_PAUSES) - 1)])
            tried += 1
            try:
                stream, welcome = await self.tasks.in_thread(self._way.connect)
            except LeitstandError as error:
                await self._look(error)
                continue
            if welcome.interface != frames.interface():
                stream.close()
                self._say("lost", "The Leitstand that runs there now is another version.")
                continue
            self._welcomed(welcome)
            return await self._begin(stream)

    async def _look(self, error: LeitstandError) -> None:
        """Say why it cannot be reached, and whether somebody has to host it anew."""
        if not isinstance(error, ConnectionLost):
            self._say("lost", error.message)
        elif await self.tasks.in_thread(self._way.is_gone):
            self._say("gone", "The Leitstand that did the work has ended.")
        else:
            self._say("lost", "The Leitstand that does the work is looked for.")

    async def _ping(self, line: Line) -> None:
        """Measure how long the way there and back is; say so when nobody answers."""
        while True:
            began = self.clock.monotonic()
            answer = self.tasks.spawn("ping", line.ping())
            patience = self.tasks.spawn("patience", self.clock.sleep(SILENT_AFTER))
            try:
                await asyncio.wait([answer, patience], return_when=asyncio.FIRST_COMPLETED)
                if not answer.done():
                    self._say("silent", "The Leitstand that does the work does not answer.")
                    await asyncio.wait([answer])
            finally:
                answer.cancel()
                patience.cancel()
            if answer.cancelled() or not answer.result():
                return
            self._measured(line, self.clock.monotonic() - began)
            await self.clock.sleep(PING_EVERY)

    def _measured(self, line: Line, seconds: float) -> None:
        slow = seconds > SLOW if not self.link.slow else seconds > SLOW / 2
        if slow != self.link.slow:
            line.pace(SLOW_PACE if slow else 0.0)
        state = self._state("attached")
        if self._way.where:
            state = msgspec.structs.replace(state, round_trip=round(seconds, 3), slow=slow)
        self._change(state)

    def _say(self, phase: LinkPhase, message: str = "") -> None:
        self._change(self._state(phase, message))

    def _state(self, phase: LinkPhase, message: str = "") -> LinkState:
        return LinkState(phase=phase, where=self._way.where, pid=self._pid, message=message)

    def _change(self, state: LinkState) -> None:
        if state != self.link:
            self.link = state
            self.bus.publish(LinkChanged(state))
