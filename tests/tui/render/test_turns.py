from __future__ import annotations

import msgspec
import pytest

from core.chat.types import Attachment, ContextFacts, Note, Stats, Turn, TurnError
from core.retrieval.library import NOTHING_FITS, SMALL_TALK, Sources
from tui.render.turns import view

NOW = 1_767_268_800.0


def answer(**facts: object) -> Turn:
    return Turn(id=2, chat_id=1, role="assistant", model="qwen3:8b", created=NOW, since=NOW, **facts)  # type: ignore[arg-type]  # a table of cases


def test_a_question_is_somebody_saying_something_at_a_time() -> None:
    shown = view(
        Turn(id=1, chat_id=1, text="Why?", created=NOW, attachments=(Attachment("a.png", "image", 3),)), NOW
    )
    assert (shown.speaker, shown.name, shown.text, shown.chips) == ("question", "You", "Why?", ("a.png",))
    assert shown.phase == "ended"


@pytest.mark.parametrize(
    ("state", "waited", "status"),
    [
        ("queued", 0, "waiting for its turn"),
        ("loading", 12, "loading the model, 12 s"),
        ("reading", 1, "reading the prompt"),
        ("answering", 9, ""),
    ],
)
def test_an_answer_says_what_it_is_doing_and_for_how_long(state: str, waited: float, status: str) -> None:
    assert view(answer(state=state), NOW + waited).status == status


def test_a_server_that_is_away_is_said_in_place_of_the_phase_and_all_about_it_below() -> None:
    turn = answer(state="queued", error=TurnError("server_unavailable", "Nobody answers at gpubox."))
    shown = view(turn, NOW + 12)
    assert shown.status == "waiting for the server, 12 s"
    (told,) = shown.notices
    assert (told.text, told.tone) == (
        "Nobody answers at gpubox. It goes on by itself when the server is back.",
        "warn",
    )
    (over,) = view(msgspec.structs.replace(turn, state="failed"), NOW).notices[:1]
    assert (over.text, over.tone) == ("Nobody answers at gpubox.", "error")


def test_what_was_measured_stands_below_a_finished_answer() -> None:
    stats = Stats(ttft=0.42, tokens=412, speed=38.2, load=3.0, prompt_tokens=1200)
    shown = view(answer(state="done", stats=stats, finished=NOW + 9), NOW + 60)
    assert shown.facts == "38.2 tok/s · first token 0.4 s · 412 tokens · loaded in 3.0 s · prompt 1.2k"
    assert shown.ended.startswith("done ")


def test_nothing_unknown_is_shown_as_a_number() -> None:
    assert view(answer(state="done", stats=Stats()), NOW).facts == ""


@pytest.mark.parametrize(
    ("state", "word"),
    [("failed", "/again"), ("interrupted", "/continue"), ("stopped", "/continue")],
)
def test_an_answer_that_ended_early_names_the_way_on(state: str, word: str) -> None:
    assert any(word in notice.text for notice in view(answer(state=state), NOW).notices)


def test_what_stayed_out_and_what_a_model_cannot_do_is_said() -> None:
    turn = answer(
        state="done",
        context=ContextFacts(window=4096, sent=4, dropped=2),
        notes=(Note("cannot_think", "qwen3 cannot think.", "Choose another."),),
    )
    told = [notice.text for notice in view(turn, NOW).notices]
    assert told == ["qwen3 cannot think. Choose another.", "2 earlier messages stayed out of the context."]


def test_a_variant_is_numbered() -> None:
    assert view(answer(state="done", siblings=3, sibling=2), NOW).detail == "2/3"


def test_the_seconds_of_a_thought_go_on_from_those_before() -> None:
    turn = answer(state="thinking", stats=Stats(thought=5.0))
    assert view(turn, NOW + 4).seconds == 9.0


@pytest.mark.parametrize(
    ("note", "chip"),
    [(NOTHING_FITS, "⌕ no space fits"), (SMALL_TALK, "⌕ small talk, no space used")],
)
def test_why_nothing_was_looked_up_is_a_word_among_the_chips_and_other_notes_are_sentences(
    note: str, chip: str
) -> None:
    shown = view(answer(state="done", sources=Sources(notes=(note, "One lost."))), NOW)
    assert shown.chips == (chip,)
    assert [notice.text for notice in shown.notices] == ["One lost."]


@pytest.mark.parametrize(
    ("before", "note", "chips"),
    [
        ((NOTHING_FITS,), NOTHING_FITS, ()),
        ((SMALL_TALK,), SMALL_TALK, ()),
        ((SMALL_TALK,), NOTHING_FITS, ("⌕ no space fits",)),
        (("One lost.",), NOTHING_FITS, ("⌕ no space fits",)),
    ],
)
def test_why_nothing_was_looked_up_is_not_said_twice_in_a_row(
    before: tuple[str, ...], note: str, chips: tuple[str, ...]
) -> None:
    turn = answer(state="done", sources=Sources(notes=(note,)))
    assert view(turn, NOW, before=Sources(notes=before)).chips == chips
