"""`batch`: a file of questions becomes a file of answers, whatever ends the command in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.simulator import Pace, Script, Setup, Simulator, toy
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated

MODELS = (toy(), toy("other:latest"))


def results(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def asked(simulator: Simulator) -> list[str]:
    return [
        json.loads(one.body)["messages"][-1]["content"]
        for one in simulator.requests
        if one.path == "/api/chat"
    ]


class Desk:
    def __init__(self, home: Path, simulator: Simulator, address: str) -> None:
        self.home, self.simulator, self.address = home, simulator, address
        self.file, self.out = home / "questions", home / "answers.jsonl"

    def batch(self, *argv: str) -> Ended:
        where = ("--out", str(self.out), "--host", self.address)
        return leitstand("batch", str(self.file), *where, *argv, home=self.home)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    simulator = Simulator(Setup(installed=MODELS))
    with simulated(simulator) as address:
        yield Desk(tmp_path, simulator, address)


def test_lines_become_answers_and_nothing_is_asked_twice(desk: Desk) -> None:
    desk.file.write_text("One?\n\nTwo?\n")
    for word in ("One.", "Two."):
        desk.simulator.next(Script.saying(word), route="chat")
    ended = desk.batch("--model", "toy")
    assert (ended.code, ended.out) == (0, "")
    found = results(desk.out)
    assert [(one["line"], one["prompt"], one["model"]) for one in found] == [
        (1, "One?", "toy"),
        (3, "Two?", "toy"),
    ]
    assert {one["answer"] for one in found} == {"One.", "Two."}
    assert desk.batch("--model", "toy").code == 0
    assert results(desk.out) == found
    assert asked(desk.simulator) == ["One?", "Two?"]


def test_objects_name_their_own_model_and_system_prompt(desk: Desk) -> None:
    lines = [{"id": 7, "prompt": "One?", "model": "other"}, {"prompt": "Two?", "system": "Be brief."}]
    desk.file.write_text("\n".join(map(json.dumps, lines)))
    assert desk.batch("--model", "toy").code == 0
    assert {(one["line"], one["model"]) for one in results(desk.out)} == {(1, "other"), (2, "toy")}
    bodies = [json.loads(one.body) for one in desk.simulator.requests if one.path == "/api/chat"]
    assert {body["messages"][0]["content"] for body in bodies} == {"One?", "Be brief."}


def test_several_models_answer_every_question_each_loaded_once(desk: Desk) -> None:
    desk.file.write_text("One?\nTwo?\nThree?\n")
    assert desk.batch("--model", "toy", "--model", "other").code == 0
    models = [json.loads(one.body)["model"] for one in desk.simulator.requests if one.path == "/api/chat"]
    assert models in (["toy"] * 3 + ["other"] * 3, ["other"] * 3 + ["toy"] * 3)
    assert len(results(desk.out)) == 6


def test_without_a_model_the_router_chooses_and_stays_with_it(desk: Desk) -> None:
    desk.file.write_text("Who wrote Faust?\n")
    assert desk.batch().code == 0
    [one] = results(desk.out)
    assert one["model"] in {"toy:latest", "other:latest"}
    assert desk.batch().code == 0
    assert len(asked(desk.simulator)) == 1


def test_a_script_is_told_how_far_it_is(desk: Desk) -> None:
    desk.file.write_text("One?\nTwo?\n")
    lines = [json.loads(line) for line in desk.batch("--model", "toy", "--json").out.splitlines()]
    assert lines[:-1] == [{"answered": 1, "total": 2}, {"answered": 2, "total": 2}]
    assert lines[-1] == {"done": True, "questions": 2, "out": str(desk.out)}


def test_what_failed_is_told_and_tried_again(desk: Desk) -> None:
    desk.file.write_text("One?\nTwo?\n")
    desk.simulator.fault("status@chat:status=400,text=no,times=1")
    ended = desk.batch("--model", "toy")
    assert ended.code == 1
    assert "1 of 2 questions could not be answered." in ended.err
    assert sum("error" in one for one in results(desk.out)) == 1
    assert desk.batch("--model", "toy").code == 0
    found = results(desk.out)
    assert sorted(one["line"] for one in found) == [1, 2]
    assert all("answer" in one for one in found)
    assert len(asked(desk.simulator)) == 3


def test_a_torn_last_line_is_answered_again_from_what_the_queue_knows(desk: Desk) -> None:
    desk.file.write_text("One?\nTwo?\n")
    assert desk.batch("--model", "toy").code == 0
    whole = desk.out.read_bytes()
    desk.out.write_bytes(whole[:-9])
    assert desk.batch("--model", "toy").code == 0
    assert sorted(results(desk.out), key=lambda one: int(one["line"])) == sorted(
        map(json.loads, whole.splitlines()), key=lambda one: int(one["line"])
    )
    assert len(asked(desk.simulator)) == 2


def test_a_batch_is_seen_in_the_queue_by_its_group(desk: Desk) -> None:
    desk.file.write_text("One?\n")
    desk.batch("--model", "toy")
    [job] = leitstand("queue", "list", "--json", home=desk.home).json
    assert (job["kind"], job["priority"], job["state"]) == ("batch.ask", "batch", "done")
    assert job["group"].startswith("batch answers.jsonl ")


@pytest.mark.parametrize(
    ("content", "argv", "message"),
    [
        ("", ("--model", "toy"), "questions holds no question."),
        ('{"prompt": "a"}\nb\n', ("--model", "toy"), "Line 2 of questions is not an object with a prompt."),
        ('{"prompt": " "}\n', ("--model", "toy"), "Line 1 of questions has an empty prompt."),
        ("One?\n", ("--model", "toy", "--out", "/nowhere/at/all"), "/nowhere/at/all cannot be written"),
    ],
)
def test_wrong_usage_is_one_sentence(desk: Desk, content: str, argv: tuple[str, ...], message: str) -> None:
    desk.file.write_text(content)
    ended = desk.batch(*argv)
    assert ended.code == 2
    assert message in ended.err


def test_results_of_something_else_are_not_touched(desk: Desk) -> None:
    desk.file.write_text("One?\n")
    desk.out.write_text('{"line": 1, "model": "toy", "prompt": "Another?", "answer": "x"}\n')
    before = desk.out.read_bytes()
    ended = desk.batch("--model", "toy")
    assert ended.code == 2
    assert "something else" in ended.err
    assert desk.out.read_bytes() == before


def test_killed_in_the_middle_the_same_command_goes_on(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=MODELS), pace=Pace(rate=400, load=1e12, settle=0))
    file, out = tmp_path / "questions", tmp_path / "answers.jsonl"
    file.write_text("".join(f"Write 40 tokens, number {number}\n" for number in range(12)))
    with simulated(simulator) as address:
        argv = ["batch", str(file), "--out", str(out), "--model", "toy", "--host", address]
        environment = {"LEITSTAND_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        for _ in range(2):
            with subprocess.Popen(
                [sys.executable, "-m", "tui", *argv, "--json"],
                stdout=subprocess.PIPE,
                env=environment,
                cwd=Path(__file__).parents[3],
            ) as running:
                assert running.stdout is not None
                for _ in range(3):
                    running.stdout.readline()
                os.kill(running.pid, signal.SIGKILL)
        assert 6 <= out.read_bytes().count(b"\n") < 12
        assert leitstand(*argv, home=tmp_path).code == 0
    assert sorted(one["line"] for one in results(out)) == list(range(1, 13))
    # Only what was being said when the process died is asked again.
    assert len(asked(simulator)) <= 12 + 2
