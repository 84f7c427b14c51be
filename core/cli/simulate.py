"""`simulate`: the stand-in for Ollama on a socket, until it is told to stop."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from core.cli.context import Context
from core.cli.exits import DONE
from core.errors import UsageError
from core.simulator.app import Simulator
from core.simulator.faults import KINDS
from core.simulator.pace import INSTANT, REAL
from core.simulator.serve import serve
from core.simulator.setup import Setup


async def simulate(context: Context) -> int:
    """Listen, print the address, and answer until cancelled."""
    values, out = context.values, context.out

    def ready(address: str) -> None:
        if out.json:
            out.event({"url": address})
        else:
            out.line(address)
            out.flush()

    server = simulator(context)
    try:
        await serve(server, values["host"], values["port"], ready=ready)
    except UsageError as error:
        hint = error.hint or "Choose another port with --port; with 0 the system finds a free one."
        raise UsageError(error.message, hint) from None
    return DONE


def simulator(context: Context) -> Simulator:
    """The server that was asked for."""
    values = context.values
    setup = Setup(loopback=_is_loopback(values["host"]))
    if values["version"]:
        setup = msgspec.structs.replace(setup, version=values["version"])
    pace = INSTANT if values["instant"] else REAL
    if values["rate"]:
        if values["instant"]:
            raise UsageError("--instant knows no rate; leave out one of the two.")
        pace = msgspec.structs.replace(pace, rate=values["rate"])
    made = Simulator(setup, pace=pace)
    for fault in values["fault"]:
        made.fault(fault)
    return made


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; such a server is strict about the name it is called by."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def faults() -> Iterable[tuple[str, Iterable[tuple[str, str]]]]:
    """What --fault can be, for the help."""
    yield "Faults", KINDS.items()
