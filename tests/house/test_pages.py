"""Every page keeps the promises of the table it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui import keymap
from tui.pages import PAGES, Page
from tui.screens.base import EngineScreen

SNAPSHOTS = Path(__file__).resolve().parents[2] / "snapshots"


def test_page_numbers_and_names_are_unique() -> None:
    assert len({page.number for page in PAGES}) == len({page.name for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_built_and_knows_its_name(page: Page) -> None:
    screen = page.build()
    assert isinstance(screen, EngineScreen)
    assert page.name == screen.PAGE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_keys_in_its_footer_and_pictures_at_both_sizes(page: Page) -> None:
    name = page.name
    assert any(key.footer for key in keymap.of_scope(name))
    for size in ("140x40", "80x24"):
        assert list(SNAPSHOTS.glob(f"{name}*-{size}.svg")), f"no picture of {name} at {size}"


def test_every_picture_belongs_to_a_test() -> None:
    words = "".join(
        path.read_text(encoding="utf-8") for path in (SNAPSHOTS.parent / "tests").rglob("test_*.py")
    )
    orphans = [
        path.name for path in SNAPSHOTS.glob("*.svg") if not _is_drawn(path.stem.rpartition("-")[0], words)
    ]
    assert orphans == []


def _is_drawn(name: str, words: str) -> bool:
    """Whether a test names the picture, or draws one of that state for every page."""
    return f'"{name}"' in words or f'"{{page}}-{name.rpartition("-")[2]}"' in words
