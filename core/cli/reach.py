"""The way from a verb to the server, without an engine: nothing is locked, and nothing is written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from core.cli.context import Context
from core.clock import SystemClock
from core.config import file
from core.config.schema import Config
from core.errors import ConfigError, LeitstandError, ServerUnavailable, Timeout, UsageError
from core.ollama.address import Address, parse
from core.ollama.client import Ollama
from core.ollama.connection import Phase, ServerState
from core.ollama.hosts import Host, HostProblem, read

DEADLINE = 5.0
"""Seconds for one answer that a server has in its head."""


def settings(context: Context) -> Config:
    """The settings as far as they are right."""
    return file.load(context.paths.config).config


def address(context: Context) -> Address:
    """Where the server is: the command line, then the settings, then the environment, then this machine."""
    given: str = context.values["host"] or ""
    try:
        return parse(given or settings(context).server.url or context.environment.get("OLLAMA_HOST", ""))
    except ConfigError as error:
        raise UsageError(error.message, error.hint) if given else error from None


async def looked_at(ollama: Ollama, *, demo: bool = False) -> tuple[ServerState, LeitstandError | None]:
    """Ask once how the server is, as the engine does all the time; and what was wrong, if anything."""
    url = ollama.address.url
    try:
        version = await ollama.version(deadline=DEADLINE)
        # Other programs know versions, too; what has models in memory to tell of is Ollama.
        await ollama.ps(deadline=DEADLINE)
    except LeitstandError as error:
        phase: Phase = "away" if isinstance(error, ServerUnavailable | Timeout) else "wrong"
        return ServerState(url=url, phase=phase, message=error.message, hint=error.hint, demo=demo), error
    return ServerState(url=url, phase="online", version=version, demo=demo), None


async def others(context: Context) -> tuple[list[Host], tuple[HostProblem, ...]]:
    """Ask every other server of the settings once how it is; and what is wrong with the settings of them."""
    found = [Host(name, (await looked_at(ollama))[0]) async for name, ollama in elsewhere(context)]
    return found, read(settings(context).hosts)[1]


async def elsewhere(context: Context) -> AsyncGenerator[tuple[str, Ollama]]:
    """A client of every other server of the settings, one after the other; the demonstration has none."""
    config = settings(context)
    wanted = {} if context.values["demo"] else read(config.hosts)[0]
    for name, where in wanted.items():
        ollama = Ollama(where, connect_timeout=config.server.connect_timeout)
        try:
            yield name, ollama
        finally:
            await ollama.close()


@asynccontextmanager
async def server(context: Context) -> AsyncIterator[Ollama]:
    """A client of the server that is meant; with --demo that of the simulated one."""
    if context.values["demo"]:
        from core.simulator import Simulator

        ollama = Ollama(Address(), transport=Simulator(clock=SystemClock()).transport())
    else:
        ollama = Ollama(address(context), connect_timeout=settings(context).server.connect_timeout)
    try:
        yield ollama
    finally:
        await ollama.close()
