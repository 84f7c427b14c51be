"""The stylesheet that is read once makes the same rules as Textual's own, in every theme."""

from __future__ import annotations

import pytest
from textual.css.errors import StylesheetError
from textual.css.stylesheet import Stylesheet, StylesheetParseError
from textual.css.tokenizer import TokenError

from tests.tui.conftest import OpenShell
from tests.waiting import until
from tui import looks
from tui.looks import Looks
from tui.pages import PAGES
from tui.theme import THEMES


def rules(sheet: Stylesheet) -> list[object]:
    """Everything that decides how something looks, in order."""
    return [
        (
            rule.selectors,
            repr(rule.styles.get_rules()),  # layouts have no equality
            rule.styles.important,
            rule.is_default_rules,
            rule.tie_breaker,
        )
        for rule in sheet.rules
    ]


async def test_every_page_in_every_theme_has_the_rules_that_textual_would_make(shell: OpenShell) -> None:
    async with shell("settings") as here:
        app = here.app
        for page in PAGES:
            await app.switch_mode(page.name)
        for theme in [*THEMES, THEMES[0]]:
            app.theme = theme.name
            await here.pilot.pause()
            assert isinstance(app.stylesheet, Looks)
            plain = Stylesheet(variables=app.get_css_variables())
            plain.source = dict(app.stylesheet.source)
            plain.parse()
            assert rules(app.stylesheet) == rules(plain)


async def test_what_was_read_once_is_not_read_again(shell: OpenShell) -> None:
    looks._rules.cache_clear()  # whatever tests before this one have read
    async with shell("chat") as here:
        await here.app.switch_mode("settings")
        await here.pilot.pause()
        read = looks._rules.cache_info().misses
        here.app.theme = THEMES[1].name
        await until(lambda: looks._rules.cache_info().misses > read)
        other = looks._rules.cache_info().misses
        here.app.theme = THEMES[0].name
        await here.pilot.pause()
        await here.app.switch_mode("chat")
        await here.pilot.pause()
        assert looks._rules.cache_info().misses == other


def test_another_value_of_a_variable_is_another_rule() -> None:
    sheet = Looks(variables={"ink": "red"})
    sheet.add_source("Button { color: $ink; }", ("here", ""))
    assert "#FF0000" in sheet.css
    sheet.set_variables({"ink": "blue"})
    sheet.reparse()
    assert "#0000FF" in sheet.css
    assert "#FF0000" not in sheet.css


@pytest.mark.parametrize("wrong", ["Button { color: nonsense; }", "Button { color: $missing; }", "Button {{"])
def test_what_is_wrong_is_refused_as_ever_and_leaves_the_rules_alone(wrong: str) -> None:
    sheet, plain = Looks(variables={"ink": "red"}), Stylesheet(variables={"ink": "red"})
    for one in (sheet, plain):
        one.add_source("Label { color: $ink; }", ("sound", ""))
        one.parse()
    before = list(sheet.rules)
    assert before
    for one in (sheet, plain):
        one.add_source(wrong, ("wrong", ""))
        with pytest.raises((StylesheetError, StylesheetParseError, TokenError)):
            one.reparse()
    assert sheet._rules == before


def test_a_copy_goes_its_own_way() -> None:
    sheet = Looks(variables={"ink": "red"})
    sheet.add_source("Button { color: $ink; }", ("here", ""))
    other = sheet.copy()
    other.set_variables({"ink": "blue"})
    other.reparse()
    assert isinstance(other, Looks)
    assert "#FF0000" in sheet.css
    assert "#0000FF" in other.css
