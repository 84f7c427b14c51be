from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.types import Stats, Turn, TurnError
from core.cli import plain_words, spoken
from core.simulator import Fail, Finish, Hang, Say, Script, Setup, Simulator, Think, toy
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated
from tests.fakes.terminal import Terminal

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))
MODELS = (toy(), toy("thinker:8b", capabilities=("completion", "thinking"), thinking="parser"))
HOSTILE = "a\x1b]52;c;ZXZpbA==\x07b \x1b[2J \x9b31m c\u202ed. "


class Server:
    """A server, and a chat that hears some lines."""

    def __init__(self, simulator: Simulator, address: str, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.simulator, self.address, self.home, self._patch = simulator, address, home, patch

    def hears(self, *lines: str, scripts: tuple[Script, ...] = (), options: tuple[str, ...] = ()) -> Ended:
        for script in scripts:
            self.simulator.next(script, route="chat")
        self._patch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return leitstand("chat", "--plain", *options, "--host", self.address, home=self.home)

    @property
    def asked(self) -> list[dict[str, Any]]:
        bodies = [json.loads(each.body) for each in self.simulator.requests if each.path == "/api/chat"]
        return [body for body in bodies if body.get("messages")]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (tmp_path / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    simulator = Simulator(Setup(installed=MODELS))
    with simulated(simulator) as address:
        yield Server(simulator, address, tmp_path, monkeypatch)


def test_questions_from_a_pipe_are_answered_in_turn_and_what_goes_on_is_said_in_words(server: Server) -> None:
    ended = server.hears(
        "Why?",
        "And then?",
        scripts=(Script(Think("Hm."), Say("So."), Finish()), Script(Say("Thus.\n"), Finish())),
        options=("--model", "thinker:8b"),
    )
    assert ended.code == 0
    said = ended.out
    assert (
        said.index("You: Why?") < said.index("[thinking]\nHm.\n[end of thinking") < said.index(": So.\n[end")
    )
    assert said.index(": So.") < said.index("You: And then?") < said.index("Thus.\n[end")
    assert "\x1b" not in said
    assert [message["content"] for message in server.asked[-1]["messages"]][-1] == "And then?"


COMMANDS = [
    ("/help", "/again"),
    ("/export", "nothing to export"),
    ("/model", "thinker:8b"),
    ("/model think", "thinker:8b answers from now on"),
    ("/model thunker:8b", "Did you mean thinker:8b?"),
    ("/again", "Nothing was answered yet"),
    ("/think perhaps", "auto, on, off"),
    ("/think off", "Thinking: off"),
    ("/system Be brief.", "The system prompt is set"),
    ("/attach /nowhere/at/all", "/nowhere/at/all"),
    ("/open seven", "/chats lists them"),
    ("/open 7", "no chat"),
    ("/status", "is there, Ollama"),
    ("/stop", "Nothing is being answered"),
    ("/agian", "There is no command /agian"),
]


def test_commands_say_what_came_of_them(server: Server) -> None:
    ended = server.hears(*(line for line, _ in COMMANDS), "/quit", "never asked")
    assert ended.code == 0
    answers = dict(part.partition("\n")[::2] for part in ended.out.split("You: ")[1:])
    assert {line: words for line, words in COMMANDS if words not in answers[line]} == {}
    assert server.asked == []


def test_an_answer_can_be_given_anew_and_said_again_and_found(server: Server, tmp_path: Path) -> None:
    first, second = Script(Say("One."), Finish()), Script(Say("Other."), Finish())
    target = tmp_path / "chat.md"
    ended = server.hears(
        "Tell me", "/again", "/repeat", "/chats", "/search Othe", f"/export {target}", scripts=(first, second)
    )
    assert ended.out.count("Other.") >= 3
    assert "1 chats" in ended.out
    assert "Other." in target.read_text()
    again = server.hears("/again", scripts=(Script(Say("Third."), Finish()),), options=("--chat", "1"))
    assert "[Chat 1: " in again.out
    assert "Third." in again.out


def test_several_lines_between_marks_are_one_question(server: Server) -> None:
    server.hears('"""', "one", "", "two", '"""', scripts=(Script(Say("Yes."), Finish()),))
    assert server.asked[0]["messages"][-1]["content"] == "one\n\ntwo"


def test_a_failure_is_a_sentence_and_the_chat_goes_on(server: Server) -> None:
    ended = server.hears(
        "Why?",
        "And now?",
        scripts=(Script(Fail("the GPU is on fire", 400)), Script(Say("Better."), Finish())),
    )
    assert "[failed: " in ended.out
    assert "Better." in ended.out


def test_what_a_model_says_is_printed_and_never_obeyed(server: Server) -> None:
    ended = server.hears("Go", scripts=(Script(Think(HOSTILE), Say(HOSTILE), Finish()),))
    assert "a␛]52;c;ZXZpbA==␇b" in ended.out
    assert [char for char in ended.out if not char.isprintable() and char != "\n"] == []


def test_a_script_is_sent_to_ask(tmp_path: Path) -> None:
    ended = leitstand("chat", "--plain", "--json", home=tmp_path)
    assert ended.code == 2
    assert "ask --json" in ended.json["error"]["hint"]


@pytest.fixture
def dumb(tmp_path: Path) -> Iterator[tuple[Simulator, Terminal]]:
    (tmp_path / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    simulator = Simulator(Setup(installed=MODELS))
    with simulated(simulator) as address:
        environment: dict[str, str | None] = {"LEITSTAND_HOME": str(tmp_path), "TERM": "dumb"}
        command = [LEITSTAND, "chat", "--host", address]
        with Terminal(command, environment=environment, answers=False) as terminal:
            terminal.until("You:")
            yield simulator, terminal


def test_in_a_dumb_terminal_ctrl_c_stops_the_answer_and_then_leaves(
    dumb: tuple[Simulator, Terminal],
) -> None:
    simulator, terminal = dumb
    simulator.next(Script(Say("It is so. "), Hang()), route="chat")
    terminal.send("Why?\n")
    terminal.until("It is so.")
    terminal.send("\x03")
    terminal.until("[stopped; what was said is kept")
    simulator.next(Script(Say("More. "), Hang()), route="chat")
    terminal.send("/continue\n")
    terminal.until("More.")
    terminal.send("/stop\n")
    terminal.until(lambda: terminal.screen.text.count("[stopped") == 2)
    terminal.send("half a line\x03")
    terminal.until("Ctrl+c once more")
    terminal.send("\x03")
    assert terminal.wait() == 130
    assert b"\x1b" not in terminal.output


def test_what_is_pasted_is_not_sent_before_somebody_says_so(dumb: tuple[Simulator, Terminal]) -> None:
    simulator, terminal = dumb
    simulator.next(Script(Say("All of it. "), Finish()), route="chat")
    terminal.send("first\nsecond\n\nlast")
    terminal.until("nothing is sent yet")
    assert not [each for each in simulator.requests if each.path == "/api/chat"]
    terminal.send("\n")
    terminal.send('"""\n')
    terminal.until("All of it.")
    [asked] = [json.loads(each.body) for each in simulator.requests if each.path == "/api/chat"]
    assert asked["messages"][-1]["content"] == "first\nsecond\n\nlast"
    terminal.send("\x04")
    assert terminal.wait() == 0


@given(st.text(alphabet="ab .!?:;\n\"')", max_size=600), st.lists(st.integers(1, 40), max_size=60))
def test_speech_loses_nothing_and_never_keeps_a_finished_line(text: str, cuts: list[int]) -> None:
    speech, told, rest = spoken.Speech(), "", text
    for cut in [*cuts, len(text)]:
        told += speech.take(rest[:cut])
        rest = rest[cut:]
        assert "\n" not in text[len(told) : len(text) - len(rest)]
    assert told + speech.rest() == text


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(id=1, chat_id=1, state="loading", model="m"), "loading m into memory"),
        (Turn(id=1, chat_id=1, state="reading"), "the model reads the conversation"),
        (
            Turn(id=1, chat_id=1, state="queued", error=TurnError("server_unavailable", "Nobody answers.")),
            "Nobody answers. It waits until that is over; ctrl+c or /stop gives up.",
        ),
        (Turn(id=1, chat_id=1, state="answering"), ""),
    ],
)
def test_silence_is_explained(turn: Turn, words: str) -> None:
    assert spoken.waiting(turn) == words


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(id=1, chat_id=1, stats=Stats(tokens=3, speed=2.04)), "end; 3 tokens; 2.0 tokens a second"),
        (Turn(id=1, chat_id=1), "end"),
        (
            Turn(id=1, chat_id=1, state="failed", error=TurnError("x", "No.", "Do this.")),
            "failed: No. Do this. /again tries once more",
        ),
        (Turn(id=1, chat_id=1, state="interrupted"), "interrupted; what was said is kept. /continue goes on"),
    ],
)
def test_the_end_is_told(turn: Turn, words: str) -> None:
    assert spoken.ending(turn) == words


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/model a b ", ("model", "a b")),
        ("/EXIT", ("quit", "")),
        ("/nothing", ("", "")),
        ("/etc/passwd is what?", None),
        ("no command", None),
        ("/", ("", "")),
    ],
)
def test_a_line_is_a_command_or_a_question(line: str, found: tuple[str, str] | None) -> None:
    assert plain_words.find(line) == found
