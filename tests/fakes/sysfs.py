"""Linux's view of GPUs as a tree of files in a temporary directory.

tree = FakeSys(tmp_path)
card = tree.amd("0000:03:00.0")
card.write("gpu_busy_percent", 42)
tree.root    # what the code under test gets instead of /sys
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GIB = 2**30


@dataclass(frozen=True)
class FakeCard:
    """One device and its files."""

    device: Path
    """Its directory on the PCI bus."""
    card: Path
    """Its directory under class/drm."""

    def write(self, name: str, value: object) -> None:
        """Let a file of the device say *value*."""
        path = self.device / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")

    def remove(self, name: str) -> None:
        """Let a file of the device be missing."""
        (self.device / name).unlink()

    def sleep(self, status: str = "suspended") -> None:
        """Put it to sleep: from now on a read of anything but its power state would wake it."""
        self.write("power/runtime_status", status)

    def wake(self) -> None:
        """Let it be awake."""
        self.write("power/runtime_status", "active")


class FakeSys:
    """The tree."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "sys"
        self._cards = 0

    def write(self, path: str, value: object) -> None:
        """Let any file say *value*."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{value}\n")

    def device(self, bus: str, vendor: int, kind: int = 0x030000, **files: object) -> FakeCard:
        """Add a device to the PCI bus, and a graphics card for it."""
        device = self.root / "devices" / "pci0000:00" / bus
        device.mkdir(parents=True)
        listed = self.root / "bus" / "pci" / "devices" / bus
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.symlink_to(device)
        card = self.root / "class" / "drm" / f"card{self._cards}"
        self._cards += 1
        card.mkdir(parents=True)
        (card / "device").symlink_to(device)
        # Connectors stand beside the cards and must not be taken for cards.
        (card.parent / f"{card.name}-DP-1").mkdir()
        fake = FakeCard(device, card)
        fake.write("vendor", f"0x{vendor:04x}")
        fake.write("class", f"0x{kind:06x}")
        fake.write("power/control", "on")
        fake.wake()
        for name, value in files.items():
            fake.write(name, value)
        return fake

    def nvidia(self, bus: str = "0000:01:00.0", *, may_sleep: bool = False) -> FakeCard:
        """Add an NVIDIA card; *may_sleep* as in a laptop."""
        card = self.device(bus, 0x10DE)
        card.write("power/control", "auto" if may_sleep else "on")
        return card

    def amd(self, bus: str = "0000:03:00.0") -> FakeCard:
        """Add a Radeon RX 7900 XTX."""
        card = self.device(bus, 0x1002, device="0x744c", revision="0xc8", gpu_busy_percent=42)
        for name, value in {
            "unique_id": "feedbeef12345678",
            "mem_info_vram_total": 24 * GIB,
            "mem_info_vram_used": 6 * GIB,
            "mem_info_vram_vendor": "samsung",
            "mem_info_gtt_total": 32 * GIB,
            "mem_info_gtt_used": GIB,
            "hwmon/hwmon4/temp1_input": 61_000,
            "hwmon/hwmon4/temp1_crit": 100_000,
            "hwmon/hwmon4/power1_average": 213_000_000,
            "hwmon/hwmon4/power1_cap": 339_000_000,
            "hwmon/hwmon4/power1_cap_max": 390_000_000,
            "hwmon/hwmon4/freq1_input": 2_482_000_000,
            "hwmon/hwmon4/freq2_input": 1_249_000_000,
            "hwmon/hwmon4/fan1_input": 1180,
            "hwmon/hwmon4/pwm1": 102,
            "hwmon/hwmon4/pwm1_max": 255,
        }.items():
            card.write(name, value)
        return card

    def strix_halo(self, bus: str = "0000:c4:00.0") -> FakeCard:
        """Add a processor's GPU that shares the host's memory: a small part is its own."""
        card = self.device(bus, 0x1002, device="0x1586", revision="0xc1", gpu_busy_percent=12)
        for name, value in {
            "mem_info_vram_total": GIB // 2,
            "mem_info_vram_used": GIB // 4,
            "mem_info_gtt_total": 62 * GIB,
            "mem_info_gtt_used": 10 * GIB,
            "hwmon/hwmon2/power1_input": 48_000_000,
            "hwmon/hwmon2/temp1_input": 58_000,
        }.items():
            card.write(name, value)
        return card

    def intel(self, bus: str = "0000:03:00.0", device: str = "0x56a0") -> FakeCard:
        """Add an Intel Arc card with the older driver's files."""
        card = self.device(bus, 0x8086, device=device)
        (card.card / "gt_act_freq_mhz").write_text("1850\n")
        (card.card / "gt_max_freq_mhz").write_text("2400\n")
        card.write("hwmon/hwmon3/energy1_input", 5_000_000)
        card.write("hwmon/hwmon3/fan1_input", 900)
        return card

    def jetson(self) -> None:
        """Make the machine a Jetson board."""
        self.write("devices/platform/gpu.0/load", 873)
        for number, (kind, temperature) in enumerate((("cpu-thermal", 41_500), ("gpu-thermal", 47_250))):
            self.write(f"class/thermal/thermal_zone{number}/type", kind)
            self.write(f"class/thermal/thermal_zone{number}/temp", temperature)
