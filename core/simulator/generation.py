"""One answer from the first wait to the last figure, whatever route asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import msgspec

from core.simulator import asks
from core.simulator.models import Spec
from core.simulator.pace import Timeline
from core.simulator.packages import Model
from core.simulator.prompts import Prompt, fit
from core.simulator.replies import Question, compose
from core.simulator.runner import Runner
from core.simulator.script import Call, Finish, Raw, Say, Script, Step, Think
from core.simulator.server import Server
from core.simulator.voice import Manner, Piece, Voice
from core.simulator.wire import Refusal, nanoseconds

_CRASH = "an error was encountered while running the model: unexpected EOF"
_CACHED = 0.0003
"""Seconds for a prompt that the cache holds already."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a model, the same for chat and generate."""

    path: str
    ask: dict[str, Any]
    model: Model
    messages: list[dict[str, Any]]
    options: dict[str, Any]
    keep_alive: float | None
    manner: Manner

    @property
    def shown(self) -> str:
        """The name as the client sent it."""
        return str(self.ask["model"])

    @property
    def spec(self) -> Spec:
        """The model's nature."""
        return self.model.spec

    @property
    def shift(self) -> bool:
        """Whether the window may move on."""
        return self.ask.get("shift") is not False


async def answer(server: Server, turn: Turn) -> AsyncGenerator[list[Piece], None]:
    """Wait, load, read the prompt, speak: in batches, as they become due."""
    timeline = server.timeline()
    trouble = server.trouble(turn.path, turn.shown)
    async with server.runners.use(
        turn.model, turn.options, turn.keep_alive, timeline, trouble, shift=turn.shift
    ) as lease:
        runner = lease.runner
        asks.check_format(turn.ask.get("format"))
        prompt = _fitted(server, turn, runner)
        reading = await _read(server, turn, runner, prompt, timeline)
        metrics = Metrics(timeline, lease.waited, prompt.tokens, reading)
        crash = trouble("crash")
        script = server.cue(turn.path, turn.shown)
        steps = _scripted(script, turn) if script else _composed(server, turn, prompt, runner, timeline)
        voice = _voice(server, turn)
        async with aclosing(steps):
            async for batch in steps:
                pieces: list[Piece] = []
                for step in batch:
                    if crash and metrics.said >= (crash.after or 0):
                        if pieces:
                            yield pieces
                        server.runners.crashed(runner, crash.text)
                        raise Refusal(500, crash.text or _CRASH, late=True)
                    pieces += _pieces(server, turn, step, voice, metrics)
                if pieces:
                    yield pieces


class Metrics:
    """Counts and measures one answer."""

    def __init__(self, timeline: Timeline, waited: float, prompt_tokens: int, reading: float) -> None:
        self._timeline = timeline
        self._waited = waited
        self._prompt_tokens = prompt_tokens
        self._reading = reading
        self._since = timeline.elapsed()
        self.said = 0

    def again(self) -> None:
        """The model starts a second run; only that one is reported."""
        self.said = 0
        self._since = self._timeline.elapsed()

    def final(self, finish: Finish) -> dict[str, Any]:
        """What the last object reports; zeros are left out when it is written."""
        return {
            "done_reason": finish.reason,
            "total_duration": nanoseconds(self._timeline.elapsed()),
            "load_duration": nanoseconds(self._waited),
            "prompt_eval_count": self._prompt_tokens,
            "prompt_eval_duration": nanoseconds(self._reading),
            "eval_count": self.said,
            "eval_duration": nanoseconds(self._timeline.elapsed() - self._since),
            **finish.metrics,
        }


def _fitted(server: Server, turn: Turn, runner: Runner) -> Prompt:
    return fit(
        turn.spec,
        server.version,
        turn.messages,
        runner.load.context,
        extra=len(turn.ask.get("context") or ()),
        tools=turn.ask.get("tools"),
        keep=turn.options.get("num_keep", 4),
        truncate=turn.ask.get("truncate") is not False,
        shift=turn.shift,
    )


async def _read(server: Server, turn: Turn, runner: Runner, prompt: Prompt, timeline: Timeline) -> float:
    alike = _common(runner.prompt, prompt.text)
    share = 1 - alike / max(len(prompt.text), 1)
    seconds = _CACHED + prompt.tokens * share / server.pace.prompt_rate(turn.spec.active_bytes)
    begun = timeline.elapsed()
    await timeline.spend(seconds)
    runner.prompt = prompt.text
    return timeline.elapsed() - begun


def _common(one: str, other: str) -> int:
    if other.startswith(one):
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _voice(server: Server, turn: Turn) -> Voice:
    wants = turn.ask.get("logprobs") and server.version.has("logprobs")
    return Voice(
        server.version,
        turn.manner,
        turn.spec,
        blanks=turn.path == "/api/generate",
        logprobs=(turn.ask.get("top_logprobs") or 0) if wants else None,
    )


def _pieces(server: Server, turn: Turn, step: Step, voice: Voice, metrics: Metrics) -> list[Piece]:
    match step:
        case Finish():
            return [Piece(calls=tuple(voice.late_calls), final=metrics.final(step))]
        case Think() | Say() | Call() | Raw():
            again = isinstance(step, Say) and metrics.said and turn.ask.get("format") and voice.thinking
            if again:
                metrics.again()
            metrics.said += 1
            if isinstance(step, Call):
                server.calls += 1
            pieces = voice.pieces(step, server.calls)
            return [Piece(), *pieces] if again else pieces
    return []


async def _scripted(script: Script, turn: Turn) -> AsyncGenerator[list[Step], None]:
    async with aclosing(script.play(turn.ask)) as steps:
        async for step in steps:
            yield [step]


async def _composed(
    server: Server, turn: Turn, prompt: Prompt, runner: Runner, timeline: Timeline
) -> AsyncGenerator[list[Step], None]:
    question = Question(
        model=turn.shown,
        messages=prompt.messages,
        tools=turn.ask.get("tools") or [],
        format=turn.ask.get("format") or None,
        thinks=turn.manner.thinks,
        level=turn.manner.level,
        stop=tuple(turn.options.get("stop") or ()),
        fill=server.setup.fill or bool(server.pace.rate),
        wanted=turn.options.get("num_predict", -1),
    )
    limit = _limit(turn, prompt, runner)
    counted = _Counted(compose(question), limit)
    on_gpu = runner.footprint.vram / max(runner.footprint.size, 1)
    active = turn.spec.active_bytes
    rate = server.pace.token_rate(int(active * on_gpu), int(active * (1 - on_gpu)))
    async with aclosing(timeline.paced(counted, rate)) as batches:
        async for batch in batches:
            yield batch
    yield [Finish("length" if counted.cut else "stop")]


def _limit(turn: Turn, prompt: Prompt, runner: Runner) -> int:
    window = runner.load.context
    wanted = turn.options.get("num_predict", -1)
    limit = wanted if wanted > 0 else 10 * window
    return limit if turn.shift else max(1, min(limit, window - prompt.tokens))


class _Counted(Iterator[Step]):
    """The steps of an answer up to a limit, and whether it was reached."""

    def __init__(self, steps: Iterator[Step], limit: int) -> None:
        self._steps = steps
        self._left = limit
        self.cut = False

    def __next__(self) -> Step:
        step = next(self._steps)
        if not self._left:
            self.cut = True
            raise StopIteration
        self._left -= 1
        return step
