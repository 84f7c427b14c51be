from __future__ import annotations

import pytest

from core.cli.arguments import Verb
from core.cli.exits import MEANINGS
from core.cli.verbs import ENVIRONMENT, GLOBALS, GROUPS, VERBS
from tests.core.cli.running import leitstand


def test_the_command_names_everything_it_has() -> None:
    ended = leitstand("--help")
    assert ended.code == 0
    assert ended.err == ""
    told = " ".join(ended.out.split())
    for verb in VERBS:
        assert f"{verb.name} {verb.help}" in told
    for option in GLOBALS:
        assert f"{option.name} {option.metavar}".strip() in told
    for name, _ in ENVIRONMENT:
        assert name in told
    for code, meaning in MEANINGS:
        assert f"{code} {meaning}" in told


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_a_verb_explains_itself_within_the_width(verb: Verb) -> None:
    ended = leitstand(*verb.name.split(), "--help")
    assert ended.code == 0
    told = " ".join(ended.out.split())
    assert all(argument.help in told for argument in verb.arguments)
    commands = {f"  {command}" for command, _ in verb.examples}
    lines = set(ended.out.splitlines())
    assert commands <= lines
    assert all(len(line) <= 80 for line in lines - commands)


def test_a_group_names_its_verbs() -> None:
    ended = leitstand("config", "--help")
    assert ended.code == 0
    assert GROUPS["config"] in ended.out
    assert "  unset" in ended.out


def test_short_help_is_help() -> None:
    assert leitstand("status", "-h").out == leitstand("--help", "status").out


def test_help_for_nothing_known_is_wrong_usage() -> None:
    ended = leitstand("statsu", "--help")
    assert ended.code == 2
    assert "Did you mean status?" in ended.err


def test_headings_stand_out_on_a_terminal_only() -> None:
    assert "\x1b[1mVerbs\x1b[0m" in leitstand("--help", terminal=True, environment={"TERM": "xterm"}).out
    assert "\x1b" not in leitstand("--help").out


def test_a_verb_names_its_relatives_and_how_it_ends() -> None:
    told = " ".join(leitstand("backup", "--help").out.split())
    assert "See also backup verify, restore" in told
    assert "Exit codes 0 done" in told
