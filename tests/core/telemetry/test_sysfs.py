from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.telemetry.drm import DrmCards
from core.telemetry.probes import Ask, GpuProbe, GpuReading, SeveralGpuProbes, Traffic
from core.telemetry.sysfs import Card, Jetson, NvidiaCards, number
from core.telemetry.types import Gpu
from tests.fakes.sysfs import GIB, FakeSys


@pytest.fixture
def tree(tmp_path: Path) -> FakeSys:
    return FakeSys(tmp_path)


def one(tree: FakeSys, now: float = 0.0, **options: object) -> Gpu:
    (gpu,) = DrmCards(tree.root, **options).read(Ask(now)).gpus  # type: ignore[arg-type]  # per test
    return gpu


@pytest.mark.parametrize(
    ("written", "value"), [("42", 42), ("0x744c", 0x744C), ("", None), ("busy", None), ("-5", -5)]
)
def test_a_file_holds_a_number_or_nothing(tmp_path: Path, written: str, value: int | None) -> None:
    (tmp_path / "file").write_text(written)
    assert number(tmp_path / "file") == value
    assert number(tmp_path / "missing") is None
    assert number(tmp_path) is None


def test_a_radeon_card_tells_everything_without_a_library(tree: FakeSys, tmp_path: Path) -> None:
    tree.amd()
    names = tmp_path / "amdgpu.ids"
    names.write_text("# comment\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAnother\n")
    reading = DrmCards(tree.root, names).read(Ask(0.0))
    (gpu,), (facts,) = reading.gpus, reading.facts
    assert gpu.key == "amd:feedbeef12345678"
    assert (gpu.name, gpu.vendor, gpu.state) == ("AMD Radeon RX 7900 XTX", "amd", "ok")
    assert gpu.busy == 42
    assert (gpu.memory_total, gpu.memory_used, gpu.memory_free) == (24 * GIB, 6 * GIB, 18 * GIB)
    assert gpu.power == pytest.approx(213)
    assert gpu.power_limit == pytest.approx(339)
    assert gpu.temperature == pytest.approx(61)
    assert gpu.clock == pytest.approx(2482)
    assert gpu.memory_clock == pytest.approx(1249)
    assert gpu.fan == pytest.approx(40)
    assert gpu.fan_rpm == 1180
    assert gpu.energy is None
    assert facts.bus == "0000:03:00.0"
    assert facts.temperature_limit == pytest.approx(100)
    assert facts.power_max == pytest.approx(390)


def test_a_radeon_without_a_known_name_shows_its_number(tree: FakeSys, tmp_path: Path) -> None:
    tree.amd()
    assert one(tree, names=tmp_path / "missing").name == "AMD GPU 744c"


def test_a_file_that_cannot_be_read_is_not_known_and_not_zero(tree: FakeSys) -> None:
    card = tree.amd()
    probe = DrmCards(tree.root)
    probe.read(Ask(0.0))
    card.write("gpu_busy_percent", "")
    card.remove("mem_info_vram_used")
    card.remove("hwmon/hwmon4/power1_average")
    (gpu,) = probe.read(Ask(1.0)).gpus
    assert (gpu.busy, gpu.memory_used, gpu.memory_free, gpu.power) == (None, None, None, None)
    assert gpu.memory_total == 24 * GIB


def test_what_changes_slowly_is_read_slowly(tree: FakeSys) -> None:
    card = tree.amd()
    probe = DrmCards(tree.root)
    probe.read(Ask(0.0))
    card.write("hwmon/hwmon4/temp1_input", 80_000)
    card.write("gpu_busy_percent", 99)
    (fast,) = probe.read(Ask(1.0, slow=False)).gpus
    (slow,) = probe.read(Ask(2.0, slow=True)).gpus
    assert fast.busy == 99
    assert fast.temperature == pytest.approx(61)
    assert slow.temperature == pytest.approx(80)


def test_a_processors_gpu_adds_what_it_may_borrow_and_never_more_than_the_host_has(tree: FakeSys) -> None:
    tree.strix_halo()
    gpu = one(tree)
    assert gpu.state == "unified"
    assert gpu.memory_total == 62 * GIB + GIB // 2
    assert gpu.memory_free == 62 * GIB + GIB // 2 - 10 * GIB - GIB // 4
    assert gpu.memory_processes == 10 * GIB + GIB // 4
    assert gpu.power == pytest.approx(48)
    tight = one(tree, memory=lambda: (64 * GIB, 20 * GIB))
    assert tight.memory_free == 20 * GIB
    assert tight.memory_total is not None
    assert tight.memory_used == tight.memory_total - 20 * GIB


def test_a_sleeping_card_is_not_woken(tree: FakeSys) -> None:
    card = tree.amd()
    probe = DrmCards(tree.root)
    (awake,) = probe.read(Ask(0.0)).gpus
    card.sleep()
    card.write("gpu_busy_percent", 99)
    (gpu,) = probe.read(Ask(1.0)).gpus
    assert (gpu.state, gpu.key, gpu.busy, gpu.memory_total) == ("asleep", awake.key, None, None)
    card.wake()
    assert probe.read(Ask(2.0)).gpus[0].busy == 99


def test_a_card_that_never_was_awake_has_a_row_all_the_same(tree: FakeSys) -> None:
    tree.amd().sleep("suspending")
    gpu = one(tree)
    assert (gpu.state, gpu.key) == ("asleep", "pci:0000:03:00.0")


