"""`route`: one question or a file of them, with and without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.store.lock import DataLock
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.servers import answering, closed_port, reply, serving
from tests.fakes.clock import ManualClock

SHELL = "Zeige mir alle Python-Prozesse mit ps aux | grep python"


def route(home: Path, *argv: str) -> Ended:
    return leitstand("route", *argv, "--host", f"127.0.0.1:{closed_port()}", home=home)


def listing(*names: str) -> bytes:
    return reply(json.dumps({"models": [{"name": name, "size": 10**9} for name in names]}).encode())


def test_a_question_is_told_with_its_reasons(tmp_path: Path) -> None:
    ended = route(tmp_path, SHELL)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[0] == "code: ps, grep, python · 0.40"
    assert lines[1].startswith("  ")
    assert "python (code +2.2)" in ended.out


def test_a_script_gets_exactly_what_it_is_promised(tmp_path: Path) -> None:
    answer = route(tmp_path, SHELL, "--json").json
    assert set(answer) == {"tier", "complexity", "keywords", "reasons", "model"}
    assert (answer["tier"], answer["complexity"], answer["keywords"]) == (
        "code",
        0.4,
        ["ps", "grep", "python"],
    )
    assert answer["model"] is None
    assert all(isinstance(reason, str) for reason in answer["reasons"])


def test_the_model_is_the_one_the_server_has_for_the_tier(tmp_path: Path) -> None:
    replies = {
        "/api/tags": listing("gemma3:4b", "qwen2.5-coder:7b", "nomic-embed-text:latest"),
        "/api/ps": listing(),
    }
    with serving(answering(replies)) as port:
        host = f"127.0.0.1:{port}"
        code = leitstand("route", SHELL, "--json", "--host", host, home=tmp_path).json
        fast = leitstand("route", "Hallo!", "--host", host, home=tmp_path)
    assert code["model"] == "qwen2.5-coder:7b"
    assert fast.out.splitlines()[0] == "fast · 0.00 → gemma3:4b"


def test_a_server_that_is_silent_or_no_ollama_costs_the_model_only(tmp_path: Path) -> None:
    with serving(answering({})) as port:
        ended = leitstand("route", SHELL, "--json", "--host", f"127.0.0.1:{port}", home=tmp_path)
    assert (ended.code, ended.json["tier"], ended.json["model"]) == (0, "code", None)


def test_settings_name_the_model_also_without_a_server(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[router]\ncode = ["devstral:24b", "x"]\n')
    assert route(tmp_path, SHELL, "--json").json["model"] == "devstral:24b"
    assert route(tmp_path, "Hallo!", "--json").json["model"] is None


def test_own_rules_count_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[router.rules]\nlaw = 'ps -> heavy mistral-small:24b'\nbad = 'x*'\n"
    )
    ended = route(tmp_path, SHELL, "--json")
    assert (ended.json["tier"], ended.json["model"]) == ("heavy", "mistral-small:24b")
    assert ended.err.startswith("leitstand: The routing rule “bad” is not used: it has no arrow")


def test_a_file_of_prompts_is_answered_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    prompts: list[Any] = [
        {"prompt": "Hallo!"},
        {"id": 3, "prompt": SHELL},
        {"prompt": "Beweise den Satz\nvon Euklid"},
    ]
    file.write_text("\n\n".join(json.dumps(prompt) for prompt in prompts) + "\n")
    ended = route(tmp_path, "--file", str(file), "--json")
    assert [json.loads(line)["tier"] for line in ended.out.splitlines()] == ["fast", "code", "heavy"]
    assert ended.code == 0


@pytest.mark.parametrize("line", ['{"text": "x"}', "[]", "{", '{"prompt": 3}', "null", "\ud800"])
def test_a_wrong_line_is_named_and_what_came_before_is_kept(tmp_path: Path, line: str) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_bytes(b'{"prompt": "Hallo!"}\n' + line.encode("utf-8", "surrogatepass") + b"\n")
    ended = route(tmp_path, "--file", str(file), "--json")
    first, last = (json.loads(each) for each in ended.out.splitlines())
    assert first["tier"] == "fast"
    assert last["error"]["message"] == "Line 2 of prompts.jsonl is not an object with a prompt."
    assert ended.code == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "Give a text, or a file with --file."),
        (("text", "--file", "x"), "Give a text, or a file with --file."),
        (("--file", "/nowhere/at.all"), "/nowhere/at.all cannot be read: No such file or directory."),
        (("--file", "/"), "/ cannot be read: Is a directory."),
    ],
)
def test_wrong_usage_is_one_sentence(tmp_path: Path, argv: tuple[str, ...], message: str) -> None:
    ended = route(tmp_path, *argv)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"leitstand: {message}")


def test_what_is_printed_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    ended = route(tmp_path, "grep \x1b]0;owned\x07 python --\x9b31m")
    assert "\x1b" not in ended.out
    assert "\x9b" not in ended.out


def test_a_running_leitstand_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lock = DataLock.acquire(tmp_path / "data" / "lock", clock=ManualClock())
    try:
        assert route(tmp_path, SHELL).code == 0
    finally:
        lock.release()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["lock"]
