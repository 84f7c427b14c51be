from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.chat.hearing import Hearing
from core.chat.recorder import Recorder
from core.chat.think import Moved, Piece
from core.chat.types import Part, Turn, TurnState
from core.ollama.wire import ChatChunk, Message
from tests.fakes.clock import ManualClock


class Notes:
    """Takes down what is heard, as a recorder does, without a disk."""

    def __init__(self) -> None:
        self.turn = Turn(id=1, chat_id=1, role="assistant", state="reading")
        self.states: list[TurnState] = []

    @property
    def state(self) -> TurnState:
        return self.turn.state

    def enter(self, state: TurnState, **changes: Any) -> None:
        self.states.append(state)
        self.note(state=state, **changes)

    def note(self, **changes: Any) -> None:
        self.turn = msgspec.structs.replace(self.turn, **changes)

    def add(self, piece: Piece) -> None:
        texts: dict[Part, str] = {"thinking": self.turn.thinking, "answer": self.turn.text}
        if isinstance(piece, Moved):
            source: Part = "answer" if piece.part == "thinking" else "thinking"
            at = len(texts[source]) - piece.length
            texts[piece.part] += piece.lead + texts[source][at:]
            texts[source] = texts[source][:at]
        else:
            texts[piece.part] += piece.text
        self.note(thinking=texts["thinking"], text=texts["answer"])


def hear(gulps: list[list[ChatChunk]]) -> tuple[Turn, Hearing, list[TurnState]]:
    notes, clock = Notes(), ManualClock()
    hearing = Hearing(cast("Recorder", notes), clock)
    hearing.begin()
    for chunks in gulps:
        hearing.take(chunks)
    hearing.end()
    hearing.measure(ChatChunk(done=True), usual_prompt_speed=None, first=True)
    return notes.turn, hearing, notes.states


def chunk(thinking: str = "", content: str = "") -> ChatChunk:
    return ChatChunk(message=Message(content=content, thinking=thinking or None))


WORDS = st.sampled_from(["Hm. ", "so", "\n", "<think>", "</think>", "`", "```\n", " ", "ü"])
CHUNKS = st.lists(
    st.builds(chunk, thinking=st.sampled_from(["", "", "I wonder. "]), content=st.one_of(st.just(""), WORDS)),
    max_size=30,
)


@given(chunks=CHUNKS, cuts=st.lists(st.integers(0, 30)))
def test_an_answer_is_the_same_however_many_objects_were_heard_at_once(
    chunks: list[ChatChunk], cuts: list[int]
) -> None:
    places = sorted({0, len(chunks), *(cut for cut in cuts if cut < len(chunks))})
    gulps = [chunks[start:end] for start, end in pairwise(places)]
    one, hearing, _ = hear([[each] for each in chunks])
    many, gulped, _ = hear(gulps)
    assert (many.thinking, many.text) == (one.thinking, one.text)
    assert (gulped.pieces, gulped.heard) == (hearing.pieces, hearing.heard)


def test_states_and_tokens_of_a_thought_are_told_apart_within_a_gulp() -> None:
    gulp = [
        chunk(thinking="a "),
        chunk(thinking="b "),
        chunk(thinking="c "),
        chunk(content="Hi "),
        chunk(content="you."),
    ]
    turn, hearing, states = hear([gulp])
    assert (turn.thinking, turn.text, states) == ("a b c ", "Hi you.", ["thinking", "answering"])
    assert hearing.stats is not None
    assert (hearing.stats.thinking_tokens, hearing.pieces) == (3, 5)


def test_a_thought_between_tags_is_counted_as_if_each_object_came_alone() -> None:
    texts = ["<think>", *["abc "] * 7, "</think>", "abcd"]
    alone = hear([[chunk(content=text)] for text in texts])[1].stats
    gulped = hear([[chunk(content=text) for text in texts]])[1].stats
    assert alone is not None
    assert gulped is not None
    assert gulped.thinking_tokens == alone.thinking_tokens == 7
