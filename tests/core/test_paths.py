from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import DataDirectoryError
from core.paths import Paths, make_private, open_private


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"HOME": "/home/a"},
            (
                "/home/a/.local/share/leitstand",
                "/home/a/.config/leitstand/config.toml",
                "/home/a/.cache/leitstand",
                "/home/a/.local/state/leitstand/run",
            ),
        ),
        (
            {
                "HOME": "/home/a",
                "XDG_DATA_HOME": "/d",
                "XDG_CONFIG_HOME": "/c",
                "XDG_CACHE_HOME": "/k",
                "XDG_RUNTIME_DIR": "/run/user/1",
            },
            ("/d/leitstand", "/c/leitstand/config.toml", "/k/leitstand", "/run/user/1/leitstand"),
        ),
        (
            # The specification asks to ignore relative and empty values.
            {
                "HOME": "/home/a",
                "XDG_DATA_HOME": "d",
                "XDG_CONFIG_HOME": "",
                "XDG_RUNTIME_DIR": "run",
                "XDG_STATE_HOME": "/s",
            },
            (
                "/home/a/.local/share/leitstand",
                "/home/a/.config/leitstand/config.toml",
                "/home/a/.cache/leitstand",
                "/s/leitstand/run",
            ),
        ),
        (
            {"HOME": "/home/a", "LEITSTAND_HOME": "/own", "XDG_DATA_HOME": "/d"},
            ("/own/data", "/own/config.toml", "/own/cache", "/own/run"),
        ),
        (
            {"HOME": "/home/a", "LEITSTAND_HOME": "  "},
            (
                "/home/a/.local/share/leitstand",
                "/home/a/.config/leitstand/config.toml",
                "/home/a/.cache/leitstand",
                "/home/a/.local/state/leitstand/run",
            ),
        ),
    ],
)
def test_places_follow_the_environment(
    environment: dict[str, str], expected: tuple[str, str, str, str]
) -> None:
    assert tuple(map(str, Paths.find(environment))) == expected


def test_arguments_go_before_the_environment() -> None:
    paths = Paths.find({"LEITSTAND_HOME": "/own"}, data="/elsewhere", config="/my.toml")
    assert paths == (Path("/elsewhere"), Path("/my.toml"), Path("/own/cache"), Path("/own/run"))


def test_relative_arguments_mean_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths.find({"LEITSTAND_HOME": "own"}, data="data", config="my.toml")
    assert paths == (tmp_path / "data", tmp_path / "my.toml", tmp_path / "own/cache", tmp_path / "own/run")


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a")
    assert Paths.find({"LEITSTAND_HOME": "~/own"}, data="~/data").data == Path("/home/a/data")
    assert Paths.find({"LEITSTAND_HOME": "~/own"}).data == Path("/home/a/own/data")


def test_the_files_of_a_data_directory_are_in_it() -> None:
    paths = Paths.find({"LEITSTAND_HOME": "/own"})
    names = {paths.database, paths.lock, paths.log}
    assert len(names) == 3
    assert {name.parent for name in names} == {Path("/own/data")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_directory_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = make_private(tmp_path / "data")
    finally:
        os.umask(before)
    assert _mode(made) == 0o700


def test_parents_are_made_and_a_second_time_is_fine(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b" / "data"
    assert make_private(wanted) == make_private(wanted) == wanted
    assert _mode(wanted) == 0o700


@pytest.mark.parametrize("name", ["leitstand", "anything"])
def test_an_empty_directory_that_others_can_enter_is_closed_to_them(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(mode=0o755)
    assert _mode(make_private(tmp_path / name)) == 0o700


def test_our_own_directory_is_closed_to_others_even_when_it_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "leitstand").mkdir(mode=0o755)
    (tmp_path / "leitstand" / "leitstand.db").touch()
    assert _mode(make_private(tmp_path / "leitstand")) == 0o700


def test_a_directory_that_holds_other_things_keeps_its_permissions(tmp_path: Path) -> None:
    # `--config ~/my.toml` must not close a home directory, nor /etc.
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "notes.txt").touch()
    assert make_private(home) == home
    assert _mode(home) == 0o755


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("file", "is a file, not a directory"), ("file/below", "cannot be used"), ("x" * 300, "cannot be used")],
)
def test_what_cannot_be_a_directory_is_said_clearly(tmp_path: Path, path: str, sentence: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(DataDirectoryError, match=sentence) as caught:
        make_private(tmp_path / path)
    assert caught.value.hint
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every directory")
def test_a_directory_that_cannot_be_entered_is_said_clearly(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    with pytest.raises(DataDirectoryError, match="cannot be read and written"):
        make_private(closed)


def test_a_private_file_is_readable_by_its_owner_only_and_not_inherited(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        with open(path, "w", opener=open_private) as file:
            file.write("x")
            assert not os.get_inheritable(file.fileno())
    finally:
        os.umask(before)
    assert _mode(path) == 0o600
