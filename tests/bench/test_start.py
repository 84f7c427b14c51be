"""What a command costs before it does anything, beside the least that Python can do."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.cli.servers import ollama, serving

pytestmark = pytest.mark.bench

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))
NOTHING = [sys.executable, "-c", "pass"]
RUNS = 15
MODELS = [{"name": "llama3.2:3b", "size": 2_140_000_000}]
CONFIG = '[server]\nurl = "127.0.0.1:{port}"\n[ui]\nglyphs = "unicode"\n'


def cpu(command: list[str], home: Path) -> float:
    """Milliseconds of processor time, user and system, of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        env={**os.environ, "LEITSTAND_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def test_a_command_costs_a_few_times_an_empty_python(tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.mkdir()
    with serving(ollama(models=MODELS)) as port:
        (written / "config.toml").write_text(CONFIG.format(port=port))
        commands = {
            "python -c pass": (NOTHING, tmp_path),
            "status --oneline": ([LEITSTAND, "status", "--oneline", "--host", f"127.0.0.1:{port}"], tmp_path),
            "… with a settings file": ([LEITSTAND, "status", "--oneline"], written),
            "… and nobody there": ([LEITSTAND, "status", "--oneline", "--host", "127.0.0.1:9"], tmp_path),
            "--version": ([LEITSTAND, "--version"], tmp_path),
            "--help": ([LEITSTAND, "--help"], tmp_path),
            "status --json": ([LEITSTAND, "status", "--json", "--host", f"127.0.0.1:{port}"], tmp_path),
        }
        spent: dict[str, list[float]] = {name: [] for name in commands}
        # In turns, so that what else the machine does falls on all of them.
        for _ in range(RUNS):
            for name, (command, home) in commands.items():
                spent[name].append(cpu(command, home))
    least = statistics.median(spent["python -c pass"])
    ratios = {name: statistics.median(times) / least for name, times in spent.items()}
    print(f"\nprocessor time, medians of {RUNS}")
    for name, ratio in ratios.items():
        print(f"  {name:<24} {statistics.median(spent[name]):6.1f} ms   × {ratio:.2f}")
    for name in ("status --oneline", "… with a settings file", "… and nobody there", "--version", "--help"):
        assert ratios[name] <= 6, name
