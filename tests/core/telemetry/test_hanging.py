from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "where", ["init", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetPcieThroughput", "shutdown"]
)
def test_a_call_that_hangs_delays_neither_the_loop_nor_the_exit(where: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.core.telemetry.victim", where],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        output, _ = program.communicate(timeout=60)
        ended = time.time()
    word, at, lag = output.split()
    assert (program.returncode, word) == (0, "ending")
    assert ended - float(at) <= 1.0
    # Nothing but other programs may hold the loop; a driver would do it for half a minute.
    assert float(lag) < 0.5
