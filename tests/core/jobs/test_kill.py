from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.core.jobs import victim


def killed(home: Path, times: int) -> None:
    """Kill a process so often while it accepts and does jobs; everything that it accepted is done once."""
    command = [sys.executable, "-m", victim.__name__, str(home), str(times), "1"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=110 if times < 20 else 800
    )
    assert done.returncode == 0, done.stderr
    left = json.loads(done.stdout)
    assert left["lost"] == []
    assert left["ran again"] == []
    assert left["gaps"] == []
    assert set(left["states"]) == {"done"}
    assert left["states"]["done"] >= left["accepted"] > 5 * times


def test_killed_again_and_again_under_load_nothing_is_lost_and_nothing_runs_again(tmp_path: Path) -> None:
    killed(tmp_path, 8)
