from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.simulator import Setup, Simulator
from core.simulator.shelf import named
from tests.core.cli.running import Ended, leitstand
from tests.core.cli.simulated import simulated
from tests.core.models.workshop import embedder, sized, thinker


class Server:
    """A server and the commands that talk to it."""

    def __init__(self, simulator: Simulator, address: str, home: Path) -> None:
        self.simulator, self.address, self.home = simulator, address, home

    def run(self, *argv: str, **more: Any) -> Ended:
        return leitstand("models", *argv, "--host", self.address, home=self.home, **more)

    def names(self, *argv: str) -> list[str]:
        return [model["name"] for model in self.run("list", "--json", *argv).json]

    def has(self, name: str) -> bool:
        return self.simulator.server.shelf.find(named(name)) is not None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    installed = (sized("tiny", 1), sized("middle", 8), thinker("wise", 5), embedder())
    simulator = Simulator(Setup(installed=installed))
    with simulated(simulator) as address:
        yield Server(simulator, address, tmp_path)


def test_the_list_has_what_scripts_rely_on(server: Server) -> None:
    ended = server.run("list", "--json")
    assert ended.code == 0
    wise = next(model for model in ended.json if model["name"] == "wise:latest")
    assert {
        "name", "state", "size", "quantization", "context", "capabilities", "favourite", "default", "tier",
    } <= wise.keys()  # fmt: skip
    assert wise["capabilities"] == ["completion", "thinking"]
    assert (wise["state"], wise["context"], wise["favourite"]) == ("installed", 131_072, False)


def test_the_list_can_be_narrowed_down(server: Server) -> None:
    assert set(server.names()) == {"tiny:latest", "middle:latest", "wise:latest", "vectors:latest"}
    assert server.names("--can", "thinking") == ["wise:latest"]
    assert server.names("tin") == ["tiny:latest"]
    assert server.names("--loaded") == []
    assert server.names("--sort", "size")[0] == "vectors:latest"
    assert len(server.names("--all", "--use", "embedding")) > 10


def test_people_get_a_line_a_model(server: Server) -> None:
    ended = server.run("list")
    assert len(ended.out.splitlines()) == 4
    assert "8.0 GB" in ended.out


def test_one_model_is_shown_with_everything(server: Server) -> None:
    ended = server.run("show", "WISE", "--json")
    assert ended.json["architecture"] == "llama"
    assert ended.json["fit"]["needed"] > 5e9
    shown = server.run("show", "wise").out
    assert "completion, thinking" in shown
    assert server.run("show", "nobody").code == 1


def test_whether_it_fits_says_where_the_number_is_from(server: Server) -> None:
    found = server.run("fit", "middle", "--context", "4096", "--json").json
    assert {"needed", "free", "verdict", "source"} <= found.keys()
    assert found["source"] == "estimated"
    assert found["context"] == 4096


def test_loading_ends_with_what_came_of_it(server: Server) -> None:
    ended = server.run("load", "middle", "--context", "4096", "--anyway", "--json")
    assert ended.code == 0
    last = json.loads(ended.out.splitlines()[-1])
    assert last["done"]
    assert last["context"] == 4096
    assert server.names("--loaded") == ["middle:latest"]
    assert server.run("fit", "middle", "--context", "4096", "--json").json["source"] == "measured"
    assert "is loaded" in server.run("load", "middle", "--context", "4096", "--anyway").out
    assert server.run("unload", "--all").code == 0
    assert server.names("--loaded") == []


def test_what_contradicts_itself_is_wrong_usage(server: Server) -> None:
    assert server.run("load", "tiny", "--anyway", "--make-room").code == 2
    assert server.run("unload").code == 2
    assert server.run("unload", "--all", "tiny").code == 2
    assert server.run("default", "tiny", "--none").code == 2
    assert server.run("load", "tiny", "--keep-alive", "soon").code == 2


def test_several_are_deleted_or_none_of_them(server: Server) -> None:
    assert server.run("rm", "tiny", "nobody").code == 1
    assert server.has("tiny")
    ended = server.run("rm", "tiny", "TINY:latest", "wise", "--json")
    assert ended.json == ["tiny:latest", "wise:latest"]
    assert not server.has("tiny")


def test_a_copy_does_not_take_anothers_place_unasked(server: Server) -> None:
    assert "is a copy of tiny" in server.run("cp", "tiny", "mine:v1").out
    assert server.run("cp", "wise", "mine:v1").code == 4
    assert server.run("cp", "wise", "mine:v1", "--replace", "--json").json["name"] == "mine:v1"


def test_favourite_default_and_tier_stay(server: Server) -> None:
    assert server.run("fav", "wise").code == 0
    assert server.names("--favourites") == ["wise:latest"]
    assert server.run("fav", "wise", "--off", "--json").json["favourite"] is False
    assert "No model" in server.run("default").out
    assert server.run("default", "middle").out == "middle:latest\n"
    assert server.run("default", "--json").json["name"] == "middle:latest"
    assert server.run("default", "--none", "--json").json is None
    assert server.run("tier", "wise", "heavy", "--json").json["tier"] == "heavy"
    assert "follows from the model" in server.run("tier", "wise", "--none").out
    assert server.run("tier", "wise", "slow").code == 2


def test_a_model_is_made_from_a_file(server: Server, tmp_path: Path) -> None:
    recipe = tmp_path / "Modelfile"
    recipe.write_text("FROM wise\nSYSTEM Be kind.\n")
    ended = server.run("create", "kind", "--file", str(recipe))
    assert (ended.code, ended.out) == (0, "kind:latest is made\n")
    assert server.has("kind")
    assert server.run("create", "kind", "--file", str(tmp_path / "missing")).code == 2
    assert server.run("create", "kind").code == 2


def test_a_server_that_is_away_is_told_by_the_number(tmp_path: Path) -> None:
    ended = leitstand("models", "list", "--host", "127.0.0.1:1", home=tmp_path)
    assert ended.code == 3
    assert ended.out == ""
