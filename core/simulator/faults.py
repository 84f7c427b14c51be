"""Everything that can go wrong, as data: on which route, how often, and after how much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import msgspec

from core.errors import UsageError
from core.simulator.wire import NDJSON, Chunks, Hangup, Refusal, Reply, Request, line, whole

_STREAMS = frozenset({"/api/chat", "/api/generate", "/api/pull", "/api/create", "/api/push"})
_HTML = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)

ON_REQUEST = {
    "refuse": "nobody takes the connection",
    "slow": "nothing comes for that many seconds, not even headers",
    "status": "an error with that status and text",
    "html": "a 502 with the page of a proxy",
    "redirect": "a 302 to the address in text",
    "forbidden": "a 403 with an empty body",
    "null": "lists in the answer are null",
}
ON_STREAM = {
    "silence": "nothing comes any more after that many objects",
    "cut": "the connection breaks in the middle of the next line",
    "end": "the stream ends properly, without its final object",
    "error": "a line with the error in text, then the end",
    "garbage": "a line that is not JSON",
    "utf8": "characters are torn across chunks",
    "huge": "a line of 10 MB",
    "duplicate": "the final object comes twice",
}
INSIDE = {
    "busy": "a 503, because the queue of models to load is full",
    "oom": "out of memory while loading the model",
    "load": "the model cannot be loaded, for the reason in text",
    "crash": "the model's process dies after that many tokens",
    "stall": "a download stops moving after that many percent",
    "backwards": "a download loses ground after that many percent",
    "disk": "the disk is full after that many percent",
    "digest": "what was downloaded does not match its digest",
    "vanish": "a download succeeds, but the model is not there",
    "registry": "the registry cannot be reached, or says what text says",
}
KINDS = ON_REQUEST | ON_STREAM | INSIDE
"""Every fault and what it does."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    kind: str
    route: str = ""
    """`/api/chat` or `chat`; empty for every route it fits."""
    model: str = ""
    """Only when the request names exactly this model."""
    times: int = 1
    """How often; 0 for always."""
    after: int | None = None
    """Objects, tokens or percent that still pass before; none, or 40 percent, when not given."""
    text: str = ""
    status: int = 500
    seconds: float = 0.0

    def fits(self, path: str, model: str) -> bool:
        """Whether a request is its business."""
        if self.kind in ON_STREAM and not self.route and path not in _STREAMS:
            return False
        return self.route in ("", path, path.removeprefix("/api/")) and self.model in ("", model)


class Faults:
    """What is still to go wrong."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._waiting: list[tuple[Fault, int]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Let that happen, after what was added before."""
        if fault.kind not in KINDS:
            raise UsageError(f"There is no fault “{fault.kind}”.", f"Known: {', '.join(KINDS)}.")
        self._waiting.append((fault, fault.times))

    def __len__(self) -> int:
        return len(self._waiting)

    def clear(self) -> None:
        """From now on all goes well."""
        self._waiting.clear()

    def take(self, kinds: Iterable[str], path: str, model: str = "") -> Fault | None:
        """The first fault of these kinds that is due now; it counts as having happened."""
        for index, (fault, left) in enumerate(self._waiting):
            if fault.kind in kinds and fault.fits(path, model):
                if left == 1:
                    del self._waiting[index]
                elif left > 1:
                    self._waiting[index] = (fault, left - 1)
                return fault
        return None


def parse(text: str) -> Fault:
    """Read `kind[@route][:key=value,…]`, as in `cut@chat:after=20,times=0`."""
    head, _, tail = text.partition(":")
    kind, _, route = head.partition("@")
    fields: dict[str, Any] = {"kind": kind.strip(), "route": route.strip()}
    for item in filter(None, tail.split(",")):
        key, _, value = item.partition("=")
        fields[key.strip()] = value.strip()
    try:
        fault = msgspec.convert(fields, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"The fault “{text}” cannot be read: {error}.", "Example: cut@chat:after=20,times=0"
        ) from None
    if fault.kind not in KINDS:
        raise UsageError(f"There is no fault “{fault.kind}”.", f"Known: {', '.join(KINDS)}.")
    return fault


def model_in(request: Request) -> str:
    """The model a request names, as it was sent."""
    try:
        body = msgspec.json.decode(request.body or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    named = body.get("model") or body.get("name") if isinstance(body, dict) else ""
    return named if isinstance(named, str) else ""


def instead(fault: Fault) -> Reply | None:
    """The reply that a fault of the request gives in place of the real one."""
    match fault.kind:
        case "status" if fault.text.startswith("<"):
            return whole(fault.status, "text/html", fault.text.encode())
        case "status":
            raise Refusal(fault.status, fault.text or "internal server error")
        case "html":
            return whole(502, "text/html", (fault.text or _HTML).encode())
        case "redirect":
            return whole(302, "text/html", b"", location=fault.text or "http://127.0.0.1:9/login")
        case "forbidden":
            return whole(403, "", b"")
    return None


def without_lists(reply: Reply) -> Reply:
    """The same object with null where it has lists."""
    data = reply.body.whole
    if not data:
        return reply
    payload = {
        key: None if isinstance(value, list) else value for key, value in msgspec.json.decode(data).items()
    }
    return whole(reply.status, reply.headers["content-type"], msgspec.json.encode(payload))


async def disturbed(fault: Fault, chunks: Chunks) -> AsyncGenerator[bytes, None]:
    """The same stream with the fault in it."""
    if fault.kind == "utf8":
        async with aclosing(chunks):
            async for chunk in chunks:
                for piece in torn(chunk):
                    yield piece
        return
    # Without a place, the end comes instead of the final object.
    start = -1 if fault.kind == "end" and fault.after is None else fault.after or 0
    passed = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            for item in chunk.splitlines(keepends=True):
                final = b'"done":true' in item or b'"status":"success"' in item
                if fault.kind == "duplicate":
                    yield item * 2 if final else item
                elif passed == start or (fault.kind == "end" and final):
                    async for piece in _strike(fault, item):
                        yield piece
                    if fault.kind not in ("garbage", "huge"):
                        return
                else:
                    yield item
                passed += 1


async def _strike(fault: Fault, item: bytes) -> AsyncGenerator[bytes, None]:
    match fault.kind:
        case "silence":
            await asyncio.Event().wait()
        case "cut":
            yield item[: len(item) // 2]
            raise Hangup
        case "error":
            yield line({"error": fault.text or "an error was encountered while running the model: EOF"})
        case "garbage":
            yield (fault.text or '{"model":"x","mess\x00 <not json>').encode() + b"\n" + item
        case "huge":
            yield b'{"padding":"' + b"x" * 10_000_000 + b'"}\n' + item


def torn(chunk: bytes) -> list[bytes]:
    """A chunk cut inside each of its longer characters, or in the middle when it has none."""
    places = [at for at, byte in enumerate(chunk) if byte & 0xC0 == 0x80] or [len(chunk) // 2]
    ends = [*places, len(chunk)]
    return [chunk[start:end] for start, end in zip([0, *places], ends, strict=True) if start < end]


def streams(reply: Reply) -> bool:
    """Whether a reply is made of lines."""
    return reply.headers.get("content-type") == NDJSON
