"""What a download will bring, before it begins: the manifest of a model, asked of its registry.

This is asked by this machine, not by the Ollama server, so a registry that cannot be reached from here
says nothing about a pull: its sizes are then unknown until the server reports them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from core.errors import BadReply, LeitstandError, NeedsSignIn, NotInRegistry, ServerBusy, ServerError, Timeout
from core.guard import one_line
from core.ollama import address, names
from core.ollama.ndjson import UNREADABLE
from core.ollama.transport import InThread, at_once, build, failures_of_httpx

if TYPE_CHECKING:
    import httpx

DEADLINE = 15.0
_LARGEST = 4 * 1024 * 1024
_KIND = "application/vnd.docker.distribution.manifest.v2+json"
_WEIGHTS = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Layer(msgspec.Struct, frozen=True, rename={"kind": "mediaType"}):
    """One file of a model."""

    digest: str
    size: int
    kind: str = ""


class _Reply(msgspec.Struct, frozen=True):
    config: Layer | None = None
    layers: tuple[Layer, ...] | None = None


class Manifest(msgspec.Struct, frozen=True):
    """Everything a pull fetches, the configuration included; *digest* is what /api/tags will show."""

    layers: tuple[Layer, ...]
    digest: str

    @property
    def total(self) -> int:
        """Bytes of all its files; a file that is named twice is fetched once."""
        return sum({layer.digest: layer.size for layer in self.layers}.values())

    @property
    def weights(self) -> int:
        """Bytes of the model itself, without templates and licences."""
        return sum(layer.size for layer in self.layers if layer.kind == _WEIGHTS)


class Registry:
    """Reads manifests, each from the registry its name leads to."""

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline: float = DEADLINE,
        in_thread: InThread = at_once,
    ) -> None:
        self._transport = transport
        self._deadline = deadline
        self._in_thread = in_thread

    async def manifest(self, name: str) -> Manifest:
        """The files of a model; raise NotInRegistry when its registry does not know it."""
        model = names.parse(name)
        where = address.parse(f"https://{model.host}")
        path = f"/v2/{model.namespace}/{model.model}/manifests/{model.tag}"
        try:
            async with asyncio.timeout(self._deadline):
                client = await self._in_thread(partial(build, where, self._transport, self._deadline))
                async with client:
                    return await self._read(client, where.url + path, model)
        except TimeoutError:
            raise Timeout(f"{where.host} did not answer within {self._deadline:g} seconds.") from None

    async def _read(self, client: httpx.AsyncClient, url: str, model: names.ModelName) -> Manifest:
        data = bytearray()
        try:
            async with client.stream(
                "GET", url, headers={"Accept": _KIND}, follow_redirects=True
            ) as response:
                if not response.is_success:
                    raise _refused(response.status_code, model)
                async for piece in response.aiter_bytes():
                    data += piece
                    if len(data) > _LARGEST:
                        raise BadReply(
                            f"What {model.host} sent for {model.shown} is too long for a manifest."
                        )
        except failures_of_httpx() as error:
            raise ServerError(
                f"The registry {one_line(model.host, 100)} cannot be reached from this machine.",
                "Sizes are known once the server itself has begun to download.",
            ) from error
        return _manifest(bytes(data), model)


def _manifest(data: bytes, model: names.ModelName) -> Manifest:
    unreadable = BadReply(f"What {model.host} sent for {model.shown} is no manifest.")
    try:
        reply = msgspec.json.decode(data, type=_Reply)
    except UNREADABLE:
        raise unreadable from None
    layers = [*(reply.layers or ()), *([reply.config] if reply.config else ())]
    if not layers or any(layer.size < 0 or not _DIGEST.fullmatch(layer.digest) for layer in layers):
        raise unreadable
    return Manifest(tuple(layers), hashlib.sha256(data).hexdigest())


def _refused(status: int, model: names.ModelName) -> LeitstandError:
    match status:
        case 404:
            return NotInRegistry(f"{model.shown} is not in the registry {model.host}.")
        case 401 | 403:
            return NeedsSignIn(
                f"{model.host} does not tell us about {model.shown}.",
                "It may be private or misspelt; the server can pull it if it is signed in.",
            )
        case 429:
            return ServerBusy(f"{model.host} asks to wait.")
        case _:
            return ServerError(f"{model.host} answered with status {status}.", "Try again later.")
