from __future__ import annotations

import stat
from pathlib import Path

from core.cli import crash

SECRET = "what somebody wrote"


def fail(text: str) -> None:
    if text:
        raise ValueError(text)


def fault() -> Exception:
    try:
        try:
            fail(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError as error:
        return error
    raise AssertionError("it did not fail")


def test_a_report_says_where_and_never_what() -> None:
    lines = list(crash.report(fault(), at=0.0))
    assert lines[0].startswith("1970-01-01 00:00:00 UTC ERROR leitstand.crash: Leitstand ")
    text = "\n".join(lines)
    assert "RuntimeError" in text
    assert "ValueError" in text
    assert "cli/test_crash.py:" in text
    assert SECRET not in text
    assert str(Path(__file__).parents[3]) not in text


def test_every_fault_of_a_group_is_reported() -> None:
    group = ExceptionGroup(SECRET, [fault(), KeyError(SECRET)])
    text = "\n".join(crash.report(group, at=0.0))
    assert "ExceptionGroup" in text
    assert "KeyError" in text
    assert SECRET not in text


def test_a_cause_that_leads_back_to_itself_ends() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert len(list(crash.report(one, at=0.0))) == 3


def test_it_is_kept_in_a_private_file_after_what_is_there(tmp_path: Path) -> None:
    log = tmp_path / "data" / "leitstand.log"
    assert crash.keep(fault(), log, 0.0)
    assert crash.keep(fault(), log, 1.0)
    assert log.read_text().count("UTC ERROR") == 2
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_no_second_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not crash.keep(fault(), tmp_path / "file" / "leitstand.log", 0.0)
