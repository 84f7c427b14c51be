from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.telemetry import host
from core.telemetry.host import HostProbe, Names, Processes, Rate, VolumeProbe, is_runner, own_processes
from core.telemetry.probes import Ask


def test_the_host_tells_about_itself(tmp_path: Path) -> None:
    probe = HostProbe(tmp_path)
    first = probe.read(Ask(0.0))
    second = probe.read(Ask(1.0)).host
    assert first.host.cpu is None
    assert first.host.cores is None
    assert first.host.received is None
    assert second.cpu is not None
    assert 0 <= second.cpu <= 100
    assert second.cores is not None
    assert len(second.cores) == psutil.cpu_count()
    assert second.memory_total == psutil.virtual_memory().total
    assert 0 < (second.memory_available or 0) < (second.memory_total or 0)
    assert second.received is not None
    assert first.facts.threads == psutil.cpu_count()
    assert first.facts.memory_total == second.memory_total


def test_what_covers_too_long_a_time_is_not_shown_as_now() -> None:
    probe = HostProbe()
    probe.read(Ask(0.0))
    assert probe.read(Ask(1000.0)).host.cpu is None
    assert probe.read(Ask(1001.0)).host.cpu is not None


def test_slow_facts_stay_between_slow_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = psutil.swap_memory

    def counting() -> object:
        asked.append(1)
        return real()

    monkeypatch.setattr(psutil, "swap_memory", counting)
    probe = HostProbe()
    full = probe.read(Ask(0.0)).host
    fast = probe.read(Ask(1.0, slow=False)).host
    assert len(asked) == 1
    assert fast.swap_total == full.swap_total
    assert fast.ollama == full.ollama


def test_a_system_that_does_not_tell_costs_only_that_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise psutil.AccessDenied

    def missing(*args: object, **options: object) -> None:
        raise FileNotFoundError("/proc/vmstat")

    for name in (
        "swap_memory",
        "sensors_temperatures",
        "net_io_counters",
        "pids",
        "cpu_percent",
        "getloadavg",
    ):
        monkeypatch.setattr(psutil, name, refuse if name != "swap_memory" else missing)
    probe = HostProbe()
    probe.read(Ask(0.0))
    seen = probe.read(Ask(1.0)).host
    assert (seen.cpu, seen.load, seen.swap_used, seen.received, seen.ollama) == (None,) * 5
    assert seen.memory_total is not None


class Counters:
    def __init__(self, received: int, sent: int) -> None:
        self.bytes_recv, self.bytes_sent = received, sent


def test_traffic_is_counted_once_and_loopback_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "class/net/eth0/device").mkdir(parents=True)
    (tmp_path / "class/net/docker0").mkdir(parents=True)
    now = {"lo": Counters(10**9, 10**9), "eth0": Counters(0, 0), "docker0": Counters(0, 0)}
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic: now)
    probe = HostProbe(tmp_path)
    probe.read(Ask(0.0))
    now = {"lo": Counters(2**40, 2**40), "eth0": Counters(5000, 700), "docker0": Counters(5000, 700)}
    seen = probe.read(Ask(2.0)).host
    assert (seen.received, seen.sent) == (2500, 350)


@pytest.mark.parametrize(
    ("looks", "rate"),
    [
        ([(100, 0), (300, 2)], 100),
        ([(100, 0)], None),
        ([(100, 0), (50, 1)], None),
        ([(100, 0), (None, 1), (300, 2)], None),
        ([(100, 0), (300, 0)], None),
        ([(100, 0), (300, 3600)], None),
        ([(100, 0), (50, 1), (60, 2)], 10),
    ],
)
def test_a_rate_needs_two_looks_not_far_apart(
    looks: list[tuple[float | None, float]], rate: float | None
) -> None:
    counter = Rate()
    assert [counter.of(value, at) for value, at in looks][-1] == rate


