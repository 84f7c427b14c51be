from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path

import pytest

from core.config.example import example
from core.config.schema import settings
from tests.core.cli.running import Ended, leitstand

WRONG = 'title = 1\n[ui]\nmouse = "maybe"  # no\n'


def config(home: Path, *argv: str, **environment: str) -> Ended:
    return leitstand("config", *argv, home=home, environment=environment)


def test_what_is_set_is_got_and_unset_again(tmp_path: Path) -> None:
    assert config(tmp_path, "get", "server.url").out == "\n"
    assert config(tmp_path, "set", "server.url", "gpubox:11434") == Ended(0, "", "")
    assert config(tmp_path, "get", "server.url").out == "gpubox:11434\n"
    assert config(tmp_path, "get", "server.url", "--json").json == {
        "key": "server.url",
        "value": "gpubox:11434",
        "source": "file",
    }
    assert config(tmp_path, "unset", "server.url", "--json").json == {
        "key": "server.url",
        "value": "",
        "source": "default",
    }
    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600


def test_an_entry_of_a_table_is_a_setting_of_its_own(tmp_path: Path) -> None:
    assert config(tmp_path, "set", "keys.palette", "ctrl+k").code == 0
    assert config(tmp_path, "get", "keys.palette").out == "ctrl+k\n"
    assert config(tmp_path, "get", "keys").out == "palette  ctrl+k\n"
    missing = config(tmp_path, "get", "keys.nothing")
    assert (missing.code, missing.err) == (1, "leitstand: keys.nothing is not set.\n")


def test_values_are_written_as_people_type_them(tmp_path: Path) -> None:
    assert config(tmp_path, "set", "ui.mouse", "off").code == 0
    assert config(tmp_path, "get", "ui.mouse").out == "false\n"
    assert config(tmp_path, "set", "server.check_every", "5", "--json").json["value"] == 5.0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("set", "ui.mouse", "maybe"), 'ui.mouse is "maybe"; it must be true or false.'),
        (("set", "server.check_every", "-5"), "server.check_every is -5; it must be"),
        (("set", "server.rul", "x"), "There is no setting named server.rul."),
        (("get", "server.rul"), "There is no setting named server.rul."),
    ],
)
def test_wrong_values_and_names_are_wrong_usage_and_write_nothing(
    tmp_path: Path, argv: tuple[str, ...], message: str
) -> None:
    ended = config(tmp_path, *argv)
    assert ended.code == 2
    assert message in ended.err
    assert not (tmp_path / "config.toml").exists()


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[ui\n")
    ended = config(tmp_path, "set", "ui.mouse", "off")
    assert ended.code == 1
    assert "Nothing was written." in ended.err
    assert (tmp_path / "config.toml").read_text() == "[ui\n"
    assert config(tmp_path, "get", "ui.mouse").out == "true\n"


def test_comments_survive(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\n[ui]\nmouse = true  # why not\n")
    assert config(tmp_path, "set", "ui.mouse", "off").code == 0
    assert (tmp_path / "config.toml").read_text() == "# mine\n[ui]\nmouse = false  # why not\n"


def test_a_key_that_nobody_knows_can_be_taken_out(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(WRONG)
    assert config(tmp_path, "unset", "title") == Ended(0, "", "")
    assert "title" not in (tmp_path / "config.toml").read_text()


def test_the_list_has_every_setting_and_where_it_comes_from(tmp_path: Path) -> None:
    config(tmp_path, "set", "ui.bell", "on")
    listed = config(tmp_path, "list", "--json").json
    assert [entry["key"] for entry in listed] == [setting.path for setting in settings()]
    assert [entry["key"] for entry in listed if entry["source"] == "file"] == ["ui.bell"]
    assert config(tmp_path, "list", "--changed").out.split() == ["ui.bell", "true", "file"]
    assert len(config(tmp_path, "list").out.splitlines()) == len(listed)


def test_the_path_is_printed_whether_or_not_the_file_is_there(tmp_path: Path) -> None:
    where = tmp_path / "config.toml"
    assert config(tmp_path, "path").out == f"{where}\n"
    assert config(tmp_path, "path", "--json").json == {"path": str(where), "exists": False}
    assert config(tmp_path, "path", "--config", "/elsewhere.toml").out == "/elsewhere.toml\n"


def test_a_check_names_each_problem_with_its_line(tmp_path: Path) -> None:
    assert config(tmp_path, "check").code == 0
    (tmp_path / "config.toml").write_text("")
    assert config(tmp_path, "check") == Ended(0, f"{tmp_path}/config.toml is in order.\n", "")
    (tmp_path / "config.toml").write_text(WRONG)
    ended = config(tmp_path, "check")
    assert ended.code == 1
    assert "Line 1: There is no setting named title." in ended.out
    assert 'Line 3: ui.mouse is "maybe"; it must be true or false.' in ended.out
    found = config(tmp_path, "check", "--json")
    assert found.code == 1
    assert [(problem["key"], problem["line"]) for problem in found.json["problems"]] == [
        ("title", 1),
        ("ui.mouse", 3),
    ]


def test_the_example_is_a_settings_file(tmp_path: Path) -> None:
    printed = config(tmp_path, "example")
    assert printed.out == example()
    assert tomllib.loads(printed.out) is not None
    assert config(tmp_path, "example", "--json").json == {"example": example()}


def editor(tmp_path: Path, code: str) -> str:
    script = tmp_path / "editor.py"
    script.write_text(f"import sys\npath = sys.argv[-1]\n{code}\n")
    return f"{sys.executable} -S {script} --wait"


def test_editing_begins_with_the_example_and_ends_with_a_check(tmp_path: Path) -> None:
    command = editor(tmp_path, "open(path, 'a').write('surprise = 1\\n')")
    ended = config(tmp_path / "new", "edit", VISUAL=command, EDITOR="false")
    where = tmp_path / "new" / "config.toml"
    assert ended.code == 1
    assert "surprise" in ended.out
    assert where.read_text() == example() + "surprise = 1\n"
    assert stat.S_IMODE(where.stat().st_mode) == 0o600


def test_editing_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\n")
    assert config(tmp_path, "edit", EDITOR="true").code == 0
    assert (tmp_path / "config.toml").read_text() == "# mine\n"


@pytest.mark.parametrize("command", ["no-such-editor-anywhere", "'unfinished", "false"])
def test_an_editor_that_does_not_work_is_said(tmp_path: Path, command: str) -> None:
    ended = config(tmp_path, "edit", EDITOR=command)
    assert ended.code == 1
    assert ended.err.startswith("leitstand: The editor")


def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = config(tmp_path, "edit", "--config", str(tmp_path / "file" / "config.toml"), EDITOR="true")
    assert ended.code == 1
    assert ended.err.endswith("Choose another file with --config.\n")


def test_hostile_settings_are_printed_as_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('"x\\u001b]52;c;aGk=\\u0007" = 1\n')
    for argv in (("check",), ("check", "--json"), ("list",)):
        assert "\x1b" not in config(tmp_path, *argv).out
