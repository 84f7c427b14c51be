from __future__ import annotations

import re
import shlex
from importlib import import_module

import pytest

from core.cli.arguments import Argument, Verb, parse
from core.cli.verbs import ENVIRONMENT, GLOBALS, GROUPS, VERBS

NAMES = [verb.name for verb in VERBS]


def options_of(verb: Verb) -> list[Argument]:
    return [argument for argument in verb.arguments if argument.is_option]


def test_no_verb_is_there_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("verb", VERBS, ids=NAMES)
def test_a_verb_runs_something(verb: Verb) -> None:
    module, _, name = verb.function.partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("verb", VERBS, ids=NAMES)
def test_a_verb_is_explained(verb: Verb) -> None:
    assert verb.help.endswith(".")
    assert len(verb.help) <= 80
    assert verb.description.endswith(".")
    assert verb.examples
    for argument in verb.arguments:
        assert argument.help.endswith("."), argument.name


EXAMPLES = [(verb.name, command, meaning) for verb in VERBS for command, meaning in verb.examples]


@pytest.mark.parametrize(
    ("name", "command", "meaning"), EXAMPLES, ids=[command for _, command, _ in EXAMPLES]
)
def test_an_example_is_a_command_line_of_its_verb(name: str, command: str, meaning: str) -> None:
    found = re.search(r"leitstand ([^|>&)]*)", command)
    assert found is not None
    verb = parse(shlex.split(found[1]), VERBS, GLOBALS).verb
    assert verb is not None
    assert verb.name == name
    assert meaning


def test_every_first_word_of_two_is_explained() -> None:
    assert {name.split()[0] for name in NAMES if " " in name} == set(GROUPS)


def test_global_options_are_explained_and_no_verb_hides_one_but_the_simulator() -> None:
    assert all(argument.help.endswith(".") for argument in GLOBALS)
    names = {argument.name for argument in GLOBALS}
    hidden = {
        (verb.name, option.name) for verb in VERBS for option in options_of(verb) if option.name in names
    }
    assert hidden == {("simulate", "--host"), ("simulate", "--version")}


def test_the_environment_is_explained() -> None:
    assert {name for name, _ in ENVIRONMENT} >= {"OLLAMA_HOST", "LEITSTAND_HOME", "NO_COLOR"}
    assert all(meaning.endswith(".") for _, meaning in ENVIRONMENT)
