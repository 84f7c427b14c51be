"""NVIDIA's library as Python: stands where pynvml keeps the loaded library.

pynvml looks every C function up by name on that object and calls it with real ctypes arguments. So all of
pynvml runs: versions of structures, two-call buffers, error classes, missing functions, reference counts.

    fake = FakeNvml([FakeGpu(), FakeGpu(uuid="GPU-b")])
    with fake.installed():
        ...  # code under test uses pynvml as usual
"""
# ruff: noqa: N802 - the methods are named as the library names its functions

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pynvml as n

GIB = 2**30


@dataclass
class FakeProcess:
    """A process on a GPU; memory None is what the library calls not available."""

    pid: int
    memory: int | None = GIB
    compute: bool = True
    graphics: bool = False


@dataclass
class FakeGpu:
    """One GPU; a value None answers NOT_SUPPORTED."""

    uuid: str = "GPU-a"
    name: bytes = b"NVIDIA GeForce RTX 5090"
    bus: str = "00000000:01:00.0"
    total: int = 32 * GIB
    reserved: int = GIB // 2
    used: int = 4 * GIB
    memory: Literal["own", "not supported", "zero", "no permission", "nonsense"] = "own"
    busy: int | None = 37
    power: int | None = 187_500
    limit: int | None = 575_000
    management_limit: int | None = 575_000
    energy: int | None = 1_234_567
    temperature: int | None = 54
    slows_at: int | None = 90
    sm_clock: int | None = 2407
    memory_clock: int | None = 14_001
    throttle: int | None = 0
    fan: int | None = 30
    received: int | None = 12_345
    sent: int | None = 678
    numa: int | None = None
    processes: list[FakeProcess] | None = field(default_factory=lambda: [FakeProcess(4242)])
    parts: list[FakeGpu] | None = None
    """Its slices: a list makes it a divided GPU."""
    errors: dict[str, int] = field(default_factory=dict)
    """What a function answers instead; "*" is every function."""
    holds: dict[str, threading.Event] = field(default_factory=dict)
    """Functions that do not return before their event is set; "*" is every function."""


