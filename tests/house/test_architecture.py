"""What the static contracts cannot see: what is really imported, and what the tables promise."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "tui").rglob("*.py")])

HEAVY = {
    "textual",
    "rich",
    "httpx",
    "lancedb",
    "pyarrow",
    "numpy",
    "pynvml",
    "psutil",
    "tomlkit",
    "starlette",
    "uvicorn",
    "pypdfium2",
    "selectolax",
}

HOMES = {
    "httpx": {"core/ollama", "core/simulator/transport.py"},
    "aiosqlite": {"core/store"},
    "lancedb": {"core/retrieval"},
    "pyarrow": {"core/retrieval"},
    "numpy": {"core/retrieval"},
    "pynvml": {"core/telemetry"},
    "psutil": {"core/telemetry"},
    "tomlkit": {"core/config"},
    "starlette": {"core/daemon", "core/simulator/serve.py"},
    "uvicorn": {"core/daemon", "core/simulator/serve.py"},
    "textual": {"tui"},
    "pypdfium2": {"core/retrieval/extract"},
    "selectolax": {"core/retrieval/extract"},
    "rich": {"tui"},
    "markdown_it": {"tui/render"},
    "pygments": {"tui/render"},
}


@cache
def imported(path: Path) -> set[str]:
    """The top-level packages a file imports, wherever in the file that is."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", sorted(HOMES))
def test_each_third_party_has_one_home(package: str) -> None:
    strangers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if package in imported(path)
        and not any(str(path.relative_to(ROOT)).startswith(home) for home in HOMES[package])
    ]
    assert strangers == []


def modules_after(statement: str) -> set[str]:
    """The top-level packages a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_the_engine_starts_without_anything_heavy() -> None:
    assert modules_after("import core.engine") & HEAVY == set()


def test_no_module_of_the_core_ever_loads_a_screen() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.is_relative_to(ROOT / "core") and path.name != "__init__.py"
    ]
    loaded = modules_after("\n".join(f"import {name}" for name in names))
    # httpx itself loads rich when it finds it; that our own files do not is in the table above.
    assert loaded & {"textual", "tui"} == set()


def test_the_first_picture_waits_for_nothing_heavy_but_textual() -> None:
    loaded = modules_after("import tui.app, tui.screens.settings, tui.screens.health")
    assert loaded & (HEAVY - {"textual", "rich"}) == set()


def test_only_the_house_stands_at_the_top() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    allowed = {
        "pyproject.toml", "tui", "core", "styles", "tests", "snapshots", "config.example.toml",
        "README.md", "LICENSE", "CHANGELOG.md", "Makefile",
    }  # fmt: skip
    top = {name.partition("/")[0] for name in listed.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= allowed


def test_files_stay_short() -> None:
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 450}
    assert long == {}, "split these by duty"


def test_every_line_to_type_in_keeps_the_order_of_its_keys() -> None:
    found = [
        path.name
        for path in (ROOT / "tui").rglob("*.py")
        if re.search(
            r"(?<![\w.\[])Input\(", path.read_text(encoding="utf-8").replace("class Entry(Input)", "")
        )
    ]
    assert found == [], "an Entry is an Input in which a backspace is not overtaken"


def test_only_the_engine_constructs_services() -> None:
    """A service is a class whose methods are exposed; nobody but the composition root makes one."""
    services = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(mark, ast.Name) and mark.id == "exposed"
            for method in node.body
            if isinstance(method, ast.AsyncFunctionDef)
            for mark in method.decorator_list
        )
    }
    assert services
    makers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in services
    }
    # A look at the machine must work beside the Leitstand that hosts the engine.
    assert makers <= {"core/engine.py", "core/cli/gauge_verbs.py"}
