"""Every job of the command line beside a Leitstand that runs: done there, seen there, going on there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.backup import making
from core.simulator import Pace, Setup, Simulator, toy
from core.store.lock import held
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import embedder, sized
from tests.waiting import until

ROOT = Path(__file__).parents[3]


class Host(NamedTuple):
    """A Leitstand without screens, as a process of its own."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    ready: dict[str, Any]
    simulator: Simulator

    def __call__(self, *argv: str) -> Ended:
        """Run a command beside it."""
        return leitstand(*argv, home=self.home, environment=self.environment)


QUICK = Pace(rate=2000, load=1e12, settle=0, pull=5e9, verify=1e12)
ALONE = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": ""}
"""Nobody out there is asked about the sizes of models."""


@contextmanager
def serving(
    home: Path, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    around = {**os.environ, "LEITSTAND_HOME": str(home), "HOME": str(home), **ALONE, **environment}
    command = [sys.executable, "-P", "-m", "tui", "serve", "--json"]
    with subprocess.Popen(command, cwd="/", env=around, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def hosting(home: Path) -> Iterator[Host]:
    simulator = Simulator(Setup(installed=(toy(), sized("tiny", 1), embedder())), pace=QUICK)
    (home / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    with simulated(simulator) as address:
        environment = {"OLLAMA_HOST": address}
        with serving(home, environment) as (process, ready):
            yield Host(home, environment, process, ready, simulator)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One for all: starting it takes longer than most of what is asked of it."""
    with hosting(tmp_path_factory.mktemp("host")) as found:
        yield found


def test_it_says_where_it_is(host: Host) -> None:
    assert host.ready["ready"] is True
    assert host.ready["pid"] == host.process.pid
    who = held(host.home / "data" / "lock")
    assert who is not None
    assert (who.pid, who.socket) == (host.process.pid, host.ready["socket"])


def test_a_question_is_answered_there_and_found_there(host: Host) -> None:
    asked = host("ask", "--json", "Say hello")
    assert asked.code == 0, asked.err
    last = json.loads(asked.out.splitlines()[-1])
    assert last["done"] is True
    assert last["chat"] in [chat["id"] for chat in host("chats", "list", "--json").json]
    assert host("chats", "show", str(last["chat"]), "--json").json["turns"][0]["text"] == "Say hello"
    found = host("chats", "search", "hello", "--json").json
    assert last["chat"] in [each["chat"] for each in found]
    assert host("chats", "delete", str(last["chat"]), "--json").json[0]["deleted"] is True


def test_models_are_listed_judged_loaded_and_removed_there(host: Host) -> None:
    assert {model["name"] for model in host("models", "list", "--json").json} >= {"toy:latest", "tiny:latest"}
    assert host("models", "fit", "tiny", "--json").json["name"] == "tiny:latest"
    assert host("models", "load", "tiny", "--json").code == 0
    assert host("models", "rm", "tiny").code == 0
    assert host("models", "rm", "tiny").code == 1


def test_a_download_is_followed_there_to_its_end(host: Host) -> None:
    ended = host("pull", "llama3.2:1b", "--json")
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert lines[-1]["done"] is True
    percents = [line["percent"] for line in lines if line["percent"] is not None]
    assert percents == sorted(percents)


def test_what_is_detached_goes_on_there(host: Host) -> None:
    left = host("pull", "qwen3:0.6b", "--detach", "--json")
    assert left.code == 0, left.err
    job = json.loads(left.out.splitlines()[-1])["job"]
    waited = host("queue", "wait", str(job), "--json")
    assert waited.code == 0, waited.err
    assert json.loads(waited.out.splitlines()[-1])["jobs"][0]["state"] == "done"
    asked = host("ask", "--detach", "Say hello", "--json").json
    going_on = host("queue", "list", "--json", "--state", "waiting", "--state", "running").json
    if going_on:
        waited = host("queue", "wait", *(str(each["id"]) for each in going_on))
        assert waited.code == 0, waited.err
    assert host("chats", "show", str(asked["chat"]), "--json").json["turns"][1]["state"] == "done"


def test_documents_are_read_there_when_they_are_left_to_it(host: Host, tmp_path: Path) -> None:
    (tmp_path / "pump.md").write_text("# Pump\n\nThe pump is lubricated every three months.\n")
    for verb in (("ingest", str(tmp_path)), ("reindex",), ("optimize",)):
        left = host(*verb, "--space", "papers", "--detach", "--json").json
        assert left["detached"] is True
        assert host("queue", "wait", str(left["job"])).code == 0, verb
    assert [each["state"] for each in host("sources", "--space", "papers", "--json").json] == ["ready"]


def test_a_backup_is_made_there_when_it_is_left_to_it(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert host("backup", str(kept), "--detach", "--json").json == {
        "detached": True,
        "directory": str(kept),
    }
    asyncio.run(until(lambda: making.backups(kept), within=60))
    assert host("backup", "verify", str(kept)).code == 0


def test_the_queue_is_changed_there(host: Host) -> None:
    assert host("queue", "pause", "network", "--json").json == {"lane": "network", "paused": True}
    job = json.loads(host("pull", "qwen3:4b", "--detach", "--json").out)["job"]
    assert host("queue", "list", "--state", "waiting", "--json").json[0]["reason"] == "the lane is paused"
    assert host("queue", "move", str(job), "1", "--json").json[0]["position"] == 1
    assert host("queue", "cancel", str(job), "--json").json[0]["state"] == "cancelled"
    assert host("queue", "retry", str(job), "--json").json[0]["state"] == "waiting"
    assert host("queue", "retry", str(job)).code == 4
    assert host("queue", "cancel", "4711").code == 1
    assert host("queue", "resume", "network").code == 0
    assert host("queue", "wait", str(job)).code == 0
    assert host("queue", "clear", "--json").json["cleared"] >= 1


def test_what_needs_no_engine_works_beside_it(host: Host) -> None:
    status = host("status", "--json").json
    assert status["server"]["state"] == "online"
    assert status["leitstand"]["pid"] == host.process.pid
    assert host("route", "Write a function", "--json").code == 0
    assert host("gauges", "--json").code == 0
    assert host("config", "set", "ui.theme", "leitstand-light").code == 0
    assert "process" in host("doctor").out


def test_another_server_than_the_running_one_uses_is_refused(host: Host) -> None:
    ended = host("ask", "Hello", "--host", "127.0.0.1:9")
    assert ended.code == 4
    assert host.environment["OLLAMA_HOST"] in ended.err


def test_a_second_serve_is_refused_and_a_detached_one_names_the_first(host: Host) -> None:
    assert host("serve").code == 4
    assert host("serve", "--detach", "--json").json["pid"] == host.process.pid


def test_sigterm_ends_it_in_order_and_the_next_command_hosts_itself(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.process.send_signal(signal.SIGTERM)
        assert host.process.wait(30) == 0
        assert held(host.home / "data" / "lock") is None
        assert not Path(host.ready["socket"]).exists()
        assert host("chats", "list", "--json").json == []


def test_a_detached_question_without_a_host_starts_one_in_the_background(tmp_path: Path) -> None:
    simulator = Simulator(Setup(installed=(toy(),)), pace=QUICK)
    (tmp_path / "config.toml").write_text('[chat]\nmodel = "toy"\ntitle_by_model = false\n')
    with simulated(simulator) as address:
        around = {**os.environ, "OLLAMA_HOST": address}
        asked = leitstand("ask", "--detach", "Say hello", "--json", home=tmp_path, environment=around)
        who = held(tmp_path / "data" / "lock")
        assert who is not None
        try:
            assert who.pid != os.getpid()
            shown = leitstand("queue", "wait", "1", home=tmp_path, environment=around)
            assert shown.code == 0, shown.err
            chat = leitstand(
                "chats", "show", str(asked.json["chat"]), "--json", home=tmp_path, environment=around
            )
            assert chat.json["turns"][1]["state"] == "done"
        finally:
            os.kill(who.pid, signal.SIGTERM)
