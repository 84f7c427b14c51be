"""Trying a model out: it says a few words, or makes a vector, or the reason is told why it does not."""

from __future__ import annotations

from contextlib import aclosing

from core.downloads.types import Proof
from core.errors import BadReply, StreamCut
from core.models.types import Model
from core.ollama.client import Ollama
from core.ollama.reading import speed
from core.ollama.wire import Answer, ChatRequest, EmbedRequest, GenerateRequest, KeepAlive, Message

WORDS = 8
"""One token proves it; a few more tell how fast it is."""
_QUESTION = "Say hello."


async def prove(
    client: Ollama, model: Model, *, context: int | None = None, keep_alive: KeepAlive | None = None
) -> Proof:
    """Let the model work once; raise what the server says when it does not."""
    if model.can("embedding") and not model.can("completion"):
        return await _embed(client, model, keep_alive)
    options = {"num_predict": WORDS, **({"num_ctx": context} if context else {})}
    if model.can("insert") and model.can("completion") is False:
        return await _generate(client, model, options, keep_alive)
    request = ChatRequest(
        model=model.name,
        messages=(Message(role="user", content=_QUESTION),),
        options=options,
        keep_alive=keep_alive,
    )
    said, last = False, None
    async with aclosing(client.chat(request)) as chunks:
        async for chunk in chunks:
            said = said or bool(chunk.message.content or chunk.message.thinking or chunk.message.tool_calls)
            last = chunk
    return _judged(model, last, said=said)


async def _generate(
    client: Ollama, model: Model, options: dict[str, int], keep_alive: KeepAlive | None
) -> Proof:
    request = GenerateRequest(
        model=model.name, prompt="def hello():", options=dict(options), keep_alive=keep_alive
    )
    said, last = False, None
    async with aclosing(client.generate(request)) as chunks:
        async for chunk in chunks:
            said = said or bool(chunk.response or chunk.thinking)
            last = chunk
    return _judged(model, last, said=said)


def _judged(model: Model, last: Answer | None, *, said: bool) -> Proof:
    if last is None:
        raise StreamCut(f"{model.name} answered nothing at all.")
    if not said and not last.eval_count:
        raise BadReply(f"{model.name} was loaded, but it says nothing.", "Pull it again, or try another one.")
    return Proof(load_seconds=_seconds(last.load_duration), speed=speed(last))


async def _embed(client: Ollama, model: Model, keep_alive: KeepAlive | None) -> Proof:
    reply = await client.embed(EmbedRequest(model=model.name, input=(_QUESTION,), keep_alive=keep_alive))
    vectors = reply.embeddings or ()
    if not vectors or not any(vectors[0]):
        raise BadReply(
            f"{model.name} was loaded, but it makes no vector.", "Pull it again, or try another one."
        )
    return Proof(load_seconds=_seconds(reply.load_duration), dimensions=len(vectors[0]))


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
