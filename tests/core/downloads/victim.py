"""A process that downloads until it is killed: its data directory and the server outlive it.

python -m tests.core.downloads.victim HOME ADDRESS NAME…    prints what happens, a line a fact
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx

from core.clock import SystemClock
from core.ollama.address import Address, parse
from core.ollama.client import Ollama
from core.ollama.registry import Registry
from tests.core.downloads.depot import Depot


class Detour(httpx.AsyncHTTPTransport):
    """Asks the simulated server, which is the registry too, in the place of any other."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        self._address = address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        here = self._address
        request.url = request.url.copy_with(scheme="http", host=here.host, port=here.port)
        request.headers["host"] = f"{here.host}:{here.port}"
        return await super().handle_async_request(request)


class Victim(Depot):
    """A depot that talks to a server in another process."""

    def __init__(self, home: Path, address: Address) -> None:
        super().__init__(home, clock=SystemClock())
        self.address = address

    def make_registry(self) -> Registry:
        return Registry(transport=Detour(self.address))

    def client(self, address: Address | None = None, transport: Any = None) -> Ollama:
        return Ollama(address or self.address)


async def tell(depot: Depot) -> None:
    """Print that something happened, whatever it is: these are the moments to be killed at."""
    with depot.bus.subscribe() as mailbox:
        while True:
            for event in await mailbox.drain():
                print(type(event).__name__, flush=True)  # noqa: T201 - this is how the test hears of it


async def main(home: Path, address: Address, names: list[str]) -> None:
    depot = Victim(home, address)
    await depot.open()
    depot.tasks.spawn("telling", tell(depot))
    await depot.start()
    downloads = [await depot.downloads.pull(name, verify=False) for name in names]
    for download in downloads:
        ended = await depot.downloads.finished(download.id)
        print("over", ended.name, ended.state, flush=True)  # noqa: T201 - as above
    await depot.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), parse(sys.argv[2]), sys.argv[3:]))
