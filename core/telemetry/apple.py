"""Apple's GPU through macmon, a program that needs no privileges, where it is installed.

It runs beside us and writes a line of JSON a second; what has arrived is read without waiting.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from core.telemetry.probes import Ask, GpuReading, Traffic
from core.telemetry.types import Gpu, GpuFacts

_KEY = "apple:gpu"
_TOO_OLD = 10.0
_TRY_AGAIN = 60.0
_MOST = 1 << 20

NOT_INSTALLED = "Install macmon (brew install macmon) to see what this GPU is doing."
ENDED = "macmon ended; it is started again within a minute."


class AppleProbe:
    """Looks at the GPU of an Apple processor."""

    def __init__(
        self,
        memory: Callable[[], tuple[int, int] | None] = lambda: None,
        find: Callable[[str], str | None] = shutil.which,
        system: str = sys.platform,
    ) -> None:
        self._memory = memory
        self._find = find
        self._is_mac = system == "darwin"
        self._process: subprocess.Popen[bytes] | None = None
        self._started: float | None = None
        self._rest = b""
        self._seen: dict[str, Any] = {}
        self._seen_at: float | None = None
        self._facts: GpuFacts | None = None

    def read(self, ask: Ask) -> GpuReading:
        """Take the newest of what macmon wrote."""
        if not self._is_mac:
            return GpuReading()
        if self._facts is None:
            total = self._memory()
            self._facts = GpuFacts(_KEY, _chip(), "apple", memory_total=total[0] if total else None)
        says = self._keep_running(ask.now)
        self._take(ask.now)
        fresh = self._seen_at is not None and ask.now - self._seen_at <= _TOO_OLD
        return GpuReading((self._gpu(self._seen if fresh else {}, says),), (self._facts,))

    def _keep_running(self, now: float) -> str:
        """Start macmon when it does not run; say why its values are missing, when they are."""
        if self._process is not None and self._process.poll() is None:
            return ""
        if self._started is not None and now - self._started < _TRY_AGAIN:
            return NOT_INSTALLED if self._process is None else ENDED
        self._started = now
        self.close()
        program = self._find("macmon")
        if program is None:
            return NOT_INSTALLED
        try:
            self._process = subprocess.Popen(
                [program, "pipe", "-s", "0", "-i", "1000"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return NOT_INSTALLED
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._rest = b""
        return ""

    def _take(self, now: float) -> None:
        if self._process is None or self._process.stdout is None:
            return
        arrived = self._rest
        while (piece := _available(self._process.stdout.fileno())) and len(arrived) < _MOST:
            arrived += piece
        *lines, self._rest = arrived.split(b"\n")
        self._rest = self._rest[-_MOST:]
        for line in reversed(lines):
            try:
                found = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue
            if isinstance(found, dict):
                self._seen, self._seen_at = found, now
                return

    def _gpu(self, seen: dict[str, Any], says: str) -> Gpu:
        total, free = self._memory() or (None, None)
        # Earlier versions wrote a pair: clock and share.
        pair = seen.get("gpu_usage")
        clock, share = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        busy = _number(seen.get("gpu_active_ratio", share))
        temperatures = seen.get("temp")
        fans = seen.get("fans")
        fan = fans[0] if isinstance(fans, list) and fans and isinstance(fans[0], dict) else {}
        assert self._facts is not None
        return Gpu(
            _KEY,
            0,
            self._facts.name,
            "apple",
            "unified",
            says,
            busy=None if busy is None else min(max(100 * busy, 0.0), 100.0),
            memory_total=total,
            memory_free=free,
            memory_used=None if total is None or free is None else total - free,
            power=_number(seen.get("gpu_power")),
            temperature=_number(temperatures.get("gpu_temp_avg")) if isinstance(temperatures, dict) else None,
            clock=_number(seen.get("gpu_freq_mhz", clock)),
            fan_rpm=_number(fan.get("rpm")),
        )

    def traffic(self) -> Traffic:
        """Nothing: there is no bus between it and its memory."""
        return {}

    def close(self) -> None:
        """End macmon."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _available(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # nothing there yet
        return b""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _chip() -> str:
    try:
        done = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, timeout=2, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "Apple GPU"
    name = done.stdout.decode("utf-8", "replace").strip()
    return f"{name} GPU" if name else "Apple GPU"
