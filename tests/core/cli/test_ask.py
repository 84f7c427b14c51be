from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.simulator import Finish, Pace, Say, Script, Setup, Simulator, Think, toy
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated

MODELS = (toy(), toy("thinker:8b", capabilities=("completion", "thinking"), thinking="parser"))


class Server:
    """A server and the commands that talk to it."""

    def __init__(self, simulator: Simulator, address: str, home: Path) -> None:
        self.simulator, self.address, self.home = simulator, address, home

    def run(self, *argv: str, **more: Any) -> Ended:
        return leitstand(*argv, "--host", self.address, home=self.home, **more)

    def ask(self, *argv: str, script: Script | None = None, **more: Any) -> Ended:
        if script is not None:
            self.simulator.next(script, route="chat")
        return self.run("ask", *argv, **more)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.simulator.requests if each.path == "/api/chat"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    simulator = Simulator(Setup(installed=MODELS))
    with simulated(simulator) as address:
        yield Server(simulator, address, tmp_path)


@pytest.fixture(autouse=True)
def no_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard())


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_answer_goes_to_stdout_and_a_pipe_gets_nothing_else(server: Server) -> None:
    ended = server.ask("Why?", "--model", "thinker:8b", script=Script(Think("Hm."), Say("So."), Finish()))
    assert (ended.code, ended.out, ended.err) == (0, "So.\n", "")


def test_a_person_sees_the_thinking_beside_the_answer(server: Server) -> None:
    ended = server.ask(
        "Why?", "--model", "thinker:8b", script=Script(Think("Hm."), Say("So.\n"), Finish()), terminal=True
    )
    assert (ended.code, ended.out) == (0, "So.\n")
    assert ended.err.startswith("Hm.")
    assert "thinker:8b · " in ended.err


def test_a_script_gets_a_line_for_each_piece_and_the_figures_at_the_end(server: Server) -> None:
    script = Script(Think("Hm."), Say("So "), Say("it is."), Finish("stop", {"eval_count": 3}))
    ended = server.ask("Why?", "--model", "thinker:8b", "--json", script=script)
    *pieces, last = map(json.loads, ended.out.splitlines())
    texts = {
        part: "".join(each["text"] for each in pieces if each["part"] == part)
        for part in ("thinking", "answer")
    }
    assert texts["answer"] == "So it is."
    assert texts["thinking"].startswith("Hm.")
    assert (last["done"], last["model"], last["sources"], last["stats"]["tokens"]) == (
        True,
        "thinker:8b",
        [],
        3,
    )
    assert {"chat", "turn", "route"} <= last.keys()


def test_a_chat_goes_on_where_it_was(server: Server) -> None:
    first = server.ask("One?", "--json", "--system", "Be brief.", script=Script.saying("One."))
    chat = json.loads(first.out.splitlines()[-1])["chat"]
    ended = server.ask("Two?", "--chat", str(chat), script=Script.saying("Two."))
    assert (ended.code, ended.out) == (0, "Two.\n")
    assert [m["content"] for m in server.asked[-1]["messages"]] == ["Be brief.", "One?", "One.", "Two?"]
    server.ask("Three?", script=Script.saying("Three."))
    assert [m["content"] for m in server.asked[-1]["messages"]] == ["Three?"]


def test_the_question_comes_from_a_pipe_and_files_go_along(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "note.txt").write_text("Hello")
    for argv in ([], ["-"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("From a pipe?"))
        server.ask(*argv, "--file", str(tmp_path / "note.txt"), script=Script.saying("Yes."))
        assert server.asked[-1]["messages"][0]["content"] == "note.txt:\n```\nHello\n```\n\nFrom a pipe?"


@pytest.mark.parametrize(("flag", "think"), [("--think", True), ("--no-think", False)])
def test_thinking_is_switched_for_the_chat(server: Server, flag: str, think: bool) -> None:
    server.ask("Why?", flag, "--model", "thinker:8b", script=Script.saying("So."))
    assert server.asked[-1]["think"] is think


def test_a_model_that_cannot_think_answers_with_a_warning(server: Server) -> None:
    ended = server.ask("Why?", "--think", "--model", "toy", script=Script.saying("So."))
    assert (ended.code, ended.out) == (0, "So.\n")
    assert "toy cannot think" in ended.err


WRONG = [
    (["ask"], 2),
    (["ask", ""], 2),
    (["ask", "a", "b"], 2),
    (["ask", "a", "--chat", "x"], 2),
    (["ask", "a", "--chat", "7"], 1),
    (["ask", "a", "--chat", "7", "--new"], 2),
    (["ask", "a", "--think", "--no-think"], 2),
    (["ask", "a", "--file", "/does/not/exist"], 1),
    (["ask", "a", "--model", "nobody"], 1),
]


@pytest.mark.parametrize(("argv", "code"), WRONG)
def test_wrong_usage_is_a_sentence_and_leaves_no_chat(server: Server, argv: list[str], code: int) -> None:
    ended = server.run(*argv)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("leitstand:")
    if "--model" not in argv:
        assert server.run("chats", "list", "--json").json == []


def test_a_server_that_is_away_is_not_waited_for(tmp_path: Path) -> None:
    for argv in (["ask", "Why?"], ["ask", "Why?", "--model", "toy"]):
        ended = leitstand(*argv, "--host", "http://127.0.0.1:9", home=tmp_path)
        assert (ended.code, ended.out) == (3, "")
        assert "127.0.0.1:9" in ended.err
    ended = leitstand(
        "ask", "Why?", "--model", "toy", "--json", "--host", "http://127.0.0.1:9", home=tmp_path
    )
    assert ended.json["error"]["code"] == "server_unavailable"


def test_an_answer_that_fails_says_why_after_what_was_said(server: Server) -> None:
    server.simulator.fault("crash@chat:after=3")
    ended = server.ask("Tell me a story")
    assert ended.code == 1
    assert ended.out.endswith("\n")
    assert len(ended.out) > 3
    assert "toy:latest died" in ended.err or "died" in ended.err


def test_a_directory_that_is_held_and_does_not_answer_is_refused_clearly(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.daemon import hosting
    from core.paths import Paths
    from core.store.lock import DataLock

    monkeypatch.setattr(hosting, "PATIENCE", 0.1)
    lock = DataLock.acquire(Paths.find({"LEITSTAND_HOME": str(server.home)}).lock)
    ended = server.ask("Why?")
    lock.release()
    assert ended.code == 4
    assert "--data" in ended.err


def test_ctrl_c_keeps_what_was_said(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=(toy(),)), pace=Pace(rate=50, load=1e12, settle=0))
    with simulated(simulator) as address:
        command = [sys.executable, "-m", "tui", "ask", "Write 10000 tokens", "--host", address]
        environment = {"LEITSTAND_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=Path(__file__).parents[3],
        ) as asking:
            assert asking.stdout is not None
            assert asking.stderr is not None
            begun = asking.stdout.read(40)
            asking.send_signal(signal.SIGINT)
            rest, told = asking.stdout.read(), asking.stderr.read()
            assert asking.wait(20) == 130
        assert b"Cancelled" in told
        said = (begun + rest).decode().removesuffix("\n")
        [chat] = leitstand("chats", "list", "--json", "--host", address, home=tmp_path).json
        shown = leitstand("chats", "show", str(chat["id"]), "--json", "--host", address, home=tmp_path).json
        answer = shown["turns"][1]
        assert answer["state"] == "stopped"
        assert answer["text"].startswith(said[:40])
        assert len(answer["text"]) >= len(said) - 1
