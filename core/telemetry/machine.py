"""The probes of the machine we run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.clock import Clock
from core.telemetry.apple import AppleProbe
from core.telemetry.drm import DrmCards
from core.telemetry.host import HostProbe, Names, VolumeProbe, memory, own_processes
from core.telemetry.nvidia import NvidiaProbe
from core.telemetry.nvidia_device import Surroundings
from core.telemetry.probes import Probes, SeveralGpuProbes
from core.telemetry.sysfs import Jetson


def this_machine(clock: Clock, models: Callable[[], Path | None]) -> Probes:
    """Make them; *models* says where the server keeps its models, when they are on this machine."""
    surroundings = Surroundings(memory, Names(clock.monotonic).describe, own_processes())
    gpus = SeveralGpuProbes(
        (NvidiaProbe(surroundings), DrmCards(memory=memory), Jetson(memory=memory), AppleProbe(memory))
    )
    return Probes(gpus, HostProbe().read, VolumeProbe(models).read)
