"""The sample app in a real pty: how it ends, and how it comes back."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import sys
from collections.abc import Set
from pathlib import Path

import pytest

from tests.fakes.emulator import Cell
from tests.fakes.terminal import Link, Terminal, Tmux, needs_tmux
from tui.terminal.outlet import RESTORE

ROOT = Path(__file__).resolve().parents[3]
F2, F3, F4, F6, F8 = "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[17~", "\x1b[19~"
CTRL_L, CTRL_Z, CTRL_Q = "\x0c", "\x1a", "\x11"


def command(**options: object) -> list[str]:
    return [sys.executable, "-m", "tests.tui.terminal.sample", json.dumps(options)]


def sample(
    *, link: Link | None = None, environment: dict[str, str | None] | None = None, **options: object
) -> Terminal:
    terminal = Terminal(
        command(**options), rows=24, columns=80, directory=ROOT, environment=environment, link=link
    )
    terminal.until(lambda: "\x1b]2;ready\x07" in terminal.screen.strings)
    # The key line is the last that is put together.
    terminal.until("palette")
    terminal.settle(0.4)
    return terminal


def shows(terminal: Terminal, cells: list[list[Cell]]) -> None:
    """Wait until every cell is as it was."""
    try:
        terminal.until(lambda: terminal.screen.cells() == cells)
    except AssertionError:
        rows = [y for y, row in enumerate(terminal.screen.cells()) if row != cells[y]]
        for row in rows[:3]:
            now = terminal.screen.row(row)
            assert now == cells[row], f"rows {rows} differ"
        raise


def given_back(terminal: Terminal, shell: Set[int] = frozenset()) -> bool:
    """Nothing is left switched on but what the shell itself switches on."""
    ours = {1000, 1003, 1006, 1004, 2004, 1049, 2026} - shell
    return not terminal.screen.modes & ours and 25 in terminal.screen.modes


def ended(process: Path) -> bool:
    """Tell whether a process is no more, or only waits for somebody to be told."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back(number: signal.Signals) -> None:
    with sample() as terminal:
        assert {1049, 2004} <= terminal.screen.modes
        terminal.signal(number)
        assert terminal.wait() == 128 + number
        assert given_back(terminal)


def test_leaving_gives_the_terminal_back() -> None:
    with sample(side=0) as terminal:
        terminal.send(F8)
        assert terminal.wait() == 0
        assert given_back(terminal)
        assert "lag" in terminal.screen.text


def test_a_crash_gives_the_terminal_back_and_quotes_nothing_private() -> None:
    with sample() as terminal:
        terminal.send(F3)
        assert terminal.wait() == 1
        assert given_back(terminal)
        assert b"It stopped by a fault: RuntimeError" in terminal.output
        assert b"secret" not in terminal.output


@pytest.mark.parametrize("plain", [False, True])
def test_after_ctrl_z_and_fg_everything_is_painted_again(plain: bool) -> None:
    with sample(plain_output=plain) as terminal:
        terminal.send("words")
        terminal.until("words")
        before = terminal.screen.cells()
        terminal.send(CTRL_Z)
        assert terminal.stopped()
        assert given_back(terminal)
        terminal.screen.spoil()
        terminal.signal(signal.SIGCONT)
        shows(terminal, before)
        terminal.send("!")
        terminal.until("words!")


def test_a_stop_nobody_announced_is_survived() -> None:
    with sample() as terminal:
        before = terminal.screen.cells()
        terminal.signal(signal.SIGSTOP)
        assert terminal.stopped()
        terminal.screen.spoil()
        terminal.signal(signal.SIGCONT)
        shows(terminal, before)
        terminal.send("still typing")
        terminal.until("still typing")
        terminal.send(F8)
        assert terminal.wait() == 0


def test_a_shell_with_job_control_gets_it_back_with_fg(tmp_path: Path) -> None:
    environment = {"PS1": "$ ", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, rows=24, columns=80, directory=ROOT, environment=environment) as terminal:
        terminal.until("$")
        terminal.send(f"{sys.executable} -m tests.tui.terminal.sample\n")
        terminal.until("Suspend")
        terminal.send("first")
        terminal.until("first")
        terminal.send(CTRL_Z)
        terminal.until("Stopped")
        assert given_back(terminal, shell={2004})
        terminal.send("fg\n")
        terminal.until("chat 3")
        terminal.send(" second")
        terminal.until("first second")
        terminal.send(F8)
        terminal.until("lag")
        terminal.send("echo it is $((6*7))\n")
        terminal.until("it is 42")


@pytest.mark.parametrize("shell", ["exec", "trap '' HUP; exec"])
def test_a_vanished_terminal_ends_it_at_once(shell: str) -> None:
    line = f"{shell} {sys.executable} -m tests.tui.terminal.sample"
    with Terminal(["sh", "-c", line], rows=24, columns=80, directory=ROOT) as terminal:
        terminal.until("Ask")
        terminal.settle()
        terminal.hang_up()
        assert terminal.wait(within=5) == 129