@pytest.mark.parametrize(
    ("name", "command", "expected"),
    [
        ("llama-server", ["/usr/lib/ollama/llama-server", "--model", "x"], True),
        ("ollama", ["/usr/bin/ollama", "runner", "--ollama-engine"], True),
        ("ollama_llama_se", ["ollama_llama_server"], True),
        ("ollama", ["/usr/bin/ollama", "serve"], False),
        ("ollama", [], False),
        ("python", ["python", "runner"], False),
    ],
)
def test_a_process_that_runs_a_model_is_known_by_name(name: str, command: list[str], expected: bool) -> None:
    assert is_runner(name, command) is expected


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process called ollama."""
    program = tmp_path / "ollama"
    shutil.copy(shutil.which("cat") or "/bin/cat", program)
    process = subprocess.Popen([program], stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_the_servers_process_is_found_and_forgotten(server: subprocess.Popen[bytes]) -> None:
    processes = Processes()
    first = {found.pid: found for found in processes.look(0.0) or ()}[server.pid]
    second = {found.pid: found for found in processes.look(5.0) or ()}[server.pid]
    assert (first.name, first.runs_model, first.cpu) == ("ollama", False, None)
    assert second.cpu is not None
    assert second.memory is not None
    assert second.memory > 0
    info = Names(lambda: 0.0).describe(server.pid)
    assert info is not None
    assert info.name == "ollama"
    server.communicate()
    assert server.pid not in {found.pid for found in processes.look(10.0) or ()}


def test_other_processes_are_asked_for_their_name_once_in_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    real = psutil.Process

    def counting(pid: int) -> psutil.Process:
        asked.append(pid)
        return real(pid)

    monkeypatch.setattr(psutil, "pids", lambda: [os.getpid()])
    monkeypatch.setattr(psutil, "Process", counting)
    processes = Processes()
    for second in range(0, 60, 5):
        assert processes.look(float(second)) == ()
    assert len(asked) == 2


def test_a_process_that_is_gone_has_no_name() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert Names(lambda: 0.0).describe(gone.pid) is None


def test_process_numbers_are_ours_only_in_the_kernels_own_namespace(tmp_path: Path) -> None:
    (tmp_path / "self/ns").mkdir(parents=True)
    link = tmp_path / "self/ns/pid"
    link.symlink_to("pid:[4026531836]")
    assert own_processes(tmp_path)
    link.unlink()
    link.symlink_to("pid:[4026532999]")
    assert not own_processes(tmp_path)
    link.unlink()
    assert not own_processes(tmp_path)
    assert own_processes(tmp_path / "no proc at all")


def test_the_processor_is_named_as_the_system_names_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD Ryzen 9 9950X\n")
    assert host._processor(cpuinfo) == "AMD Ryzen 9 9950X"


def test_the_disk_is_measured_where_the_models_will_be(tmp_path: Path) -> None:
    wanted = tmp_path / "not" / "there yet"
    volume = VolumeProbe(lambda: wanted).read(Ask(0.0))
    usage = shutil.disk_usage(tmp_path)
    assert volume is not None
    assert volume.path == str(wanted)
    assert volume.total == usage.total
    assert volume.free is not None
    assert abs(volume.free - usage.free) < 10**9
    assert VolumeProbe(lambda: None).read(Ask(0.0)) is None


def test_the_traffic_of_the_models_disk_is_that_of_its_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Disk:
        def __init__(self, read: int, written: int) -> None:
            self.read_bytes, self.write_bytes = read, written

    number = tmp_path.stat().st_dev
    device = tmp_path / "block" / "nvme9n1p2"
    device.mkdir(parents=True)
    listed = tmp_path / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    listed.parent.mkdir(parents=True)
    listed.symlink_to(device)
    now = {"nvme9n1p2": Disk(0, 0), "sda": Disk(7, 7)}
    monkeypatch.setattr(psutil, "disk_io_counters", lambda perdisk: now)
    probe = VolumeProbe(lambda: tmp_path, tmp_path / "sys")
    probe.read(Ask(0.0))
    now["nvme9n1p2"] = Disk(4000, 1000)
    volume = probe.read(Ask(2.0))
    assert volume is not None
    assert (volume.read, volume.written) == (2000, 500)
    listed.unlink()
    unknown = probe.read(Ask(3.0))
    assert unknown is not None
    assert (unknown.read, unknown.free is not None) == (None, True)
