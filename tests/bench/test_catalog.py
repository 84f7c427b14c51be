"""The catalogue page with two thousand models: filtering, sorting, judging and painting."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import pytest

from core.models.types import Fit, Model
from tui.glyphs import UNICODE
from tui.render import catalog
from tui.render.model_board import ORDERS, ModelBoard, Order

pytestmark = pytest.mark.bench

MODELS, WIDTH, HEIGHT, ALLOWED = 2000, 138, 36, 0.050


def board() -> ModelBoard:
    found = ModelBoard()
    found.take(
        Model(
            name=f"family{number % 97}:{number}b-instruct-q4_K_M",
            state="installed" if number % 9 == 0 else "known",
            description=f"A model for {('code', 'chat', 'vision')[number % 3]} and {number} other things.",
            capabilities=("completion", "tools", "thinking"),
            size=number * 10_000_000,
            context=131_072,
            released=f"20{20 + number % 7}-{1 + number % 12:02}",
            favourite=number % 211 == 0,
            last_speed=number / 10,
        )
        for number in range(MODELS)
    )
    found.take_fits(
        Fit(name=name, verdict="fits", source="estimated", needed=9 * 10**9, total=32 * 10**9)
        for name in found.models
    )
    return found


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_filtering_sorting_and_painting_two_thousand_models_takes_less_than_a_blink() -> None:
    found = board()
    look = catalog.Look(found, UNICODE, 0.0)

    def repaint() -> None:
        for model in found.rows()[:HEIGHT]:
            catalog.row(model, WIDTH, look)

    times: dict[Order, list[float]] = {}
    for order in ORDERS:
        found.order = order
        for text in ("", "c", "co", "cod", "code 1"):
            found.text = text
            times.setdefault(order, []).append(seconds(repaint))
    sys.stdout.write(
        f"\ncatalogue of {MODELS} models, filter, sort and paint (at most {ALLOWED * 1000:.0f} ms)\n"
    )
    for each, taken in times.items():
        typical = statistics.median(taken) * 1000
        sys.stdout.write(f"  {each:<12} {typical:5.1f} ms, at most {max(taken) * 1000:5.1f} ms\n")
    assert max(statistics.median(taken) for taken in times.values()) <= ALLOWED
