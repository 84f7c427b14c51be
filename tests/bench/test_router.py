"""How well questions are told apart, and what that costs: own examples, a set kept beside the project, long texts."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from core.router.analyze import analyze
from core.router.types import TIERS
from tests.core.router.examples import EXAMPLES

pytestmark = pytest.mark.bench

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "routing"
LONG = 1_000_000
ROUNDS = 5


def told(name: str, rows: Iterable[tuple[str, str, str]]) -> dict[str, float]:
    """Print a table of what was right, by tier and by language; rows are language, tier and text."""
    right: dict[str, list[bool]] = defaultdict(list)
    confused: Counter[str] = Counter()
    for language, tier, text in rows:
        found = analyze(text).tier
        for key in ("all", tier, language):
            right[key].append(found == tier)
        if found != tier:
            confused[f"{tier} as {found}"] += 1
    shares = {key: sum(each) / len(each) for key, each in right.items()}
    print(f"\nrouter  {name}: {len(right['all'])} questions, {shares['all']:.1%} right")
    for key in (*TIERS, "en", "de"):
        print(f"        {key:<6} {shares[key]:6.1%} of {len(right[key])}")
    print(f"        {dict(confused.most_common())}")
    return shares


def test_own_examples_are_told_apart() -> None:
    shares = told("own examples", ((each.language, each.tier, each.text) for each in EXAMPLES))
    assert shares["all"] >= 0.96


def test_a_set_from_elsewhere_is_told_apart() -> None:
    file = BESIDE / "dev.jsonl"
    if not file.exists():
        pytest.skip("no set of questions lies beside the project")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    shares = told("from elsewhere", ((row["lang"], row["want"], row["prompt"]) for row in rows))
    traps = [row for row in rows if row["slice"] == "adversarial_keyword"]
    caught = sum(analyze(row["prompt"]).tier == row["want"] for row in traps) / len(traps)
    print(f"        traps  {caught:6.1%} of {len(traps)}")
    assert shares["all"] >= 0.92
    assert min(shares[tier] for tier in TIERS) >= 0.88
    assert abs(shares["en"] - shares["de"]) <= 0.04
    assert caught >= 0.8


def test_a_question_costs_a_fraction_of_a_millisecond() -> None:
    best = [min(seconds(each.text) for _ in range(ROUNDS)) for each in EXAMPLES]
    best.sort()
    middle, high = best[len(best) // 2], best[len(best) * 99 // 100]
    print(
        f"\nrouter  a question: p50 {middle * 1e6:.0f} µs, p99 {high * 1e6:.0f} µs, most {best[-1] * 1e6:.0f} µs"
    )
    assert middle <= 0.0003
    assert high <= 0.005


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        " ",
        "\n",
        "1 ",
        "a_",
        "<a ",
        "[1,",
        " -a",
        "/a",
        "select ",
        "how do ",
        "in c ",
        "(",
        "ä",
        "wie wirkt ",
    ],
)
def test_a_megabyte_of_anything_costs_at_most_20_milliseconds(piece: str) -> None:
    text = piece * (LONG // len(piece))
    best = min(seconds(text) for _ in range(ROUNDS))
    print(f"\nrouter  1 MB of {piece!r}: {best * 1e3:.1f} ms")
    assert best <= 0.02


def seconds(text: str) -> float:
    began = time.perf_counter()
    analyze(text)
    return time.perf_counter() - began
