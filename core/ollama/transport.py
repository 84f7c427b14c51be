"""The way to httpx: imported when first needed, off the loop, and built to notice a dead peer.

Everything httpx raises while a connection is made comes out as one of our errors.
"""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import BadReply, ConfigError, LeitstandError, NotOllama, ServerUnavailable
from core.guard import one_line
from core.ollama.address import Address

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a blocking call elsewhere: `Tasks.in_thread`, or `at_once` where no loop has to stay quick."""

REST = "leitstand.rest"
"""The extension of a request whose reply is a stream: a function that says how long nobody wants more."""

Rest = Callable[[], float]
"""Seconds for which what a server says may gather."""

_HEADERS = {
    "User-Agent": "leitstand",
    # A compressing proxy would gather a stream into blocks before it lets any of it go.
    "Accept-Encoding": "identity",
}


async def at_once(call: Callable[[], Any]) -> Any:
    """Run *call* here and now."""
    return call()


def load_httpx() -> None:
    """Import httpx and what it imports later by itself, so that the first request finds it all there."""
    if "httpx" not in sys.modules:
        # Its command line pulls in click, rich and pygments; None is how Python is told that a module
        # cannot be had, and httpx is ready for that.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed does not know None
        try:
            importlib.import_module("httpx")
        finally:
            if sys.modules.get("httpx._main", ...) is None:
                del sys.modules["httpx._main"]
    for name in ("httpcore", "httpcore._backends.anyio", "anyio._backends._asyncio"):
        importlib.import_module(name)


def build(
    address: Address, transport: httpx.AsyncBaseTransport | None, connect_timeout: float
) -> httpx.AsyncClient:
    """Make the client of one address; blocking, because certificates are read and modules imported."""
    load_httpx()
    import httpx

    return httpx.AsyncClient(
        transport=transport or _transport(address),
        # Headers come with the first token, minutes after the request when a model is loaded first.
        timeout=httpx.Timeout(None, connect=connect_timeout),
        headers=_HEADERS,
        auth=(address.username, address.password) if address.username or address.password else None,
        follow_redirects=False,
        trust_env=False,  # the proxies were looked up in `proxy_for`
    )


def _transport(address: Address) -> httpx.AsyncBaseTransport:
    import httpx

    proxy = proxy_for(address)
    try:
        usual = httpx.AsyncHTTPTransport(
            proxy=proxy,
            # Reading the certificate store takes longer than a request; plain http needs none of it.
            verify=address.scheme == "https" or proxy is not None,
            # As many streams as there are; waiting for a place would look like a silent server.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=5),
            socket_options=_keep_alive_probes(),
        )
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"The proxy {_without_login(proxy or '')} named in the environment cannot be used.",
            "Give an http:// proxy in HTTP_PROXY or HTTPS_PROXY, or name the server in NO_PROXY.",
        ) from error
    if address.scheme == "https" or proxy is not None:
        return usual
    from core.ollama.plain import PlainStreams

    return PlainStreams(usual, _keep_alive_probes())


def proxy_for(address: Address) -> str | None:
    """The proxy that the environment names for *address*; never one for this machine itself."""
    if address.loopback:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    if proxy_bypass(f"{address.host}:{address.port}"):
        return None
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _without_login(proxy: str) -> str:
    scheme, mark, rest = proxy.partition("://")
    return one_line(scheme + mark + rest.rpartition("@")[2], 100)


def _keep_alive_probes() -> list[tuple[int, int, int]]:
    # While a model loads nothing is sent for minutes. Only these probes tell a loading server from one
    # that lost its power or its network: after about a minute and a half the read fails.
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def translate(error: Exception, address: Address) -> LeitstandError:
    """Say what httpx met on the way to *address*, before anything of an answer had come."""
    import httpx

    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return ConfigError(f"{address.url} is an address that cannot be used.")
    if isinstance(error, httpx.ProxyError):
        return ServerUnavailable(
            f"The proxy in the environment does not let us through to {address.url}.",
            "Name the server in NO_PROXY if it is reached directly.",
        )
    if isinstance(error, httpx.ConnectTimeout):
        return ServerUnavailable(
            f"{address.url} does not answer.",
            "Check that the machine is on, and that no firewall is between.",
        )
    if isinstance(error, httpx.ConnectError):
        return _not_connected(error, address)
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error).lower():
        return NotOllama(f"What answers at {address.url} does not speak HTTP.")
    if isinstance(error, httpx.DecodingError):
        return BadReply("The server's answer cannot be decompressed.")
    return ServerUnavailable(f"The connection to {address.url} was cut.", "Try again.")


def _not_connected(error: Exception, address: Address) -> LeitstandError:
    causes = list(_chain(error))
    said = " ".join(str(cause) for cause in causes).lower()
    if any(isinstance(cause, socket.gaierror) for cause in causes) or "name or service not known" in said:
        return ServerUnavailable(
            f"The name {one_line(address.host, 100)} is not known to this machine.",
            "Check its spelling, or give the address in numbers.",
        )
    if "certificate" in said:
        return ServerUnavailable(
            f"The certificate of {address.url} is not trusted.",
            "Name the file of your own authority in SSL_CERT_FILE.",
        )
    if "wrong_version_number" in said or "wrong version number" in said or "record layer" in said:
        return ServerUnavailable(
            f"{address.url} does not speak https.",
            "Use http:// in the address.",
        )
    return ServerUnavailable(f"Nobody answers at {address.url}.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def failures_of_httpx() -> tuple[type[Exception], ...]:
    """What to catch around a request."""
    import httpx

    return (httpx.HTTPError, httpx.InvalidURL, OSError)
