from __future__ import annotations

from pathlib import Path

import pytest

from core.models import catalog
from core.models.browse import Filter, Order, browse
from core.models.types import InMemory, Model, pick, ranked

MODELS = (
    Model(
        name="llama3.2:3b",
        state="installed",
        size=2_000,
        context=131_072,
        uses=("chat",),
        released="2024-09",
        capabilities=("completion", "tools"),
        last_speed=90.0,
        last_used=5.0,
        maker="Meta",
    ),
    Model(
        name="qwen3:8b",
        state="loaded",
        size=5_200,
        context=40_960,
        uses=("chat", "reasoning"),
        capabilities=("completion", "thinking"),
        released="2025-04",
        memory=InMemory(size=1),
        last_used=9.0,
    ),
    Model(
        name="vectors:latest", state="installed", size=300, capabilities=("embedding",), uses=("embedding",)
    ),
    Model(
        name="huge:70b", size=43_000, context=131_072, uses=("chat",), description="A large llama of Meta."
    ),
    Model(name="old:7b", state="installed", size=4_000, favourite=True, default=True),
)


def names(*args: object, **options: object) -> list[str]:
    return [model.name.partition(":")[0] for model in browse(MODELS, *args, **options)]  # type: ignore[arg-type]  # passed on as they are


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), {"llama3.2", "qwen3", "vectors", "huge", "old"}),
        (Filter(scope="here"), {"llama3.2", "qwen3", "vectors", "old"}),
        (Filter(scope="memory"), {"qwen3"}),
        (Filter(text="meta LLAMA"), {"llama3.2", "huge"}),
        (Filter(text="think"), {"qwen3"}),
        (Filter(text="nothing like it"), set()),
        (Filter(capabilities=("completion",)), {"llama3.2", "qwen3"}),
        (Filter(capabilities=("completion", "tools")), {"llama3.2"}),
        (Filter(uses=("reasoning",)), {"qwen3"}),
        (Filter(favourites=True), {"old"}),
    ],
)
def test_filters_restrict_to_what_is_known_to_match(wanted: Filter, found: set[str]) -> None:
    assert set(names(wanted)) == found


def test_only_what_is_known_to_fit_counts_as_fitting() -> None:
    verdicts = {"llama3.2:3b": "fits", "qwen3:8b": "tight", "huge:70b": "too big"}
    assert names(Filter(fitting=True), verdicts=verdicts) == ["qwen3", "llama3.2"]
    assert names(Filter(fitting=True)) == []


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("usual", ["old", "qwen3", "llama3.2", "vectors", "huge"]),
        ("name", ["huge", "llama3.2", "old", "qwen3", "vectors"]),
        ("size", ["vectors", "llama3.2", "old", "qwen3", "huge"]),
        ("context", ["huge", "llama3.2", "qwen3", "vectors", "old"]),
        ("speed", ["llama3.2", "qwen3", "vectors", "huge", "old"]),
        ("used", ["qwen3", "llama3.2", "vectors", "huge", "old"]),
        ("released", ["qwen3", "llama3.2", "vectors", "huge", "old"]),
    ],
)
def test_every_order_puts_the_unknown_last(order: Order, found: list[str]) -> None:
    assert names(Filter(), order) == found


def test_an_order_can_be_turned_round_and_the_unknown_stays_last() -> None:
    assert names(Filter(), "context", reverse=True) == ["qwen3", "llama3.2", "huge", "vectors", "old"]


def test_who_is_called_so_comes_before_who_is_described_so() -> None:
    assert names(Filter(text="llama")) == ["llama3.2", "huge"]


def test_a_name_is_found_however_it_is_spelt() -> None:
    for spelling in ("vectors", "VECTORS:latest", "registry.ollama.ai/library/vectors"):
        found = pick(MODELS, spelling)
        assert found is not None
        assert found.name == "vectors:latest"
    assert pick(MODELS, "vec") is None
    assert pick(MODELS, "a b") is None


def test_favourites_and_the_default_are_on_top() -> None:
    assert ranked(MODELS)[0].name == "old:7b"


