"""What the simulated models say: fitting, in the right language, always the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.simulator.replies import INTENTS, Question, answer_file, compose, language, pieces
from core.simulator.script import Call, Say, Step, Think
from core.simulator.structured import structured

EVERY = [*(name for name, _ in INTENTS), "title", "summary", "sources", "tool"]


def ask(prompt: str, **more: Any) -> list[Step]:
    messages = [{"role": "user", "content": prompt}]
    return list(compose(Question(model="toy", messages=more.pop("messages", messages), **more)))


def said(steps: list[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Say))


def thought(steps: list[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Think))


FITTING = [
    ("Hello!", "Hello! I'm **toy**"),
    ("Hallo zusammen", "Hallo! Ich bin **toy**"),
    ("Thanks a lot", "You're welcome"),
    ("Vielen Dank dafür", "Gern geschehen"),
    ("Who are you?", "demonstration"),
    ("Was kannst du?", "Vorführung"),
    ("Write a Python class for batches", "```python"),
    ("Schreibe eine Python-Klasse", "class Gruppen"),
    ("Show me a SQL query", "```sql"),
    ("Which shell command lists processes?", "```bash"),
    ("Compare Rust and Go", "|---|---|---|"),
    ("Vergleiche Rust und Go", "| | Das Erste |"),
    ("Write an e-mail to my landlord", "**Subject:**"),
    ("What is 17 * 4?", "\\frac"),
    ("Schreib ein Gedicht", "Das letzte Licht"),
    ("Give me tips for moving house", "five steps"),
    ("Warum ist der Himmel blau?", "**In einem Satz:**"),
    ("Why is the sky blue?", "**In one sentence:**"),
]


@pytest.mark.parametrize(("prompt", "expected"), FITTING)
def test_the_answer_fits_the_question_and_its_language(prompt: str, expected: str) -> None:
    assert expected in said(ask(prompt))


@pytest.mark.parametrize("prompt", [prompt for prompt, _ in FITTING])
def test_the_same_question_gets_the_same_answer(prompt: str) -> None:
    assert ask(prompt, thinks=True) == ask(prompt, thinks=True)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("tongue", ["en", "de"])
def test_every_answer_exists_in_both_languages_with_its_thinking(name: str, tongue: str) -> None:
    thinking, answer = answer_file(name, tongue)
    assert thinking
    assert bool(answer) == (name not in ("title", "summary", "sources"))
    assert answer.count("```") % 2 == 0


def test_thinking_is_there_only_when_asked_and_grows_with_the_level() -> None:
    assert not thought(ask("Why is the sky blue?"))
    lengths = [
        len(thought(ask("Why is the sky blue?", thinks=True, level=level)))
        for level in ("low", "medium", "high")
    ]
    assert 0 < lengths[0] < lengths[1] < lengths[2]


TITLES = [
    ("Give this conversation a short title: How do I restart nginx on Debian?", "Restart nginx Debian"),
    ('Write a concise title for: "Kalorien in einem Apfel zählen"', "Kalorien Apfel zählen"),
    ("Gib dem Gespräch einen kurzen Titel", "Neues Gespräch"),
    ("A short title, please", "New conversation"),
]


@pytest.mark.parametrize(("prompt", "title"), TITLES)
def test_a_title_is_a_few_words(prompt: str, title: str) -> None:
    assert said(ask(prompt)) == title


def test_a_title_may_be_asked_for_by_the_system_text() -> None:
    messages = [
        {"role": "system", "content": "You write a short title of at most five words."},
        {"role": "user", "content": "Backup strategies for PostgreSQL clusters"},
    ]
    assert said(ask("", messages=messages)) == "Backup strategies PostgreSQL clusters"


def test_a_summary_consists_of_sentences_of_the_text() -> None:
    text = " ".join(
        f"Sentence number {number} tells something about topic {number * 7}." for number in range(8)
    )
    answer = said(ask(f"Summarize this: {text}"))
    points = [line[2:] for line in answer.splitlines() if line.startswith("- ")]
    assert len(points) >= 3
    assert all(point.split(": ")[-1] in text for point in points)


def test_numbered_passages_are_answered_with_their_numbers() -> None:
    passages = (
        "[1] The office opens at nine on weekdays.",
        "[2] Parking costs two euros an hour in the yard.",
    )
    system = {"role": "system", "content": "\n".join(("Use these sources.", *passages))}
    messages = [system, {"role": "user", "content": "What does parking cost?"}]
    answer = said(ask("", messages=messages))
    assert answer.index("[2]") < answer.index("[1]")
    assert "Parking costs two euros" in answer


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Which oil does the press need?", "Fill the tank with hydraulic oil HLP 46 and wait. [1]"),
        ("When is the workshop open?", "It is open from seven to seven, the workshop, on weekdays. [2]"),
    ],
)
def test_a_passage_of_many_lines_is_answered_with_its_sentence_that_answers(
    question: str, first: str
) -> None:
    prompt = "\n".join((
        "<passage-x 1>",
        "[1] Hydraulic press HP-40 (press.md, lines 1–9)",
        "# Press\n\nSet the press on level ground first.",
        "Fill the tank with hydraulic oil HLP 46\nand wait.\n\n| part | with |\n| column | oil |",
        "</passage-x>",
        "<passage-x 2>",
        "[2] House rules (house.md)",
        "Nobody is alone at the press. It is open from seven to seven, the workshop, on weekdays.",
        "</passage-x>",
        "Question:",
        question,
    ))  # fmt: skip
    answer = said(ask(prompt))
    assert answer.splitlines()[2] == f"- {first}"
    assert "passage-x" not in answer


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("Write 50 tokens", 50),
        ("bitte 2000 Tokens", 2000),
        ("3k tokens of text", 3000),
        ("1.500 tokens", 1500),
    ],
)
def test_an_answer_of_exact_length_can_be_ordered(prompt: str, count: int) -> None:
    steps = ask(prompt)
    assert len(steps) == count
    assert all(isinstance(step, Say) for step in steps)


def test_long_answers_contain_every_kind_of_markdown() -> None:
    text = said(ask("2000 tokens"))
    for mark in ("## ", "- **", "1. ", "```python", "```bash", "|---|", "> ", "ü", "🚀", "[the table]", "$r"):
        assert mark in text


def test_a_filling_server_answers_everything_with_the_wanted_length() -> None:
    assert len(ask("Hello", fill=True, wanted=123)) == 123
    assert len(ask("Hello", fill=True)) == 400


@given(st.text(max_size=300))
def test_tokens_together_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(max_size=300), st.booleans())
def test_every_prompt_gets_an_answer(text: str, thinks: bool) -> None:
    assert said(ask(text, thinks=thinks))


@pytest.mark.parametrize(
    ("text", "tongue"),
    [("What is this?", "en"), ("Was ist das?", "de"), ("Ärger", "de"), ("", "en"), ("grep -r foo", "en")],
)
def test_the_language_is_guessed(text: str, tongue: str) -> None:
    assert language(text) == tongue


SEARCH = {
    "function": {
        "name": "search_documents",
        "description": "Find text in the documents of the user",
        "parameters": {
            "type": "object",
            "required": ["query", "limit"],
            "properties": {
                "query": {"type": "string"},
                "limit": {"type": "integer"},
                "space": {"type": "string"},
            },
        },
    }
}
CLOCK = {
    "function": {
        "name": "clock",
        "description": "The time of day",
        "parameters": {"type": "object", "properties": {}},
    }
}


@pytest.mark.parametrize(
    ("prompt", "call"),
    [
        (
            'Search my documents for "invoice" and give me 3',
            Call("search_documents", {"query": "invoice", "limit": 3}),
        ),
        ("Search the documents", Call("search_documents", {"query": "Search the documents", "limit": 1})),
        ("Which clock is it?", Call("clock", {})),
        ("Tell me a story", None),
    ],
)
def test_a_tool_is_called_when_its_words_are_used(prompt: str, call: Call | None) -> None:
    calls = [step for step in ask(prompt, tools=[CLOCK, SEARCH, {"broken": 1}, 5]) if isinstance(step, Call)]
    assert calls == ([call] if call else [])


def test_after_a_tool_its_result_is_told() -> None:
    messages = [{"role": "user", "content": "Wie spät ist es?"}, {"role": "tool", "content": "12:30"}]
    assert "12:30" in said(ask("", messages=messages, tools=[CLOCK]))
    assert "Das Werkzeug meldet" in said(ask("", messages=messages, tools=[CLOCK]))


SCHEMA = {
    "type": "object",
    "$defs": {"level": {"enum": ["low", "high"]}},
    "properties": {
        "name": {"type": "string"},
        "level": {"$ref": "#/$defs/level"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 3},
        "count": {"type": ["integer", "null"], "minimum": 5},
        "ok": {"type": "boolean"},
        "fixed": {"const": 7},
        "either": {"anyOf": [{"type": "number", "maximum": 0}, {"type": "string"}]},
        "none": {"type": "null"},
    },
}


def test_a_structured_answer_follows_its_schema() -> None:
    answer = json.loads(structured(SCHEMA, "a high price for <b>&</b>"))
    assert answer == {
        "name": "a high price for <b>&</b>", "level": "high", "tags": ["a high price for <b>&</b>"] * 3,
        "count": 5, "ok": True, "fixed": 7, "either": 0, "none": None,
    }  # fmt: skip


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert json.loads(structured(schema, "x"))
    assert json.loads(structured({"$ref": "#/nowhere"}, "x")) is None
