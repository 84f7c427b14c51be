"""Everything that is written can be read: every ink and role of every theme, at every depth of colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.color import Color
from textual.filter import monochrome_style
from textual.theme import Theme

from tests.tui.conftest import OpenShell
from tests.waiting import until
from tui.render.palette import CURRENT, EM, FOUND, INLINE_CODE, LINK, SELECTED, STRONG, Palette, Role
from tui.terminal.uncoloured import uncoloured
from tui.theme import SIXTEEN, THEMES, inks

Depth = Callable[[Style], Style]

READ, GLIMPSED, DRAWN = 4.5, 3.0, 1.2
"""Contrast of what is read, of what is quiet on purpose, and of rules and bars that only separate."""

LEAST = {"dim": GLIMPSED, "rule": DRAWN, Role.DIM: GLIMPSED, Role.FAINT: DRAWN, Role.MARKER: GLIMPSED}
LEAST |= {Role.THINK: GLIMPSED, Role.COMMENT: GLIMPSED, Role.OPERATOR: GLIMPSED}


def lowered(system: ColorSystem) -> Depth:
    def lower(style: Style) -> Style:
        return Style(
            color=style.color and style.color.downgrade(system),
            bgcolor=style.bgcolor and style.bgcolor.downgrade(system),
        )

    return lower


DEPTHS: dict[str, Depth] = {
    "truecolor": lambda style: style,
    "256": lowered(ColorSystem.EIGHT_BIT),
    "mono": monochrome_style,
    "256 mono": lambda style: lowered(ColorSystem.EIGHT_BIT)(monochrome_style(style)),
}


def shown(colour: RichColor | None) -> Color:
    assert colour is not None
    red, green, blue = colour.get_truecolor(DEFAULT_TERMINAL_THEME)
    return Color(red, green, blue)


def written(theme: Theme) -> Iterator[tuple[object, Style]]:
    """Every way a theme writes, by name."""
    variables = {**theme.to_color_system().generate(), **theme.variables}
    table = inks(variables)
    yield from ((name, style) for name, style in table.items() if name != "selected")
    # The selected row is another background under every ink.
    yield from (
        (f"{name} selected", style + table["selected"])
        for name, style in table.items()
        if name not in {"selected", "find"}
    )
    palette = Palette(variables)
    flags = {"": 0, "strong": STRONG, "em": EM, "selected": SELECTED, "found": FOUND, "current": CURRENT}
    flags |= {"link": LINK, "code": INLINE_CODE}
    for role in Role:
        for name, flag in flags.items():
            yield (role if not name else f"{role.name} {name}"), palette[role | flag]


def least(name: object) -> float:
    if isinstance(name, Role) or name in LEAST:
        return LEAST.get(name, READ)
    words = str(name).casefold().split()
    quiet = {str(key.name if isinstance(key, Role) else key).casefold(): most for key, most in LEAST.items()}
    marked = {"selected", "found", "current", "link", "code"} & set(words[1:])
    if words[0] in quiet and (not marked or (marked == {"selected"} and words[0] in {"dim", "rule"})):
        return quiet[words[0]]
    return READ


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("theme", [theme for theme in THEMES if not theme.ansi], ids=lambda theme: theme.name)
def test_whatever_is_written_can_be_read(theme: Theme, depth: str) -> None:
    faint = {
        str(name): round(ratio, 2)
        for name, style in written(theme)
        for lower in [DEPTHS[depth](style)]
        for ratio in [contrast(lower)]
        if ratio < least(name)
    }
    assert faint == {}


def contrast(style: Style) -> float:
    """As WCAG counts it."""
    lights = sorted((light(shown(style.color)), light(shown(style.bgcolor))), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def light(colour: Color) -> float:
    parts = [part / 255 for part in (colour.r, colour.g, colour.b)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_with_sixteen_colours_only_those_are_used_and_none_on_itself() -> None:
    theme = next(theme for theme in THEMES if theme.name == SIXTEEN)
    for name, style in written(theme):
        colours = [colour for colour in (style.color, style.bgcolor) if colour is not None]
        assert all(colour.is_default or (colour.number or 0) < 16 for colour in colours), name
        assert all(colour.triplet is None for colour in colours), name
        # Against the terminal's own background, whichever it is, black and white would each be lost once.
        if style.bgcolor is None or style.bgcolor.is_default:
            assert style.color is None or style.color.number not in {0, 15} or style.bold, name
        else:
            assert style.color != style.bgcolor, name


def test_without_any_colour_nothing_is_lost_and_what_was_marked_still_is() -> None:
    theme = next(theme for theme in THEMES if theme.name == SIXTEEN)
    for name, style in written(theme):
        plain = uncoloured(style)
        assert plain.color is None, name
        assert plain.bgcolor is None, name
        marked = style.bgcolor is not None and not style.bgcolor.is_default
        assert bool(plain.reverse) is (marked != bool(style.reverse)), name
        assert bool(plain.bold) is bool(style.bold), name


async def test_who_wants_no_colours_gets_none_where_there_are_sixteen_and_greys_where_there_are_more(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with shell("settings", config='[ui]\ntheme = "leitstand-16"\n') as here:

        def colours() -> set[RichColor]:
            strips = here.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            return {colour for style in styles for colour in (style.color, style.bgcolor) if colour}

        assert colours() == set()
        await here.engine.config.set("ui.theme", "leitstand-light")
        await until(lambda: here.app.theme == "leitstand-light")
        await here.pilot.pause()
        triplets = {colour.triplet for colour in colours()}
        assert len(triplets) > 2
        assert all(triplet and len({*triplet}) == 1 for triplet in triplets)


async def test_a_terminal_with_sixteen_colours_gets_the_theme_made_for_it(
    shell: OpenShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell("settings", config='[ui]\ntheme = "leitstand-light"\n') as here:
        assert here.app.theme == "leitstand-light"
        monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "standard")
        here.app._apply_looks()
        assert here.app.theme == SIXTEEN
