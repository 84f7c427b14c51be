import re
import tomllib
from pathlib import Path
from typing import Any

from core.config.example import example
from core.config.file import load, set_value
from core.config.schema import Config, settings

COMMITTED = Path(__file__).parents[3] / "config.example.toml"


def test_the_example_file_is_the_one_made_from_the_table() -> None:
    message = "the table of settings changed; run: leitstand config example > config.example.toml"
    assert COMMITTED.read_text("utf-8") == example(), message


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example())
    loaded = load(file)
    assert (loaded.config, loaded.problems) == (Config(), ())


def test_the_example_with_everything_switched_on_gives_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(re.sub(r"(?m)^#(?=\S)", "", example()))
    loaded = load(file)
    assert loaded.problems == ()
    assert loaded.config == Config()
    assert loaded.given == {setting.path for setting in settings()}


def test_every_setting_is_explained_within_100_columns() -> None:
    text = example()
    flowing = " ".join(line.lstrip("# ") for line in text.splitlines())
    for setting in settings():
        assert setting.description in flowing
    assert max(map(len, text.splitlines())) <= 110


def filled(tables: dict[str, Any]) -> dict[str, Any]:
    """Tables without the empty ones."""
    kept = {name: filled(value) if isinstance(value, dict) else value for name, value in tables.items()}
    return {name: value for name, value in kept.items() if value != {}}


def test_a_value_set_in_the_example_stands_below_its_explanation(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example())
    set_value(file, "ui.bell", "on")
    set_value(file, "log.level", "debug")
    text = file.read_text()
    assert "#bell = false\nbell = true\n" in text
    assert '#level = "info"\nlevel = "debug"\n' in text
    assert filled(tomllib.loads(text)) == {"ui": {"bell": True}, "log": {"level": "debug"}}
