"""The door to NVIDIA's library: values and outcomes instead of exceptions, and every way to ask.

The only file that imports pynvml, and only when it is opened. Its exceptions stay here: some of them are not
NVMLErrors, none of them can be hashed, and some names are bytes that are no text.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

_NO_VALUE = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""What the library writes where it has nothing to write."""


class Outcome(Enum):
    """How a call ended."""

    OK = auto()
    UNSUPPORTED = auto()
    """This device or this driver will never answer."""
    FORBIDDEN = auto()
    """This user will not get an answer."""
    NOTHING = auto()
    """There is nothing to tell at the moment."""
    LOST = auto()
    NEEDS_RESET = auto()
    TROUBLE = auto()
    """It failed this time."""
    CLOSED = auto()
    NO_BINDING = auto()
    NO_LIBRARY = auto()
    NOT_LOADED = auto()
    MISMATCH = auto()


_BY_CODE = {
    1: Outcome.CLOSED,
    3: Outcome.UNSUPPORTED,
    4: Outcome.FORBIDDEN,
    6: Outcome.NOTHING,
    9: Outcome.NOT_LOADED,
    12: Outcome.NO_LIBRARY,
    13: Outcome.UNSUPPORTED,
    15: Outcome.LOST,
    16: Outcome.NEEDS_RESET,
    18: Outcome.MISMATCH,
    21: Outcome.NOTHING,
    25: Outcome.UNSUPPORTED,
    26: Outcome.UNSUPPORTED,
    28: Outcome.LOST,
}


class Answer(NamedTuple):
    """What a call gave, and how it ended; a value only comes with OK."""

    value: Any
    outcome: Outcome


class Memory(NamedTuple):
    """A GPU's memory in bytes."""

    total: int
    free: int
    used: int
    reserved: int | None


class ProcessUse(NamedTuple):
    """What a process holds of a GPU."""

    pid: int
    memory: int | None


