from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import core.simulator
from core.cli.pull_verb import Printer, line
from core.downloads.types import Download, Proof, State
from core.jobs.types import Fault
from core.simulator import INSTANT
from tests.core.cli.running import Ended, leitstand


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration without its waiting."""
    monkeypatch.setattr(core.simulator, "REAL", INSTANT)


def pull(*argv: str, **more: Any) -> Ended:
    return leitstand("--demo", "pull", *argv, **more)


def test_a_download_is_told_line_by_line_and_ends_with_done() -> None:
    ended = pull("qwen3:0.6b", "--json")
    assert ended.code == 0
    lines = [json.loads(each) for each in ended.out.splitlines()]
    assert all(
        {"name", "state", "percent", "completed", "total", "speed", "eta"} <= each.keys() for each in lines
    )
    percents = [each["percent"] for each in lines if each["percent"] is not None]
    assert percents == sorted(percents)
    assert lines[-1]["done"]
    assert lines[-1]["percent"] == 100
    assert lines[-1]["completed"] == lines[-1]["total"]
    assert lines[-1]["proof"]["speed"]


def test_people_hear_that_it_works() -> None:
    ended = pull("all-minilm", "qwen3:0.6b", "--no-verify")
    assert ended.code == 0
    done = [each for each in ended.out.splitlines() if " done" in each]
    assert len(done) == 2
    assert not any("works" in each for each in done)
    assert "it works" in pull("all-minilm").out


def test_one_that_fails_does_not_stop_the_others_and_decides_the_number() -> None:
    ended = pull("nobody", "all-minilm")
    assert ended.code == 1
    assert "all-minilm:latest done" in ended.out
    assert "nobody:latest is not in the registry" in ended.err
    last = [json.loads(each) for each in pull("nobody", "--json").out.splitlines()][-1]
    assert last["error"]["code"] == "not_in_registry"


def test_a_name_that_is_none_is_wrong_usage() -> None:
    assert pull("a b").code == 2
    assert pull().code == 2


def test_a_plan_moves_nothing() -> None:
    plan, other = pull("--plan", "llama3.3", "qwen3:8b", "--json").json
    assert plan["missing"] > 40e9
    assert plan["fit"]["verdict"]
    assert (other["missing"], other["current"]) == (0, True)
    assert "to fetch of" in pull("--plan", "llama3.3").out


def of(state: State, **more: Any) -> Download:
    return Download(id=1, name="m", state=state, **more)


def test_an_object_says_null_for_what_is_not_known() -> None:
    assert line(of("waiting")) == {
        "name": "m", "state": "waiting", "percent": None, "completed": 0, "total": None, "speed": None,
        "eta": None,
    }  # fmt: skip
    assert line(of("done", proof=Proof(speed=9.0)))["done"]
    assert line(of("failed", error=Fault("disk_full", "No.", "Do.")))["error"] == {
        "code": "disk_full", "message": "No.", "hint": "Do.",
    }  # fmt: skip
    assert line(of("cancelled"))["error"]["code"] == "cancelled"


def test_a_person_sees_one_line_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = pull("all-minilm", terminal=True, environment={"TERM": "xterm-256color"})
    assert "\r" in ended.err
    assert ended.err.endswith("\r\x1b[K")
    assert len(ended.out.splitlines()) == 1
    dumb = pull("all-minilm", terminal=True, environment={"TERM": "dumb"})
    assert dumb.err == ""


def test_of_several_the_one_that_moves_is_shown() -> None:
    class Paper:
        json, watched, unicode = False, True, True

        def __init__(self) -> None:
            self.shown = ""

        def passing(self, text: str) -> None:
            self.shown = text

    paper = Paper()
    printer = Printer(paper)  # type: ignore[arg-type]  # all of an Output that is needed
    printer.show(Download(id=1, name="one", state="waiting"))
    printer.show(
        Download(
            id=2, name="two", state="downloading", percent=42.0, completed=42 * 10**8, total=10**10,
            speed=5e7, eta=65.0,
        )
    )  # fmt: skip
    assert paper.shown.startswith("two ████████░")
    assert "42 %  4.2 GB of 10.0 GB  50.0 MB/s  1:05 left  (+1 more)" in paper.shown


def test_ctrl_c_pauses_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "--demo", "pull", "qwen3:14b"],
        env={**os.environ, "LEITSTAND_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for text in process.stdout:
        if "downloading" in text:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Paused. leitstand pull qwen3:14b goes on where it stopped." in err
