"""The other Ollama servers of the settings: each is asked whether it is there, as the main one is.

Their models are named with them, qwen3:8b@box; nothing else of Leitstand knows where a model is. Who has
no other servers pays nothing for this: nobody is asked, and no name has an ending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.bus import Bus, Level, Notice, StateEvent
from core.clock import Clock
from core.errors import ConfigError, LeitstandError
from core.exposed import exposed
from core.guard import one_line
from core.ollama import names
from core.ollama.connection import MakeClient, ServerService, ServerState

if TYPE_CHECKING:
    # The state of servers is shown before anything that talks to one is needed.
    from core.ollama.address import Address
    from core.ollama.client import Ollama


class Host(msgspec.Struct, frozen=True):
    """One other server, by its name in the settings, and how it is."""

    name: str
    state: ServerState


class HostChanged(StateEvent, frozen=True, tag=True):
    """Another server came, went, or is no longer one of the settings."""

    host: Host

    @property
    def topic(self) -> Hashable:
        """One topic a server."""
        return (HostChanged, self.host.name)


class HostProblem(msgspec.Struct, frozen=True):
    """A server of the settings that cannot be used."""

    name: str
    message: str
    hint: str = ""


def read(table: Mapping[str, str]) -> tuple[dict[str, Address], tuple[HostProblem, ...]]:
    """The addresses of the other servers by name, and what is wrong with the rest."""
    from core.ollama import address

    found: dict[str, Address] = {}
    problems: list[HostProblem] = []
    for given, text in table.items():
        name, shown = given.strip().lower(), one_line(given, 40)
        if not names.is_server(name):
            hint = "Letters, digits, dots, - and _; it stands behind the @ of a model's name."
            problems.append(HostProblem(shown, f"A server cannot be called “{shown}”.", hint))
        elif name in found:
            problems.append(HostProblem(shown, f"There are two servers called “{name}”.", "Rename one."))
        elif not text.strip():
            hint = f'Write it like: {name} = "http://gpubox:11434"'
            problems.append(HostProblem(shown, f"The server “{shown}” has no address.", hint))
        else:
            try:
                found[name] = address.parse(text)
            except ConfigError as error:
                problems.append(HostProblem(shown, error.message, error.hint))
    return found, tuple(problems)


class MakeServer(Protocol):
    """How the engine makes whoever asks one server; *told* says what its state is published as."""

    def __call__(
        self, make_client: MakeClient, *, bus: Bus, clock: Clock, told: Callable[[ServerState], HostChanged]
    ) -> ServerService:
        """Make one."""
        ...


class HostsService:
    """Owns the other servers."""

    def __init__(
        self,
        make_server: MakeServer,
        make_client: MakeClient,
        *,
        bus: Bus,
        clock: Clock,
        settings: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._make_server = make_server
        self._make_client = make_client
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._servers: dict[str, ServerService] = {}
        self._addresses: dict[str, Address] = {}
        self._there: dict[str, bool] = {}
        """Which of them answered when they last were heard of."""
        self._told: frozenset[str] = frozenset()
        self.problems: tuple[HostProblem, ...] = ()

    # Life.

    async def start(self) -> None:
        """Begin to ask every server of the settings, in the background."""
        await self.configure()

    async def configure(self) -> None:
        """Follow the settings: new servers are asked, those that are gone or moved are let go."""
        wanted, self.problems = read(self._settings())
        for name in [name for name, where in self._addresses.items() if wanted.get(name) != where]:
            del self._addresses[name]
            self._there.pop(name, None)
            await self._servers.pop(name).close()
            self._bus.publish(HostChanged(Host(name, ServerState(phase="away"))))
        for name, where in wanted.items():
            if name not in self._servers:
                self._addresses[name] = where
                self._servers[name] = self._server(name, where)
                await self._servers[name].start()
        self._tell()

    async def close(self) -> None:
        """Stop asking and close the connections."""
        await asyncio.gather(*(server.close() for server in self._servers.values()))

    def _server(self, name: str, where: Address) -> ServerService:
        return self._make_server(
            lambda *_: self._make_client(where),
            bus=self._bus,
            clock=self._clock,
            told=partial(self._heard, name),
        )

    def _heard(self, name: str, state: ServerState) -> HostChanged:
        """Say it once when a server goes or comes: its models go and come with it."""
        known, there = self._there.get(name), state.phase == "online"
        if known is not None and known != there and state.phase != "connecting":
            words = "answers again" if there else "does not answer; its models are out of the list"
            hint = "" if there else f"Start it there, or correct hosts.{name} in the settings."
            level: Level = "good" if there else "warning"
            self._bus.publish(Notice(level, f"The server {name} {words}.", hint, self._clock.now()))
        if state.phase != "connecting":
            self._there[name] = there
        return HostChanged(Host(name, state))

    def _tell(self) -> None:
        """Name a server that cannot be used, once."""
        for problem in self.problems:
            if problem.message not in self._told:
                self._bus.publish(Notice("warning", problem.message, problem.hint, self._clock.now()))
        self._told = frozenset(problem.message for problem in self.problems)

    # Verbs.

    @exposed
    async def list(self) -> tuple[Host, ...]:
        """Every other server and how it is, as they stand in the settings."""
        return self.current

    @exposed
    async def retry(self) -> tuple[Host, ...]:
        """Ask every server now instead of at its next turn."""
        for server in self._servers.values():
            await server.retry()
        return self.current

    # For callers in the same process.

    @property
    def current(self) -> tuple[Host, ...]:
        """How every other server is at this moment."""
        return tuple(Host(name, server.current) for name, server in self._servers.items())

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(self._servers)

    def state(self, name: str) -> ServerState:
        """How one of them is; away where there is none of that name."""
        server = self._servers.get(name)
        return ServerState(phase="away") if server is None else server.current

    def client(self, name: str) -> Ollama:
        """The client of one of them; raise ConfigError where the settings have none of that name."""
        server = self._servers.get(name)
        if server is None:
            raise unknown(name)
        return server.client

    def report(self, name: str, error: LeitstandError) -> None:
        """Hear of a request to one of them that failed."""
        if (server := self._servers.get(name)) is not None:
            server.report(error)


def unknown(name: str) -> ConfigError:
    """Say that the settings know no such server."""
    shown = one_line(name, 40)
    return ConfigError(
        f"The settings know no server “{shown}”.",
        f'Add it to them: [hosts] {shown} = "http://{shown}:11434"',
    )
