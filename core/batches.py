"""Many questions at a time, each a job of its own: answered when nobody waits for anything else.

A question is known by its key: handing the same batch in twice asks nothing twice, whatever ended in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from hashlib import blake2b
from typing import Any

import msgspec

from core.chat.think import Piece, Said, ThinkParser
from core.clock import Clock
from core.config.schema import Chat as Settings
from core.errors import LeitstandError, UsageError
from core.exposed import exposed
from core.guard import one_line
from core.jobs.context import JobContext
from core.jobs.service import JobService
from core.jobs.types import Job, NewJob, packed
from core.ollama import reading
from core.ollama.client import Ollama
from core.ollama.wire import ChatChunk, ChatRequest, Message

KIND = "batch.ask"
MOST = 1000
"""Questions that are taken at a time."""


class BatchAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question of a batch."""

    model: str
    prompt: str
    system: str = ""
    options: dict[str, Any] = {}
    routed: bool = False
    """The model was chosen by the router: asked again, whoever was chosen first stays."""


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of it; the result of its job."""

    answer: str
    thinking: str = ""
    tokens: int | None = None
    prompt_tokens: int | None = None
    speed: float | None = None
    seconds: float = 0.0


class BatchService:
    """Owns questions that wait for the night."""

    def __init__(
        self,
        jobs: JobService,
        clock: Clock,
        *,
        client: Callable[[], Ollama],
        context: Callable[[str], Awaitable[int | None]],
        settings: Callable[[], Settings] = Settings,
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._client = client
        self._context = context
        self._settings = settings
        jobs.handle(KIND, "inference", self._run)

    @exposed
    async def submit(self, batch: str, asks: tuple[BatchAsk, ...]) -> tuple[Job, ...]:
        """Put questions into the queue behind everything else; those it knows come back as they are."""
        if not batch.strip() or len(asks) > MOST:
            raise UsageError(f"A batch has a name, and at most {MOST} questions are taken at a time.")
        if wrong := next((ask for ask in asks if not ask.prompt.strip() or not ask.model), None):
            raise UsageError(f"A question needs a text and a model: “{one_line(wrong.prompt, 40)}”.")
        return tuple(
            await self._jobs.enqueue_many(
                [
                    NewJob(
                        kind=KIND,
                        title=one_line(ask.prompt, 80),
                        model=ask.model,
                        payload=packed(ask),
                        priority="batch",
                        group=batch,
                        key=_key(batch, ask),
                    )
                    for ask in asks
                ]
            )
        )

    async def _run(self, ctx: JobContext) -> BatchAnswer:
        """Ask, and keep the whole answer."""
        ask, settings = ctx.payload(BatchAsk), self._settings()
        context = await self._context(ask.model)
        told = (Message(role="system", content=ask.system),) if ask.system else ()
        request = ChatRequest(
            model=ask.model,
            messages=(*told, Message(role="user", content=ask.prompt)),
            # The same context as always: another one would load the model again.
            options=({} if context is None else {"num_ctx": context}) | ask.options,
        )
        parser, began = ThinkParser(), self._clock.monotonic()
        said: list[Piece] = []
        final: ChatChunk | None = None
        await ctx.phase("loading")
        async with (
            ctx.watchdog(settings.load_limit, f"{ask.model} said nothing in time.") as dog,
            aclosing(self._client().chat(request)) as chunks,
        ):
            async for chunk in chunks:
                if final is None:
                    await ctx.phase("answering")
                    dog.limit(settings.silence_large)
                dog.fed()
                said += parser.feed(chunk.message.content, chunk.message.thinking or "")
                final = chunk
        said += parser.finish()
        if final is None:
            raise LeitstandError(f"{ask.model} ended without a word.")
        answer, thinking = _texts(said)
        return BatchAnswer(
            answer=answer,
            thinking=thinking,
            tokens=final.eval_count,
            prompt_tokens=final.prompt_eval_count,
            speed=reading.speed(final),
            seconds=round(self._clock.monotonic() - began, 3),
        )


def _texts(pieces: Sequence[Piece]) -> tuple[str, str]:
    """The answer and the thinking, each as a whole."""
    texts = {"answer": "", "thinking": ""}
    for piece in pieces:
        if isinstance(piece, Said):
            texts[piece.part] += piece.text
        else:
            source = "answer" if piece.part == "thinking" else "thinking"
            at = len(texts[source]) - piece.length
            texts[piece.part] += piece.lead + texts[source][at:]
            texts[source] = texts[source][:at]
    return texts["answer"], texts["thinking"]


def _key(batch: str, ask: BatchAsk) -> str:
    known = msgspec.structs.replace(ask, model="") if ask.routed else ask
    return f"{batch}:{blake2b(msgspec.json.encode(known), digest_size=16).hexdigest()}"
