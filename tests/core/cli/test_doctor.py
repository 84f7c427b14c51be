from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.context import Context
from core.health import Check
from tests.core.cli.running import leitstand
from tests.core.cli.servers import closed_port, ollama, serving


def states(answer: list[dict[str, str]]) -> dict[str, str]:
    return {check["check"]: check["state"] for check in answer}


def test_scripts_get_every_check_and_no_failure_when_all_is_well(tmp_path: Path) -> None:
    with serving(ollama()) as port:
        ended = leitstand("doctor", "--json", "--host", f"127.0.0.1:{port}", home=tmp_path)
    assert ended.code == 0
    assert ended.err == ""
    assert all(set(check) == {"check", "state", "message", "hint"} for check in ended.json)
    assert states(ended.json) == {
        "server": "ok",
        "configuration": "ok",
        "data directory": "ok",
        "disk": "ok",
        "store": "ok",
        "running": "ok",
    }
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_a_failure_with_its_remedy(tmp_path: Path) -> None:
    ended = leitstand("doctor", "--host", f"127.0.0.1:{closed_port()}", home=tmp_path)
    assert ended.code == 1
    assert ended.err == ""
    assert "✗ fail  server " in ended.out
    assert "ollama serve" in ended.out
    assert ended.out.splitlines()[-1] == "1 failed, 6 checks."


def test_a_wrong_setting_is_named_with_its_line_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[ui]\nmouse = 5\n")
    with serving(ollama()) as port:
        ended = leitstand("doctor", "--host", f"127.0.0.1:{port}", home=tmp_path)
    assert ended.code == 0
    assert "▲ warn" in ended.out
    assert "Line 2: ui.mouse is 5" in ended.out
    assert ended.out.splitlines()[-1] == "1 to look at, 6 checks."


def test_an_address_that_was_mended_is_said(tmp_path: Path) -> None:
    with serving(ollama()) as port:
        ended = leitstand("doctor", "--json", "--host", f"127.0.0.1:{port}/v1", home=tmp_path)
    assert ended.code == 0
    assert states(ended.json)["server address"] == "warn"


def test_an_address_that_is_none_is_one_failed_check(tmp_path: Path) -> None:
    ended = leitstand("doctor", "--json", home=tmp_path, environment={"OLLAMA_HOST": "ftp://x"})
    assert ended.code == 1
    assert states(ended.json)["server"] == "fail"


def test_the_checks_of_the_terminal_belong_to_it(tmp_path: Path) -> None:
    def checks(context: Context) -> list[Check]:
        return [Check("colours", "fail", "None at all.", "export TERM=xterm-256color")]

    with serving(ollama()) as port:
        ended = leitstand("doctor", "--host", f"127.0.0.1:{port}", home=tmp_path, checks=checks)
    assert ended.code == 1
    assert "export TERM=xterm-256color" in ended.out


@pytest.mark.parametrize("trouble", ["file", "closed", "damaged"])
def test_a_data_directory_in_trouble_is_a_failed_check_and_nothing_else(tmp_path: Path, trouble: str) -> None:
    data = tmp_path / "data"
    if trouble == "file":
        data.touch()
    else:
        data.mkdir(mode=0o700)
        (data / "leitstand.db").write_bytes(b"x" * 5000)
    if trouble == "closed":
        (data / "leitstand.db").chmod(0)
    with serving(ollama()) as port:
        ended = leitstand("doctor", "--json", "--host", f"127.0.0.1:{port}", home=tmp_path)
    assert ended.code == 1
    assert "fail" in states(ended.json).values()
    assert ended.err == ""
