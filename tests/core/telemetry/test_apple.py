from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.telemetry.apple import ENDED, NOT_INSTALLED, AppleProbe
from core.telemetry.probes import Ask, GpuReading
from core.telemetry.types import Gpu

GIB = 2**30
NEW = (
    '{"temp": {"gpu_temp_avg": 36.9}, "gpu_active_ratio": 0.42, "gpu_freq_mhz": 1398, "gpu_power": 7.5,'
    ' "fans": [{"name": "fan0", "rpm": 999, "max_rpm": 4900}]}'
)
OLD = '{"temp": {"gpu_temp_avg": 50.0}, "gpu_usage": [461, 0.0217], "gpu_power": 0.25}'


@pytest.fixture
def macmon(tmp_path: Path) -> Iterator[Callable[..., AppleProbe]]:
    made = []

    def make(*lines: str, ends: bool = False) -> AppleProbe:
        program = tmp_path / "macmon"
        after = "" if ends else "import time\ntime.sleep(60)\n"
        program.write_text(
            f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == ['pipe', '-s', '0', '-i', '1000']\n"
            f"sys.stdout.write({''.join(lines)!r})\nsys.stdout.flush()\n{after}"
        )
        program.chmod(0o755)
        probe = AppleProbe(lambda: (32 * GIB, 20 * GIB), lambda name: str(program), "darwin")
        made.append(probe)
        return probe

    yield make
    for probe in made:
        probe.close()


def gpu(reading: GpuReading) -> Gpu:
    (found,) = reading.gpus
    return found


def seen(probe: AppleProbe, until: Callable[[Gpu], bool], now: float = 0.0) -> Gpu:
    """Look until macmon has said it."""
    pause = threading.Event()
    for _ in range(2000):
        found = gpu(probe.read(Ask(now)))
        if until(found):
            return found
        pause.wait(0.005)
    raise AssertionError(found)


def test_elsewhere_there_is_no_apple_gpu() -> None:
    assert AppleProbe(system="linux").read(Ask(0.0)) == GpuReading()


def test_without_macmon_the_memory_is_shown_and_how_to_see_more() -> None:
    found = gpu(AppleProbe(lambda: (32 * GIB, 20 * GIB), lambda name: None, "darwin").read(Ask(0.0)))
    assert (found.state, found.memory_total, found.memory_used) == ("unified", 32 * GIB, 12 * GIB)
    assert (found.busy, found.says) == (None, NOT_INSTALLED)


def test_macmon_tells_the_rest(macmon: Callable[..., AppleProbe]) -> None:
    found = seen(macmon(NEW + "\n"), lambda gpu: gpu.busy is not None)
    assert (found.busy, found.clock, found.power) == (42.0, 1398.0, 7.5)
    assert (found.temperature, found.fan_rpm, found.says) == (36.9, 999.0, "")


def test_an_older_macmon_is_understood(macmon: Callable[..., AppleProbe]) -> None:
    found = seen(macmon(OLD + "\n"), lambda gpu: gpu.busy is not None)
    assert found.busy == pytest.approx(2.17)
    assert found.clock == 461.0
    assert found.fan_rpm is None


def test_the_newest_whole_line_counts_and_nonsense_is_passed_over(macmon: Callable[..., AppleProbe]) -> None:
    probe = macmon(OLD + "\n", NEW + "\n", "not json\n", "[1, 2]\n", '{"gpu_active_ratio": 0.9')
    assert seen(probe, lambda gpu: gpu.busy is not None).busy == 42.0


def test_what_macmon_said_long_ago_is_not_now(macmon: Callable[..., AppleProbe]) -> None:
    probe = macmon(NEW + "\n")
    seen(probe, lambda gpu: gpu.busy is not None)
    assert gpu(probe.read(Ask(5.0))).busy == 42.0
    assert gpu(probe.read(Ask(11.0))).busy is None


def test_a_macmon_that_ended_is_started_again_a_minute_later(macmon: Callable[..., AppleProbe]) -> None:
    probe = macmon(NEW + "\n", ends=True)
    seen(probe, lambda gpu: gpu.says == ENDED, now=1.0)
    assert gpu(probe.read(Ask(59.0))).busy is None
    seen(probe, lambda gpu: gpu.busy is not None, now=61.0)


def test_a_macmon_that_cannot_be_run_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "macmon").write_text("no program")
    probe = AppleProbe(lambda: None, lambda name: str(tmp_path / "macmon"), "darwin")
    assert gpu(probe.read(Ask(0.0))).says == NOT_INSTALLED
