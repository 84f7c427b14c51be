"""A thousand chats with fifty thousand turns: the list, a search, opening, writing, starting up."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import accumulate, product
from pathlib import Path

import pytest

from core.simulator import Finish, Say, Script
from tests.core.chat.house import House, living

pytestmark = pytest.mark.bench

CHATS, TURNS, LONG = 1_000, 50, 10_000
SYLLABLES = (
    ["ka", "lo", "mi", "ne", "ru", "so", "ta", "vi"],
    ["bar", "del", "fin", "gos", "hum", "jor", "kel", "lam"],
    ["a", "en", "is", "o", "um", "yl", "ix", "et"],
    ["", "do", "li", "ma", "ro", "se", "ti", "xu"],
)
WORDS = ["".join(parts) for parts in product(*SYLLABLES)]
random.Random(3).shuffle(WORDS)
# As in every language: the second word is half as common as the first, the third a third.
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
RARE = "needle"


def said(source: random.Random, words: int = 120) -> str:
    """A text in which some words are far more common than others."""
    return " ".join(source.choices(WORDS, cum_weights=WEIGHTS, k=words))


async def filled(house: House) -> tuple[int, int]:
    """Fill the database; return a chat of fifty turns and one of ten thousand."""
    source = random.Random(7)
    async with house.store.write() as tx:
        await tx.many(
            "INSERT INTO chat (id, title, created, updated) VALUES (?, ?, ?, ?)",
            [(id, f"Chat {id} {said(source, 4)}", id, id) for id in range(1, CHATS + 2)],
        )
    number = 0
    for chat in range(1, CHATS + 2):
        rows = []
        length = LONG if chat == CHATS + 1 else TURNS
        for depth in range(length):
            number += 1
            text = said(source) + (f" {RARE}" if number % 9_973 == 0 else "")
            role = "assistant" if depth % 2 else "user"
            parent, child = number - 1 if depth else None, number + 1 if depth < length - 1 else None
            rows.append((number, chat, parent, depth, child, role, text, chat, chat, 1))
        async with house.store.write() as tx:
            await tx.many(
                "INSERT INTO chat_turn (id, chat_id, parent_id, depth, last_child, role, text, created, since,"
                " indexed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            await tx.execute("UPDATE chat SET head_id = ?, turns = ? WHERE id = ?", (number, length, chat))
    return 1, CHATS + 1


async def measured(work: Callable[[], Awaitable[object]], times: int = 15) -> float:
    """The median time in milliseconds, once warm."""
    await work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


@pytest.mark.timeout(600)
async def test_lists_searches_and_openings_stay_quick(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        await measure(house)
    async with living(tmp_path / "empty"):
        pass  # so that both are opened, not made
    started: dict[str, list[float]] = {"empty": [], "db": []}
    for _ in range(5):
        for name, took in started.items():
            began = time.perf_counter()
            async with living(tmp_path / name):
                took.append(1000 * (time.perf_counter() - began))
    empty, full = min(started["empty"]), min(started["db"])
    print(f"{'start, empty and full':38} {empty:8.1f} {full:8.1f} ms")
    assert full <= 1.3 * empty + 20


async def measure(house: House) -> None:
    """Print and check the figures of a full database."""
    began = time.perf_counter()
    short, long = await filled(house)
    print(f"\n{CHATS} chats, {CHATS * TURNS + LONG} turns, filled in {time.perf_counter() - began:.0f} s")
    chat = house.chat
    searches = {
        "a rare word": RARE,
        "the most common word": WORDS[0],
        "the five most common words": " ".join(WORDS[:5]),
        "one letter": WORDS[0][0],
        "two letters": WORDS[0][:2],
        "five letters": WORDS[0][:5],
        "nothing there": "zzzz",
    }
    figures = {
        "list": await measured(lambda: chat.list(limit=200)),
        "open, 50 turns": await measured(lambda: chat.open(short)),
        "open, 10 000 turns": await measured(lambda: chat.open(long)),
        "budget, 10 000 turns": await measured(lambda: chat.budget(long, "And now?")),
        "draft": await measured(lambda: chat.set_draft(short, str(time.perf_counter()))),
    }
    for name, text in searches.items():
        figures[f"search {name}"] = await measured(partial(chat.search, text))
    for name, figure in figures.items():
        print(f"{name:38} {figure:8.1f} ms")
    assert all(figure <= 100 for name, figure in figures.items() if name.startswith(("search", "list")))
    # As quick as with fifty, but for the noise of a millisecond.
    assert figures["open, 10 000 turns"] <= 1.3 * figures["open, 50 turns"] + 1

    began = time.perf_counter()
    sent = await chat.send(long, "And now?")
    print(f"{'send, 10 000 turns':38} {1000 * (time.perf_counter() - began):8.1f} ms")
    await house.ended(sent.answer)
    began = time.perf_counter()
    await chat.select_sibling(sent.question.id)
    print(f"{'turn to a branch of 10 000':38} {1000 * (time.perf_counter() - began):8.1f} ms")


async def test_an_answer_costs_the_same_for_every_token(tmp_path: Path) -> None:
    """What keeping a token costs, at the beginning and at the end of a long answer."""
    async with living(tmp_path / "db") as house:

        async def cost(tokens: int) -> float:
            house.next(Script(*(Say(f"word{number % 10} ") for number in range(tokens)), Finish()))
            began = time.process_time()
            sent = await house.chat.send(None, "Write")
            await house.ended(sent.answer)
            return (time.process_time() - began) / tokens

        await cost(500)
        short, long = await cost(1_000), await cost(10_000)
    print(f"\na token of 1 000: {1e6 * short:.0f} µs · a token of 10 000: {1e6 * long:.0f} µs")
    assert long <= 1.5 * short + 20e-6
