from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.core.jobs import victim


def test_killed_twenty_times_under_load_nothing_is_lost_and_nothing_runs_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", victim.__name__, str(tmp_path), "20", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    left = json.loads(done.stdout)
    assert left["lost"] == []
    assert left["ran again"] == []
    assert left["gaps"] == []
    assert set(left["states"]) == {"done"}
    assert left["states"]["done"] >= left["accepted"] > 100
