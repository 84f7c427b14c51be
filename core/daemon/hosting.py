"""Who hosts a data directory: this process when it is free, otherwise the one that came first."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from core.bus import Notice
from core.clock import Clock
from core.daemon import background
from core.daemon.client import AttachedEngine, Connected
from core.daemon.link import connected
from core.daemon.server import Server
from core.engine import STOP_GRACE, Engine, Options
from core.errors import ConnectionLost, DataDirectoryBusy, LeitstandError, Refused, Timeout
from core.ollama.address import parse
from core.paths import Paths
from core.store.lock import held, holder

PATIENCE = 10.0
"""Seconds a host gets from taking the lock to listening."""

START_PATIENCE = 20.0
"""Seconds a host in the background gets to start."""

_STEP = 0.05

Host = Engine | AttachedEngine
"""The engine: hosted here, or attached to."""


class HostingEngine(Engine):
    """The engine of this process, open to other faces."""

    headless = False
    _server: Server | None = None

    async def start(self) -> None:
        """Start in order, and then let others in."""
        await super().start()
        if self.options.demo:
            return  # its data directory is nobody else's
        server = Server(self, headless=self.headless)
        try:
            await server.open()
            self._announce(server.address)
        except LeitstandError as error:
            await server.close()
            self.bus.publish(Notice("warning", error.message, error.hint, at=self.clock.now()))
            return
        self._server = server

    @property
    def faces(self) -> int:
        """How many others are attached."""
        return self._server.faces if self._server is not None else 0

    @property
    def socket(self) -> str:
        """Where others can attach; empty when they cannot."""
        return self._server.address if self._server is not None else ""

    async def close(self, grace: float = STOP_GRACE, *, goes_on: bool = False) -> None:
        """Say goodbye to the others, then stop in order."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(LeitstandError):  # a full disk must not keep anybody from leaving
                self._announce("")
            await server.close()
        await super().close(grace, goes_on=goes_on)

    def _announce(self, address: str) -> None:
        assert self._lock is not None, "who starts holds the lock"
        self._lock.announce(address)


class LocalWay:
    """The way to whoever hosts a data directory of this machine."""

    where = ""

    def __init__(self, options: Options, paths: Paths) -> None:
        self._options = options
        self._lock = paths.lock

    def connect(self) -> Connected:
        """Go where the lock says."""
        who = holder(self._lock)
        if who is None or not who.socket or who.host != socket.gethostname():
            raise ConnectionLost("Nobody hosts this data directory.")
        return connected(who.socket)

    def is_gone(self) -> bool:
        """Whether the lock is free."""
        return held(self._lock) is None

    def revive(self) -> None:
        """Let a Leitstand in the background host it."""
        background.start(self._options)

    def close(self) -> None:
        """Nothing is needed."""


def opened(options: Options, *, clock: Clock | None = None) -> Host:
    """Host the data directory, or attach to whoever does; blocking."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return HostingEngine.prepare(options, clock=clock)
        except DataDirectoryBusy as busy:
            try:
                return attached(options, clock=clock)
            except ConnectionLost:
                if time.monotonic() > deadline or not _may_still_come(options):
                    raise busy from None
        time.sleep(_STEP)


def running(options: Options) -> AttachedEngine | None:
    """Attach to whoever hosts the data directory; None when nobody does. Blocking."""
    lock = Paths.find(options.environment, data=options.data, config=options.config).lock
    deadline = time.monotonic() + PATIENCE
    while (who := held(lock)) is not None:
        try:
            return attached(options)
        except ConnectionLost:
            if time.monotonic() > deadline:
                raise DataDirectoryBusy(
                    f"The data directory {lock.parent} is in use by process {who.pid}, which does not answer."
                ) from None
        time.sleep(_STEP)
    return None


def lasting(options: Options) -> AttachedEngine:
    """Attach to a host that outlives this process, one in the background when none runs; blocking."""
    if (found := running(options)) is not None:
        return found
    background.start(options)
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if (found := running(options)) is not None:
            return found
        time.sleep(_STEP)
    raise Timeout(
        "The Leitstand in the background did not get ready.", "See leitstand.log in the data directory."
    )


def attached(options: Options, *, clock: Clock | None = None) -> AttachedEngine:
    """Attach to whoever hosts the data directory; ConnectionLost when nobody can be reached."""
    paths = Paths.find(options.environment, data=options.data, config=options.config)
    way = LocalWay(options, paths)
    first = way.connect()
    _check_host(options, first)
    return AttachedEngine(options, paths, way, first, clock)


def _may_still_come(options: Options) -> bool:
    """Whether whoever holds the lock may be about to listen, or to end."""
    who = holder(Paths.find(options.environment, data=options.data, config=options.config).lock)
    return who is None or who.host == socket.gethostname()


def _check_host(options: Options, first: Connected) -> None:
    """Refuse another server than the one that the running Leitstand uses."""
    url = first[1].mirror.server.url
    if options.host and url and parse(options.host).url != url:
        first[0].close()
        raise Refused(
            f"The Leitstand that runs on this data directory uses the server {url}.",
            "Leave out --host, or choose another data directory with --data.",
        )
