from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.telemetry.machine import this_machine
from core.telemetry.probes import Ask
from tests.fakes.clock import ManualClock

ROOT = Path(__file__).resolve().parents[3]


def test_the_machine_we_run_on_can_be_looked_at_whatever_it_has(tmp_path: Path) -> None:
    probes = this_machine(ManualClock(), lambda: tmp_path)
    reading = probes.gpus.read(Ask(0.0))
    assert all(gpu.key and gpu.name for gpu in reading.gpus)
    assert probes.host(Ask(0.0)).host.memory_total
    volume = probes.volume(Ask(0.0))
    assert volume is not None
    assert volume.free
    assert not probes.simulated
    probes.gpus.close()


def test_making_the_probes_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.clock import SystemClock\n"
        "from core.telemetry.machine import this_machine\n"
        "from core.telemetry.service import TelemetryService\n"
        "this_machine(SystemClock(), lambda: None)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"pynvml", "psutil", "aiosqlite", "sqlite3", "httpx", "textual"}
