from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.sizing import MIB, SET_ASIDE, Measured, Shape, cache, compute, estimate, need, shape_of
from core.ollama.wire import ShowReply, Tensor


def shown(
    architecture: str, *, layers: dict[int, tuple[int, int]], vocabulary: int, **facts: Any
) -> ShowReply:
    """A reply with these attention layers: their number, and the widths of keys and values."""
    tensors = [Tensor("token_embd.weight", "Q4_K", (64, vocabulary))]
    for number, (keys, values) in layers.items():
        tensors += [
            Tensor(f"blk.{number}.attn_k.weight", "Q4_K", (64, keys)),
            Tensor(f"blk.{number}.attn_v.weight", "Q6_K", (64, values)),
            Tensor(f"blk.{number}.ffn_up.weight", "Q4_K", (64, 9999)),
        ]
    info = {f"{architecture}.{key.replace('__', '.')}": value for key, value in facts.items()}
    return ShowReply(model_info={"general.architecture": architecture, **info}, tensors=tuple(tensors))


LLAMA = shown(
    "llama", layers=dict.fromkeys(range(28), (1024, 1024)), vocabulary=128_256, attention__head_count=24
)
MISTRAL = shown(
    "llama", layers=dict.fromkeys(range(56), (1024, 1024)), vocabulary=32_768, attention__head_count=48
)
DEEPSEEK = shown(
    "deepseek2",
    layers={},
    vocabulary=102_400,
    block_count=27,
    attention__head_count=16,
    attention__key_length=192,
    attention__value_length=128,
)
QWEN35 = shown(
    "qwen35",
    layers=dict.fromkeys(range(3, 32, 4), (1024, 1024)),
    vocabulary=248_320,
    attention__head_count=16,
)
QWEN3_MOE = shown("qwen3moe", layers=dict.fromkeys(range(48), (512, 512)), vocabulary=151_936)


@pytest.mark.parametrize(
    ("reply", "context", "kind", "logged"),
    [
        (LLAMA, 32_768, "f16", 3584),
        (MISTRAL, 49_152, "q8_0", 5712),
        (DEEPSEEK, 32_768, "f16", 8640),
        (QWEN35, 262_144, "q8_0", 4352),
        (QWEN3_MOE, 32_768, "f16", 3072),
    ],
    ids=["llama3.2:3b", "mistral-small:22b", "deepseek-v2:16b", "qwen3.5:9b", "qwen3:30b-a3b"],
)
def test_the_cache_is_what_was_logged_at_real_loads(
    reply: ShowReply, context: int, kind: str, logged: int
) -> None:
    shape = shape_of(reply)
    assert shape is not None
    assert cache(shape, context, kind=kind) == pytest.approx(logged * MIB, rel=0.005)


@pytest.mark.parametrize(
    ("reply", "context", "logged"),
    [(LLAMA, 32_768, 378), (DEEPSEEK, 32_768, 2376)],
    ids=["llama3.2:3b", "deepseek-v2:16b without flash attention"],
)
def test_the_buffers_are_what_was_logged_at_real_loads(reply: ShowReply, context: int, logged: int) -> None:
    shape = shape_of(reply)
    assert shape is not None
    assert compute(shape, context) == pytest.approx(logged * MIB, rel=0.01)


def test_a_whole_model_is_within_ten_percent_of_its_real_load() -> None:
    shape = shape_of(DEEPSEEK)
    assert shape is not None
    weights = int(8.9e9)  # what the registry says of deepseek-v2:16b
    assert estimate(weights, shape, 32_768) == pytest.approx(19_392 * MIB, rel=0.1)


def test_layers_that_look_back_a_window_stop_growing() -> None:
    reply = shown(
        "gemma3",
        layers=dict.fromkeys(range(48), (2048, 2048)),
        vocabulary=262_144,
        attention__sliding_window=1024,
    )
    shape = shape_of(reply)
    assert shape == Shape(full=8 * 4096, sliding=40 * 4096, window=1024, vocabulary=262_144)
    grown = cache(shape, 65_536) - cache(shape, 32_768)
    assert grown == 8 * 4096 * 32_768 * 2


def test_a_window_that_no_layer_is_known_to_use_is_not_counted_on() -> None:
    reply = shown("llama", layers={0: (8, 8)}, vocabulary=10, attention__sliding_window=4096)
    assert shape_of(reply) == Shape(full=16, vocabulary=10)


def test_without_tensors_the_numbers_have_to_do() -> None:
    info = {
        "general.architecture": "llama", "llama.block_count": 28, "llama.attention.head_count": 24,
        "llama.attention.head_count_kv": 8, "llama.embedding_length": 3072, "llama.vocab_size": 128_256,
    }  # fmt: skip
    assert shape_of(ShowReply(model_info=info)) == Shape(full=28 * 2048, heads=24, vocabulary=128_256)


