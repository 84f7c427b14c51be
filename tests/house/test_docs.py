"""What the README says stays true: paths, commands, keys, pages and settings it names exist."""

from __future__ import annotations

import re
from pathlib import Path

from core.cli.verbs import VERBS
from core.config.schema import settings
from tui.keymap import KEYS
from tui.pages import PAGES
from tui.screens.chat_words import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_path_it_names_exists() -> None:
    named = set(re.findall(r"`((?:core|tui|tests|styles|snapshots)/[\w./]*[\w])`", README))
    named |= set(re.findall(r"\]\(((?!http)[\w./-]+)\)", README))
    named -= {"tui/screens/logs.py"}  # the example of a page somebody adds
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_map_lists_every_part_of_the_core() -> None:
    parts = {path.name for path in (ROOT / "core").iterdir() if path.is_dir() and path.name != "__pycache__"}
    section = README[README.index("## For those who change it") :]
    assert [part for part in sorted(parts) if f"{part}/" not in section] == []


def test_every_command_it_shows_exists() -> None:
    verbs = {verb.name.split()[0] for verb in VERBS}
    shown = set(re.findall(r"leitstand ((?!-)[a-z]+)", README)) - {"leitstand"}
    assert shown - verbs - {"ARGS"} == set()


def test_every_make_target_it_names_exists() -> None:
    named = set(re.findall(r"`?make ([a-z]+)`?", README)) - {"it", "nothing"}
    assert [name for name in sorted(named) if not re.search(rf"^{name}:", MAKE, re.MULTILINE)] == []


def test_every_page_stands_in_the_tour_with_its_key() -> None:
    for page in PAGES:
        assert f"| `F{page.number}` | {page.title} |" in README


def test_every_slash_command_it_names_exists() -> None:
    named = set(re.findall(r"`/([a-z]+)[ `]", README))
    assert named - {command.name for command in COMMANDS} == set()


def test_every_setting_it_names_exists() -> None:
    known = {setting.path for setting in settings()}
    named = set(re.findall(r"\b((?:ui|server|chat|queue|log)\.[a-z_]+)\b", README))
    ids = {key.id for key in KEYS}
    assert {name for name in named if not name.endswith(".send")} - known - ids == set()


def test_every_key_name_in_its_example_exists() -> None:
    example = README[README.index("[keys]") :].splitlines()[1:3]
    assert {line.split('"')[1] for line in example} <= {key.id for key in KEYS}
