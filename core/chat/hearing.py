"""Listens to one answer: what came when, and what that makes in tokens a second."""

from __future__ import annotations

from collections.abc import Sequence

from core.chat.recorder import Recorder
from core.chat.think import FIRST, Piece, Said, ThinkParser
from core.chat.types import Part, Stats, TurnState
from core.clock import Clock
from core.ollama import reading
from core.ollama.wire import ChatChunk

_EVERY = 1.0
_CACHED = 3.0
"""A prompt read so many times faster than usual was in the server's cache."""
_JUST_LOADED = 300_000_000


class Hearing:
    """Takes the objects of a stream, and keeps the time."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self.recorder = recorder
        self.stats: Stats | None = None
        self.heard = False
        """Whether a word has come; then asking anew would lose it."""
        self.pieces = 0
        """How many objects with text there were: about as many tokens."""
        self._clock = clock
        self._parser = ThinkParser()
        self._began = clock.monotonic()
        self._first: float | None = None
        # An answer that goes on had thought before.
        before = recorder.turn.stats if recorder.turn.thinking else None
        self._thought = (before and before.thought) or 0.0
        self._thinking_pieces = (before and before.thinking_tokens) or 0
        self._thinking_since: float | None = None
        self._reported = self._began

    def begin(self) -> None:
        """The question is asked now."""
        self._began = self._clock.monotonic()

    def take(self, chunks: Sequence[ChatChunk]) -> None:
        """Hear some objects of the stream; what came at once is worked on at once."""
        for part, texts in _runs(chunks):
            self._note_first()
            for text, objects in _joined(texts):
                self.pieces += objects
                parser = self._parser
                self._say(parser.feed(thinking=text) if part == "thinking" else parser.feed(text), objects)

    def end(self) -> None:
        """No more comes: what was held back is said."""
        self._say(self._parser.finish(), 0)
        self._stop_thinking()

    def due(self) -> bool:
        """Whether it is time to tell how far it is: once a second."""
        now = self._clock.monotonic()
        if now - self._reported < _EVERY:
            return False
        self._reported = now
        return True

    def measure(self, final: ChatChunk, *, usual_prompt_speed: float | None, first: bool) -> None:
        """Work out the figures, from the server's own where it gives them."""
        now = self._clock.monotonic()
        speaking = now - self._first if self._first is not None else 0.0
        tokens = final.eval_count or self.pieces or None
        speed = reading.speed(final)
        if speed is None and tokens and speaking > 0:
            speed = tokens / speaking
        loaded = (final.load_duration or 0) > _JUST_LOADED
        fresh = loaded or (first and usual_prompt_speed is None)
        self.stats = Stats(
            ttft=None if self._first is None else self._first - self._began,
            tokens=tokens,
            speed=speed,
            prompt_tokens=final.prompt_eval_count,
            prompt_speed=_believed(reading.prompt_speed(final), usual_prompt_speed, fresh=fresh),
            load=final.load_duration / 1e9 if loaded and final.load_duration else None,
            duration=now - self._began,
            thought=self._thought if self._thinking_pieces else None,
            thinking_tokens=self._thinking_pieces or None,
            reason=final.done_reason or "",
        )

    def _note_first(self) -> None:
        self.heard = True
        if self._first is None:
            self._first = self._clock.monotonic()

    def _say(self, pieces: list[Piece], objects: int) -> None:
        """Say what was heard in so many objects of the stream."""
        for piece in pieces:
            if isinstance(piece, Said):
                self._turn_to("thinking" if piece.part == "thinking" else "answering")
            elif piece.part == "thinking":
                # All there was turned out to be thinking; the answer begins only now.
                self._thinking_pieces, self._thought = self.pieces, self._spent()
                self._note_thought()
            self.recorder.add(piece)
        if pieces and self._thinking_since is not None:
            self._thinking_pieces += objects

    def _spent(self) -> float:
        return 0.0 if self._first is None else self._clock.monotonic() - self._first

    def _turn_to(self, state: TurnState) -> None:
        if state == "thinking" and self._thinking_since is None:
            self._thinking_since = self._clock.monotonic()
        elif state != "thinking":
            self._stop_thinking()
        if state != self.recorder.state:
            self.recorder.enter(state)

    def _stop_thinking(self) -> None:
        if self._thinking_since is not None:
            self._thought += self._clock.monotonic() - self._thinking_since
            self._thinking_since = None
            self._note_thought()

    def _note_thought(self) -> None:
        """Keep how long it thought with the answer, which may not come to its end."""
        self.recorder.note(stats=Stats(thought=self._thought, thinking_tokens=self._thinking_pieces))


def _runs(chunks: Sequence[ChatChunk]) -> list[tuple[Part, list[str]]]:
    """The texts of some objects in their order, those of one kind together."""
    runs: list[tuple[Part, list[str]]] = []
    for chunk in chunks:
        message = chunk.message
        said: tuple[tuple[Part, str | None], ...] = (
            ("thinking", message.thinking),
            ("answer", message.content),
        )
        for part, text in said:
            if text:
                if not runs or runs[-1][0] != part:
                    runs.append((part, []))
                runs[-1][1].append(text)
    return runs


def _joined(texts: list[str]) -> list[tuple[str, int]]:
    """Texts as one, and how many they were; each for itself where a tag may change what they are."""
    whole = "".join(texts)
    if FIRST.isdisjoint(whole):
        return [(whole, len(texts))]
    return [(text, 1) for text in texts]


def _believed(speed: float | None, usual: float | None, *, fresh: bool) -> float | None:
    """The speed at which a prompt was read, unless most of it was in the server's cache."""
    if speed is None or fresh:
        return speed
    return speed if usual is not None and speed <= _CACHED * usual else None
