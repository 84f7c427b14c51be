from __future__ import annotations

from pathlib import Path

import pytest

from core.chat.personas import BUILT_IN, load
from core.errors import ConfigError


def test_some_are_there_from_the_start() -> None:
    assert load(None) == BUILT_IN
    assert len({persona.name for persona in BUILT_IN}) == len(BUILT_IN) >= 4


def test_a_file_adds_some_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "personas.toml"
    assert load(path) == BUILT_IN
    path.write_text('[[persona]]\nname = "teacher"\nsystem = "Mine."\n[[persona]]\nname = "Cook"\n')
    found = {persona.name: persona.system for persona in load(path)}
    assert found["teacher"] == "Mine."
    assert "Teacher" not in found
    assert "Cook" in found


@pytest.mark.parametrize(
    "text",
    [
        "persona = 7",
        "[[persona]]\n",
        '[[persona]]\nname = " "\n',
        '[[persona]]\nname = "A"\ncolour = "purple"\n',
        "[[persona\n",
        "\udcff",
        "x" * (2**20 + 1),
    ],
)
def test_a_file_with_a_fault_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "personas.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.message.endswith(".")
