from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import pytest

from tui.terminal import trip

FAR = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
PANE = {"TMUX": "/tmp/t,1,0"}
KERNEL = "ESTAB 0 0 10.0.0.2:22 10.0.0.1:50000\n\t cubic rto:252 rtt:51.734/12.5 ato:40 minrtt:48.1\n"


class Answers:
    """Commands and what they print."""

    def __init__(self, **told: str) -> None:
        self.told = told
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str | None:
        self.asked.append(list(command))
        return self.told.get(command[0])

    async def feed(self, command: Sequence[str], data: bytes = b"") -> str | None:
        return self(command)


def test_inside_tmux_the_kernel_is_asked_about_the_connection_of_whoever_looks_now() -> None:
    answers = Answers(tmux="SSH_CONNECTION=10.0.0.9 50001 10.0.0.2 22\n", ss=KERNEL)
    assert trip.measured(PANE | FAR, answers) == pytest.approx(0.051734)
    assert answers.asked[-1] == ["ss", "-tinH", "dst", "10.0.0.9:50001", "sport", "=", ":22"]


async def test_the_screens_ask_without_waiting() -> None:
    answers = Answers(tmux="SSH_CONNECTION=fe80::1%eth0 50001 fe80::2%eth0 22\n", ss=KERNEL)
    assert await trip.through_tmux(PANE, answers.feed) == pytest.approx(0.051734)
    assert "[fe80::1%eth0]:50001" in answers.asked[-1]


@pytest.mark.parametrize(
    "told",
    [
        "-SSH_CONNECTION\n",  # looked at from this machine now
        "",
        "SSH_CONNECTION=10.0.0.1 x 10.0.0.2 22",
        "SSH_CONNECTION=10.0.0.1\n",
        "SSH_CONNECTION=-O 1 or 2\n",
    ],
)
def test_what_is_no_connection_is_not_asked_about(told: str) -> None:
    answers = Answers(tmux=told, ss=KERNEL)
    assert trip.measured(PANE, answers) is None
    assert all(command[0] != "ss" for command in answers.asked)


@pytest.mark.parametrize("kernel", ["", "ESTAB 0 0\n", "rtt:soon/later"])
def test_a_kernel_that_does_not_say_is_no_measurement(kernel: str) -> None:
    answers = Answers(tmux="SSH_CONNECTION=10.0.0.9 50001 10.0.0.2 22", ss=kernel)
    assert trip.measured(PANE, answers) is None


def test_at_home_nothing_is_measured() -> None:
    answers = Answers(ss=KERNEL)
    assert trip.measured({"TERM": "xterm"}, answers) is None
    assert answers.asked == []


def test_a_script_asks_the_kernel_and_never_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = os.openpty()
    try:
        with os.fdopen(os.dup(there), "r") as source, os.fdopen(os.dup(there), "w") as target:
            monkeypatch.setattr("sys.__stdin__", source)
            monkeypatch.setattr("sys.__stderr__", target)
            assert trip.measured(FAR, Answers(ss=KERNEL), asking=False) == pytest.approx(0.051734)
        os.set_blocking(here, False)
        with pytest.raises(BlockingIOError):
            os.read(here, 100)
    finally:
        os.close(here)
        os.close(there)


def test_the_terminal_itself_is_asked_where_there_is_one() -> None:
    here, there = os.openpty()
    far = threading.Event()

    def terminal() -> None:
        while os.read(here, 100) and not far.wait(0.02):
            os.write(here, b"\x1b[0n")

    thread = threading.Thread(target=terminal, daemon=True)
    thread.start()
    try:
        found = trip.ask(there, there)
    finally:
        far.set()
        os.write(there, b"x")
        thread.join(5)
        os.close(here)
        os.close(there)
    assert found is not None
    assert 0.015 < found < 1.5


def test_a_silent_terminal_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trip, "_PATIENCE", 0.05)
    here, there = os.openpty()
    try:
        assert trip.ask(there, there) is None
        assert os.read(here, 100) == b"\x1b[5n"
    finally:
        os.close(here)
        os.close(there)
