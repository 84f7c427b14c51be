from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from core.simulator import Script
from tests.core.cli.test_ask import Server, no_stdin, server

__all__ = ["no_stdin", "server"]


@pytest.fixture
def chat(server: Server) -> int:
    """A chat that was had."""
    ended = server.ask("Why is the sky blue?", "--json", script=Script.saying("Rayleigh scattering."))
    number: int = json.loads(ended.out.splitlines()[-1])["chat"]
    return number


def test_chats_are_listed(server: Server, chat: int) -> None:
    server.ask("Hello", script=Script.saying("Hi."))
    ended = server.run("chats", "list", "--json")
    assert [(each["id"], each["title"], each["turns"]) for each in ended.json] == [
        (chat + 1, "Hello", 2),
        (chat, "Why is the sky blue?", 2),
    ]
    assert ended.json[0]["updated"].endswith("+00:00")
    assert len(server.run("chats", "list", "--limit", "1", "--json").json) == 1
    lines = server.run("chats", "list").out.splitlines()
    assert len(lines) == 2
    assert "Hello" in lines[0]


def test_a_chat_is_shown_as_people_and_as_scripts_read_it(server: Server, chat: int) -> None:
    shown = server.run("chats", "show", str(chat))
    assert shown.out.startswith("# Why is the sky blue?\n")
    assert "Rayleigh scattering." in shown.out
    found = server.run("chats", "show", str(chat), "--json").json
    assert [turn["role"] for turn in found["turns"]] == ["user", "assistant"]
    assert found["turns"][1]["stats"]["reason"] == "stop"
    missing = server.run("chats", "show", "99")
    assert (missing.code, missing.err) == (1, "leitstand: There is no chat 99.\n")


def test_words_are_found(server: Server, chat: int) -> None:
    [hit] = server.run("chats", "search", "rayl", "--json").json
    assert (hit["chat"], hit["part"]) == (chat, "answer")
    [[start, end]] = hit["marks"]
    assert hit["snippet"][start:end] == "Rayleigh"
    assert "Rayleigh scattering" in server.run("chats", "search", "rayl").out
    assert server.run("chats", "search", '"* NEAR(', "--json").json == []


def test_a_chat_goes_out_and_comes_back(server: Server, chat: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    written = server.run(
        "chats", "export", str(chat), "--format", "json", "--output", str(out), "--json"
    ).json
    path = Path(written["path"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = server.run("chats", "export", str(chat), "--format", "json", "--output", str(path))
    assert (again.code, "exists already" in again.err) == (2, True)
    again = server.run("chats", "import", str(path))
    assert "1 is here already" in again.out
    server.run("chats", "delete", str(chat))
    brought = server.run("chats", "import", str(path), "--json").json
    assert (len(brought["chats"]), brought["turns"], brought["skipped"], brought["known"]) == (1, 2, 0, 0)
    assert len(server.run("chats", "list", "--json").json) == 1
    assert server.run("chats", "export", str(chat)).out.startswith("# Why is the sky blue?")


def test_what_is_no_export_is_a_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    for name in ("x.json", "missing.json"):
        ended = server.run("chats", "import", str(tmp_path / name))
        assert (ended.code, ended.out) == (2, "")


def test_chats_are_deleted_and_taken_back(server: Server, chat: int) -> None:
    ended = server.run("chats", "delete", str(chat))
    assert ended.out == "Why is the sky blue? is deleted.\n"
    assert server.run("chats", "list", "--json").json == []
    assert len(server.run("chats", "list", "--deleted", "--json").json) == 1
    assert server.run("chats", "delete", "--undo", str(chat), "--json").json == [
        {"id": chat, "deleted": False}
    ]
    assert len(server.run("chats", "list", "--json").json) == 1
