from __future__ import annotations

import io
import re
import signal
from pathlib import Path

import pytest

from core.cli import main
from core.cli.context import Context
from core.cli.main import Faces
from core.version import VERSION
from tests.core.cli import faulty
from tests.core.cli.running import leitstand, no_checks, no_screens


@pytest.fixture
def _faulty_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "VERBS", faulty.VERBS)


faulty_verbs = pytest.mark.usefixtures("_faulty_verbs")


def test_without_a_verb_the_screens_open_with_what_was_asked() -> None:
    seen: list[Context] = []

    def screens(context: Context) -> int:
        seen.append(context)
        return 5

    argv = ("--demo", "--screen", "gauges", "--plain-output", "--data", "d", "--config", "c", "--host", "h")
    assert leitstand(*argv, screens=screens, environment={"X": "1"}).code == 5
    [context] = seen
    options = context.options
    assert (options.data, options.config, options.host, options.demo) == ("d", "c", "h", True)
    assert options.environment["X"] == "1"
    assert (context.values["screen"], context.values["plain_output"]) == ("gauges", True)


def test_the_version_is_text_or_json() -> None:
    assert leitstand("--version").out == f"leitstand {VERSION}\n"
    assert leitstand("--version", "--json").json == {"version": VERSION}


def test_wrong_usage_is_a_sentence_on_stderr() -> None:
    ended = leitstand("statsu")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "leitstand: leitstand has no verb 'statsu'.\nDid you mean status?\n"


def test_wrong_usage_is_json_for_a_script() -> None:
    ended = leitstand("statsu", "--json")
    assert (ended.code, ended.err) == (2, "")
    assert ended.json["error"]["code"] == "usage"


def test_a_group_alone_names_its_verbs() -> None:
    ended = leitstand("config")
    assert ended.code == 2
    assert "It has: get, set, unset, list, path, check, example, edit." in ended.err


def test_the_screens_are_not_json() -> None:
    assert leitstand("--json").code == 2


@faulty_verbs
def test_a_verb_answers_with_its_own_number() -> None:
    ended = leitstand("seven", "--data", "here", environment={"X": "y"})
    assert ended.code == 7
    assert ended.json == {"options": "here", "environment": "y"}


@faulty_verbs
def test_an_error_becomes_its_number() -> None:
    ended = leitstand("refuse")
    assert (ended.code, ended.out, ended.err) == (4, "", "leitstand: There is no space.\nMake some.\n")
    assert leitstand("refuse", "--json").json["error"]["code"] == "disk_full"


@faulty_verbs
def test_ctrl_c_is_one_sentence() -> None:
    ended = leitstand("interrupted")
    assert (ended.code, ended.out, ended.err) == (130, "half\n", "leitstand: Cancelled.\n")


@faulty_verbs
def test_being_terminated_ends_in_order() -> None:
    ended = leitstand("terminated")
    assert (ended.code, ended.out, ended.err) == (130, "closed in order\n", "leitstand: Cancelled.\n")


@faulty_verbs
def test_a_lost_terminal_is_heeded_unless_somebody_wants_it_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert leitstand("hung_up").code == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert leitstand("hung_up").code == 130


@faulty_verbs
def test_a_fault_of_ours_is_a_sentence_and_a_report_without_anything_private(tmp_path: Path) -> None:
    ended = leitstand("crash", home=tmp_path)
    log = tmp_path / "data" / "leitstand.log"
    assert ended.code == 1
    assert re.match(
        r"leitstand: Leitstand itself has a fault: RuntimeError at \S*faulty.py:\d+\.\n", ended.err
    )
    assert str(log) in ended.err
    assert "Traceback" not in ended.err
    report = log.read_text()
    assert "RuntimeError" in report
    assert faulty.SECRET not in report + ended.err + ended.out


@faulty_verbs
def test_a_fault_without_a_place_for_its_report_is_still_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    ended = leitstand("crash", home=tmp_path)
    assert ended.code == 1
    assert "LEITSTAND_DEBUG=1" in ended.err


@faulty_verbs
def test_who_looks_for_a_fault_sees_it() -> None:
    with pytest.raises(RuntimeError):
        leitstand("crash", environment={"LEITSTAND_DEBUG": "1"})


class Gone(io.StringIO):
    """The reader went away."""

    def flush(self) -> None:
        raise BrokenPipeError


class Full(io.StringIO):
    """The disk is full."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_reader_that_has_had_enough_is_no_failure() -> None:
    err = io.StringIO()
    assert main.run(["--version"], Faces(no_screens, no_checks), Gone(), err, {}) == 0
    assert err.getvalue() == ""


@pytest.mark.parametrize("argv", [["--version"], ["statsu", "--json"]])
def test_an_answer_that_cannot_be_written_is_said_on_stderr(argv: list[str]) -> None:
    err = io.StringIO()
    assert main.run(argv, Faces(no_screens, no_checks), Full(), err, {}) == 1
    assert err.getvalue() == "leitstand: The answer cannot be written: No space left on device.\n"
