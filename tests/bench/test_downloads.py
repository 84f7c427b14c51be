"""What the page Downloads costs while twenty downloads run, in a real terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.pulls import PULLS
from tests.fakes.terminal import Terminal

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
SECONDS, SHARE, WHOLE, BYTES = 15, 0.03, 0.05, 4000
"""What the page may take of a core; and the whole process, which reads what the server reports."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server in a process of its own: its work is not the page's."""
    command = [sys.executable, "-m", "tests.bench.pulls", "serve"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@pytest.mark.timeout(180)
def test_twenty_downloads_at_once_cost_little(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "tests.bench.pulls", "show", str(tmp_path), server]
    with Terminal(command, rows=40, columns=140, directory=ROOT) as terminal:
        terminal.until(f"{PULLS} on the way", within=60)
        terminal.watch(4)
        cpu, mark = terminal.cpu(), terminal.mark()
        terminal.watch(SECONDS)
        share, rate = (terminal.cpu() - cpu) / SECONDS, len(terminal.since(mark)) / SECONDS
        terminal.send("\x1b[20~")  # f9
        terminal.until("configuration")
        terminal.watch(4)
        cpu = terminal.cpu()
        terminal.watch(SECONDS)
        hidden = (terminal.cpu() - cpu) / SECONDS
    with capsys.disabled():
        print(
            f"\n  {PULLS} downloads: {share:.2%} of a core with the page, {hidden:.2%} on another one; "
            f"{rate:.0f} bytes/s"
        )
    assert share - hidden <= SHARE
    assert share <= WHOLE
    assert rate <= BYTES
