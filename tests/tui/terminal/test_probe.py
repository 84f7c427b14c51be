from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.health import Check
from tests.fakes.terminal import Tmux, needs_tmux
from tui.terminal import probe
from tui.terminal.advice import terminal_checks
from tui.terminal.process import run as really_run
from tui.terminal.tmux import options

WIDE = os.terminal_size((120, 40))
XTERM = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
PANE = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0", "TMUX_PANE": "%3"}
FACTS = "3.4\t256,RGB,clipboard,extkeys,focus,title\txterm-256color\t120\t120"
GOOD_OPTIONS = """escape-time 10
extended-keys on
focus-events on
set-clipboard on
default-terminal "tmux-256color"
terminal-features[0] xterm*:RGB
terminal-features[1] screen*:title
"""
BARE_OPTIONS = """escape-time 500
extended-keys off
focus-events off
set-clipboard external
default-terminal screen
"""


def tmux_says(facts: str | None, settings: str | None = None) -> Callable[[Sequence[str]], str | None]:
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> str | None:
        asked.append(command)
        assert command[0] == "tmux"
        return facts if command[1] == "display-message" else settings

    return run


def here(
    environment: dict[str, str],
    run: Callable[[Sequence[str]], str | None] = lambda _: pytest.fail("nothing to run outside tmux"),
    *,
    window: os.terminal_size = WIDE,
    interactive: bool = True,
) -> probe.Terminal:
    return probe.look(environment, run=run, window=window, interactive=interactive, encoding="utf-8")


def check(found: Sequence[Check], name: str) -> Check:
    return next(one for one in found if one.check == name)


def advice(terminal: probe.Terminal, environment: dict[str, str], settings: str = "") -> list[Check]:
    said = probe.verdict(terminal)
    return terminal_checks(terminal, said.sentence, said.hint, environment, options(lambda _: settings))


def test_outside_tmux_nothing_is_run() -> None:
    terminal = here(XTERM)
    assert terminal.tmux is None
    assert terminal.scroll_regions
    assert not terminal.acknowledges
    assert terminal.clipboard == "osc52"


def test_inside_tmux_one_question_is_enough() -> None:
    terminal = here(PANE | {"SSH_TTY": "/dev/pts/3"}, tmux_says(FACTS))
    assert terminal.tmux is not None
    assert terminal.tmux.release == (3, 4)
    assert terminal.colours.depth == "truecolor"
    assert terminal.scroll_regions
    assert not terminal.acknowledges, "tmux would answer for itself"
    assert terminal.clipboard == "tmux"


def test_a_split_of_tmux_gets_no_scroll_regions() -> None:
    assert not here(PANE, tmux_says("3.3a\t256\txterm\t60\t120")).scroll_regions


@pytest.mark.parametrize("answer", [None, "", "nonsense", "a\tb"])
def test_a_tmux_that_does_not_answer_is_treated_with_care(answer: str | None) -> None:
    terminal = here(PANE, tmux_says(answer))
    assert terminal.colours.depth == "256"
    assert not terminal.scroll_regions


def test_over_ssh_frames_are_acknowledged() -> None:
    assert here(XTERM | {"SSH_CONNECTION": "1 2 3 4"}).acknowledges


@pytest.mark.parametrize(
    ("environment", "window", "interactive", "sentence"),
    [
        (XTERM, WIDE, False, "need a terminal"),
        ({"TERM": "dumb"}, WIDE, True, "cannot be drawn on: TERM is dumb"),
        ({}, WIDE, True, "cannot be drawn on: TERM is not set"),
    ],
)
def test_a_terminal_that_cannot_is_refused_in_one_sentence(
    environment: dict[str, str], window: os.terminal_size, interactive: bool, sentence: str
) -> None:
    said = probe.verdict(here(environment, window=window, interactive=interactive))
    assert not said.can_run
    assert sentence in said.sentence
    assert said.hint


@pytest.mark.parametrize(
    ("environment", "window"),
    [
        (XTERM, os.terminal_size((40, 10))),
        (XTERM, os.terminal_size((20, 3))),
        (XTERM, os.terminal_size((0, 0))),
        ({"TERM": "vt100"}, WIDE),
        (XTERM | {"NO_COLOR": "1"}, WIDE),
        ({"TERM": "linux"}, WIDE),
    ],
)
def test_what_is_only_plain_is_not_refused(environment: dict[str, str], window: os.terminal_size) -> None:
    assert probe.verdict(here(environment, window=window)) == probe.Verdict(True)


@pytest.mark.parametrize("window", [(39, 40), (120, 9)])
def test_a_window_too_small_for_the_pages_is_named(window: tuple[int, int]) -> None:
    one = check(advice(here(XTERM, window=os.terminal_size(window)), XTERM), "terminal size")
    assert (one.state, bool(one.hint)) == ("warn", True)
    assert f"{window[0]} columns by {window[1]} rows: too small" in one.message


