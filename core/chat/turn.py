"""One answer from its turn in the queue to its last word. Reads from top to bottom.

Whatever happens, the answer ends in a state with a name, and what was said is kept: the server is
away (it waits), says no, falls silent, is cut off, dies; somebody stops it; Leitstand closes.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import msgspec

from core.chat import prompt
from core.chat.asking import Allowances, Ask, prepare
from core.chat.desk import Desk, Payload, failure_of
from core.chat.facts import same
from core.chat.hearing import Hearing
from core.chat.lookup import Evidence, first_of, looked_up
from core.chat.recorder import Recorder
from core.chat.types import Chat, Note, TurnError
from core.chat.waiting import watch_loading
from core.chat.wishes import wish_of
from core.errors import (
    BadRequest,
    LeitstandError,
    NotFound,
    NotOllama,
    ServerBusy,
    ServerError,
    ServerUnavailable,
    Timeout,
)
from core.jobs.context import GiveUp, JobContext, OtherModel, Verdict
from core.jobs.endings import AGAIN, AWAY
from core.jobs.types import Job
from core.ollama.names import server_of
from core.ollama.wire import ChatChunk

FALLBACK = "fallback"
"""The note that another model answers than was decided."""


async def run_turn(desk: Desk, ctx: JobContext) -> object:
    """Give an answer; what it had said before, when it was interrupted, is gone on with."""
    payload = ctx.payload(Payload)
    turn = await desk.tree.turn(payload.turn)
    if turn.state == "done":
        return None  # the process died between the answer's end and the job's
    chat = await desk.chats.chat(turn.chat_id)
    recorder = desk.recorder(turn)
    hearing = Hearing(recorder, desk.clock)
    try:
        model = await _who(desk, recorder)
        recorder.enter("loading", model=model, error=None, notes=_lasting(turn.notes), finished=None)
        evidence = await looked_up(desk, recorder, model)
        ask, final = await _ask(desk, ctx, chat, hearing, evidence, anyway=payload.anyway)
        await _learn(desk, chat, ask, final, hearing)
        await desk.note_answer(await desk.finish(recorder, "done", stats=hearing.stats))
    except asyncio.CancelledError:
        await _stopped(desk, ctx, recorder)
        raise
    except OtherModel:
        raise  # it waits for its turn again, with another model
    except LeitstandError as error:
        raise await _failed(desk, ctx, hearing, error) from error
    except Exception:
        fault = LeitstandError("Leitstand itself has a fault; the answer could not be given.", "See the log.")
        await desk.finish(recorder, "failed", error=fault)
        raise
    return hearing.stats


async def _who(desk: Desk, recorder: Recorder) -> str:
    """Who answers: as it was decided when it was asked, unless that cannot be done any more."""
    turn = recorder.turn
    if desk.router.on and not recorder.said:
        route = await desk.router.look_again(turn, await wish_of(desk, turn))
        if route is not None and route.model and same(route.model) != same(turn.model):
            await recorder.leave("queued", model=route.model, route=route.line)
            raise OtherModel(route.model)
    return turn.model or await desk.facts.first()


async def _ask(
    desk: Desk, ctx: JobContext, chat: Chat, hearing: Hearing, evidence: Evidence | None, *, anyway: bool
) -> tuple[Ask, ChatChunk]:
    """Ask until the server takes the question as it is put, and listen to the end."""
    allow = Allowances(desk.settings().window, 0 if evidence is None else len(evidence.passages))
    while True:
        ask = await prepare(desk, chat, hearing.recorder.turn, allow, evidence, anyway=anyway)
        notes = (*_lasting(hearing.recorder.turn.notes), *ask.notes)
        sources = first_of(hearing.recorder.turn.sources, allow.passages)
        hearing.recorder.enter(hearing.recorder.state, context=ask.sent, notes=notes, sources=sources)
        try:
            return ask, await _listen(desk, ctx, ask, hearing)
        except LeitstandError as error:
            if hearing.heard or not await allow.yields(desk, ask, error):
                raise


async def _listen(desk: Desk, ctx: JobContext, ask: Ask, hearing: Hearing) -> ChatChunk:
    """Hear an answer to its final object; nobody is waited for longer than the settings allow."""
    model, settings = ask.facts.name, desk.settings()
    silence = settings.silence_large if ask.facts.large else settings.silence
    first = min(silence, await desk.router.patience(hearing.recorder.turn) or silence)
    final = None
    hearing.begin()
    try:
        async with ctx.watchdog(settings.load_limit, "silent") as dog:
            loading = desk.tasks.spawn(
                "model being loaded", watch_loading(desk, ctx, hearing.recorder, ask, dog, first)
            )
            try:
                async with aclosing(desk.client().chat_in_gulps(ask.request, desk.rest)) as gulps:
                    async for chunks in gulps:
                        loading.cancel()
                        dog.limit(silence)
                        hearing.take(chunks)
                        _report(ctx, hearing)
                        final = chunks[-1]
            finally:
                loading.cancel()
                hearing.end()
    except Timeout:
        waited = silence if hearing.heard else first
        raise _silent(model, hearing, settings.load_limit, waited) from None
    assert final is not None  # a stream without its final object raises
    return final


def _report(ctx: JobContext, hearing: Hearing) -> None:
    if hearing.due():
        ctx.progress(text=hearing.recorder.state, numbers={"tokens": hearing.pieces})


def _silent(model: str, hearing: Hearing, load_limit: float, silence: float) -> Timeout:
    if hearing.recorder.state == "loading":
        return Timeout(
            f"{model} was not loaded within {_minutes(load_limit)}.",
            "The server may be busy with other models: see what is loaded, and try again.",
        )
    return Timeout(
        f"{model} fell silent: not a word for {_minutes(silence)}.", "Try again; what was said is kept."
    )


async def _learn(desk: Desk, chat: Chat, ask: Ask, final: ChatChunk, hearing: Hearing) -> None:
    """Take note of what the end of an answer tells about the model."""
    model, notes = ask.facts.name, list(hearing.recorder.turn.notes)
    known = await desk.memory.of(model)
    counted, sent = final.prompt_eval_count, ask.sent
    hearing.measure(final, usual_prompt_speed=known.prompt_speed, first=ask.plan.sent == 1)
    if prompt.was_cut(estimated=ask.plan.tokens, counted=counted, context=ask.context):
        sent = msgspec.structs.replace(sent, cut=True)
        notes.append(Note("cut", "The server left out a part of what was sent.", "Raise the context length."))
    elif not ask.images:
        ratio = prompt.learn(known.ratio, estimated=ask.estimated, counted=counted)
        if ratio != known.ratio:
            await desk.memory.set_ratio(model, ratio)
    if final.done_reason == "length":
        hint = "Continue it, or raise the context length."
        notes.append(Note("length", "The answer stopped because its room was used up.", hint))
    hearing.recorder.enter(hearing.recorder.state, context=sent, notes=tuple(notes))
    if known.effective is None:
        await _look(desk, model)


async def _look(desk: Desk, model: str) -> None:
    """See what the server made of the context length; without an answer we ask another time."""
    try:
        loaded = await desk.facts.loaded(model)
    except LeitstandError:
        return
    if loaded is not None and loaded.context_length:
        await desk.memory.set_effective(model, loaded.context_length)


async def _stopped(desk: Desk, ctx: JobContext, recorder: Recorder) -> None:
    if ctx.stopping == "cancel":
        await desk.finish(recorder, "stopped")
    elif ctx.stopping == "hold" or not recorder.said or desk.goes_on:
        await recorder.leave("queued")
    else:
        await desk.finish(recorder, "interrupted")


async def _failed(desk: Desk, ctx: JobContext, hearing: Hearing, error: LeitstandError) -> Exception:
    """Say what the queue is to make of a failure; the answer waits where another try may help."""
    desk.report(error, server_of(hearing.recorder.turn.model))
    more = ctx.job.attempt < ctx.job.max_attempts
    if not hearing.heard and (isinstance(error, AWAY) or (isinstance(error, AGAIN) and more)):
        await hearing.recorder.leave("queued", error=TurnError(error.code, error.message, error.hint))
        return error
    if not hearing.recorder.said and (other := await _instead(desk, hearing.recorder, error)) is not None:
        return other
    await desk.finish(hearing.recorder, "failed", error=error)
    return GiveUp(error)


async def _instead(desk: Desk, recorder: Recorder, error: LeitstandError) -> OtherModel | None:
    """Let the next smaller model answer where one may be able to, and say so."""
    refused = isinstance(error, BadRequest | NotOllama | ServerUnavailable | ServerBusy)
    if not desk.router.on or refused or not isinstance(error, ServerError | Timeout):
        return None
    turn = recorder.turn
    route = await desk.router.fall_back(turn, await wish_of(desk, turn), failure_of(error))
    if route is None or not route.model:
        return None
    note = Note(FALLBACK, f"{error.message} {route.model} answers instead.", error.hint)
    notes = (*_lasting(turn.notes), note)
    await recorder.leave("queued", model=route.model, route=route.line, notes=notes)
    return OtherModel(route.model)


def _lasting(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """What stays true of an answer however often it is tried."""
    return tuple(note for note in notes if note.code == FALLBACK)


async def orphaned(desk: Desk, job: Job) -> Verdict:
    """Say what becomes of an answer's job that a crash or closing cut off."""
    try:
        turn = await desk.tree.turn(msgspec.json.decode(job.payload, type=Payload).turn)
    except NotFound:
        return "cancel"  # its chat was removed
    if turn.state == "done":
        return "done"
    return "cancel" if turn.ended else "requeue"


def _minutes(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
