"""What people install: the wheel, in an environment of its own, without this checkout."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from core.config.example import example
from core.version import VERSION
from tests.core.cli.servers import closed_port
from tests.fakes.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "tui", "styles")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]

FOR_LATER = {
    "starlette": "routes the local API",
}
"""Declared and not imported yet, each with its reason; an entry that is used must go."""

BROUGHT_ALONG = {"rich": "textual", "pygments": "textual", "markdown-it-py": "textual"}
"""What an exactly pinned dependency is made of, and is used through its own interface."""


def environment(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "OLLAMA", "LEITSTAND"))
    }
    return {**kept, "LEITSTAND_HOME": str(home)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    program = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", program, str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return directory / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that has the wheel and what it depends on."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    subprocess.run(
        [*PIP, "--python", str(python), "install", "--no-deps", "--no-index", "--no-compile", str(wheel)],
        env=environment(home),
        timeout=100,
        check=True,
    )
    # The third parties come from here, as they are pinned; a folder that is only linked brings no links of
    # its own, so this checkout does not come with it.
    [packages] = home.glob("lib/python3*/site-packages")
    (packages / "third_parties.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def command(installed: Path, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed / "leitstand"), *argv],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files() -> set[str]:
    """Everything that belongs to the product, by its place in the wheel."""
    found = (path for name in PACKAGES for path in (ROOT / name).rglob("*"))
    return {
        str(path.relative_to(ROOT)) for path in found if path.is_file() and "__pycache__" not in path.parts
    }


def test_everything_of_the_product_is_in_it_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files()
    assert any(name.startswith("styles/") and name.endswith(".tcss") for name in names)
    assert any(name.startswith("core/store/migrations/") and name.endswith(".sql") for name in names)
    assert "core/simulator/serve.py" in names


def test_the_licence_comes_with_it(wheel: Path) -> None:
    assert any(name.endswith("/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_it_runs_from_what_was_installed(installed: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [str(installed / "python"), "-c", "import core, tui.app; print(core.__file__, tui.__file__)"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert all(Path(place).is_relative_to(installed.parent) for place in ended.stdout.split())


def test_its_version_is_the_version(installed: Path, wheel: Path, tmp_path: Path) -> None:
    assert command(installed, tmp_path, "--version").stdout == f"leitstand {VERSION}\n"
    assert wheel.name == f"leitstand-{VERSION}-py3-none-any.whl"


def test_without_a_server_a_status_says_so(installed: Path, tmp_path: Path) -> None:
    ended = command(installed, tmp_path, "status", "--json", "--host", f"127.0.0.1:{closed_port()}")
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["server"]["state"] == "away"


def test_it_explains_its_settings(installed: Path, tmp_path: Path) -> None:
    assert command(installed, tmp_path, "config", "example").stdout == example()


def test_it_brings_its_own_server_to_try_it_with(installed: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [str(installed / "leitstand"), "simulate", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            ended = command(installed, tmp_path, "status", "--host", url)
            assert ended.returncode == 0
            assert "online" in ended.stdout
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130


def test_its_screens_open_with_their_styles_and_close(installed: Path, tmp_path: Path) -> None:
    with Terminal(
        [str(installed / "leitstand"), "--demo"],
        environment={"LEITSTAND_HOME": str(tmp_path), "PYTHONPATH": None},
        directory=tmp_path,
    ) as terminal:
        terminal.until("Ask anything")
        terminal.send("\x11")
        assert terminal.wait() == 0


def requirements() -> dict[str, Requirement]:
    """What the product declares, by normalised name."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {normal(found.name): found for found in map(Requirement, project["dependencies"])}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> Iterator[tuple[str, str]]:
    """Every third-party module that the product imports, and the file that does."""
    for name in ("core", "tui"):
        for path in (ROOT / name).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    modules = [node.module]
                for module in modules:
                    top = module.partition(".")[0]
                    if top not in sys.stdlib_module_names and top not in PACKAGES:
                        yield top, str(path.relative_to(ROOT))


def test_everything_imported_is_declared_and_everything_declared_is_imported() -> None:
    providers = metadata.packages_distributions()
    declared = requirements()
    used: set[str] = set()
    for module, path in set(imported()):
        names = {normal(name) for name in providers.get(module, ())}
        names |= {BROUGHT_ALONG[name] for name in names & set(BROUGHT_ALONG)}
        assert names & set(declared), f"{path} imports {module}, which no declared dependency brings"
        used |= names
    assert set(declared) - used == set(FOR_LATER)


def test_what_comes_along_is_declared_by_what_brings_it() -> None:
    for name, bringer in BROUGHT_ALONG.items():
        brought = map(Requirement, metadata.requires(bringer) or ())
        assert name in {normal(found.name) for found in brought if not found.marker}
        assert str(requirements()[bringer].specifier).startswith("==")


def test_what_is_declared_is_what_the_tests_ran_with() -> None:
    for name, requirement in requirements().items():
        assert requirement.specifier.contains(metadata.version(name), prereleases=True), name
