"""What the transcript costs: per frame, per shape, to open, in memory; all as ratios."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from textual.app import App, ComposeResult

from tests.tui.render.documents import fresh
from tui.render.code import warm
from tui.render.markdown import Document
from tui.render.types import Turn
from tui.widgets.transcript import Transcript

pytestmark = pytest.mark.bench

WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "quietly",
    "mix",
    "their",
    "potion",
    "again",
]
TOKENS_A_FRAME = 5  # 100 tokens a second at 20 frames
WIDTH = 110


def words(count: int, seed: int = 1) -> str:
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(count))


def paragraph() -> str:
    return words(3600)


def several_spans() -> str:
    spans = ("**bold words**", "`some code`", "*soft*", "[a link](https://x.example/y)", "2 * 3")
    return " ".join(f"{words(6, seed)} {spans[seed % 5]}" for seed in range(400))


def bullets() -> str:
    return "".join(f"- {words(12, seed)}\n" for seed in range(290))


def nested() -> str:
    return "".join(f"{'  ' * (seed % 4)}- {words(9, seed)}\n" for seed in range(350))


def fence() -> str:
    body = "".join(f"    value_{n} = compute({n}, 'text')  # {words(2, n)}\n" for n in range(400))
    return f"```python\ndef main():\n{body}```\n"


def table() -> str:
    rows = "".join(f"| {words(3, n)} | {n} | {words(4, n + 1)} |\n" for n in range(430))
    return "| name | count | about |\n|---|--:|---|\n" + rows


def quote() -> str:
    return "".join(f"> {words(11, seed)}\n" for seed in range(330))


def mixed(tokens: int = 10_000) -> str:
    parts: list[str] = []
    size = 0
    for seed in range(10_000):
        parts += [f"## {words(4, seed)}\n\n", words(70, seed) + ".\n\n", several_spans()[:400] + "\n\n"]
        parts += [f"- {words(12, n)}\n" for n in range(6)]
        parts += ["\n```python\n", "".join(f"x{n} = call({n})  # why\n" for n in range(12)), "```\n\n"]
        parts += ["| a | b |\n|---|---|\n", "".join(f"| {words(2, n)} | {n} |\n" for n in range(6)), "\n"]
        size = sum(map(len, parts))
        if size > tokens * 4:
            break
    return "".join(parts)[: tokens * 4]


SHAPES: dict[str, Callable[[], str]] = {
    "mixed": mixed,
    "paragraph": paragraph,
    "spans": several_spans,
    "list": bullets,
    "nested": nested,
    "fence": fence,
    "table": table,
    "quote": quote,
}


def frames(text: str) -> Iterator[str]:
    size = TOKENS_A_FRAME * 4
    return (text[at : at + size] for at in range(0, len(text), size))


def stream(text: str) -> list[float]:
    """Lay the text out frame by frame; return the seconds each frame took."""
    document = Document(hint="y copy")
    document.resize(WIDTH)
    costs: list[float] = []
    for piece in frames(text):
        began = time.process_time_ns()
        document.append(piece)
        document.flush()
        costs.append((time.process_time_ns() - began) / 1e9)
    return costs


def best(runs: list[list[float]]) -> list[float]:
    """The least each frame took: what it costs without what else the machine did."""
    return [min(costs) for costs in zip(*runs, strict=True)]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_update_costs_the_same_however_long_the_answer_is(shape: str) -> None:
    warm()
    text = SHAPES[shape]()
    stream(text[:4000])
    costs = best([stream(text) for _ in range(3)])
    thousand = 1000 // TOKENS_A_FRAME
    first, last = sum(costs[:thousand]), sum(costs[-thousand:])
    began = time.process_time()
    fresh(text, WIDTH)
    whole = time.process_time() - began
    print(
        f"\n{shape:>10}: {1000 * sum(costs) / (len(costs) / thousand):6.1f} ms of CPU for 1 000 tokens, "
        f"last thousand {last / first:4.2f} x the first, a frame {sum(costs) / len(costs) / whole:6.4f} x all of it anew"
    )
    assert last <= 1.3 * first
    assert sum(costs) / len(costs) <= 0.1 * whole


class Page(App[None]):
    """Nothing but a transcript."""

    def compose(self) -> ComposeResult:
        yield Transcript()


def conversation(count: int) -> list[Turn]:
    return [
        Turn(id=number, speaker="answer" if number % 2 else "question", name="m", text=words(60, number))
        for number in range(count)
    ]


async def opened(turns: list[Turn]) -> float:
    """Open a conversation and return the CPU it took until it was painted."""
    app = Page()
    async with app.run_test(size=(120, 40)) as pilot:
        talk = app.query_one(Transcript)
        talk.load(turns[:2])
        await pilot.pause()
        costs = []
        for _ in range(5):
            gc.collect()
            began = time.process_time()
            talk.load(turns)
            await pilot.pause()
            costs.append(time.process_time() - began)
        assert talk.render_lines(talk.size.region)[-2].text.strip()
        return min(costs)


async def test_opening_ten_thousand_messages_is_like_opening_fifty() -> None:
    few, many = await opened(conversation(50)), await opened(conversation(10_000))
    print(f"\nopening 10 000 messages: {many / few:.2f} x opening 50 ({1000 * few:.0f} ms)")
    assert many <= few * 2


async def test_memory_stays_bounded() -> None:
    app = Page()
    async with app.run_test(size=(120, 40)) as pilot:
        talk = app.query_one(Transcript)
        turns = conversation(10_000)
        await pilot.pause()
        tracemalloc.start()
        talk.load(turns)
        await pilot.pause()
        for _ in range(200):
            talk.page(-1)
        messages = tracemalloc.get_traced_memory()[0] / 1e6
        talk.load([])
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        talk.update_turn(Turn(id=1, speaker="answer", name="m", phase="answering"))
        at = 0
        for piece in frames(mixed()):
            talk.extend(1, "answer", at, piece)
            at += len(piece)
            talk.flush()
        answer = (tracemalloc.get_traced_memory()[0] - before) / 1e6
        tracemalloc.stop()
    print(
        f"\n10 000 messages and 200 pages back: {messages:.1f} MB; an answer of 10 000 tokens: {answer:.1f} MB"
    )
    assert messages <= 60
    assert answer <= 15


async def test_a_frame_of_the_whole_view_is_little_more_than_its_layout() -> None:
    app = Page()
    async with app.run_test(size=(120, 40)) as pilot:
        talk = app.query_one(Transcript)
        talk.load([Turn(id=1, speaker="answer", name="m", phase="answering")])
        await pilot.pause()
        text = mixed(4000)
        at = flushed = painted = 0.0
        for piece in frames(text):
            began = time.process_time_ns()
            talk.extend(1, "answer", int(at), piece)
            talk.flush()
            between = time.process_time_ns()
            talk.render_lines(talk.size.region)
            painted += time.process_time_ns() - between
            flushed += between - began
            at += len(piece)
    layout = sum(stream(text)) * 1e9
    print(f"\nflush {flushed / layout:.2f} x, strips of the view {painted / layout:.2f} x the layout alone")
    assert flushed <= 4 * layout
    assert painted <= 3 * layout
