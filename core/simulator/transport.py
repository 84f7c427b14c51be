"""The simulator as a transport for httpx: no socket, the same streams."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from core.simulator.app import Simulator
from core.simulator.wire import Body, Hangup, Request, Unreachable


class SimulatedStream(httpx.AsyncByteStream):
    """The body of a reply; closing it is how the simulator learns that the client went away."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except Hangup:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body (incomplete chunked read)"
            ) from None

    async def aclose(self) -> None:
        """The client is done with it."""
        await self._body.aclose()


class SimulatedTransport(httpx.AsyncBaseTransport):
    """Hands requests to a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request and the beginning of its reply."""
        asked = Request(
            request.method,
            request.url.raw_path.split(b"?", 1)[0].decode(),
            request.url.query.decode(),
            dict(request.headers),
            await request.aread(),
        )
        try:
            reply = await self._simulator.handle(asked)
        except Unreachable:
            raise httpx.ConnectError("All connection attempts failed", request=request) from None
        except Hangup:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from None
        return httpx.Response(
            reply.status, headers=reply.headers, stream=SimulatedStream(reply.body), request=request
        )
