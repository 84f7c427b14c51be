from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from core.daemon.units import NAME, quoted, system_unit, user_unit

COMMAND = ["/opt/a b/python", "-P", "-m", "tui", "serve", "--data=/srv/100 % mine"]

ONLY_FOR_THE_SYSTEM = (
    "SupplementaryGroups", "ProtectSystem", "ProtectHome", "PrivateTmp", "ProtectKernel",
    "ProtectControlGroups", "CapabilityBoundingSet", "User=",
)  # fmt: skip


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "x"', '"say \\"x\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("it's", '"it\'s"'),
        ("two\nlines", '"two\\nlines"'),
        ("", '""'),
    ],
)
def test_words_reach_the_service_as_they_are(word: str, expected: str) -> None:
    assert quoted(word) == expected


def test_a_users_unit_asks_for_nothing_only_the_system_may_do() -> None:
    unit = user_unit(COMMAND, {})
    assert not [name for name in ONLY_FOR_THE_SYSTEM if name in unit]
    assert 'ExecStart="/opt/a b/python" -P -m tui serve "--data=/srv/100 %% mine"' in unit
    for line in ("Type=notify", "WatchdogSec=60", "NoNewPrivileges=yes", "WantedBy=default.target"):
        assert line in unit.splitlines()


def test_the_systems_unit_keeps_its_data_in_its_own_place() -> None:
    unit = system_unit(COMMAND, {"OLLAMA_HOST": "gpubox"}, "mia", ["video"])
    for line in (
        "User=mia",
        "SupplementaryGroups=video",
        "StateDirectory=leitstand",
        "Environment=LEITSTAND_HOME=/var/lib/leitstand",
        "Environment=OLLAMA_HOST=gpubox",
        "ProtectSystem=strict",
        "After=network-online.target ollama.service",
    ):
        assert line in unit.splitlines()
    assert "SupplementaryGroups" not in system_unit(COMMAND, {}, "mia")
    assert "PrivateDevices=" not in unit


@pytest.mark.parametrize("whose", ["user", "system"])
def test_systemd_finds_nothing_wrong_with_the_unit(whose: str, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["/bin/true", "serve"]
    text = user_unit(command, {}) if whose == "user" else system_unit(command, {"A": "b c"}, "root")
    unit = tmp_path / NAME
    unit.write_text(text)
    ended = subprocess.run(
        [verify, "verify", *(["--user"] if whose == "user" else []), str(unit)],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "initialize manager" in ended.stderr:
        pytest.skip("systemd-analyze cannot work here")
    assert (ended.returncode, ended.stderr) == (0, "")
