"""Several servers on sockets of their own, from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.simulator import Script, Setup, Simulator
from tests.core.cli.running import leitstand
from tests.core.cli.servers import closed_port
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import sized

MAIN, CODER = "llama3.2:3b", "qwen2.5-coder:7b"


@contextmanager
def two(home: Path) -> Iterator[tuple[Simulator, Simulator]]:
    """A main server and one called box, and settings that name both; a third one never answers."""
    main, box = (Simulator(Setup(installed=(sized(name, 2.0),))) for name in (MAIN, CODER))
    with simulated(main) as here, simulated(box) as there:
        (home / "config.toml").write_text(
            f'[server]\nurl = "{here}"\n[chat]\ntitle_by_model = false\n'
            f'[hosts]\nbox = "{there}"\ngone = "127.0.0.1:{closed_port()}"\n"my box" = "x"\n',
            encoding="utf-8",
        )
        yield main, box


def test_every_server_has_a_line_in_doctor_status_and_the_list_of_models(tmp_path: Path) -> None:
    with two(tmp_path):
        checks = leitstand("doctor", "--json", home=tmp_path)
        assert checks.code == 0, "the others are a warning: the main server works"
        states = {check["check"]: check["state"] for check in checks.json}
        assert (states["server"], states["server box"]) == ("ok", "ok")
        assert (states["server gone"], states["server my box"]) == ("warn", "warn")
        status = leitstand("status", "--json", home=tmp_path).json
        assert [(host["name"], host["state"]) for host in status["hosts"]] == [
            ("box", "online"),
            ("gone", "away"),
        ]
        models = leitstand("models", "list", "--json", home=tmp_path).json
        assert {(model["name"], model["server"]) for model in models} == {
            (MAIN, None),
            (f"{CODER}@box", "box"),
        }
        routed = leitstand("route", "Write a Python function that sorts a list", "--json", home=tmp_path)
        assert routed.json["model"] == f"{CODER}@box"


def test_a_question_goes_to_the_server_its_model_is_on(tmp_path: Path) -> None:
    with two(tmp_path) as (main, box):
        box.next(Script.saying("From the box."), route="chat")
        ended = leitstand("ask", "Who are you?", "--model", f"{CODER}@box", home=tmp_path)
        assert (ended.code, ended.out.strip()) == (0, "From the box.")
        assert not [one for one in main.requests if one.path == "/api/chat"]
        offered = leitstand("__complete", "queue", "pause", "inference@", home=tmp_path)
        assert offered.out.split() == ["inference@box", "inference@gone"]
        names = leitstand("__complete", "models", "show", "q", home=tmp_path)
        assert names.out.split("\t")[0] == f"{CODER}@box"


def test_a_model_is_downloaded_by_the_server_it_is_named_with(tmp_path: Path) -> None:
    with two(tmp_path) as (main, box):
        ended = leitstand("pull", "all-minilm@box", "--json", home=tmp_path)
        last = json.loads(ended.out.splitlines()[-1])
        assert (ended.code, last["name"], last["percent"]) == (0, "all-minilm:latest@box", 100)
        pulled = [json.loads(one.body) for one in box.requests if one.path == "/api/pull"]
        assert [one["model"] for one in pulled] == ["all-minilm:latest"], "the server knows no @"
        assert last["proof"]["dimensions"], "it was tried out where it is"
        assert not [one for one in main.requests if one.path in {"/api/pull", "/api/embed"}]
        models = leitstand("models", "list", "--json", home=tmp_path).json
        assert "all-minilm:latest@box" in {model["name"] for model in models}


def test_a_download_for_a_server_that_nobody_knows_is_refused_at_once(tmp_path: Path) -> None:
    with two(tmp_path):
        for argv in (("pull", "all-minilm@nobody"), ("pull", "--plan", "all-minilm@nobody")):
            ended = leitstand(*argv, home=tmp_path)
            assert ended.code == 1
            assert "no server “nobody”" in ended.err
            assert "[hosts] nobody" in ended.err
        assert leitstand("queue", "list", "--json", home=tmp_path).json == []


def test_a_model_is_measured_on_its_server(tmp_path: Path) -> None:
    with two(tmp_path) as (main, box):
        ended = leitstand("bench", f"{CODER}@box", "--repeats", "3", "--json", home=tmp_path)
        last = json.loads(ended.out.splitlines()[-1])
        assert (ended.code, last["name"], last["rounds"]) == (0, f"{CODER}@box", 3)
        asked = [one for one in box.requests if one.path in {"/api/generate", "/api/chat"}]
        assert len(asked) >= 3
        assert not [one for one in main.requests if one.path in {"/api/generate", "/api/chat"}]
        [kept] = leitstand("bench", "--history", f"{CODER}@box", "--json", home=tmp_path).json
        assert kept["rounds"] == 3
        for name, said in ((f"{CODER}@gone", "Nothing is known"), ("x@nobody", "Nothing is known")):
            refused = leitstand("bench", name, home=tmp_path)
            assert (refused.code, said in refused.err) == (1, True)
