from __future__ import annotations

import math

import pytest

from core.errors import UsageError
from core.ollama.reading import (
    NEWEST,
    Stay,
    Version,
    gpu_percent,
    keep_alive,
    parameters,
    prompt_speed,
    slowdown,
    slower,
    speed,
    stay,
    timestamp,
)
from core.ollama.wire import ChatChunk, KeepAlive

NOW = 1_767_268_800.0  # 2026-01-01 12:00 UTC


@pytest.mark.parametrize(
    ("count", "nanoseconds", "expected"),
    [(4, 50_000_000, 80.0), (None, 1, None), (5, None, None), (5, 0, None), (0, 5, None), (-1, 5, None)],
)
def test_speed_is_unknown_rather_than_wrong(
    count: int | None, nanoseconds: int | None, expected: float | None
) -> None:
    final = ChatChunk(eval_count=count, eval_duration=nanoseconds)
    assert speed(final) == expected
    assert prompt_speed(final) is None


@pytest.mark.parametrize(
    ("size", "vram", "percent"),
    [
        (100, 100, 100),
        (100, 0, 0),
        (100, None, None),
        (0, 0, None),
        (100, 101, None),
        (100, -1, None),
        (1000, 995, 99),  # half a percent on the CPU is shown as one
        (1000, 996, 100),
        (200, 99, 49),
        (3, 2, 67),
    ],
)
def test_the_share_on_the_gpu_is_that_of_ollama_ps(size: int, vram: int | None, percent: int | None) -> None:
    assert gpu_percent(size, vram) == percent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T13:05:00+01:00", Stay("until", NOW + 300)),
        ("2026-01-01T12:05:00.123456789Z", Stay("until", NOW + 300.123456)),
        ("2026-01-01T11:59:59Z", Stay("ending")),
        ("2318-04-12T00:00:00+02:00", Stay("forever")),
        ("0001-01-01T00:00:00Z", Stay("unknown")),
        ("0001-01-01T00:00:00+14:00", Stay("unknown")),
        ("", Stay("unknown")),
        ("soon", Stay("unknown")),
    ],
)
def test_how_long_a_model_stays(text: str, expected: Stay) -> None:
    assert stay(text, NOW) == expected


def test_a_time_without_an_offset_is_universal() -> None:
    assert timestamp("2026-01-01T12:00:00") == NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", "5m"),
        (" 1h30m ", "1h30m"),
        ("300ms", "300ms"),
        ("1.5H", "1.5h"),
        ("300", 300),
        ("0", 0),
        ("-1", -1),
        ("2.5", 2.5),
        ("-5m", "-5m"),
        ("forever", -1),
    ],
)
def test_keep_alive_becomes_what_the_server_takes(text: str, expected: KeepAlive) -> None:
    value = keep_alive(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", ["", "soon", "5 m", "5x", "inf", "nan", "m5", "--1", "5m\x1b"])
def test_what_is_no_keep_alive_time_gets_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="keep-alive") as caught:
        keep_alive(text)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.12.6", Version(0, 12, 6)),
        ("v0.5.0", Version(0, 5, 0)),
        ("0.33.0-rc2", Version(0, 33, 0, 2)),
        ("0.6.2-0-gabc-dirty", Version(0, 6, 2)),
        ("1.2", Version(1, 2, 0, math.inf)),
        ("0.0.0", NEWEST),
        ("0.0.0-dirty", NEWEST),
        ("", None),
        ("main", None),
        ("9" * 50 + ".1", None),
    ],
)
def test_versions_are_read(text: str, expected: Version | None) -> None:
    assert Version.parse(text) == expected


def test_versions_are_ordered_with_candidates_before_their_release() -> None:
    texts = ["0.5.13", "0.12.4", "0.12.10", "0.33.0-rc1", "0.33.0-rc10", "0.33.0", "0.0.0"]
    versions = [Version.parse(text) for text in texts]
    assert versions == sorted(versions, key=lambda version: version or NEWEST)
    assert len({str(version) for version in versions}) == len(texts)


def test_parameters_of_a_model_are_read_whatever_their_order() -> None:
    text = (
        'stop                           "<|end|>"\n'
        'stop                           "say \\"hi\\""\n'
        "num_ctx                        4096\n\n"
        'stop                           "broken\\"'
    )
    assert parameters(text) == {"stop": ["<|end|>", 'say "hi"', "broken\\"], "num_ctx": ["4096"]}
    assert parameters(None) == {}


@pytest.mark.parametrize(
    ("percent", "times", "words"),
    [
        (100, 1.0, "about 1.0 times slower"),
        (95, 1.45, "about 1.4 times slower"),
        (74, 3.34, "about 3 times slower"),
        (0, 10.0, "about 10 times slower"),
    ],
)
def test_what_lies_on_the_cpu_makes_it_slower(percent: int, times: float, words: str) -> None:
    assert slowdown(percent) == pytest.approx(times)
    assert slower(slowdown(percent)) == words
