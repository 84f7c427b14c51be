"""Whether the server is there: asked in the background, told on the bus, shown on every screen.

connecting ──▶ online ◀──▶ away      nobody answers: tried again after 1, 2, 4 … 30 s
     └───────▶ wrong                 something else answers: tried again every 30 s
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from core.bus import Bus, Event, StateEvent
from core.clock import Clock
from core.errors import (
    ConfigError,
    LeitstandError,
    NotFound,
    NotOllama,
    RunnerCrashed,
    ServerBusy,
    ServerUnavailable,
    StreamCut,
    Timeout,
)
from core.exposed import exposed
from core.tasks import Tasks

if TYPE_CHECKING:
    # The state of a server is shown before anything that talks to one is needed.
    import httpx

    from core.ollama.address import Address
    from core.ollama.client import Ollama

Phase = Literal["connecting", "online", "away", "wrong"]

CHECK_EVERY = 15.0
_PROBE_DEADLINE = 5.0
_LONGEST_PAUSE = 30.0
_AWAY = (ServerUnavailable, ServerBusy, Timeout)


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the server; *message* and *hint* say what is wrong when it is not online."""

    url: str = ""
    phase: Phase = "connecting"
    version: str | None = None
    message: str = ""
    hint: str = ""
    since: float = 0.0
    next_try_at: float | None = None
    demo: bool = False


class ServerChanged(StateEvent, frozen=True, tag=True):
    """The server came, went, or turned out to be something else."""

    state: ServerState


class MakeClient(Protocol):
    """How the engine makes a client; without an address, of the one that is configured."""

    def __call__(
        self, address: Address | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> Ollama:
        """Make one; raise ConfigError when the configured address is none."""
        ...


class ServerService:
    """Owns the client in use and the knowledge whether anybody answers it."""

    def __init__(
        self,
        make_client: MakeClient,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        check_every: Callable[[], float] = lambda: CHECK_EVERY,
        demonstration: Callable[[], httpx.AsyncBaseTransport] | None = None,
        told: Callable[[ServerState], Event] = ServerChanged,
    ) -> None:
        self._make_client = make_client
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._check_every = check_every
        self._demonstration = demonstration
        self._told = told
        self._client: Ollama | None = None
        self._state = ServerState(since=clock.now())
        self._failures = 0
        self._watch: asyncio.Task[None] | None = None
        self._pause: asyncio.Task[None] | None = None

    @property
    def client(self) -> Ollama:
        """The client of the server in use; ask for it anew each time, it may be another server's."""
        if self._client is None:
            self._client = self._make_client()
        return self._client

    @property
    def current(self) -> ServerState:
        """What is known at this moment, for callers in the same process."""
        return self._state

    async def start(self) -> None:
        """Begin to ask the configured server, in the background: an absent one delays nothing."""
        if self._watch is not None:
            return
        try:
            client = self.client
        except ConfigError as error:
            self._fall(error)
        else:
            self._enter("connecting", url=client.address.url)
            self._begin()

    @exposed
    async def state(self) -> ServerState:
        """Whether the server is there, its version, and what is wrong if anything is."""
        return self._state

    @exposed
    async def retry(self) -> ServerState:
        """Ask now instead of at the next turn."""
        self._failures = 0
        if self._watch is None:  # the address could not be used; it may have been corrected
            await self.start()
            return self._state
        if self._state.phase != "online":
            self._enter("connecting")
        self._ask_now()
        return self._state

    @exposed
    async def start_demo(self) -> ServerState:
        """Put the built-in simulated server in the place of the real one, marked as a demonstration."""
        if self._demonstration is None:
            raise NotFound("There is no demonstration here.")
        from core.ollama.address import Address

        return await self.use(Address(), self._demonstration(), demo=True)

    def report(self, error: LeitstandError) -> None:
        """Hear of a request that failed, so that the state turns at once instead of at the next turn."""
        if self._state.phase != "online":
            return  # known already, and the next turn is planned
        if isinstance(error, ServerUnavailable | NotOllama):
            self._failures = 0
            self._fall(error)
        if isinstance(error, ServerUnavailable | NotOllama | StreamCut | RunnerCrashed | Timeout):
            self._ask_now()

    async def use(
        self, address: Address, transport: httpx.AsyncBaseTransport | None = None, *, demo: bool = False
    ) -> ServerState:
        """Turn to another server in place; what still streams from the old one ends with an error."""
        await self._stop()
        old, self._client = self._client, self._make_client(address, transport)
        self._failures = 0
        self._enter("connecting", url=address.url, demo=demo, version=None)
        self._begin()
        if old is not None:
            await old.close()
        return self._state

    async def close(self) -> None:
        """Stop asking and close the connections."""
        await self._stop()
        if self._client is not None:
            await self._client.close()

    def _begin(self) -> None:
        if self._watch is None:
            self._watch = self._tasks.spawn("server check", self._keep_asking())

    async def _stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait([watch])

    async def _keep_asking(self) -> None:
        try:
            while True:
                seconds = await self._ask(self.client)
                self._pause = self._tasks.spawn("pause of the server check", self._clock.sleep(seconds))
                await asyncio.wait([self._pause])
        finally:
            self._ask_now()

    def _ask_now(self) -> None:
        if self._pause is not None:
            self._pause.cancel()

    async def _ask(self, client: Ollama) -> float:
        """Ask once, take note, and say how long to wait before the next time."""
        try:
            version = await client.version(deadline=_PROBE_DEADLINE)
            if self._state.phase != "online":
                await self._make_sure(client)
        except LeitstandError as error:
            return self._failed(error)
        self._failures = 0
        self._enter("online", version=version)
        return self._check_every()

    async def _make_sure(self, client: Ollama) -> None:
        """Other programs have /api/version too: what has no models in memory to tell of is no Ollama."""
        try:
            await client.ps(deadline=_PROBE_DEADLINE)
        except (NotOllama, ServerUnavailable):
            raise
        except LeitstandError:
            return  # a server that is busy unloading answers this late; it is there all the same

    def _failed(self, error: LeitstandError) -> float:
        self._failures += 1
        if isinstance(error, Timeout) and self._state.phase == "online" and self._failures == 1:
            return 1.0  # a machine under load may miss one turn; only the second counts
        pause = min(2.0 ** min(self._failures - 1, 10), _LONGEST_PAUSE)
        if not isinstance(error, _AWAY):
            pause = _LONGEST_PAUSE
        self._fall(error, self._clock.now() + pause)
        return pause

    def _fall(self, error: LeitstandError, next_try_at: float | None = None) -> None:
        phase: Phase = "away" if isinstance(error, _AWAY) else "wrong"
        self._enter(phase, message=error.message, hint=error.hint, next_try_at=next_try_at)

    def _enter(self, phase: Phase, **changes: Any) -> None:
        old = self._state
        since = old.since if phase == old.phase else self._clock.now()
        said = {"message": "", "hint": "", "next_try_at": None}
        new = msgspec.structs.replace(old, phase=phase, since=since, **(said | changes))
        if new != old:
            self._state = new
            self._bus.publish(self._told(new))