def test_heads_may_differ_by_layer() -> None:
    info = {
        "general.architecture": "odd", "odd.block_count": 3, "odd.attention.head_count": 8,
        "odd.attention.head_count_kv": [8, 0, 4], "odd.attention.key_length": 64,
        "odd.attention.value_length": 64,
    }  # fmt: skip
    found = shape_of(ShowReply(model_info=info))
    assert found is not None
    assert found.full == 12 * 128


def test_one_tensor_for_queries_keys_and_values_is_taken_apart() -> None:
    info = {
        "general.architecture": "phi3", "phi3.attention.head_count": 32, "phi3.embedding_length": 3072,
    }  # fmt: skip
    tensors = (Tensor("blk.0.attn_qkv.weight", "Q4_K", (3072, 9216)),)
    found = shape_of(ShowReply(model_info=info, tensors=tensors))
    assert found is not None
    assert found.full == 6144


@pytest.mark.parametrize(
    "info",
    [
        None,
        {},
        {"general.architecture": "x"},
        {"general.architecture": 7},
        {"general.architecture": "x", "x.block_count": "many"},
    ],
)
def test_what_says_too_little_has_no_shape(info: dict[str, Any] | None) -> None:
    assert shape_of(ShowReply(model_info=info)) is None


@pytest.mark.parametrize("shape", [None, (), (5,), (5, 7, 9)])
def test_tensors_of_any_shape_are_read(shape: tuple[int, ...] | None) -> None:
    reply = ShowReply(
        model_info={"general.architecture": "x"}, tensors=(Tensor("blk.0.attn_k.weight", "", shape),)
    )
    found = shape_of(reply)
    assert found is None or found.full in (0, 7)


def test_an_embedding_model_keeps_no_context() -> None:
    reply = shown("nomic-bert", layers={0: (768, 768)}, vocabulary=30_522, pooling_type=1)
    shape = shape_of(reply)
    assert shape is not None
    assert cache(shape, 8192) == 0


GQA = Shape(full=65_536, heads=32, vocabulary=128_256)
WEIGHTS = 4_900_000_000


def test_a_measured_load_counts_more_than_any_estimate() -> None:
    found = need(8192, weights=WEIGHTS, shape=GQA, measured=[Measured(8192, 7_000_000_000)])
    assert found is not None
    assert (found.size, found.source) == (7_000_000_000, "measured")


def test_two_measured_loads_make_a_line() -> None:
    measured = [Measured(4096, 6_000_000_000), Measured(8192, 7_000_000_000)]
    found = need(16_384, weights=WEIGHTS, shape=GQA, measured=measured)
    assert found is not None
    assert (found.size, found.source) == (9_000_000_000, "interpolated")


def test_one_measured_load_corrects_the_estimate() -> None:
    off_by = 300 * MIB
    at = estimate(WEIGHTS, GQA, 4096) + off_by
    found = need(32_768, weights=WEIGHTS, shape=GQA, measured=[Measured(4096, at)])
    assert found is not None
    assert (found.size, found.source) == (estimate(WEIGHTS, GQA, 32_768) + off_by, "interpolated")


def test_a_shorter_context_never_needs_more_than_a_measured_longer_one() -> None:
    found = need(2048, measured=[Measured(8192, 7_000_000_000)])
    assert found is not None
    assert found.size == 7_000_000_000


def test_nothing_known_is_unknown() -> None:
    assert need(8192) is None


def test_from_the_size_alone_it_is_an_estimate_with_a_wide_margin() -> None:
    found = need(8192, weights=WEIGHTS, parameters=8_000_000_000)
    assert found is not None
    assert found.source == "estimated"
    assert found.margin == 0.3
    exact = need(8192, weights=WEIGHTS, shape=GQA)
    assert exact is not None
    assert found.size == pytest.approx(exact.size, rel=0.1)


def test_each_gpu_keeps_a_part_for_itself() -> None:
    found = need(8192, measured=[Measured(8192, 10**9)])
    assert found is not None
    assert found.on(2) - found.on(1) == SET_ASIDE


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 8192),
    st.integers(1, 200_000),
    st.integers(1, 200_000),
    st.lists(st.builds(Measured, st.integers(1, 300_000), st.integers(1, 10**11)), max_size=4),
)
def test_more_context_never_needs_less_of_an_estimate_and_nothing_is_negative(
    full: int, sliding: int, window: int, one: int, other: int, measured: list[Measured]
) -> None:
    shape = Shape(full=full, sliding=sliding, window=window, heads=8, vocabulary=1000)
    low, high = sorted((one, other))
    assert estimate(WEIGHTS, shape, low) <= estimate(WEIGHTS, shape, high)
    found = need(one, weights=WEIGHTS, shape=shape, measured=measured)
    assert found is not None
    assert found.size >= 0
