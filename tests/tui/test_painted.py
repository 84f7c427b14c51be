"""What Textual's own widgets paint can be read, too: fields, lists, notices, dialogs, the palette.

Each is opened and every cell with a letter is looked at, in every theme and at every depth of colour;
so is every component of every widget there is, whether or not it shows at the moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.style import Style
from textual.app import App
from textual.geometry import Region
from textual.theme import Theme
from textual.widget import Widget

from tests.tui.conftest import OpenShell, Shell
from tests.tui.test_contrast import DEPTHS, GLIMPSED, READ, contrast
from tui.theme import THEMES, rich_colour

STATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "the palette": ("chat", ("ctrl+p", "o")),
    "a list with a filter": ("chat", ("ctrl+o",)),
    "fields": ("library", ("n",)),
    "a question": ("catalog", ("x",)),
    "a choice": ("settings", ("down", "down", "enter")),
}
FAINT = ("placeholder", "suggestion", "disabled", "gutter")
"""Components that are quiet on purpose."""


def front(app: App[int]) -> list[Region]:
    """Where somebody is to read: not what lies dimmed behind a dialog."""
    return [child.region for child in app.screen.children]


def letters(app: App[int]) -> Iterator[tuple[str, Style]]:
    """Every piece of text in front, with the style it is painted in."""
    regions = front(app)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            if any(region.contains(x, y) for region in regions) and any(map(str.isalnum, segment.text)):
                yield segment.text.strip(), segment.style or Style()
            x += segment.cell_length


def components(app: App[int]) -> Iterator[tuple[str, Style]]:
    """Every component that writes."""
    seen: set[tuple[type[Widget], str]] = set()
    for widget in app.screen.query("*"):
        for name in widget._get_component_classes():
            if (type(widget), name) not in seen:
                seen.add((type(widget), name))
                style = widget.get_component_rich_style(name)
                if style.color is not None and style.bgcolor is not None and "separator" not in name:
                    yield name, style


def upright(style: Style) -> Style:
    return Style(color=style.bgcolor, bgcolor=style.color) if style.reverse else style


def too_faint(theme: Theme, name: str, style: Style) -> str:
    """Say what is wrong with it; empty when it can be read."""
    style = upright(style)
    if theme.ansi:
        colours = [colour for colour in (style.color, style.bgcolor) if colour is not None]
        if any(colour.triplet is not None or (colour.number or 0) > 15 for colour in colours):
            return "not one of the sixteen"
        lost = len(colours) == 2 and colours[0] == colours[1] and not colours[0].is_default
        return "on itself" if lost else ""
    if style.color == rich_colour(theme.variables["ink-dim"]) or any(word in name for word in FAINT):
        least = GLIMPSED
    else:
        least = READ
    ratios = {depth: contrast(lower(style)) for depth, lower in DEPTHS.items()}
    return ", ".join(f"{depth} {ratio:.2f}" for depth, ratio in ratios.items() if ratio < least)


async def opened(here: Shell, state: str) -> None:
    """Come to a state, with notices over it."""
    page, keys = STATES[state]
    await here.app.action_go(page)
    await here.pilot.pause()
    await here.pilot.press(*keys)
    for level in ("info", "warning", "error"):
        here.app.toast(level, f"Something of {level}", "and a hint")
    await here.pilot.pause()


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_everything_that_textual_paints_can_be_read(theme: Theme, shell: OpenShell) -> None:
    async with shell("chat", (110, 30), config=f'[ui]\ntheme = "{theme.name}"\n') as here:
        wrong: dict[str, str] = {}
        for state in STATES:
            await opened(here, state)
            for name, style in (*letters(here.app), *components(here.app)):
                if fault := too_faint(theme, name, style):
                    wrong[f"{name[:30]} {style}"] = f"{state}: {fault}"
            while len(here.app.screen_stack) > 1:
                await here.app.pop_screen()
            here.app.clear_notifications()
        assert wrong == {}
