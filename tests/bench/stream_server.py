"""A server that says exactly so many tokens a second, each at its appointed moment, and nothing else.

It runs as a process of its own, so that neither the reader's nor the test's work delays a token.
    python -m tests.bench.stream_server SHAPE TOKENS RATE   →   prints its port, then the moment of token 0
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import count, islice

from core.simulator.longform import endless

MARK_EVERY = 10
THOUGHTS = 20
"""Lines that the shape `thinking` thinks before it answers, each one token and nearly 120 columns long."""


def mark(number: int) -> str:
    """A word that occurs once."""
    return f" q{number:05}q"


def tokens(shape: str) -> Iterator[str]:
    """Tokens of one shape without an end; every tenth is a word of its own."""
    words = _plain(shape)
    for number in count():
        yield mark(number) if number % MARK_EVERY == 5 and shape != "mixed" else next(words)


def _plain(shape: str) -> Iterator[str]:
    if shape in {"mixed", "marked"}:
        yield from endless()
    if shape == "thinking":
        shape = "paragraph"
    openings = {"list": "- ", "table": "| a | b |\n|---|---|\n", "fence": "```python\n", "paragraph": ""}
    breaks = {"list": "\n- ", "table": " | x |\n| ", "fence": "\n", "paragraph": ""}
    yield openings[shape]
    for number in count(1):
        yield f" word{number % 97}"
        if number % 9 == 0 and breaks[shape]:
            yield breaks[shape]


async def main(shape: str, total: int, rate: float) -> None:
    """Answer version, tags, ps, show and one chat after the other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                length = 0
                while (header := await reader.readline()).strip():
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                body = await reader.readexactly(length)
                if (
                    path == "/api/chat"
                    and json.loads(body).get("messages")
                    and json.loads(body).get("stream", True)
                ):
                    await stream(writer, shape, total, rate)
                else:
                    whole(writer, path)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


MODEL = {
    "name": "m:1b",
    "model": "m:1b",
    "size": 1_000_000_000,
    "digest": "a" * 64,
    "modified_at": "2026-01-01T00:00:00Z",
    "details": {"format": "gguf", "family": "llama", "parameter_size": "1B", "quantization_level": "Q4_0"},
}


def whole(writer: asyncio.StreamWriter, path: str) -> None:
    """Answer everything that is no stream."""
    replies: dict[str, object] = {
        "/api/version": {"version": "0.33.0"},
        "/api/tags": {"models": [MODEL]},
        "/api/ps": {"models": [MODEL | {"size_vram": 1_000_000_000, "expires_at": "2318-01-01T00:00:00Z"}]},
        "/api/show": {"details": MODEL["details"], "model_info": {}, "capabilities": ["completion"]},
        "/api/chat": {"model": "m:1b", "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "load",
                      "message": {"role": "assistant", "content": "A title"}},
    }  # fmt: skip
    data = json.dumps(replies.get(path, {})).encode()
    writer.write(
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    )
    writer.write(data)


async def stream(writer: asyncio.StreamWriter, shape: str, total: int, rate: float) -> None:
    """Say each token at its moment; a late one does not delay the next."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    start = time.monotonic()
    print(f"{start:.6f}", flush=True)
    for number, token in enumerate(islice(tokens(shape), total)):
        wait = start + number / rate - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        part = "thinking" if shape == "thinking" and number < THOUGHTS else "content"
        said = f"Thought {number:02} {'is a line of its own ' * 4}\n" if part == "thinking" else token
        chunk(writer, {"message": {"role": "assistant", "content": "", part: said}, "done": False})
        await writer.drain()
    chunk(writer, {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop",
                   "total_duration": 10**9, "load_duration": 10**6, "prompt_eval_count": 10,
                   "prompt_eval_duration": 10**7, "eval_count": total, "eval_duration": int(total / rate * 1e9)})  # fmt: skip
    writer.write(b"0\r\n\r\n")


def chunk(writer: asyncio.StreamWriter, fields: dict[str, object]) -> None:
    """One object as one chunk."""
    data = json.dumps({"model": "m:1b", "created_at": "2026-01-01T00:00:00Z", **fields}).encode() + b"\n"
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
