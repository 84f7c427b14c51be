"""What an attached face can offer is all that faces use: screens and commands alike."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from core import face
from core.engine import Engine
from core.exposed import verbs

ROOT = Path(__file__).resolve().parents[2]
FACES = sorted([*(ROOT / "tui").rglob("*.py"), *(ROOT / "core" / "cli").rglob("*.py")])

OF_THE_ENGINE = {name for name in vars(face.Face) if not name.startswith("_")} | set(
    face.Face.__annotations__
)
"""What is there on every engine, attached or not."""


def chains(path: Path) -> Iterator[tuple[int, str, str]]:
    """Every `engine.NAME` and `engine.NAME.MORE` of a file, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if _is_engine(node.value) and id(node) not in inner:
            yield node.lineno, node.attr, ""
        elif isinstance(node.value, ast.Attribute) and _is_engine(node.value.value):
            yield node.lineno, node.value.attr, node.attr


def _is_engine(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name == "engine"


@pytest.mark.parametrize("path", FACES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_face_uses_exposed_verbs_and_nothing_else(path: Path) -> None:
    if path.name == "serve_verb.py":
        return  # it is the host, not a face
    wrong = [
        f"line {line}: engine.{name}{'.' * bool(more)}{more}"
        for line, name, more in chains(path)
        if not _may_be_used(name, more)
    ]
    assert wrong == [], "an attached screen has only verbs, the bus, and what core/face.py mirrors"


def _may_be_used(name: str, more: str) -> bool:
    if name not in face.SERVICES:
        return name in OF_THE_ENGINE
    return not more or more in face.MIRRORED.get(name, ()) or more in verbs(face.service(name))


def test_the_table_of_services_is_whole() -> None:
    """Whatever the composition root makes and has verbs can be reached from another process."""
    source = inspect.getsource(Engine)
    made = {
        node.targets[0].attr: node.value.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id.endswith("Service")
    }
    assert made == {name: where.partition(":")[2] for name, where in face.SERVICES.items()}


def test_every_service_is_named_on_the_face_and_on_the_attached_engine() -> None:
    from core.daemon.client import AttachedEngine

    for name, where in face.SERVICES.items():
        expected = where.partition(":")[2]
        assert face.Face.__annotations__[name] == expected
        assert AttachedEngine.__annotations__[name] == expected


def test_every_verb_can_be_called_over_a_wire() -> None:
    """Its arguments and its answer are plain values: msgspec knows how to read each of them."""
    import msgspec

    for name in face.SERVICES:
        service = face.service(name)
        for verb in verbs(service).values():
            msgspec.json.Decoder(verb.params)
            msgspec.json.Decoder(verb.returns)
            assert "return" in get_type_hints(getattr(service, verb.name))


def test_every_verb_is_called_in_both_ways_with_real_values() -> None:
    """A verb that is missing here is one line in tests/core/daemon/every_verb.py, and done."""
    from tests.core.daemon.every_verb import DAY, NIGHT

    there_are = {f"{name}.{verb}" for name in face.SERVICES for verb in verbs(face.service(name))}
    assert {step.verb for step in (*DAY, *NIGHT)} == there_are
