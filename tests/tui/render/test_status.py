from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.telemetry.types import Alert, Gpu, Sample
from tests.fakes.clock import START
from tests.fakes.machine import CARD, GIB, HOST
from tests.tui.render.machines import HOT, SECOND, sample
from tui.glyphs import ASCII, UNICODE
from tui.render.status import alert_pieces, memory_pieces


def text(seen: Sample | None, **changes: Any) -> str:
    seen = seen and msgspec.structs.replace(seen, **changes)
    return "".join(piece for piece, _ in memory_pieces(seen, UNICODE))


def test_the_memory_of_all_gpus_is_one_bar() -> None:
    assert text(sample((CARD,))) == "VRAM ██████░░░░ 19.0/32.0 GiB"
    assert text(sample((CARD, SECOND))) == "VRAM ████░░░░░░ 22.1/56.0 GiB"
    assert text(sample((CARD, Gpu("b", 1, "B", state="asleep")))) == "VRAM ██████░░░░ 19.0/32.0 GiB"


@pytest.mark.parametrize("gpus", [(), (Gpu("a", 0, "A", state="unified"),)])
def test_without_memory_of_its_own_a_machine_shows_the_hosts(gpus: tuple[Gpu, ...]) -> None:
    assert text(sample(gpus)) == "RAM ███▎░░░░░░ 21.0/64.0 GiB"


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert text(None) == ""
    assert text(sample((), host=None)) == ""
    assert text(sample((), host=msgspec.structs.replace(HOST, memory_available=None))) == ""


def test_what_is_old_is_said_to_be() -> None:
    assert text(sample((CARD,)), gpus_age=30.0).endswith(" GiB stale")
    assert text(sample(()), host_age=30.0).endswith(" GiB stale")


@pytest.mark.parametrize("used", [0, 9, 10, 31, 32])
def test_its_width_stays(used: int) -> None:
    gpu = msgspec.structs.replace(CARD, memory_used=used * GIB)
    assert len(text(sample((gpu,)))) == len(text(sample((CARD,))))


def test_a_machine_with_very_much_memory_needs_no_tenths() -> None:
    big = msgspec.structs.replace(CARD, memory_total=1200 * GIB, memory_used=90 * GIB)
    assert text(sample((big,))) == "VRAM ▊░░░░░░░░░   90/1200 GiB"


def test_alerts_are_a_sign_and_a_word() -> None:
    grave = Alert("gpu_lost", "GPU-1", "error", "It is gone.", "", START)
    away = Alert("server_away", "", "error", "Away.", "", START)
    assert alert_pieces(sample(), UNICODE) == []
    assert alert_pieces(None, UNICODE) == []
    assert alert_pieces(sample(alerts=(HOT,)), UNICODE) == [("▲ GPU hot", "warn")]
    assert alert_pieces(sample(alerts=(grave, HOT)), UNICODE) == [("✗ GPU lost +1", "bad")]
    assert alert_pieces(sample(alerts=(away,)), UNICODE) == []


def test_all_of_it_exists_in_ascii() -> None:
    pieces = memory_pieces(sample(), ASCII) + alert_pieces(sample(alerts=(HOT,)), ASCII)
    assert all(piece.isascii() for piece, _ in pieces)