def test_an_intel_card_shows_its_clock_and_its_power(tree: FakeSys) -> None:
    card = tree.intel()
    probe = DrmCards(tree.root)
    (first,) = probe.read(Ask(0.0)).gpus
    card.write("hwmon/hwmon3/energy1_input", 5_000_000 + 90_000_000)
    (gpu,) = probe.read(Ask(2.0)).gpus
    assert first.power is None
    assert gpu.power == pytest.approx(45)
    assert (gpu.clock, gpu.busy, gpu.memory_used) == (1850, None, None)
    assert "does not tell" in gpu.says
    card.write("hwmon/hwmon3/energy1_input", 10)
    assert probe.read(Ask(3.0)).gpus[0].power is None


def test_the_newer_intel_driver_keeps_its_clock_elsewhere(tree: FakeSys) -> None:
    card = tree.device("0000:04:00.0", 0x8086, device="0xe20b")
    card.write("tile0/gt0/freq0/act_freq", 2000)
    card.write("tile0/gt0/freq0/max_freq", 2850)
    reading = DrmCards(tree.root).read(Ask(0.0))
    assert reading.gpus[0].clock == 2000
    assert reading.facts[0].clock_max == 2850


def test_other_cards_and_connectors_are_not_taken_for_gpus(tree: FakeSys) -> None:
    tree.device("0000:05:00.0", 0x1AF4)
    tree.nvidia()
    tree.device("0000:06:00.0", 0x1002)  # a Radeon of a driver that does not tell
    assert DrmCards(tree.root).read(Ask(0.0)).gpus == ()


def test_a_machine_without_any_of_these_files_is_no_fault(tmp_path: Path) -> None:
    root = tmp_path / "nothing"
    assert DrmCards(root).read(Ask(0.0)) == GpuReading()
    assert Jetson(root).read(Ask(0.0)) == GpuReading()
    assert NvidiaCards(root).look(0.0) == []


def test_a_card_plugged_in_later_is_found_within_a_minute(tree: FakeSys) -> None:
    probe = DrmCards(tree.root)
    assert probe.read(Ask(0.0)).gpus == ()
    tree.amd()
    assert probe.read(Ask(1.0)).gpus == ()
    assert len(probe.read(Ask(61.0)).gpus) == 1


def test_only_nvidia_display_devices_count_as_cards(tree: FakeSys) -> None:
    tree.nvidia("0000:01:00.0", may_sleep=True)
    tree.device("0000:01:00.1", 0x10DE, kind=0x040300)  # the sound output of the same card
    tree.device("0000:02:00.0", 0x10DE, kind=0x030200)
    assert NvidiaCards(tree.root).look(0.0) == [
        Card("0000:01:00.0", may_sleep=True, asleep=False),
        Card("0000:02:00.0", may_sleep=False, asleep=False),
    ]


def test_a_jetson_tells_its_load_in_thousandths(tree: FakeSys) -> None:
    tree.jetson()
    (gpu,) = Jetson(tree.root, memory=lambda: (64 * GIB, 40 * GIB)).read(Ask(0.0)).gpus
    assert gpu.busy == pytest.approx(87.3)
    assert gpu.temperature == pytest.approx(47.25)
    assert (gpu.state, gpu.memory_total, gpu.memory_free) == ("unified", 64 * GIB, 40 * GIB)


class Fixed:
    """A probe that always says the same."""

    def __init__(self, *gpus: Gpu, note: str = "") -> None:
        self.reading = GpuReading(gpus, (), note)
        self.closed = False

    def read(self, ask: Ask) -> GpuReading:
        return self.reading

    def traffic(self) -> Traffic:
        return {}

    def close(self) -> None:
        self.closed = True


def together(*probes: GpuProbe) -> GpuReading:
    return SeveralGpuProbes(probes).read(Ask(0.0))


def test_the_gpus_of_all_vendors_are_numbered_through(tree: FakeSys) -> None:
    reading = together(
        Fixed(Gpu("GPU-a", 0, "A", "nvidia"), Gpu("GPU-b", 1, "B", "nvidia"), note="first"),
        Fixed(Gpu("amd:c", 0, "C", "amd"), note="second"),
    )
    assert [(gpu.key, gpu.index) for gpu in reading.gpus] == [("GPU-a", 0), ("GPU-b", 1), ("amd:c", 2)]
    assert reading.note == "first"


def test_the_gpu_of_an_intel_processor_is_left_out_beside_a_real_one() -> None:
    inside = Gpu("pci:0000:00:02.0", 0, "Intel GPU", "intel")
    assert [gpu.key for gpu in together(Fixed(Gpu("GPU-a", 0, "A", "nvidia")), Fixed(inside)).gpus] == [
        "GPU-a"
    ]
    assert together(Fixed(inside)).gpus == (inside,)


def test_the_two_views_of_a_jetson_become_one_row() -> None:
    driver = Gpu("GPU-j", 0, "(nvgpu)", "nvidia", "unified", memory_total=64 * GIB)
    board = Gpu("jetson:gpu.0", 0, "Jetson GPU", "nvidia", "unified", busy=50.0, temperature=44.0)
    (gpu,) = together(Fixed(driver), Fixed(board)).gpus
    assert gpu == msgspec.structs.replace(driver, busy=50.0, temperature=44.0)
    assert together(Fixed(), Fixed(board)).gpus == (board,)


def test_closing_closes_all() -> None:
    probes = (Fixed(), Fixed())
    SeveralGpuProbes(probes).close()
    assert all(probe.closed for probe in probes)
