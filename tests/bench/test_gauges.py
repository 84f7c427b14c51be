"""What a pane with the gauges costs that stays open for days: processor time, and bytes to the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal

pytestmark = pytest.mark.bench

MOST_BESIDE_NVITOP = 2.0
"""Times the processor time of nvitop, which shows one GPU and no history of a day, no models, no jobs."""
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


@contextmanager
def pane(home: Path, kind: str, rows: int = 40, columns: int = 120) -> Iterator[Terminal]:
    """The page Gauges on a machine with one GPU."""
    command = [sys.executable, "-m", "tests.bench.pane", kind, str(home)]
    with Terminal(command, rows=rows, columns=columns, directory=ROOT) as terminal:
        terminal.until("tok/s", within=40)
        terminal.watch(4)  # imports, the first pictures and toasts are not what a pane costs that stays open
        yield terminal


def cost(terminal: Terminal, seconds: float = SECONDS) -> tuple[float, float]:
    """The share of a core and the bytes a second."""
    cpu, mark = terminal.cpu(), terminal.mark()
    terminal.watch(seconds)
    return (terminal.cpu() - cpu) / seconds, len(terminal.since(mark)) / seconds


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("kind", "size", "most"),
    [
        pytest.param("moving", (40, 120), 1500, id="moving"),
        pytest.param("still", (40, 120), 200, id="still"),
        pytest.param("moving", (10, 80), 1500, id="ten lines, moving"),
    ],
)
def test_an_open_page_is_cheap(
    tmp_path: Path, kind: str, size: tuple[int, int], most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pane(tmp_path, kind, *size) as terminal:
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  {size[1]}x{size[0]} {kind:7} {share:.2%} of a core, {rate:.0f} bytes/s (at most {most})")
    assert share <= 0.02
    assert rate <= most


@pytest.mark.timeout(180)
@pytest.mark.parametrize("zooms", [pytest.param("[", id="1 m"), pytest.param("]", id="1 h")])
def test_so_is_every_zoom(tmp_path: Path, zooms: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pane(tmp_path, "moving") as terminal:
        terminal.send(zooms)
        terminal.watch(2)
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  zoom {zooms} {share:.2%} of a core, {rate:.0f} bytes/s")
    assert share <= 0.02
    assert rate <= 1500


@pytest.mark.timeout(180)
def test_a_hidden_page_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pane(tmp_path, "moving") as terminal:
        terminal.send("\x1b[20~")  # f9
        terminal.until("configuration")
        terminal.watch(4)
        share, rate = cost(terminal)
    with capsys.disabled():
        print(f"\n  hidden {share:.2%} of a core, {rate:.0f} bytes/s")
    assert share <= 0.01
    assert rate <= 60  # the status line shows the memory


# Beside another monitor ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a driver's library that is not there; see tests/fakes/libnvidia_ml.c."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler here to build the fake driver with")
    library = tmp_path_factory.mktemp("driver") / "libnvidia-ml.so.1"
    source = ROOT / "tests/fakes/libnvidia_ml.c"
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source],
        check=True,
    )
    return library.parent


@pytest.fixture(scope="module")
def nvitop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other monitor: the one that is installed, or one in an environment that is thrown away."""
    if (installed := shutil.which("nvitop")) is not None:
        return Path(installed)
    home = tmp_path_factory.mktemp("nvitop")
    try:
        venv.create(home, with_pip=True)
        subprocess.run(
            [home / "bin/python", "-m", "pip", "install", "-q", "nvitop"], check=True, timeout=120,
            capture_output=True,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"nvitop is not here and cannot be installed: {type(error).__name__}")
    return home / "bin/nvitop"


@pytest.mark.timeout(400)
def test_beside_nvitop_on_the_same_driver(
    tmp_path: Path, driver: Path, nvitop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver)}
    ours = [sys.executable, "-m", "tests.bench.pane", "driver", str(tmp_path)]
    theirs = [str(nvitop), "--interval", "1"]

    def opened(command: list[str]) -> Terminal:
        return Terminal(command, rows=40, columns=120, directory=ROOT, environment=environment)

    # Both at once, so that a busy machine slows both down.
    with opened(ours) as left, opened(theirs) as right:
        left.until("RTX 5090", within=40)
        right.until("RTX 5090", within=40)
        for _ in range(16):  # imports and first pictures
            left.watch(0.25)
            right.watch(0.25)
        marks = [(each.cpu(), each.mark()) for each in (left, right)]
        for _ in range(2 * SECONDS):
            left.watch(0.25)
            right.watch(0.25)
        (share, rate), (other_share, other_rate) = (
            ((each.cpu() - cpu) / SECONDS, len(each.since(mark)) / SECONDS)
            for each, (cpu, mark) in zip((left, right), marks, strict=True)
        )
    with capsys.disabled():
        print(f"\n  here {share:.2%}, {rate:.0f} bytes/s; nvitop {other_share:.2%}, {other_rate:.0f} bytes/s")
    assert share <= 0.02
    assert share <= MOST_BESIDE_NVITOP * other_share
    assert rate <= other_rate
