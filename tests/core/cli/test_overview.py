from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.cli import overview
from core.cli.overview import PARTS, GpuNow
from core.telemetry.probes import GpuReading
from tests.core.cli.running import leitstand
from tests.core.cli.servers import answering, closed_port, ollama, reply, serving

IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
MODELS = [
    {
        "name": "llama3.2:3b",
        "model": "llama3.2:3b",
        "size": 4_000_000_000,
        "size_vram": 3_000_000_000,
        "digest": "a",
        "details": {"quantization_level": "Q4_K_M"},
        "expires_at": IN_AN_HOUR,
        "context_length": 8192,
    },
    {"name": "old:1b", "size": 1_000_000_000, "expires_at": "2318-01-01T00:00:00Z"},
]


def test_scripts_get_the_server_and_its_models() -> None:
    with serving(ollama(models=MODELS)) as port:
        ended = leitstand("status", "--json", "--host", f"127.0.0.1:{port}")
    assert ended.code == 0
    answer = ended.json
    assert answer["server"] == {
        "url": f"http://127.0.0.1:{port}",
        "state": "online",
        "version": "0.33.0",
        "demo": False,
    }
    first, second = answer["models_loaded"]
    expires = datetime.fromisoformat(first.pop("expires_at"))
    assert abs(expires - datetime.fromisoformat(IN_AN_HOUR)) < timedelta(seconds=2)
    assert first == {
        "name": "llama3.2:3b",
        "size": 4_000_000_000,
        "size_vram": 3_000_000_000,
        "gpu_percent": 75,
        "context": 8192,
        "quantization": "Q4_K_M",
        "stays": "until",
    }
    assert (second["stays"], second["expires_at"], second["context"]) == ("forever", None, None)


def test_people_get_the_same_in_words() -> None:
    with serving(ollama(models=MODELS)) as port:
        ended = leitstand("status", "--host", f"127.0.0.1:{port}")
    assert ended.code == 0
    server, first, second = ended.out.splitlines()[:3]
    assert f"http://127.0.0.1:{port}" in server
    assert "● online" in server
    assert "0.33.0" in server
    assert [part for part in first.split("  ") if part][:1] == ["model"]
    assert "3.7 GiB" in first
    assert "75 % GPU" in first
    assert "context 8192" in first
    assert "stays" in second


@pytest.mark.parametrize(
    ("environment", "far", "told", "words"),
    [
        ({}, None, {"remote": False, "round_trip": None}, ""),
        ({"SSH_TTY": "/dev/pts/1"}, 0.05173, {"remote": True, "round_trip": 0.0517}, "52 ms there and back"),
        ({"SSH_TTY": "/dev/pts/1"}, None, {"remote": True, "round_trip": None}, "cannot be measured"),
        ({"TMUX": "x,1,0"}, 0.2, {"remote": True, "round_trip": 0.2}, "200 ms there and back"),
    ],
)
def test_how_far_away_the_person_is_stands_there_when_that_is_over_ssh(
    environment: dict[str, str], far: float | None, told: dict[str, object], words: str
) -> None:
    assert leitstand("status", "--demo", "--json", environment=environment, far=far).json["terminal"] == told
    lines = leitstand("status", "--demo", environment=environment, far=far).out.splitlines()
    shown = [line for line in lines if line.startswith("terminal")]
    assert [words in line for line in shown] == ([True] if words else [])


def test_no_model_is_said() -> None:
    with serving(ollama()) as port:
        assert "none in memory" in leitstand("status", "--host", f"127.0.0.1:{port}").out


def test_a_server_that_is_away_has_its_number_and_its_sentence() -> None:
    port = closed_port()
    ended = leitstand("status", "--json", "--host", f"127.0.0.1:{port}")
    assert ended.code == 3
    assert ended.err == ""
    answer = ended.json
    assert answer["server"] == {
        "url": f"http://127.0.0.1:{port}",
        "state": "away",
        "version": None,
        "demo": False,
    }
    assert answer["models_loaded"] == []
    assert answer["error"]["code"] == "server_unavailable"
    ended = leitstand("status", "--host", f"127.0.0.1:{port}")
    assert ended.code == 3
    assert "✗ away" in ended.out
    assert ended.err.startswith(f"leitstand: Nobody answers at http://127.0.0.1:{port}.")