# The catalogue.


def test_the_built_in_catalogue_is_sound_and_large_enough() -> None:
    known, problem = catalog.load()
    assert problem is None
    assert len(known) >= 60
    offered = known.names()
    assert len({name for name, _, _ in offered}) == len(offered) >= 200
    for entry in known.entries.values():
        assert entry.description.endswith(".")
        assert entry.maker
        assert entry.licence
        assert entry.context
        assert entry.capabilities
        assert sum(variant.latest for variant in entry.variants) == 1, entry.name
        for variant in entry.variants:
            assert variant.bytes
            assert variant.parameter_count, (entry.name, variant.tag)
            # No quantisation in use packs less than 3 bits or more than 32 into a weight.
            bits = variant.bytes * 8 / variant.parameter_count
            assert 3 < bits < 34, (entry.name, variant.tag, bits)
        embeds = "embedding" in entry.capabilities
        assert embeds == ("embedding" in entry.uses)


def test_the_families_people_ask_for_are_there() -> None:
    known, _ = catalog.load()
    for name in (
        "llama3.2",
        "qwen3-coder",
        "qwen3-vl",
        "deepseek-r1",
        "gemma3",
        "mistral",
        "phi4",
        "gpt-oss",
    ):
        assert known.find(name) is not None
    for use in ("chat", "code", "reasoning", "rag", "vision", "embedding"):
        assert sum(use in entry.uses for entry in known.entries.values()) >= 5, use


def test_a_name_without_a_tag_means_the_latest_variant() -> None:
    known, _ = catalog.load()
    hit = known.find("llama3.2")
    assert hit is not None
    assert hit.variant is not None
    assert hit.variant.tag == "3b"
    other = known.find("Llama3.2:1B")
    assert other is not None
    assert other.variant is not None
    assert other.variant.tag == "1b"


def test_a_tag_nobody_listed_still_belongs_to_its_model() -> None:
    known, _ = catalog.load()
    hit = known.find("llama3.2:3b-instruct-q8_0")
    assert hit is not None
    assert hit.variant is None
    assert known.find("hf.co/somebody/llama3.2") is None
    assert known.find("a b") is None


def test_a_users_file_adds_and_replaces(tmp_path: Path) -> None:
    users = tmp_path / "models.toml"
    users.write_text(
        '[[model]]\nname = "llama3.2"\ndescription = "Mine."\n'
        'variants = [{ tag = "3b", size = 2.0 }]\n'
        '[[model]]\nname = "hf.co/me/own"\ndescription = "Made here."\nuses = ["chat"]\n'
    )
    known, problem = catalog.load(users=users)
    assert problem is None
    hit = known.find("llama3.2:3b")
    assert hit is not None
    assert hit.entry.description == "Mine."
    assert known.find("hf.co/me/own:Q4_K_M") is not None


@pytest.mark.parametrize(
    "text",
    [
        "not toml at all [",
        "[[model]]\nname = 3",
        '[[model]]\nname = "x"\ndescription = "y"\nsurprise = 1',
        '[[model]]\nname = "a b"\ndescription = "y"',
        '[[model]]\nname = "x:tag"\ndescription = "y"',
        '[[model]]\nname = "x"\ndescription = "y"\nuses = ["flying"]',
        '[[model]]\nname = "x"\ndescription = "y"\nvariants = [{ tag = "a/b" }]',
    ],
)
def test_a_users_file_with_an_error_is_told_and_the_rest_works(tmp_path: Path, text: str) -> None:
    users = tmp_path / "models.toml"
    users.write_text(text)
    known, problem = catalog.load(users=users)
    assert len(known) >= 60
    assert problem is not None
    assert "models.toml" in problem.message


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("8.2B", 8_200_000_000),
        ("137M", 137_000_000),
        ("8x7B", 56_000_000_000),
        ("", None),
        ("big", None),
        ("xB", None),
    ],
)
def test_parameters_are_read_as_people_write_them(text: str, count: int | None) -> None:
    assert catalog.counted(text) == count