def test_a_terminal_that_vanishes_without_a_signal_is_noticed(tmp_path: Path) -> None:
    # In a session of its own, as after nohup and setsid: nobody tells it.
    wrapper = (
        "import os, sys\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.setsid()\n"
        "    os.execv(sys.executable, [sys.executable, '-m', 'tests.tui.terminal.sample'])\n"
        "open(sys.argv[1], 'w').write(str(pid))\n"
        "os.waitpid(pid, 0)\n"
    )
    file = tmp_path / "pid"
    command = [sys.executable, "-c", wrapper, str(file)]
    with Terminal(command, rows=24, columns=80, directory=ROOT) as terminal:
        terminal.until("Ask")
        process = Path(f"/proc/{file.read_text()}")
        terminal.settle()
        terminal.hang_up()
        try:
            terminal.until(lambda: ended(process), within=5)
        finally:
            if not ended(process):
                os.kill(int(process.name), signal.SIGKILL)


def test_the_editor_gets_the_terminal_and_the_text_comes_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\ntrap '' INT\n"
        f'cp -p "$1" {tmp_path}/seen; stat -c %a "$1" > {tmp_path}/mode\n'
        'echo EDITING; read -r line; printf "%s" "$line" >> "$1"\n'
    )
    editor.chmod(0o700)
    private = tmp_path / "private"
    environment: dict[str, str | None] = {
        "VISUAL": str(editor), "EDIT_IN": str(private), "RATE": "50"
    }  # fmt: skip
    with sample(environment=environment) as terminal:
        terminal.send("before")
        terminal.until("before")
        terminal.send(F2)
        terminal.until("tokens")
        terminal.send(F4)
        terminal.until("EDITING")
        assert given_back(terminal)
        terminal.send("\x03")  # ctrl+c is for whoever has the terminal
        terminal.until("^C")
        terminal.watch(0.4)
        quiet = terminal.mark()
        terminal.watch(0.4)
        assert terminal.since(quiet) == b"", "the words wait while somebody else has the terminal"
        terminal.send("after\n")
        terminal.until("beforeafter")
        assert terminal.exit_code is None
    assert (tmp_path / "seen").read_text() == "before"
    assert (tmp_path / "mode").read_text().strip() == "600"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_what_was_edited_is_there_and_the_file_is_not(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " and after\\n" >> "$1"\n')
    editor.chmod(0o700)
    environment: dict[str, str | None] = {"VISUAL": str(editor), "EDIT_IN": str(tmp_path / "private")}
    with sample(environment=environment) as terminal:
        terminal.send("before")
        terminal.until("before")
        terminal.send(F4)
        terminal.until("before and after")
        assert list((tmp_path / "private").iterdir()) == []
        terminal.until("chat 3")
        terminal.send(F8)
        assert terminal.wait() == 0


@pytest.mark.parametrize("plain", [False, True])
def test_a_terminal_that_takes_nothing_never_holds_up_the_loop(plain: bool) -> None:
    # Others share this machine's processors; a write that waits would be all of the stall.
    stalled_for(2.0, plain=plain, limit=700)


@pytest.mark.bench
def test_nor_does_one_that_takes_nothing_for_half_a_minute() -> None:
    stalled_for(30.0, plain=False, limit=50)


def stalled_for(seconds: float, *, plain: bool, limit: int) -> None:
    environment: dict[str, str | None] = {"RATE": "1000", "BLINK": "1"}
    with sample(plain_output=plain, environment=environment) as terminal:
        terminal.send(F2)
        terminal.until("tokens")
        terminal.stall(seconds)
        terminal.send("x")
        # What was said meanwhile is on the screen in the end.
        words = int(1000 * seconds)
        terminal.until(
            lambda: any(int(n) >= words for n in re.findall(r"\bw(\d{5})\b", terminal.screen.text))
        )
        terminal.send(F8)
        terminal.wait()
        line = next(line for line in terminal.screen.lines if "lag" in line)
        assert int(line.split()[1]) <= limit, line


def test_a_stalled_terminal_does_not_keep_the_process() -> None:
    with sample(environment={"RATE": "5000"}) as terminal:
        terminal.send(F2)
        terminal.until("tokens")
        terminal.stall(1.0)
        terminal.signal(signal.SIGTERM)
        terminal.stall(3.5)
        pid, status = os.waitpid(terminal.pid, os.WNOHANG)
        assert pid == terminal.pid
        terminal.exit_code = os.waitstatus_to_exitcode(status)
        assert terminal.exit_code == 128 + signal.SIGTERM
        terminal.watch(1.0)
        assert given_back(terminal)


def test_a_second_signal_is_obeyed_at_once() -> None:
    with sample() as terminal:
        terminal.signal(signal.SIGTERM)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert given_back(terminal)


def test_rubbish_on_the_line_is_no_end() -> None:
    with sample() as terminal:
        terminal.send("\x1b[13;1:1u")
        terminal.send(b"\xff\xfe\xc3")
        terminal.send("\x1b[99999999999999999999;2R")
        terminal.settle()
        terminal.send("fine")
        terminal.until("fine")


def test_questions_and_answers_never_become_keys() -> None:
    link = Link(rate=200_000, delay=0.05)
    with sample(acknowledged=True, link=link, environment={"RATE": "60"}) as terminal:
        terminal.send(F2)
        for letter in "a quick brown fox":
            terminal.send(letter)
            terminal.watch(0.05)
        terminal.until("a quick brown fox")
        assert b"\x1b[6n" in terminal.output
        terminal.send(F8)
        terminal.wait()
        assert "a quick brown fox" not in terminal.screen.text
        said = terminal.screen.text
        trip = float(said.replace("\n", "").split("round_trip=")[1].split(",")[0])
        assert 0.09 < trip < 0.4


def test_no_answer_is_left_for_the_shell() -> None:
    line = (
        f"{sys.executable} -m tests.tui.terminal.sample '{json.dumps({'acknowledged': True})}';"
        'stty -icanon -echo min 0 time 10; left=$(dd bs=200 count=1 2>/dev/null | od -c); echo "left:<$left>"'
    )
    link = Link(rate=200_000, delay=0.1)
    environment = {"RATE": "200"}
    with Terminal(["sh", "-c", line], directory=ROOT, link=link, environment=environment) as terminal:
        terminal.until("Ask")
        terminal.send(F2)
        terminal.until("tokens")
        terminal.send(F8)
        terminal.until("left:<")
        assert "left:<0000000>" in terminal.screen.text


def test_restoring_switches_off_whatever_was_on() -> None:
    with sample() as terminal:
        terminal.screen.feed(RESTORE)
        assert given_back(terminal)


@pytest.mark.parametrize(("rows", "columns"), [(10, 40), (50, 160), (13, 41)])
def test_after_a_resize_the_screen_is_what_a_repaint_shows(rows: int, columns: int) -> None:
    with sample() as terminal:
        terminal.send("some words")
        terminal.until("some words")
        terminal.resize(rows, columns)
        terminal.screen.spoil()
        terminal.until("some words")
        terminal.settle()
        shown = terminal.screen.cells()
        terminal.screen.spoil()
        terminal.send(CTRL_L)
        shows(terminal, shown)


def test_a_size_that_went_away_and_came_back_is_painted_again() -> None:
    with sample() as terminal:
        shown = terminal.screen.cells()
        terminal.resize(10, 40)
        terminal.resize(24, 80)
        terminal.screen.spoil()
        shows(terminal, shown)


@needs_tmux
@pytest.mark.parametrize("split", [False, True])
def test_through_tmux_the_pane_shows_what_a_repaint_shows(tmp_path: Path, split: bool) -> None:
    with Tmux(
        tmp_path,
        ["sh", "-c", f"cd {ROOT} && {shlex.join(command(extended_keys=True, erases=False))}"],
        rows=30,
        columns=100,
        configuration="set -s extended-keys on\nset -s escape-time 10",
        environment={"RATE": "300"},
    ) as tmux:
        tmux.until("Ask")
        if split:
            tmux("split-window", "-h", "-t", "main", "-d", "cat")
        tmux.keys("some words 世界", literal=True)
        tmux.keys("F2")
        tmux.until("w00300")
        tmux.keys("F6")
        tmux.until("a dialog")
        tmux.keys("Escape")
        tmux.keys("F9")
        tmux.until("stopped")
        shown = tmux.settled(escapes=True)
        tmux.keys("C-l")
        # A letter and its end: when both are through, the repaint between them is too.
        tmux.keys("!", literal=True)
        tmux.until("stopped!")
        tmux.keys("BSpace")
        tmux.until("stopped ")
        assert tmux.settled(escapes=True) == shown


@needs_tmux
@pytest.mark.parametrize("encoding", ["CSI 27", "CSI u"])
def test_inside_tmux_modified_enter_arrives(tmp_path: Path, encoding: str) -> None:
    with Tmux(
        tmp_path,
        ["sh", "-c", f"cd {ROOT} && {shlex.join(command(extended_keys=True))}"],
        configuration="set -s extended-keys on\nset -s escape-time 10",
    ) as tmux:
        tmux.until("Ask")
        # What a terminal outside sends, put into the pane as tmux would pass it on.
        spelled = {"CSI 27": "\x1b[27;2;13~", "CSI u": "\x1b[13;2u"}[encoding]
        tmux.keys(spelled, literal=True)
        tmux.until("shift+enter")