def decoded(value: Any) -> str:
    """Make text of a name: old bindings give bytes, and some names are not UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _name(n: Any, h: Any) -> str:
    # The wrapped function decodes strictly and would raise for a name with one bad byte.
    function = n.nvmlDeviceGetName
    return decoded(getattr(function, "__wrapped__", function)(h))


def _memory_v2(n: Any, h: Any) -> Memory:
    info = n.nvmlDeviceGetMemoryInfo(h, version=n.nvmlMemory_v2)
    return Memory(info.total, info.free, info.used, info.reserved)


def _memory_v1(n: Any, h: Any) -> Memory:
    info = n.nvmlDeviceGetMemoryInfo(h)
    return Memory(info.total, info.free, info.used, None)


def _processes(function: str) -> Callable[[Any, Any], list[ProcessUse]]:
    def read(n: Any, h: Any) -> list[ProcessUse]:
        return [
            ProcessUse(found.pid, None if found.usedGpuMemory in _NO_VALUE else found.usedGpuMemory)
            for found in getattr(n, function)(h)
        ]

    return read


Way = Callable[[Any, Any], Any]

WAYS: dict[str, tuple[Way, ...]] = {
    "name": (_name,),
    "uuid": (lambda n, h: decoded(n.nvmlDeviceGetUUID(h)),),
    "bus": (lambda n, h: decoded(n.nvmlDeviceGetPciInfo(h).busId),),
    "numa": (lambda n, h: n.nvmlDeviceGetNumaNodeId(h),),
    "clock_max": (lambda n, h: n.nvmlDeviceGetMaxClockInfo(h, n.NVML_CLOCK_SM),),
    "power_max": (lambda n, h: n.nvmlDeviceGetPowerManagementLimitConstraints(h)[1],),
    "slows_at": (lambda n, h: n.nvmlDeviceGetTemperatureThreshold(h, n.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),),
    "mig": (lambda n, h: n.nvmlDeviceGetMigMode(h)[0],),
    "mig_slots": (lambda n, h: n.nvmlDeviceGetMaxMigDeviceCount(h),),
    "busy": (lambda n, h: n.nvmlDeviceGetUtilizationRates(h).gpu,),
    "memory": (_memory_v2, _memory_v1),
    "power": (lambda n, h: n.nvmlDeviceGetPowerUsage(h),),
    "energy": (lambda n, h: n.nvmlDeviceGetTotalEnergyConsumption(h),),
    "power_limit": (
        lambda n, h: n.nvmlDeviceGetEnforcedPowerLimit(h),
        lambda n, h: n.nvmlDeviceGetPowerManagementLimit(h),
    ),
    "temperature": (
        lambda n, h: n.nvmlDeviceGetTemperatureV(h, n.NVML_TEMPERATURE_GPU),
        lambda n, h: n.nvmlDeviceGetTemperature(h, n.NVML_TEMPERATURE_GPU),
    ),
    "clock": (lambda n, h: n.nvmlDeviceGetClockInfo(h, n.NVML_CLOCK_SM),),
    "memory_clock": (lambda n, h: n.nvmlDeviceGetClockInfo(h, n.NVML_CLOCK_MEM),),
    "throttle": (
        lambda n, h: n.nvmlDeviceGetCurrentClocksEventReasons(h),
        lambda n, h: n.nvmlDeviceGetCurrentClocksThrottleReasons(h),
    ),
    "fan": (lambda n, h: n.nvmlDeviceGetFanSpeed(h),),
    "compute": (
        _processes("nvmlDeviceGetComputeRunningProcesses_v3"),
        _processes("nvmlDeviceGetComputeRunningProcesses_v2"),
    ),
    "graphics": (
        _processes("nvmlDeviceGetGraphicsRunningProcesses_v3"),
        _processes("nvmlDeviceGetGraphicsRunningProcesses_v2"),
    ),
    "pcie_received": (lambda n, h: n.nvmlDeviceGetPcieThroughput(h, n.NVML_PCIE_UTIL_RX_BYTES),),
    "pcie_sent": (lambda n, h: n.nvmlDeviceGetPcieThroughput(h, n.NVML_PCIE_UTIL_TX_BYTES),),
}
"""What can be asked of a device: the ways to ask it, the best first."""


class Nvml:
    """NVIDIA's library, open or closed. Calls may block for as long as the driver likes."""

    def __init__(self) -> None:
        self._n: Any = None
        self.is_open = False

    def open(self) -> Outcome:
        """Load and start it; this wakes every sleeping NVIDIA GPU."""
        if self._n is None:
            try:
                import pynvml
            except ImportError:
                return Outcome.NO_BINDING
            # The package called pynvml in the registry is another one, unmaintained, under the same name.
            if not hasattr(pynvml, "nvmlDeviceGetComputeRunningProcesses_v3"):
                return Outcome.NO_BINDING
            self._n = pynvml
        outcome = self._call(self._n.nvmlInit).outcome
        self.is_open = outcome is Outcome.OK
        return outcome

    def close(self) -> None:
        """Stop it, so that idle GPUs may sleep."""
        if self.is_open:
            self.is_open = False
            self._call(self._n.nvmlShutdown)

    def driver(self) -> str | None:
        """Return the driver's version."""
        value, outcome = self._call(self._n.nvmlSystemGetDriverVersion)
        return decoded(value) if outcome is Outcome.OK else None

    def count(self) -> Answer:
        """Count the GPUs."""
        return self._call(self._n.nvmlDeviceGetCount)

    def handle(self, index: int) -> Answer:
        """Return what a GPU is asked with."""
        return self._call(self._n.nvmlDeviceGetHandleByIndex, index)

    def slice(self, handle: Any, index: int) -> Answer:
        """Return what one slice of a divided GPU is asked with."""
        return self._call(self._n.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)

    def read(self, what: str, handle: Any, way: int = 0) -> Answer:
        """Ask a device something in one of its ways."""
        return self._call(WAYS[what][way], self._n, handle)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Answer:
        try:
            value = function(*arguments)
        except self._n.NVMLError as error:
            return Answer(None, _BY_CODE.get(getattr(error, "value", 999), Outcome.TROUBLE))
        except (self._n.NVMLLibraryMismatchError, AttributeError):
            # The driver or the binding is too old to know this function.
            return Answer(None, Outcome.UNSUPPORTED)
        except (UnicodeDecodeError, OSError, ValueError):
            return Answer(None, Outcome.TROUBLE)
        if isinstance(value, int) and value in _NO_VALUE:
            return Answer(None, Outcome.NOTHING)
        return Answer(value, Outcome.OK)
