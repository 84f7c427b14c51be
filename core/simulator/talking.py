"""The routes that speak: chat and generate."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC
from typing import Any

from core.simulator import asks
from core.simulator.generation import Turn, answer
from core.simulator.server import SIGN_IN, Server
from core.simulator.voice import Piece, manner
from core.simulator.wire import GO_ZERO_TIME, Refusal, Reply, Request, line, present, stamp, stream
from core.simulator.wire import answer as whole

Frame = Callable[[Piece], dict[str, Any]]
"""Puts a piece into the object of its route."""

_NO_IMAGES = (
    '{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, '
    'you may need to provide the mmproj","type":"server_error"}}'
)


async def chat(server: Server, request: Request) -> Reply:
    """POST /api/chat."""
    ask = asks.decode(request.body, "ChatRequest")
    if not ask.get("model"):
        raise Refusal(400, "model is required")
    messages = [
        {**message, "role": str(message.get("role", "")).lower()} for message in ask.get("messages") or ()
    ]
    images = any(message.get("images") for message in messages)
    turn = _turn(server, request, ask, messages, images=images)

    def empty(reason: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}

    return await _reply(server, turn, empty, _chat_object)


async def generate(server: Server, request: Request) -> Reply:
    """POST /api/generate."""
    ask = asks.decode(request.body, "GenerateRequest")
    ask.setdefault("model", "")
    if ask.get("raw") and (ask.get("template") or ask.get("system") or ask.get("context")):
        raise Refusal(400, "raw mode does not support template, system, or context")
    messages = []
    if ask.get("prompt"):
        system = ask.get("system")
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": ask["prompt"], "images": ask.get("images")})
    turn = _turn(server, request, ask, messages, images=bool(ask.get("images")))

    def empty(reason: str) -> dict[str, Any]:
        return {"response": "", "done": True, "done_reason": reason}

    return await _reply(server, turn, empty, _generate_object)


def _turn(
    server: Server, request: Request, ask: dict[str, Any], messages: list[dict[str, Any]], *, images: bool
) -> Turn:
    if not server.version.has("truncate_shift"):
        ask = {key: value for key, value in ask.items() if key not in ("truncate", "shift")}
    keep_alive = asks.check_keep_alive(ask.get("keep_alive"), server.version)
    think = asks.check_think(ask.get("think"), server.version)
    asks.check_logprobs(ask)
    old = server.version.before(0, 6, 0)
    model = server.find(
        ask["model"], 'model "{name}" not found, try pulling it first' if old else "model '{name}' not found"
    )
    spec, full = model.spec, model.name.full
    if spec.remote:
        raise Refusal(401, "unauthorized", signin_url=SIGN_IN)
    if not messages and keep_alive == 0:
        way = manner(spec, server.version, None, "", "")
    else:
        _check_capabilities(server, request.path, ask, model.spec.capabilities, full, images=images)
        way = manner(spec, server.version, think, ask["model"], full)
    if messages and not ask.get("raw"):
        own = model.package.system if messages[0]["role"] != "system" else ""
        first = [{"role": "system", "content": own}] if own else []
        messages = [*first, *model.package.messages, *messages]
    options = {**model.package.parameters, **asks.check_options(ask.get("options"))}
    return Turn(
        path=request.path, ask=ask, model=model, messages=messages, options=options,
        keep_alive=keep_alive, manner=way,
    )  # fmt: skip


def _check_capabilities(
    server: Server, path: str, ask: dict[str, Any], capabilities: tuple[str, ...], full: str, *, images: bool
) -> None:
    if "completion" not in capabilities:
        raise Refusal(400, f'"{ask["model"]}" does not support {path.rsplit("/", 1)[1]}')
    missing = []
    if ask.get("tools") and "tools" not in capabilities:
        missing.append("tools")
    if ask.get("suffix") and "insert" not in capabilities:
        missing.append("insert")
    if missing:
        raise Refusal(400, "\n".join(f"{full} does not support {one}" for one in missing))
    if images and "vision" not in capabilities and server.version.has("subprocess_engine"):
        raise Refusal(500, _NO_IMAGES)


async def _reply(server: Server, turn: Turn, empty: Callable[[str], dict[str, Any]], frame: Frame) -> Reply:
    base = {"model": turn.shown, "created_at": stamp(server.clock.now(), UTC)}
    if not turn.messages and turn.keep_alive == 0:
        server.runners.release(turn.model.package)
        return whole({**base, **empty("unload")})
    if not turn.messages or turn.ask.get("_debug_render_only"):
        await _load(server, turn)
        if turn.messages:
            rendered = "\n".join(f"<|{m['role']}|>{m.get('content') or ''}" for m in turn.messages)
            count = sum(len(m.get("images") or ()) for m in turn.messages)
            return whole(
                {**base, "_debug_info": {"rendered_template": rendered, **present(image_count=count)}}
            )
        return whole({**base, **empty("load")})
    if turn.ask.get("stream") is False:
        return whole(await _merged(server, turn, frame))
    return stream(_lines(server, turn, frame))


async def _load(server: Server, turn: Turn) -> None:
    trouble = server.trouble(turn.path, turn.shown)
    async with server.runners.use(
        turn.model, turn.options, turn.keep_alive, server.timeline(), trouble, shift=turn.shift, slot=False
    ):
        pass


async def _lines(server: Server, turn: Turn, frame: Frame) -> AsyncGenerator[bytes, None]:
    async with aclosing(answer(server, turn)) as batches:
        async for batch in batches:
            created = stamp(server.clock.now(), UTC)
            yield b"".join(
                piece.raw
                or line({"model": turn.shown, "created_at": created, **frame(piece), **_end(turn, piece)})
                for piece in batch
            )


def _end(turn: Turn, piece: Piece) -> dict[str, Any]:
    if piece.final is None:
        return {}
    found = present(**piece.final)
    if turn.path == "/api/generate" and not turn.ask.get("raw"):
        size = int(piece.final.get("prompt_eval_count") or 0) + int(piece.final.get("eval_count") or 0)
        found["context"] = [(number * 7919) % turn.spec.vocabulary for number in range(size)]
    return found


async def _merged(server: Server, turn: Turn, frame: Frame) -> dict[str, Any]:
    content: list[str] = []
    thinking: list[str] = []
    calls: list[dict[str, Any]] = []
    logprobs: list[dict[str, Any]] = []
    final: dict[str, Any] | None = None
    async with aclosing(answer(server, turn)) as batches:
        async for batch in batches:
            for piece in batch:
                content.append(piece.content)
                thinking.append(piece.thinking)
                calls += piece.calls
                logprobs += piece.logprobs
                final = final or piece.final
    joined = Piece("".join(content), "".join(thinking), tuple(calls), tuple(logprobs), final=final)
    if final is None and not any(content) and not any(thinking):
        # A runner that just stops leaves nothing but the zero value of the answer.
        zero: dict[str, Any] = {"message": {"role": "", "content": ""}}
        said = {"response": ""} if turn.path == "/api/generate" else zero
        return {"model": "", "created_at": GO_ZERO_TIME, **said, "done": False}
    created = stamp(server.clock.now(), UTC)
    return {"model": turn.shown, "created_at": created, **frame(joined), **_end(turn, joined)}


def _chat_object(piece: Piece) -> dict[str, Any]:
    message = {"role": "assistant", "content": piece.content}
    message |= present(thinking=piece.thinking, tool_calls=piece.calls)
    return {"message": message, "done": piece.final is not None, **present(logprobs=piece.logprobs)}


def _generate_object(piece: Piece) -> dict[str, Any]:
    found = present(thinking=piece.thinking, tool_calls=piece.calls, logprobs=piece.logprobs)
    return {"response": piece.content, "done": piece.final is not None, **found}