@pytest.mark.parametrize(
    ("answer", "code", "error"),
    [
        (reply(b"<html>hello</html>", kind="text/html"), 3, "not_ollama"),
        (reply(b"", status="302 Found", more="Location: http://elsewhere.example/\r\n"), 3, "not_ollama"),
        (reply(b"\xff\xfe\x00"), 3, "not_ollama"),
        (reply(b"404 page not found", status="404 Not Found", kind="text/plain"), 3, "not_ollama"),
    ],
    ids=["html", "redirect", "garbage", "missing"],
)
def test_something_else_at_the_address_is_said(answer: bytes, code: int, error: str) -> None:
    with serving(answering({"/api/version": answer})) as port:
        ended = leitstand("status", "--json", "--host", f"127.0.0.1:{port}")
    assert ended.code == code
    assert ended.json["server"]["state"] == "wrong"
    assert ended.json["error"]["code"] == error
    assert ended.json["error"]["hint"]


def test_a_pasted_path_is_no_obstacle() -> None:
    with serving(ollama()) as port:
        assert leitstand("status", "--host", f"http://127.0.0.1:{port}/v1").code == 0
        assert leitstand("status", "--oneline", "--host", f"http://127.0.0.1:{port}/v1").code == 0


def test_what_a_hostile_server_says_is_text(tmp_path: Path) -> None:
    hostile = [{"name": "[red]\x1b]52;c;x\x07\x9b2J\u202e", "size": 1}]
    with serving(ollama("0.33\x1b[31m", hostile)) as port:
        for argv in ((), ("--json",)):
            ended = leitstand("status", *argv, "--host", f"127.0.0.1:{port}", home=tmp_path)
            assert ended.code == 0
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ended.out)
            assert "[red]" in ended.out


def test_an_address_that_is_none_is_wrong_usage_only_when_it_was_given_here() -> None:
    assert leitstand("status", "--host", "ftp://x").code == 2
    assert leitstand("status", environment={"OLLAMA_HOST": "ftp://x"}).code == 1


def test_a_demonstration_says_that_it_is_one() -> None:
    answer = leitstand("status", "--demo", "--json").json
    assert (answer["server"]["state"], answer["server"]["demo"]) == ("online", True)
    assert "demonstration" in leitstand("status", "--demo").out


def test_gpus_are_shown_with_what_is_known_of_them() -> None:
    first, *_ = leitstand("status", "--demo", "--json").json["gpus"]
    assert set(first) == set(GpuNow.__struct_fields__)
    line = next(line for line in leitstand("status", "--demo").out.splitlines() if line.startswith("gpu 0"))
    assert first["name"] in line
    assert f"of {first['memory_total'] / 2**30:.1f} GiB" in line
    assert all(unit in line for unit in ("% busy", " W", "°C"))


def test_a_gpu_that_tells_little_is_a_short_line() -> None:
    known = {"index": 1, "name": "Card", "vendor": "amd", "state": "lost"}
    lost = msgspec.convert({**dict.fromkeys(GpuNow.__struct_fields__), **known}, GpuNow)
    [gpus] = [part for part in PARTS if part.key == "gpus"]
    [row] = gpus.rows([lost])
    assert row[1:] == ("Card", "", "", "", "lost")


def test_a_driver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*, demo: bool) -> GpuReading:
        over.wait(60)
        return GpuReading()

    monkeypatch.setattr(overview, "_read_gpus", hang)
    monkeypatch.setattr(overview, "_DRIVER_PATIENCE", 0.05)
    answer = leitstand("status", "--demo", "--json").json
    over.set()
    assert answer["gpus"] == []
    assert answer["server"]["state"] == "online"


def test_nothing_is_made_on_the_disk(tmp_path: Path) -> None:
    leitstand("status", "--host", f"127.0.0.1:{closed_port()}", home=tmp_path)
    assert list(tmp_path.iterdir()) == []