@pytest.mark.parametrize(
    ("trip", "state", "words"),
    [(0.052, "ok", "SSH, 52 ms there and back"), (0.34, "warn", "A long way, 340 ms"), (None, "ok", "SSH. ")],
)
def test_the_way_to_the_person_is_told(trip: float | None, state: str, words: str) -> None:
    far = XTERM | {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
    said = probe.checks(far, run=lambda _: None, trip=trip)
    assert check(said, "connection").state == state
    assert words in check(said, "connection").message


def test_which_keys_make_a_new_line_is_told() -> None:
    outside = check(advice(here(XTERM), XTERM), "keys")
    assert "shift+enter does not" in outside.message
    pane = here(PANE, tmux_says(FACTS))
    told = check(advice(pane, PANE, "extended-keys on"), "keys")
    assert told.message == "ctrl+j, shift+enter and ctrl+enter make a new line."


def test_the_environment_is_prepared_for_textual() -> None:
    environment = XTERM | {"COLUMNS": "80", "LINES": "24", "NO_COLOR": "", "HOME": "/home/ada"}
    probe.prepare(environment, here(environment))
    assert environment == XTERM | {"HOME": "/home/ada", "TEXTUAL_COLOR_SYSTEM": "truecolor"}


def test_everything_well_says_so_in_every_line() -> None:
    environment = PANE | {"SSH_TTY": "/dev/pts/1"}
    found = advice(here(environment, tmux_says(FACTS)), environment, GOOD_OPTIONS)
    assert {one.state for one in found} == {"ok"}
    assert len({one.check for one in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tmux escape-time", "set -s escape-time 10"),
        ("tmux extended-keys", "set -s extended-keys on"),
        ("tmux focus-events", "set -g focus-events on"),
        ("tmux default-terminal", "set -g default-terminal tmux-256color"),
        ("colours", 'set -as terminal-features ",xterm-256color:RGB"'),
    ],
)
def test_each_setting_of_tmux_comes_with_its_line(name: str, line: str) -> None:
    terminal = here(PANE, tmux_says("3.3a\t256,title\txterm-256color\t120\t120"))
    one = check(advice(terminal, PANE, BARE_OPTIONS), name)
    assert one.state == "warn"
    assert line in one.hint


def test_set_clipboard_external_is_no_warning_but_has_its_line() -> None:
    one = check(advice(here(PANE, tmux_says(FACTS)), PANE, BARE_OPTIONS), "tmux set-clipboard")
    assert (one.state, "set -s set-clipboard on" in one.hint) == ("ok", True)


def test_extended_keys_need_the_terminal_outside_too() -> None:
    terminal = here(PANE, tmux_says("3.4\t256,RGB\tfoot\t120\t120"))
    one = check(advice(terminal, PANE, GOOD_OPTIONS), "tmux extended-keys")
    assert 'set -as terminal-features ",foot:extkeys"' in one.hint


def test_a_silent_tmux_is_one_warning() -> None:
    found = advice(here(PANE, tmux_says(None)), PANE, "")
    assert check(found, "tmux").state == "warn"


def test_few_colours_over_ssh_come_with_the_lines_for_both_sides() -> None:
    environment = {"TERM": "xterm-256color", "SSH_CONNECTION": "1 2 3 4"}
    one = check(advice(here(environment), environment), "colours")
    assert one.state == "warn"
    assert "SendEnv COLORTERM" in one.hint
    assert "AcceptEnv COLORTERM" in one.hint


def test_a_size_in_the_environment_that_lies_is_named() -> None:
    environment = XTERM | {"COLUMNS": "80", "LINES": "40"}
    one = check(advice(here(environment), environment), "terminal size")
    assert one.state == "warn"
    assert "COLUMNS=80" in one.message
    assert "LINES" not in one.message
    assert one.hint.endswith("unset COLUMNS LINES")


def test_a_locale_without_utf_8_is_named() -> None:
    terminal = probe.look(XTERM, window=WIDE, interactive=True, encoding="iso8859-1")
    one = check(advice(terminal, XTERM), "characters")
    assert one.state == "warn"
    assert "LANG=C.UTF-8" in one.hint


def test_a_script_without_a_terminal_has_no_failure() -> None:
    found = advice(here(XTERM, interactive=False), XTERM)
    assert "fail" not in {one.state for one in found}


def test_a_dumb_terminal_fails_the_check() -> None:
    found = advice(here({"TERM": "dumb"}), {"TERM": "dumb"})
    assert check(found, "terminal").state == check(found, "colours").state == "fail"


def test_names_from_outside_are_shown_not_obeyed() -> None:
    environment = {"TERM": "xterm\x1b]0;hi\x07-256color", "COLUMNS": "\x1b[2J"}
    for one in advice(here(environment), environment):
        assert "\x1b" not in one.message + one.hint
        assert "\x07" not in one.message + one.hint


def test_the_screens_are_not_loaded_to_look() -> None:
    script = (
        "import sys; from tui.terminal.probe import checks, look, verdict; import os;"
        "verdict(look(os.environ)); checks();"
        "sys.exit(any(name.split('.')[0] in {'textual', 'rich'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


def test_a_command_that_hangs_is_given_up() -> None:
    assert really_run(["sleep", "30"]) is None


@pytest.mark.parametrize("command", [["no-such-command-anywhere"], ["false"]])
def test_a_command_that_is_not_there_or_fails_says_nothing(command: list[str]) -> None:
    assert really_run(command) is None


@needs_tmux
def test_a_real_tmux_is_read(tmp_path: Path) -> None:
    with Tmux(tmp_path, ["cat"], configuration="set -s escape-time 7\nset -s extended-keys on") as tmux:

        def run(command: Sequence[str]) -> str | None:
            return tmux(*command[1:])

        environment = PANE | {"TMUX_PANE": tmux.show("#{pane_id}")}
        whole = probe.look(environment, run=run, window=WIDE, interactive=True, encoding="utf-8")
        assert whole.tmux is not None
        assert whole.tmux.release >= (2, 0)
        assert whole.scroll_regions
        assert options(run)["escape-time"] == ["7"]
        found = terminal_checks(whole, "", "", environment, options(run))
        assert check(found, "tmux escape-time").state == "ok"
        assert check(found, "tmux focus-events").state == "warn"
        tmux("split-window", "-h", "-t", "main", "cat")
        split = probe.look(environment, run=run, window=WIDE, interactive=True, encoding="utf-8")
        assert not split.scroll_regions
