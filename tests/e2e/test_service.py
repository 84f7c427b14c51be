"""The real `serve` under a service manager: a process that tells when it is ready, alive and stopping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.simulator import Simulator
from tests.core.cli.simulated import simulated
from tests.core.daemon.manager import Manager

ROOT = Path(__file__).parents[2]


def test_a_service_tells_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    with simulated(Simulator()) as address:
        serving = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", "serve"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "LEITSTAND_HOME": str(tmp_path / "own"),
                "OLLAMA_HOST": address,
                "NOTIFY_SOCKET": manager.address,
                "WATCHDOG_USEC": "300000",
            },
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
        )
        try:
            assert "STATUS=" in manager.hears("READY=1")
            manager.hears("WATCHDOG=1")
            manager.hears(f"{address} answers, nothing to do")
            serving.send_signal(signal.SIGTERM)
            assert "EXTEND_TIMEOUT_USEC=30000000" in manager.hears("STOPPING=1")
            assert serving.wait(30) == 0
        finally:
            serving.kill()
            manager.close()
