from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import LeitstandError
from core.store import opening
from core.store.migrate import MIGRATIONS, load, version_of
from core.store.opening import Opened, damage, open_database
from tests.core.store.files import NAME, NOW, bytes_of, killed, said

ROOT = Path(__file__).parents[3]
ASIDE = f"{NAME}.damaged-20260101-120000"
Spoil = Callable[[bytes], bytes]


def _open(path: Path) -> Opened:
    return open_database(path, now=NOW)


def _texts(path: Path) -> list[str]:
    with closing(_open(path).connection) as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM said ORDER BY id")]


def _noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _cut(size: int) -> object:
    return pytest.param(lambda whole: whole[:size], id=f"cut-to-{size}")


def _page(number: int, content: bytes) -> object:
    start = number * 4096
    return pytest.param(
        lambda whole: whole[:start] + content + whole[start + len(content) :],
        id=f"page-{number}-{content[:1].hex()}",
    )


DAMAGED = [
    *map(_cut, (1, 16, 99, 100, 512, 4095, 4096, 4097, 40_960, 100_001)),
    *(_page(number, _noise(4096, number)) for number in (0, 1, 2, 3, 17, 50)),
    *(_page(number, bytes(4096)) for number in (0, 1, 2, 17)),
    *(_page(number, b"\xff" * 512) for number in (1, 17)),
    pytest.param(lambda whole: b"not a database at all\n", id="text"),
    pytest.param(lambda whole: _noise(50_000, 1), id="noise"),
    pytest.param(lambda whole: b"SQLite format 3\0" + _noise(20_000, 2), id="noise-behind-the-magic"),
    pytest.param(lambda whole: whole[:4096] + whole[8192:], id="a-page-lost"),
    pytest.param(lambda whole: bytes(len(whole)), id="zeroes"),
]


@pytest.mark.parametrize("spoil", DAMAGED)
def test_a_damaged_file_is_kept_aside_and_a_new_database_started(path: Path, spoil: Spoil) -> None:
    spoilt = spoil(path.read_bytes())
    path.write_bytes(spoilt)
    opened = _open(path)
    with closing(opened.connection) as connection:
        assert version_of(connection) == len(load())
    (notice,) = opened.notices
    aside = path.with_name(ASIDE)
    assert str(aside) in notice
    assert aside.read_bytes() == spoilt
    assert _open(path).notices == ()


def test_no_flipped_byte_of_the_header_loses_or_changes_anything(path: Path) -> None:
    whole = path.read_bytes()
    expected = [said(number) for number in range(500)]
    for at in range(100):
        for file in path.parent.iterdir():
            file.unlink()
        spoilt = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        path.write_bytes(spoilt)
        try:
            opened = _open(path)
        except LeitstandError:
            assert path.read_bytes() == spoilt
            continue
        opened.connection.close()
        if opened.notices:
            assert path.with_name(ASIDE).read_bytes() == spoilt
        else:
            assert _texts(path) == expected


def test_a_second_damaged_file_in_the_same_second_does_not_overwrite_the_first(path: Path) -> None:
    for content in (b"first", b"second", b"third"):
        path.write_bytes(content)
        _open(path).connection.close()
    kept = [path.with_name(ASIDE), path.with_name(f"{ASIDE}-2"), path.with_name(f"{ASIDE}-3")]
    assert [file.read_bytes() for file in kept] == [b"first", b"second", b"third"]


def test_the_log_of_a_damaged_file_goes_with_it(path: Path, tmp_path: Path) -> None:
    left = killed(tmp_path / "killed", path)
    log = left.with_name(f"{NAME}-wal")
    content = log.read_bytes()
    left.write_bytes(_noise(8192, 3))
    (notice,) = _open(left).notices
    assert str(left.with_name(ASIDE)) in notice
    assert left.with_name(f"{ASIDE}-wal").read_bytes() == content


def test_a_log_without_its_file_is_kept_aside(path: Path, tmp_path: Path) -> None:
    left = killed(tmp_path / "killed", path)
    log = left.with_name(f"{NAME}-wal")
    content = log.read_bytes()
    left.unlink()
    (notice,) = _open(left).notices
    assert str(left.with_name(ASIDE)) in notice
    assert left.with_name(f"{ASIDE}-wal").read_bytes() == content


@pytest.mark.parametrize(
    "spoil", [lambda log: _noise(len(log), 4), lambda log: log[: len(log) // 2], lambda _: b"x"]
)
def test_a_torn_log_costs_only_what_was_in_it(path: Path, tmp_path: Path, spoil: Spoil) -> None:
    left = killed(tmp_path / "killed", path)
    log = left.with_name(f"{NAME}-wal")
    log.write_bytes(spoil(log.read_bytes()))
    assert _texts(left)[:500] == [said(number) for number in range(500)]


def test_a_kill_while_a_damaged_file_is_moved_aside_loses_nothing(path: Path, tmp_path: Path) -> None:
    left = killed(tmp_path / "template", path)
    left.write_bytes(b"damaged" * 1000)
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.store.victim", "opens", left.parent, tmp_path / "s", MIGRATIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(moments) > 8
    wanted = sorted(bytes_of(left.parent).values())
    for moment in moments:
        files = [file.read_bytes() for file in Path(moment["home"]).iterdir() if ".damaged-" in file.name]
        assert sorted(content for content in files if content in wanted) == wanted


def _spoil_a_page(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: 50 * 4096] + _noise(4096, 5) + whole[51 * 4096 :])


def test_a_large_file_that_was_closed_in_order_is_not_read_as_a_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "ALWAYS_CHECKED", 0)
    _spoil_a_page(path)
    opened = _open(path)
    with closing(opened.connection) as connection:
        assert (opened.notices, opened.check_due) == ((), False)
        assert damage(connection, path)


def test_a_large_file_is_read_as_a_whole_after_a_crash(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "ALWAYS_CHECKED", 0)
    left = killed(tmp_path / "killed", path)
    _spoil_a_page(left)
    assert len(_open(left).notices) == 1


def test_a_huge_file_is_checked_later_after_a_crash(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "CHECKED_AFTER_CRASH", 0)
    left = killed(tmp_path / "killed", path)
    opened = _open(left)
    opened.connection.close()
    assert (opened.notices, opened.check_due) == ((), True)


def test_a_huge_file_that_was_cut_is_noticed_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "ALWAYS_CHECKED", 0)
    path.write_bytes(path.read_bytes()[: 60 * 4096])
    assert len(_open(path).notices) == 1
