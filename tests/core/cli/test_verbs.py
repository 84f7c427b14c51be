from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from core.cli.arguments import Argument, Verb, parse
from core.cli.verbs import ENVIRONMENT, GLOBALS, GROUPS, VERBS
from tests.core.cli.running import leitstand

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


LASTING = [
    verb
    for verb in VERBS
    if "--detach" in {option.name for option in options_of(verb)} and verb.name != "serve"
]


def test_what_takes_long_can_be_left_or_waited_for() -> None:
    """The same two words everywhere; `serve` only ever waits to be stopped."""
    assert {verb.name for verb in LASTING} == {
        "ask", "backup", "batch", "bench", "ingest", "models create", "models load", "optimize",
        "pull", "reindex",
    }  # fmt: skip
    assert all("--wait" in {option.name for option in options_of(verb)} for verb in LASTING)


@pytest.mark.parametrize("verb", LASTING, ids=[verb.name for verb in LASTING])
def test_to_wait_and_to_leave_contradict_each_other(verb: Verb, tmp_path: Path) -> None:
    (tmp_path / "questions").write_text("Why?\n")
    words = [str(tmp_path / "questions") for argument in verb.arguments if not argument.is_option][:1]
    space = ["--space", "papers"] if verb.name in {"ingest", "reindex", "optimize"} else []
    out = ["--out", str(tmp_path / "answers")] if verb.name == "batch" else []
    ended = leitstand(*verb.name.split(), *words, *space, *out, "--wait", "--detach", home=tmp_path / "h")
    assert (ended.code, ended.err) == (2, "leitstand: --wait and --detach contradict each other.\n")
