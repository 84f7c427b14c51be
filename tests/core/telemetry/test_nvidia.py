from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pynvml
import pytest

from core.telemetry import nvidia
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.nvidia_device import Surroundings
from core.telemetry.nvml import Nvml, Outcome
from core.telemetry.probes import Ask, GpuReading, ProcessInfo
from core.telemetry.types import Gpu, GpuProcess, LoadedModel
from tests.fakes.nvml import GIB, FakeGpu, FakeNvml, FakeProcess
from tests.fakes.sysfs import FakeSys

HOST = (128 * GIB, 90 * GIB)


@contextmanager
def probing(fake: FakeNvml, root: Path, surroundings: Surroundings | None = None) -> Iterator[NvidiaProbe]:
    surroundings = surroundings or Surroundings(host_memory=lambda: HOST)
    with fake.installed():
        yield NvidiaProbe(surroundings, root)


def look(fake: FakeNvml, root: Path, surroundings: Surroundings | None = None) -> GpuReading:
    with probing(fake, root, surroundings) as probe:
        return probe.read(Ask(0.0, processes=True))


def only(reading: GpuReading) -> Gpu:
    (gpu,) = reading.gpus
    return gpu


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine whose PCI bus shows one NVIDIA card that never sleeps."""
    tree = FakeSys(tmp_path)
    tree.nvidia()
    return tree.root


def test_a_healthy_gpu_tells_everything(root: Path) -> None:
    reading = look(FakeNvml([FakeGpu(throttle=0x04 | 0x20)]), root)
    assert reading.note == ""
    assert only(reading) == Gpu(
        key="GPU-a",
        index=0,
        name="NVIDIA GeForce RTX 5090",
        vendor="nvidia",
        busy=37,
        memory_total=32 * GIB,
        memory_used=4 * GIB + GIB // 2,
        memory_free=27 * GIB + GIB // 2,
        memory_reserved=GIB // 2,
        memory_processes=GIB,
        power=187.5,
        power_limit=575.0,
        energy=1234.567,
        temperature=54,
        clock=2407,
        memory_clock=14_001,
        throttle=("power cap", "hot"),
        fan=30,
        processes=(GpuProcess(4242, memory=GIB),),
    )
    (facts,) = reading.facts
    assert (facts.bus, facts.driver, facts.clock_max) == ("0000:01:00.0", "580.95.05", 3090)
    assert (facts.power_max, facts.temperature_limit, facts.counts_energy) == (575.0, 90, True)


@dataclass(frozen=True)
class Case:
    """One situation, and what has to be seen in it."""

    name: str
    fake: Callable[[], FakeNvml]
    check: Callable[[GpuReading], bool]


def gpu(**values: object) -> Callable[[], FakeNvml]:
    return lambda: FakeNvml([FakeGpu(**values)])  # type: ignore[arg-type]  # one case a line


def init(error: int) -> Callable[[], FakeNvml]:
    return lambda: FakeNvml([FakeGpu()], init_error=error)


def first(check: Callable[[Gpu], bool]) -> Callable[[GpuReading], bool]:
    return lambda reading: len(reading.gpus) == 1 and check(reading.gpus[0])


def sixteen() -> FakeNvml:
    return FakeNvml([FakeGpu(uuid=f"GPU-{n:02}", bus=f"00000000:{n:02x}:00.0") for n in range(16)])


def twice() -> FakeNvml:
    both = FakeProcess(7, 3 * GIB, compute=True, graphics=True)
    return FakeNvml([FakeGpu(processes=[both, FakeProcess(8, GIB, compute=False, graphics=True)])])


def mig() -> FakeNvml:
    parts = [
        FakeGpu(uuid=f"MIG-{n}", name=b"NVIDIA A100 MIG 1g.5gb", total=5 * GIB, used=GIB, busy=None)
        for n in range(2)
    ]
    return FakeNvml([FakeGpu(name=b"NVIDIA A100", busy=None, memory="no permission", parts=parts)])


CASES = [
    Case("driver not loaded", init(9), lambda r: r.gpus == () and "modprobe nvidia" in r.note),
    Case("library missing", init(12), lambda r: r.gpus == () and "not installed" in r.note),
    Case("mismatch", init(18), lambda r: r.gpus == () and "start Leitstand again" in r.note),
    Case("not allowed", init(4), lambda r: r.gpus == () and "/dev/nvidia" in r.note),
    Case("unknown error", init(999), lambda r: r.gpus == () and "asked again" in r.note),
    Case("no gpu", FakeNvml, lambda r: r.gpus == () and "lists no GPU" in r.note),
    Case("sixteen", sixteen, lambda r: [gpu.index for gpu in r.gpus] == list(range(16))),
    Case(
        "unified, by error",
        gpu(name=b"NVIDIA GB10", memory="not supported", processes=[FakeProcess(1, 9 * GIB)]),
        first(
            lambda g: (
                (g.state, g.memory_total, g.memory_free, g.memory_used, g.memory_processes)
                == ("unified", *HOST, HOST[0] - HOST[1], 9 * GIB)
            )
        ),
    ),
    Case(
        "unified, by zero",
        gpu(name=b"NVIDIA GB10", memory="zero"),
        first(lambda g: (g.state, g.memory_total, g.memory_free) == ("unified", *HOST)),
    ),
    Case(
        "grace",
        gpu(name=b"NVIDIA GH200", numa=1),
        first(lambda g: g.approximate and g.state == "ok" and g.memory_total == 32 * GIB),
    ),
    Case("passive card", gpu(fan=None), first(lambda g: g.fan is None and g.busy == 37)),
    Case(
        "no power sensor",
        gpu(power=None, limit=None, management_limit=None, energy=None),
        first(lambda g: (g.power, g.power_limit, g.energy) == (None, None, None)),
    ),
    Case(
        "management limit", gpu(limit=None, management_limit=300_000), first(lambda g: g.power_limit == 300)
    ),
    Case(
        "bad name",
        gpu(name=b"Weird \xff GPU"),
        first(lambda g: g.name == "Weird \N{REPLACEMENT CHARACTER} GPU"),
    ),
    Case(
        "memory v2 missing",
        lambda: FakeNvml([FakeGpu()], missing=("nvmlDeviceGetMemoryInfo_v2",)),
        first(lambda g: g.memory_free == 27 * GIB + GIB // 2 and g.memory_reserved is None),
    ),
    Case(
        "process lists v3 missing",
        lambda: FakeNvml(
            [FakeGpu()],
            missing=("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3"),
        ),
        first(lambda g: g.processes == (GpuProcess(4242, memory=GIB),)),
    ),
    Case(
        "process lists missing",
        lambda: FakeNvml(
            [FakeGpu()],
            missing=tuple(
                f"nvmlDeviceGet{k}RunningProcesses_v{v}" for k in ("Compute", "Graphics") for v in (2, 3)
            ),
        ),
        first(lambda g: g.processes is None and g.memory_processes is None),
    ),
    Case(
        "wide process lists of 535",
        lambda: FakeNvml(
            [FakeGpu(processes=[FakeProcess(11, GIB), FakeProcess(12, 2 * GIB)])],
            driver="535.54.03",
            wide_process_v3=True,
        ),
        first(lambda g: [(p.pid, p.memory) for p in g.processes or ()] == [(12, 2 * GIB), (11, GIB)]),
    ),
    Case(
        "old thermometer",
        lambda: FakeNvml([FakeGpu()], missing=("nvmlDeviceGetTemperatureV",)),
        first(lambda g: g.temperature == 54),
    ),
    Case(
        "old reasons",
        lambda: FakeNvml(
            [FakeGpu(throttle=0x08 | 0x40)], missing=("nvmlDeviceGetCurrentClocksEventReasons",)
        ),
        first(lambda g: g.throttle == ("too hot",)),
    ),
    Case(
        "process memory not available",
        gpu(processes=[FakeProcess(1, None), FakeProcess(2, GIB)]),
        first(
            lambda g: (
                [(p.pid, p.memory) for p in g.processes or ()] == [(2, GIB), (1, None)]
                and g.memory_processes is None
            )
        ),
    ),
    Case("no processes", gpu(processes=[]), first(lambda g: g.processes == () and g.memory_processes == 0)),
    Case(
        "same process in both lists",
        twice,
        first(
            lambda g: (
                [(p.pid, p.memory, p.kind) for p in g.processes or ()]
                == [(7, 3 * GIB, "both"), (8, GIB, "graphics")]
                and g.memory_processes == 4 * GIB
            )
        ),
    ),
    Case(
        "busy 0, memory full",
        gpu(busy=0, used=31 * GIB + GIB // 2),
        first(lambda g: g.busy == 0 and g.memory_free == 0),
    ),
    Case(
        "total less than used",
        gpu(memory="nonsense"),
        first(lambda g: (g.memory_total, g.memory_used, g.memory_free) == (GIB, None, None)),
    ),
    Case("nonsense busy", gpu(busy=4_000_000), first(lambda g: g.busy is None)),
    Case("nonsense power", gpu(power=0xFFFFFFFF), first(lambda g: g.power is None)),
    Case(
        "mig",
        mig,
        lambda r: (
            [(g.key, g.parent, g.state, g.memory_used) for g in r.gpus]
            == [
                ("GPU-a", None, "ok", None),
                ("MIG-0", "GPU-a", "ok", GIB + GIB // 2),
                ("MIG-1", "GPU-a", "ok", GIB + GIB // 2),
            ]
        ),
    ),
    Case(
        "virtual gpu",
        gpu(power=None, fan=None, temperature=None, sm_clock=None),
        first(lambda g: g.busy == 37),
    ),
    Case(
        "one value fails",
        gpu(errors={"nvmlDeviceGetFanSpeed": 999}),
        first(lambda g: g.state == "ok" and g.fan is None and g.busy == 37),
    ),
    Case(
        "every value fails",
        gpu(errors={name[1:]: 10 for name in dir(FakeNvml) if name != "_nvmlDeviceGetUUID"}),
        first(lambda g: g.state == "silent" and g.busy is None and g.says != ""),
    ),
    Case(
        "needs a reset", gpu(errors={"nvmlDeviceGetUtilizationRates": 16}), first(lambda g: "reset" in g.says)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_situation_is_shown_as_it_is(case: Case, root: Path) -> None:
    reading = look(case.fake(), root)
    assert case.check(reading), reading


def test_without_an_nvidia_card_a_missing_library_is_no_fault(tmp_path: Path) -> None:
    for error in (9, 12):
        assert look(FakeNvml(init_error=error), FakeSys(tmp_path).root) == GpuReading()


def test_a_driver_that_is_not_there_is_asked_less_and_less_often(root: Path) -> None:
    fake = FakeNvml([FakeGpu()], init_error=9)
    with probing(fake, root) as probe:
        for second in range(600):
            assert probe.read(Ask(float(second))).note
        assert 8 <= fake.calls["nvmlInitWithFlags"] <= 16
        fake.init_error = 0
        reading = probe.read(Ask(700.0))
    assert only(reading).busy == 37
    assert reading.note == ""


def test_names_of_processes_are_known_where_the_numbers_are_ours(root: Path) -> None:
    fake = FakeNvml([FakeGpu(processes=[FakeProcess(10), FakeProcess(11)])])
    names = {10: ProcessInfo("ollama")}
    ours = Surroundings(describe=names.get, own_processes=True)
    foreign = Surroundings(describe=names.get, own_processes=False)
    assert [process.name for process in only(look(fake, root, ours)).processes or ()] == ["ollama", None]
    assert [process.name for process in only(look(fake, root, foreign)).processes or ()] == [None, None]


def test_what_is_not_supported_is_asked_once(root: Path) -> None:
    fake = FakeNvml([FakeGpu(fan=None, energy=None, memory="not supported")])
    with probing(fake, root) as probe:
        for second in range(100):
            probe.read(Ask(float(second)))
    assert fake.calls["nvmlDeviceGetFanSpeed"] == 1
    assert fake.calls["nvmlDeviceGetTotalEnergyConsumption"] == 1
    assert fake.calls["nvmlDeviceGetMemoryInfo_v2"] == 1


def test_what_fails_is_tried_again_later(root: Path) -> None:
    fake = FakeNvml([FakeGpu(errors={"nvmlDeviceGetFanSpeed": 999})])
    with probing(fake, root) as probe:
        for second in range(100):
            probe.read(Ask(float(second)))
        assert 4 <= fake.calls["nvmlDeviceGetFanSpeed"] <= 10
        fake.gpus[0].errors.clear()
        assert only(probe.read(Ask(200.0))).fan == 30


def test_slow_facts_stay_between_slow_looks(root: Path) -> None:
    fake = FakeNvml([FakeGpu()])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        fake.gpus[0].temperature, fake.gpus[0].busy = 80, 99
        fast = only(probe.read(Ask(1.0, slow=False)))
        slow = only(probe.read(Ask(2.0)))
    assert (fast.temperature, fast.busy) == (54, 99)
    assert slow.temperature == 80


def test_a_gpu_lost_in_the_middle_keeps_its_row_and_comes_back(root: Path) -> None:
    here, lost = FakeGpu(), FakeGpu(uuid="GPU-b")
    fake = FakeNvml([here, lost])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        lost.errors["*"] = pynvml.NVML_ERROR_GPU_IS_LOST
        gone = probe.read(Ask(1.0)).gpus
        asked = fake.calls["nvmlInitWithFlags"]
        for second in range(2, 300):
            rows = probe.read(Ask(float(second))).gpus
            assert [(gpu.key, gpu.state) for gpu in rows] == [("GPU-a", "ok"), ("GPU-b", "lost")]
        assert 4 <= fake.calls["nvmlInitWithFlags"] - asked <= 12
        lost.errors.clear()
        back = probe.read(Ask(400.0)).gpus
    assert (gone[1].key, gone[1].state, gone[1].busy) == ("GPU-b", "lost", None)
    assert gone[1].memory_total == 32 * GIB
    assert "fallen off the bus" in gone[1].says
    assert (back[1].key, back[1].state, back[1].busy) == ("GPU-b", "ok", 37)


def test_a_gpu_that_was_lost_before_it_said_its_name_has_a_row(root: Path) -> None:
    fake = FakeNvml([FakeGpu(errors={"*": pynvml.NVML_ERROR_GPU_IS_LOST}), FakeGpu(uuid="GPU-b")])
    with probing(fake, root) as probe:
        rows = probe.read(Ask(0.0)).gpus
        assert [(gpu.key, gpu.state) for gpu in rows] == [("nvidia:0", "lost"), ("GPU-b", "ok")]
        fake.gpus[0].errors.clear()
        rows = probe.read(Ask(10.0)).gpus
    assert [(gpu.key, gpu.state) for gpu in rows] == [("GPU-a", "ok"), ("GPU-b", "ok")]


def test_rows_follow_their_uuid_when_indices_shift(root: Path) -> None:
    first_gpu, second_gpu = FakeGpu(busy=10), FakeGpu(uuid="GPU-b", busy=20)
    fake = FakeNvml([first_gpu, second_gpu])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        fake.gpus[:] = [second_gpu, first_gpu]
        rows = probe.read(Ask(61.0)).gpus
        assert [(gpu.key, gpu.index, gpu.busy) for gpu in rows] == [("GPU-b", 0, 20), ("GPU-a", 1, 10)]


def test_a_gpu_taken_out_is_gone_after_an_hour_and_a_new_one_is_found(root: Path) -> None:
    kept, taken = FakeGpu(), FakeGpu(uuid="GPU-b")
    fake = FakeNvml([kept, taken])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        fake.gpus[:] = [kept]
        rows = probe.read(Ask(5.0)).gpus
        assert [(gpu.key, gpu.state) for gpu in rows] == [("GPU-a", "ok"), ("GPU-b", "lost")]
        fake.gpus.append(FakeGpu(uuid="GPU-c"))
        assert [gpu.key for gpu in probe.read(Ask(10.0)).gpus] == ["GPU-a", "GPU-c", "GPU-b"]
        assert [gpu.key for gpu in probe.read(Ask(4000.0)).gpus] == ["GPU-a", "GPU-c"]


def test_slices_come_and_go_when_a_gpu_is_divided_anew(root: Path) -> None:
    fake = mig()
    with probing(fake, root) as probe:
        assert len(probe.read(Ask(0.0)).gpus) == 3
        assert fake.gpus[0].parts is not None
        fake.gpus[0].parts[:] = [FakeGpu(uuid="MIG-big", total=20 * GIB)]
        assert [gpu.key for gpu in probe.read(Ask(61.0)).gpus] == ["GPU-a", "MIG-big"]
        fake.gpus[0].parts = None
        fake.gpus[0].memory = "own"
        fake.gpus[0].uuid = "GPU-a"
        assert [gpu.key for gpu in probe.read(Ask(122.0)).gpus] == ["GPU-a"]


def test_a_driver_upgraded_under_us_is_said_and_everything_else_goes_on(root: Path) -> None:
    fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b")])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        for gpu in fake.gpus:
            gpu.errors["*"] = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
        fake.init_error = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
        for second in range(1, 30):
            reading = probe.read(Ask(float(second)))
            assert reading.gpus == ()
            assert "was upgraded" in reading.note


def test_somebody_else_closing_the_library_is_mended(root: Path) -> None:
    fake = FakeNvml([FakeGpu()])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        pynvml.nvmlShutdown()
        assert probe.read(Ask(1.0)).gpus == ()
        assert only(probe.read(Ask(5.0))).busy == 37


def test_a_driver_that_cannot_count_its_gpus_is_opened_anew(root: Path) -> None:
    fake = FakeNvml([FakeGpu()])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        fake.missing.add("nvmlDeviceGetCount_v2")
        pynvml._nvmlGetFunctionPointer_cache.clear()
        assert probe.read(Ask(61.0)).gpus == ()
        assert fake.references == 0
        fake.missing.clear()
        assert only(probe.read(Ask(130.0))).busy == 37


def test_pcie_is_measured_only_when_asked(root: Path) -> None:
    fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b", received=None, sent=None)])
    with probing(fake, root) as probe:
        probe.read(Ask(0.0))
        assert fake.calls["nvmlDeviceGetPcieThroughput"] == 0
        traffic = probe.traffic()
    assert traffic["GPU-a"].received == 12_345_000
    assert traffic["GPU-a"].sent == 678_000
    assert traffic["GPU-b"].received is None


class TestSleep:
    """A GPU that may sleep is never woken, and is left alone when nobody needs it."""

    @pytest.fixture
    def tree(self, tmp_path: Path) -> FakeSys:
        return FakeSys(tmp_path)

    def test_a_sleeping_gpu_is_not_even_greeted(self, tree: FakeSys) -> None:
        card = tree.nvidia(may_sleep=True)
        card.sleep()
        fake = FakeNvml([FakeGpu()])
        with probing(fake, tree.root) as probe:
            for second in range(100):
                gpu = only(probe.read(Ask(float(second))))
        assert (gpu.state, gpu.busy) == ("asleep", None)
        assert fake.calls.total() == 0

    def test_it_is_read_when_something_else_woke_it(self, tree: FakeSys) -> None:
        card = tree.nvidia(may_sleep=True)
        card.sleep()
        with probing(FakeNvml([FakeGpu()]), tree.root) as probe:
            probe.read(Ask(0.0))
            card.wake()
            assert only(probe.read(Ask(1.0))).busy == 37

    def test_an_idle_gpu_is_left_alone_after_half_a_minute_so_that_it_can_fall_asleep(
        self, tree: FakeSys
    ) -> None:
        card = tree.nvidia(may_sleep=True)
        fake = FakeNvml([FakeGpu(busy=0, processes=[])])
        with probing(fake, tree.root) as probe:
            states = [only(probe.read(Ask(float(second)))).state for second in range(60)]
            assert states[:30] == ["ok"] * 30
            assert states[31:] == ["resting"] * 29
            assert fake.references == 0
            card.sleep()
            gpu = only(probe.read(Ask(61.0)))
            assert (gpu.state, gpu.key, gpu.name) == ("asleep", "GPU-a", "NVIDIA GeForce RTX 5090")

    def test_unwatched_it_is_left_alone_at_once(self, tree: FakeSys) -> None:
        tree.nvidia(may_sleep=True)
        fake = FakeNvml([FakeGpu(busy=0, processes=[])])
        with probing(fake, tree.root) as probe:
            probe.read(Ask(0.0, watched=False))
            assert only(probe.read(Ask(10.0, watched=False))).state == "resting"
        assert fake.references == 0

    @pytest.mark.parametrize(
        "gpu",
        [FakeGpu(busy=3, processes=[]), FakeGpu(busy=0, processes=[FakeProcess(1)])],
        ids=["busy", "held"],
    )
    def test_a_gpu_in_use_is_followed(self, tree: FakeSys, gpu: FakeGpu) -> None:
        tree.nvidia(may_sleep=True)
        with probing(FakeNvml([gpu]), tree.root) as probe:
            for second in range(100):
                assert only(probe.read(Ask(float(second)))).state == "ok"

    def test_a_model_that_is_loaded_ends_the_rest(self, tree: FakeSys) -> None:
        tree.nvidia(may_sleep=True)
        model = LoadedModel("llama3.2", GIB, GIB)
        with probing(FakeNvml([FakeGpu(busy=0, processes=[])]), tree.root) as probe:
            probe.read(Ask(0.0, watched=False))
            assert only(probe.read(Ask(1.0))).state == "resting"
            assert only(probe.read(Ask(2.0, models=(model,)))).state == "ok"

    def test_one_that_stays_awake_is_looked_at_again_after_a_minute(self, tree: FakeSys) -> None:
        tree.nvidia(may_sleep=True)
        with probing(FakeNvml([FakeGpu(busy=0, processes=[])]), tree.root) as probe:
            probe.read(Ask(0.0, watched=False))
            assert only(probe.read(Ask(59.0))).state == "resting"
            assert only(probe.read(Ask(61.0))).state == "ok"

    def test_a_gpu_that_may_not_sleep_is_never_left_alone(self, tree: FakeSys) -> None:
        tree.nvidia(may_sleep=False)
        with probing(FakeNvml([FakeGpu(busy=0, processes=[])]), tree.root) as probe:
            for second in range(0, 600, 10):
                assert only(probe.read(Ask(float(second), watched=False))).state == "ok"

    def test_the_one_beside_a_sleeper_is_not_read_because_that_would_wake_both(self, tree: FakeSys) -> None:
        tree.nvidia("0000:01:00.0", may_sleep=True).sleep()
        tree.nvidia("0000:02:00.0")
        fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b", bus="00000000:02:00.0")])
        with probing(fake, tree.root) as probe:
            rows = probe.read(Ask(0.0)).gpus
        assert [(gpu.key, gpu.index, gpu.state) for gpu in rows] == [
            ("pci:0000:01:00.0", 0, "asleep"),
            ("pci:0000:02:00.0", 1, "resting"),
        ]
        assert fake.calls.total() == 0

    def test_one_that_falls_asleep_while_the_other_works_is_not_asked(self, tree: FakeSys) -> None:
        sleeper = tree.nvidia("0000:01:00.0", may_sleep=True)
        tree.nvidia("0000:02:00.0")
        fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b", bus="00000000:02:00.0")])
        with probing(fake, tree.root) as probe:
            probe.read(Ask(0.0))
            sleeper.sleep()
            before = fake.calls["nvmlDeviceGetUtilizationRates"]
            rows = probe.read(Ask(1.0)).gpus
        assert [(gpu.key, gpu.state, gpu.busy) for gpu in rows] == [
            ("GPU-a", "asleep", None),
            ("GPU-b", "ok", 37),
        ]
        assert fake.calls["nvmlDeviceGetUtilizationRates"] == before + 1

    def test_the_library_is_not_closed_while_traffic_is_measured(self, tree: FakeSys) -> None:
        tree.nvidia(may_sleep=True)
        hold = threading.Event()
        fake = FakeNvml([FakeGpu(busy=0, processes=[], holds={"nvmlDeviceGetPcieThroughput": hold})])
        with probing(fake, tree.root) as probe:
            probe.read(Ask(0.0))
            measuring = threading.Thread(target=probe.traffic)
            measuring.start()
            while not fake.calls["nvmlDeviceGetPcieThroughput"]:
                threading.Event().wait(0.001)
            probe.read(Ask(1.0, watched=False))
            assert fake.references == 1
            hold.set()
            measuring.join(10)
            probe.read(Ask(2.0, watched=False))
            assert fake.references == 0


def test_another_package_called_pynvml_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pynvml, "nvmlDeviceGetComputeRunningProcesses_v3")
    assert Nvml().open() is Outcome.NO_BINDING


def test_the_real_library_is_missing_here_and_that_is_one_outcome() -> None:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        assert Nvml().open() is Outcome.NO_LIBRARY
    else:
        pytest.skip("this machine has NVIDIA's library")


def test_every_note_is_a_sentence() -> None:
    notes = [*nvidia._NOTES.values(), nvidia._TROUBLE, nvidia._NONE_FOUND, nvidia.LOST, nvidia.ABSENT]
    assert all(note.endswith(".") and note[0].isupper() for note in notes)