class FakeNvml:
    """A driver with its GPUs."""

    def __init__(
        self,
        gpus: list[FakeGpu] | None = None,
        *,
        init_error: int = 0,
        missing: tuple[str, ...] = (),
        driver: str = "580.95.05",
        wide_process_v3: bool = False,
    ) -> None:
        self.gpus = [] if gpus is None else gpus
        self.init_error = init_error
        self.missing = set(missing)
        self.driver = driver
        self.wide_process_v3 = wide_process_v3
        self.references = 0
        self.calls: Counter[str] = Counter()
        self.init_hold: threading.Event | None = None
        self.shutdown_hold: threading.Event | None = None
        self._handles: list[FakeGpu] = []

    def __getattr__(self, name: str) -> Callable[..., int]:
        implementation = getattr(type(self), f"_{name}", None)
        if not name.startswith("nvml") or name in self.missing or implementation is None:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            self.calls[name] += 1
            if name != "nvmlInitWithFlags" and self.references <= 0:
                return int(n.NVML_ERROR_UNINITIALIZED)
            if arguments and isinstance(arguments[0], n.c_nvmlDevice_t):
                gpu = self._of(arguments[0])
                for key in (name, "*"):
                    if key in gpu.holds:
                        gpu.holds[key].wait(30)
                    if gpu.errors.get(key):
                        return gpu.errors[key]
                return int(implementation(self, gpu, *arguments[1:]))
            return int(implementation(self, *arguments))

        return call

    @contextlib.contextmanager
    def installed(self) -> Iterator[FakeNvml]:
        """Stand in for the real library for the length of the block."""
        before = (n.nvmlLib, dict(n._nvmlGetFunctionPointer_cache), n._nvmlLib_refcount)
        n.nvmlLib = self
        n._nvmlGetFunctionPointer_cache.clear()
        n._nvmlLib_refcount = 0
        try:
            yield self
        finally:
            n.nvmlLib, cache, n._nvmlLib_refcount = before
            n._nvmlGetFunctionPointer_cache.clear()
            n._nvmlGetFunctionPointer_cache.update(cache)

    def _of(self, handle: Any) -> FakeGpu:
        return self._handles[(ctypes.cast(handle, ctypes.c_void_p).value or 0) - 1]

    def _give(self, gpu: FakeGpu, out: Any) -> int:
        # A handle belongs to the device, not to its index: it survives when others come and go.
        if not any(known is gpu for known in self._handles):
            self._handles.append(gpu)
        place = next(index for index, known in enumerate(self._handles) if known is gpu)
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = place + 1
        return 0

    # The library.

    def _nvmlInitWithFlags(self, flags: int) -> int:
        if self.init_hold is not None:
            self.init_hold.wait(30)
        if self.init_error:
            return self.init_error
        self.references += 1
        return 0

    def _nvmlShutdown(self) -> int:
        if self.shutdown_hold is not None:
            self.shutdown_hold.wait(30)
        self.references -= 1
        return 0

    def _nvmlSystemGetDriverVersion(self, buffer: Any, size: Any) -> int:
        buffer.value = self.driver.encode()
        return 0

    def _nvmlDeviceGetCount_v2(self, out: Any) -> int:
        out._obj.value = len(self.gpus)
        return 0

    def _nvmlDeviceGetHandleByIndex_v2(self, index: Any, out: Any) -> int:
        if index.value >= len(self.gpus):
            return int(n.NVML_ERROR_INVALID_ARGUMENT)
        gpu = self.gpus[index.value]
        if gpu.errors.get("*") == n.NVML_ERROR_GPU_IS_LOST:
            return int(n.NVML_ERROR_GPU_IS_LOST)
        return self._give(gpu, out)

    # A device.

    def _nvmlDeviceGetName(self, gpu: FakeGpu, buffer: Any, size: Any) -> int:
        buffer.value = gpu.name
        return 0

    def _nvmlDeviceGetUUID(self, gpu: FakeGpu, buffer: Any, size: Any) -> int:
        buffer.value = gpu.uuid.encode()
        return 0

    def _nvmlDeviceGetPciInfo_v3(self, gpu: FakeGpu, out: Any) -> int:
        out._obj.busId = gpu.bus.encode()
        return 0

    def _nvmlDeviceGetMemoryInfo(self, gpu: FakeGpu, out: Any) -> int:
        if error := self._memory_error(gpu):
            return error
        info = out._obj
        info.total = info.used = info.free = 0
        if gpu.memory == "nonsense":
            info.total, info.used, info.free = GIB, 2 * GIB, 2**64 - GIB
        elif gpu.memory == "own":
            # The old call counts what the driver keeps for itself as used.
            info.total, info.used = gpu.total, gpu.used + gpu.reserved
            info.free = gpu.total - gpu.used - gpu.reserved
        return 0

    def _nvmlDeviceGetMemoryInfo_v2(self, gpu: FakeGpu, out: Any) -> int:
        if out._obj.version != n.nvmlMemory_v2:
            return int(n.NVML_ERROR_ARGUMENT_VERSION_MISMATCH)
        if error := self._memory_error(gpu):
            return error
        info = out._obj
        info.total = info.used = info.free = info.reserved = 0
        if gpu.memory == "nonsense":
            info.total, info.used, info.free = GIB, 2 * GIB, 2**64 - GIB
        elif gpu.memory == "own":
            info.total, info.used, info.reserved = gpu.total, gpu.used, gpu.reserved
            info.free = gpu.total - gpu.used - gpu.reserved
        return 0

    def _memory_error(self, gpu: FakeGpu) -> int:
        if gpu.memory == "not supported":
            return int(n.NVML_ERROR_NOT_SUPPORTED)
        return int(n.NVML_ERROR_NO_PERMISSION) if gpu.memory == "no permission" else 0

    def _nvmlDeviceGetUtilizationRates(self, gpu: FakeGpu, out: Any) -> int:
        if gpu.busy is None:
            return int(n.NVML_ERROR_NOT_SUPPORTED)
        out._obj.gpu = gpu.busy
        return 0

    def _nvmlDeviceGetTemperatureV(self, gpu: FakeGpu, out: Any) -> int:
        if gpu.temperature is None:
            return int(n.NVML_ERROR_NOT_SUPPORTED)
        out._obj.temperature = gpu.temperature
        return 0

    def _nvmlDeviceGetTemperature(self, gpu: FakeGpu, sensor: Any, out: Any) -> int:
        return _number(out, gpu.temperature)

    def _nvmlDeviceGetTemperatureThreshold(self, gpu: FakeGpu, which: Any, out: Any) -> int:
        return _number(out, gpu.slows_at if which.value == 1 else None)

    def _nvmlDeviceGetPowerUsage(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.power)

    def _nvmlDeviceGetEnforcedPowerLimit(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.limit)

    def _nvmlDeviceGetPowerManagementLimit(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.management_limit)

    def _nvmlDeviceGetPowerManagementLimitConstraints(self, gpu: FakeGpu, least: Any, most: Any) -> int:
        return _number(least, gpu.limit) or _number(most, gpu.limit)

    def _nvmlDeviceGetTotalEnergyConsumption(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.energy)

    def _nvmlDeviceGetClockInfo(self, gpu: FakeGpu, kind: Any, out: Any) -> int:
        return _number(out, gpu.memory_clock if kind.value == n.NVML_CLOCK_MEM else gpu.sm_clock)

    def _nvmlDeviceGetMaxClockInfo(self, gpu: FakeGpu, kind: Any, out: Any) -> int:
        return _number(out, None if gpu.sm_clock is None else 3090)

    def _nvmlDeviceGetCurrentClocksEventReasons(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.throttle)

    def _nvmlDeviceGetCurrentClocksThrottleReasons(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.throttle)

    def _nvmlDeviceGetFanSpeed(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.fan)

    def _nvmlDeviceGetNumaNodeId(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, gpu.numa)

    def _nvmlDeviceGetPcieThroughput(self, gpu: FakeGpu, counter: Any, out: Any) -> int:
        return _number(out, gpu.received if counter.value == n.NVML_PCIE_UTIL_RX_BYTES else gpu.sent)

    # Slices.

    def _nvmlDeviceGetMigMode(self, gpu: FakeGpu, now: Any, later: Any) -> int:
        return _number(now, 1 if gpu.parts is not None else None)

    def _nvmlDeviceGetMaxMigDeviceCount(self, gpu: FakeGpu, out: Any) -> int:
        return _number(out, 7)

    def _nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: FakeGpu, index: Any, out: Any) -> int:
        if gpu.parts is None or index.value >= len(gpu.parts):
            return int(n.NVML_ERROR_NOT_FOUND)
        return self._give(gpu.parts[index.value], out)

    # Processes.

    def _nvmlDeviceGetComputeRunningProcesses_v3(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return self._list(gpu, count, out, "compute", wide=self.wide_process_v3)

    def _nvmlDeviceGetComputeRunningProcesses_v2(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return self._list(gpu, count, out, "compute")

    def _nvmlDeviceGetGraphicsRunningProcesses_v3(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return self._list(gpu, count, out, "graphics", wide=self.wide_process_v3)

    def _nvmlDeviceGetGraphicsRunningProcesses_v2(self, gpu: FakeGpu, count: Any, out: Any) -> int:
        return self._list(gpu, count, out, "graphics")

    def _list(self, gpu: FakeGpu, count: Any, out: Any, kind: str, *, wide: bool = False) -> int:
        if gpu.processes is None:
            return int(n.NVML_ERROR_NOT_SUPPORTED)
        found = [process for process in gpu.processes if getattr(process, kind)]
        room, count._obj.value = count._obj.value, len(found)
        if len(found) > room or (out is None and found):
            return int(n.NVML_ERROR_INSUFFICIENT_SIZE)
        # One series of drivers wrote larger entries than the interface promises.
        entry = _WideProcess if wide else n.c_nvmlProcessInfo_v2_t
        for index, process in enumerate(found):
            written = entry.from_address(ctypes.addressof(out) + index * ctypes.sizeof(entry))
            written.pid = process.pid
            written.usedGpuMemory = 2**64 - 1 if process.memory is None else process.memory
            written.gpuInstanceId = written.computeInstanceId = 0xFFFFFFFF
        return 0


class _WideProcess(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("usedGpuMemory", ctypes.c_ulonglong),
        ("gpuInstanceId", ctypes.c_uint),
        ("computeInstanceId", ctypes.c_uint),
        ("protected", ctypes.c_ulonglong),
    )


def _number(out: Any, value: int | None) -> int:
    if value is None:
        return int(n.NVML_ERROR_NOT_SUPPORTED)
    out._obj.value = value
    return 0
