from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.arguments import Argument, Verb
from core.cli.completing import Candidate, offer
from core.cli.completions import SCRIPTS
from core.cli.verbs import GLOBALS, GROUPS, VERBS
from core.simulator import Setup, Simulator
from tests.core.cli.running import leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import sized

NAMES = {
    "model": [Candidate("qwen3:8b", "5.2 GB"), Candidate("llama3.1:8b")],
    "setting": [Candidate("ui.mouse", "Mouse"), Candidate("ui.theme", "Theme")],
    "chat": [Candidate("7", "Backup script")],
    "lane": [Candidate("inference"), Candidate("cpu"), Candidate("inference@box")],
}


def offered(line: str) -> list[str]:
    """What TAB shows at the end of a line, and how files are asked for."""
    found = offer(line.split(" "), VERBS, GLOBALS, GROUPS, lambda kind: NAMES.get(kind, []))
    return [
        *(candidate.word for candidate in found.candidates),
        *([f":{found.files}"] if found.files else []),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mod", ["models"]),
        ("models lo", ["load"]),
        ("models load ", ["llama3.1:8b", "qwen3:8b"]),
        ("models load q", ["qwen3:8b"]),
        ("models load qwen3:8b ", []),
        ("models unload qwen3:8b l", ["llama3.1:8b"]),
        ("models list --use r", ["rag", "reasoning"]),
        ("models list --use=r", ["--use=rag", "--use=reasoning"]),
        ("--json models list --us", ["--use"]),
        ("ask --model ", ["llama3.1:8b", "qwen3:8b"]),
        ("ask --model=q", ["--model=qwen3:8b"]),
        ("ask --file ", [":files"]),
        ("--data ", [":directories"]),
        ("chats show ", ["7"]),
        ("chats export 7 --format m", ["markdown"]),
        ("config get ui.", ["ui.mouse", "ui.theme"]),
        ("queue pause c", ["cpu"]),
        ("completions ", ["bash", "fish", "zsh"]),
        ("nonsense ", []),
        ("status -- --on", []),
    ],
)
def test_a_begun_line_is_offered_what_may_come_next(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


def test_an_option_that_was_given_is_offered_no_more_unless_it_may_come_again() -> None:
    assert "--oneline" not in offered("status --oneline --")
    assert "--file" in offered("ask --file a.txt --")


def test_a_verb_that_has_verbs_below_it_offers_both() -> None:
    verbs = (
        Verb("spaces", "List.", "", "m:f", (Argument("NAME", "Which.", optional=True, names="model"),)),
        Verb("spaces rm", "Delete.", "", "m:g"),
    )
    found = offer(["spaces", ""], verbs, (), {}, lambda kind: NAMES[kind])
    assert [candidate.word for candidate in found.candidates] == ["llama3.1:8b", "qwen3:8b", "rm"]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_can_be_reached_by_completing_its_words(verb: Verb) -> None:
    words: list[str] = []
    for word in verb.name.split():
        found = offer([*words, word[:2]], VERBS, GLOBALS, GROUPS, lambda _: [])
        assert word in [candidate.word for candidate in found.candidates]
        words.append(word)


def test_names_come_from_the_server_and_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who types waits half a second for names; a busy machine that runs tests may need longer.
    monkeypatch.setattr("core.cli.completions._PATIENCE", 60.0)
    with simulated(Simulator(Setup(installed=(sized("tiny", 1), sized("middle", 8))))) as address:
        ended = leitstand(
            "__complete", "models", "load", "mid", home=tmp_path, environment={"OLLAMA_HOST": address}
        )
    assert ended.out == "middle:latest\t8.0 GB\n"
    assert leitstand("__complete", "config", "get", "ui.mou", home=tmp_path).out == "ui.mouse\tMouse\n"


def test_a_server_that_is_away_offers_no_names_and_complains_of_nothing(tmp_path: Path) -> None:
    ended = leitstand(
        "__complete", "ask", "--model", "", home=tmp_path, environment={"OLLAMA_HOST": "127.0.0.1:9"}
    )
    assert (ended.code, ended.out, ended.err) == (0, "", "")


ASK = {
    "bash": 'source "$SCRIPT"; COMP_LINE="leitstand chats export 3 --format "; COMP_POINT=${#COMP_LINE}; '
    '_leitstand; printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'source "$SCRIPT"; complete -C "leitstand chats export 3 --format "',
    # zsh completes only in its line editor: what it would be given is looked at instead.
    "zsh": 'autoload -Uz compinit; compinit -D; _describe() { print -l "${(@P)2}"; }; '
    'compadd() { shift; print -l "$@"; }; words=(leitstand chats export 3 --format ""); CURRENT=6; '
    'source "$SCRIPT"; _leitstand',
}


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_the_shell_itself_understands_its_script(shell: str, tmp_path: Path) -> None:
    if (found := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(leitstand("completions", shell).out)
    command = tmp_path / "leitstand"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n')
    command.chmod(0o700)
    flags = ["--no-config"] if shell == "fish" else ["--norc"] if shell == "bash" else ["-f"]
    ended = subprocess.run(
        [found, *flags, "-c", ASK[shell]],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "SCRIPT": str(script),
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "LEITSTAND_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.stdout.split() == ["json", "markdown"]
