from __future__ import annotations

import pytest
from textual.binding import Binding

from tui import keymap
from tui.keymap import KEYS, SWALLOWED, check, effective, pressed, shown


def test_every_key_has_an_id_of_its_own_and_words_for_the_help() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert all(key.about and key.label and key.action for key in KEYS)


def test_nothing_is_reachable_only_by_a_key_that_terminals_swallow() -> None:
    assert [key.id for key in KEYS if pressed(key.keys) <= SWALLOWED] == []


def test_no_two_keys_of_one_scope_clash() -> None:
    clashes = [
        (one.id, other.id)
        for index, one in enumerate(KEYS)
        for other in KEYS[index + 1 :]
        if (one.scope == other.scope or (one.scope == "app" and one.priority))
        and pressed(one.keys) & pressed(other.keys)
    ]
    assert clashes == []


def test_bindings_carry_the_ids_that_overrides_name() -> None:
    made = [binding for binding in keymap.bindings("app") if isinstance(binding, Binding)]
    assert {binding.id for binding in made} == {key.id for key in KEYS if key.scope == "app"}


@pytest.mark.parametrize(
    ("overrides", "wrong"),
    [
        ({"app.help": "f12,h"}, {}),
        ({"app.help": "?, ctrl+k"}, {}),
        ({"app.helf": "h"}, {"app.helf": "no such command"}),
        ({"app.help": "ctrl+b"}, {"app.help": "never arrives"}),
        ({"app.help": "ctrl+q"}, {"app.help": "already means"}),
        ({"settings.change": "ctrl+p"}, {"settings.change": "already means"}),
        ({"app.help": "z", "app.notices": "z"}, {"app.notices": "already means"}),
        ({"app.quit": "f20", "app.help": "ctrl+q"}, {}),
        ({"app.notices": ""}, {}),
    ],
)
def test_an_override_works_or_is_named_with_the_reason(
    overrides: dict[str, str], wrong: dict[str, str]
) -> None:
    good, problems = check(overrides)
    assert set(good) == set(overrides) - set(wrong)
    assert {problem.id for problem in problems} == set(wrong)
    for problem in problems:
        assert wrong[problem.id] in problem.message


def test_an_empty_override_takes_the_key_away() -> None:
    good, _ = check({"app.notices": ""})
    assert good == {"app.notices": ""}


def test_the_footer_shows_the_users_own_key() -> None:
    assert ("e", "help", True) in keymap.footer(("app",), {"app.help": "e"})


@pytest.mark.parametrize(
    ("keys", "text"),
    [("question_mark", "?"), ("f9,alt+9", "f9, alt+9"), ("up,k", "↑, k"), ("shift+up", "shift+↑"), ("", "")],
)
def test_keys_are_shown_as_people_read_them(keys: str, text: str) -> None:
    assert shown(keys) == text


def test_keys_can_be_shown_without_arrows() -> None:
    assert shown("up", ascii_only=True) == "up"


def test_effective_keys_are_the_users_where_there_are_any() -> None:
    key = KEYS[0]
    assert effective(key, {}) == key.keys
    assert effective(key, {key.id: "f20"}) == "f20"
