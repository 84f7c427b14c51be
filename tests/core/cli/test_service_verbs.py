from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.service_verbs import _SHOWN
from tests.core.cli.running import Ended, leitstand

FAKE = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/calls"
case "$*" in
    *daemon-reload*) [ -e "$HOME/no-bus" ] && { echo 'Failed to connect to bus' >&2; exit 1; } ;;
    *show-user*) echo "${LINGER:-no}" ;;
    *show*) cat "$HOME/properties" ;;
esac
exit 0
"""


class Box:
    """A machine whose systemctl and loginctl are scripts that write down what they are asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        tools = home / "bin"
        tools.mkdir()
        for name in ("systemctl", "loginctl"):
            (tools / name).write_text(FAKE)
            (tools / name).chmod(0o700)
        self.unit = home / ".config" / "systemd" / "user" / "leitstand.service"
        self.says(LoadState="not-found", ActiveState="inactive", SubState="dead")

    def says(self, **properties: str) -> None:
        lines = {**dict.fromkeys(_SHOWN, ""), **properties}
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        (self.home / "properties").write_text(text)

    def run(self, *argv: str, **environment: str) -> Ended:
        return leitstand(
            "service",
            *argv,
            home=self.home / "own",
            environment={"HOME": str(self.home), "PATH": f"{self.home / 'bin'}:/usr/bin:/bin", **environment},
        )

    @property
    def calls(self) -> list[str]:
        calls = self.home / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_installing_writes_the_unit_and_starts_it(box: Box) -> None:
    ended = box.run("install", OLLAMA_HOST="gpubox")
    assert ended.code == 0
    assert "loginctl enable-linger" in ended.out
    unit = box.unit.read_text()
    assert "tui serve" in unit
    assert "Environment=OLLAMA_HOST=gpubox" in unit
    assert f"Environment=LEITSTAND_HOME={box.home / 'own'}" in unit
    assert [call for call in box.calls if "daemon-reload" not in call and "show-user" not in call] == [
        "systemctl --user enable leitstand.service",
        "systemctl --user restart leitstand.service",
    ]
    assert "enable-linger" not in box.run("install", LINGER="yes").out


def test_the_data_directory_that_was_asked_for_is_the_services(box: Box) -> None:
    box.run("install", "--data", str(box.home / "other place"))
    assert f'"--data={box.home / "other place"}"' in box.unit.read_text()


def test_printing_changes_nothing(box: Box) -> None:
    assert "[Service]" in box.run("install", "--print").out
    assert "WantedBy=multi-user.target" in box.run("install", "--system").out
    assert box.calls == []
    assert not box.unit.exists()


def test_without_a_user_manager_nothing_is_written_and_the_way_out_is_named(box: Box) -> None:
    (box.home / "no-bus").touch()
    ended = box.run("install")
    assert ended.code == 1
    assert "Failed to connect to bus" in ended.err
    assert "enable-linger" in ended.err
    assert not box.unit.exists()


def test_without_systemd_the_foreground_is_offered(box: Box, tmp_path: Path) -> None:
    ended = box.run("install", PATH=str(tmp_path))
    assert (ended.code, ended.err.count("leitstand serve")) == (1, 1)


def test_uninstalling_stops_it_and_says_that_everything_stays(box: Box) -> None:
    assert box.run("uninstall").code == 1
    box.run("install")
    ended = box.run("uninstall")
    assert (ended.code, box.unit.exists()) == (0, False)
    assert "systemctl --user disable --now leitstand.service" in box.calls
    assert "Chats" in ended.out


def test_the_status_is_what_systemd_knows_and_what_leitstand_says(box: Box) -> None:
    assert "Not installed" in box.run("status").out
    box.says(
        LoadState="loaded",
        ActiveState="active",
        SubState="running",
        StatusText="1 answer runs, 2 wait\x1b[2J",
        MainPID="4711",
        ActiveEnterTimestamp="Sat 2026-11-28 10:00:00 UTC",
        Result="success",
    )
    ended = box.run("status")
    assert ended.code == 0
    assert "active (running)" in ended.out
    assert "1 answer runs, 2 wait␛[2J" in ended.out
    assert box.run("status", "--json").json == {
        "installed": True,
        "state": "active",
        "detail": "running",
        "status": "1 answer runs, 2 wait\x1b[2J",
        "pid": 4711,
        "since": "Sat 2026-11-28 10:00:00 UTC",
        "result": "success",
    }
    old = {"StatusText": "finishing what runs", "ActiveEnterTimestamp": "Sat 2026-11-28 10:00:00 UTC"}
    box.says(LoadState="loaded", ActiveState="failed", SubState="failed", Result="watchdog", **old)
    ended = box.run("status")
    assert (ended.code, "watchdog" in ended.out) == (1, True)
    assert "finishing" not in ended.out
    assert "since" not in ended.out


def test_the_log_file_is_shown_where_there_is_no_journal(box: Box, capfd: pytest.CaptureFixture[str]) -> None:
    (box.home / "bin" / "tail").symlink_to("/usr/bin/tail")
    only = {"PATH": str(box.home / "bin")}
    assert box.run("logs", **only).code == 1
    log = box.home / "own" / "data" / "leitstand.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\nthree\n")
    assert box.run("logs", "--lines", "2", **only).code == 0
    assert capfd.readouterr().out == "two\nthree\n"


@pytest.mark.parametrize(("entries", "shown"), [("", "three\n"), ("from the journal", "from the journal\n")])
def test_a_journal_that_nobody_keeps_is_no_reason_to_show_nothing(
    box: Box, capfd: pytest.CaptureFixture[str], entries: str, shown: str
) -> None:
    journal = box.home / "bin" / "journalctl"
    journal.write_text(f"#!/bin/sh\nprintf '%s' '{entries and entries + chr(10)}'\n")
    journal.chmod(0o700)
    log = box.home / "own" / "data" / "leitstand.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\nthree\n")
    assert box.run("logs", "--lines", "1").code == 0
    assert capfd.readouterr().out == shown
