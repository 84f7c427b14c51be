"""A stand-in for an Ollama server: a request goes in, a reply with a stream of bytes comes out."""

from __future__ import annotations

import ipaddress
import platform
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.clock import Clock, SystemClock
from core.simulator import embeddings, faults, keeping, listing, making, pulling, talking
from core.simulator.faults import Fault
from core.simulator.pace import INSTANT, Pace
from core.simulator.script import Script
from core.simulator.server import Cue, Server
from core.simulator.setup import Setup
from core.simulator.wire import TEXT, Body, Refusal, Reply, Request, Unreachable, line, refused, stream, whole

if TYPE_CHECKING:
    from core.simulator.transport import SimulatedTransport

Route = Callable[[Server, Request], Awaitable[Reply]]

ROUTES: dict[str, dict[str, Route]] = {
    "/": {"GET": listing.root, "HEAD": listing.root},
    "/api/version": {"GET": listing.version, "HEAD": listing.version},
    "/api/status": {"GET": listing.status},
    "/api/me": {"POST": listing.account},
    "/api/tags": {"GET": listing.tags, "HEAD": listing.tags},
    "/api/ps": {"GET": listing.ps},
    "/api/show": {"POST": listing.show},
    "/api/chat": {"POST": talking.chat},
    "/api/generate": {"POST": talking.generate},
    "/api/embed": {"POST": embeddings.embed},
    "/api/embeddings": {"POST": embeddings.legacy},
    "/api/pull": {"POST": pulling.pull},
    "/api/push": {"POST": pulling.push},
    "/api/create": {"POST": making.create},
    "/api/copy": {"POST": keeping.copy},
    "/api/delete": {"DELETE": keeping.delete},
    "/v1/models": {"GET": listing.openai_models},
}
"""Every path, and who answers it."""

_BLOB: dict[str, Route] = {"HEAD": keeping.has_blob, "POST": keeping.take_blob}
_MANIFEST: dict[str, Route] = {"GET": listing.manifest, "HEAD": listing.manifest}
_MANIFEST_PATH = re.compile(r"/v2/[\w-]+/[\w.-]+/manifests/[\w.-]+")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal")
_KEPT = 200


class Simulator:
    """One simulated server. Without arguments it takes no time; nothing is shared between two of them."""

    def __init__(
        self, setup: Setup | None = None, *, clock: Clock | None = None, pace: Pace = INSTANT
    ) -> None:
        self.server = Server(setup or Setup(), clock or SystemClock(), pace)
        self.requests: deque[Request] = deque(maxlen=_KEPT)
        """The last requests, for tests to look at."""

    def next(self, script: Script, *, model: str = "", route: str = "") -> Script:
        """Let the next question be answered by a script; by model or route (`chat`) only where given."""
        self.server.cues.append(Cue(script, model, route))
        return script

    def fault(self, fault: Fault | str) -> None:
        """Let something go wrong: a fault, or its text as in `cut@chat:after=20`."""
        self.server.faults.add(faults.parse(fault) if isinstance(fault, str) else fault)

    def clear_faults(self) -> None:
        """From now on all goes well."""
        self.server.faults.clear()

    def restart(self, *, prune: bool = True) -> None:
        """What a restart of the server does: memory is empty, leftovers are deleted."""
        self.server.runners.clear()
        if prune:
            self.server.shelf.prune(grace=self.server.version.has("partial_grace"))

    @property
    def active(self) -> int:
        """How many requests hold a model right now."""
        return self.server.runners.busy

    def transport(self) -> SimulatedTransport:
        """A transport for httpx: the whole server without a socket."""
        from core.simulator.transport import SimulatedTransport

        return SimulatedTransport(self)

    async def handle(self, request: Request) -> Reply:
        """Answer; a stream's headers wait for its first object, as they do on the real server."""
        self.requests.append(request)
        waiting = self.server.faults
        model = faults.model_in(request) if waiting else ""
        fault = waiting.take(faults.ON_REQUEST, request.path, model)
        try:
            if fault:
                if fault.kind == "refuse":
                    raise Unreachable
                if fault.kind == "slow":
                    await self.server.clock.sleep(fault.seconds)
                elif (reply := faults.instead(fault)) is not None:
                    return reply
            reply = await self._answered(request)
            if fault and fault.kind == "null":
                return faults.without_lists(reply)
            if faults.streams(reply) and (disturbance := waiting.take(faults.ON_STREAM, request.path, model)):
                reply = stream(faults.disturbed(disturbance, reply.body.source()))
            return await self._opened(reply)
        except Refusal as refusal:
            return refused(refusal)

    async def _answered(self, request: Request) -> Reply:
        path = request.path
        if path.startswith("/v2/"):
            methods = _MANIFEST if _MANIFEST_PATH.fullmatch(path) else None
        else:
            if self.server.setup.loopback and not _welcome(request):
                return whole(403, "", b"")
            methods = _BLOB if path.startswith("/api/blobs/") else ROUTES.get(path)
        if methods is None:
            return _elsewhere(request)
        route = methods.get(request.method)
        if route is None:
            return whole(405, TEXT, b"405 method not allowed", allow=", ".join(methods))
        return await route(self.server, request)

    async def _opened(self, reply: Reply) -> Reply:
        if reply.body.whole is not None:
            return reply
        chunks = reply.body.source()
        try:
            first = await anext(chunks, b"")
        except Refusal as refusal:
            if refusal.late and not self.server.version.has("early_status"):
                # Old servers have sent their 200 by then.
                return Reply(200, reply.headers, Body(line(refusal.payload())))
            raise
        except BaseException:
            await chunks.aclose()
            raise
        return Reply(reply.status, reply.headers, Body(first, chunks))


def _elsewhere(request: Request) -> Reply:
    clean = re.sub("/{2,}", "/", request.path)
    known = clean.rstrip("/")
    if clean != request.path and known in ROUTES:
        return whole(307, "", b"", location=known)
    if request.path != "/" and known in ROUTES:
        return whole(301 if request.method == "GET" else 307, "", b"", location=known)
    return whole(404, TEXT, b"404 page not found")


def _welcome(request: Request) -> bool:
    """A server on loopback answers its neighbours only; others could be a web page's doing."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin", "")
    return _local(urlsplit(f"//{host}").hostname or "") and (not origin or _local_origin(origin))


def _local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in ("localhost", platform.node().lower()) or host.endswith(_LOCAL_ENDINGS)
    return address.is_loopback or address.is_private or address.is_unspecified


def _local_origin(origin: str) -> bool:
    parts = urlsplit(origin)
    if parts.scheme in ("http", "https"):
        return parts.hostname in ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - compared, never bound
    return parts.scheme in ("app", "file", "tauri") or parts.scheme.startswith("vscode-")
