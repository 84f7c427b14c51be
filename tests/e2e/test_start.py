"""The real command in a real terminal: what keeps it from starting, and how it ends."""

from __future__ import annotations

import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))
GIVEN_BACK = b"\x1b[?1049l"


def start(home: Path, *arguments: str, **environment: str | None) -> Terminal:
    """Start the screens on a home of their own, with nobody at the server's address."""
    around = {"LEITSTAND_HOME": str(home), "OLLAMA_HOST": "127.0.0.1:9", **environment}
    return Terminal([LEITSTAND, *arguments], environment=around, rows=30, columns=110)


def test_without_a_server_it_explains_itself_and_offers_the_demonstration(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.until("AI temporarily unavailable")
        terminal.send("\x1bd")  # alt+d
        # The offer speaks of the demonstration, too: it is there once the offer is gone.
        terminal.until(
            lambda: "unavailable" not in (shown := terminal.screen.text) and "demonstration" in shown
        )
        terminal.send("\x11")  # ctrl+q
        assert terminal.wait() == 0
        assert GIVEN_BACK in terminal.output


def test_the_demonstration_is_marked_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with start(tmp_path, "--demo", TMPDIR=str(tmp_path)) as terminal:
        terminal.until("demonstration")
        terminal.send("\x11")
        assert terminal.wait() == 0
    assert list(tmp_path.glob("leitstand-demo-*")) == []
    assert not (tmp_path / "data").exists()


def test_a_second_one_on_the_same_data_shows_the_same_and_leaves_the_first_alone(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        first.until("unavailable")
        with start(tmp_path) as second:
            second.until("unavailable")
            second.send("\x11")
            assert second.wait() == 0
        assert first.exit_code is None


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.until("unavailable")
        terminal.send("\x11")
        assert terminal.wait() == 0
    path = tmp_path / "data" / "leitstand.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    before = path.read_bytes()
    with start(tmp_path) as terminal:
        assert terminal.wait() == 4
        assert "newer" in terminal.screen.text
        assert "Traceback" not in terminal.screen.text
    assert path.read_bytes() == before


def test_a_damaged_database_is_kept_aside_with_a_notice(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "leitstand.db").write_bytes(b"this was a database once" * 400)
    with start(tmp_path) as terminal:
        terminal.until("damaged")
        terminal.send("\x11")
        assert terminal.wait() == 0
    kept = list((tmp_path / "data").glob("leitstand.db.damaged-*"))
    assert [path.read_bytes()[:24] for path in kept] == [b"this was a database once"]


def test_a_wrong_configuration_starts_with_the_default_for_that_key_only(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[ui]\ntheme = "purple"\nglyphs = "ascii"\n')
    with start(tmp_path, "--screen", "settings") as terminal:
        terminal.until("Line 2")
        assert "●" not in terminal.screen.text
        terminal.send("\x11")
        assert terminal.wait() == 0
    assert (tmp_path / "config.toml").read_text() == '[ui]\ntheme = "purple"\nglyphs = "ascii"\n'


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        ((), {"TERM": "dumb"}, 2, "cannot be drawn on"),
        (("--screen", "nowhere"), {}, 2, "no screen called nowhere"),
        (("--data", "/dev/null/x"), {}, 4, "/dev/null"),
        (("--host", "http://[bad"), {}, 2, "address"),
        (("--nonsense",), {}, 2, "nonsense"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence_with_its_number(
    arguments: tuple[str, ...], environment: dict[str, str], code: int, words: str, tmp_path: Path
) -> None:
    with start(tmp_path, *arguments, **environment) as terminal:
        assert terminal.wait() == code
        assert words in terminal.screen.text
        assert "Traceback" not in terminal.screen.text


def test_a_window_that_is_too_small_shows_what_goes_on_in_short_until_it_is_larger(tmp_path: Path) -> None:
    environment = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:9"}
    with Terminal([LEITSTAND], environment=environment, rows=6, columns=30) as terminal:
        terminal.until("30×6; pages from 40×10")
        terminal.until("away")
        terminal.resize(24, 80)
        terminal.until("Ask anything")
        terminal.send("typed")
        terminal.resize(3, 20)
        terminal.until(lambda: "pages from" in terminal.screen.text and "Ask" not in terminal.screen.text)
        terminal.resize(24, 80)
        terminal.until("typed")
        terminal.send("\x11")
        assert terminal.wait() == 0


def test_the_question_is_written_on_in_an_editor_and_comes_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho EDITING; read -r line; printf "%s" "$line" >> "$1"\n')
    editor.chmod(0o700)
    with start(tmp_path, VISUAL=str(editor)) as terminal:
        terminal.until("unavailable")
        terminal.send("first")
        terminal.until("first")
        terminal.send("\x1bv")  # alt+v
        terminal.until("EDITING")
        assert GIVEN_BACK in terminal.output
        terminal.send("-then\n")
        terminal.until("first-then")
        terminal.send("\x11")
        assert terminal.wait() == 0
    assert [path for path in tmp_path.rglob("edit-*") if path.is_file()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_gives_the_terminal_back(
    number: signal.Signals, tmp_path: Path
) -> None:
    with start(tmp_path) as terminal:
        terminal.until("unavailable")
        terminal.signal(number)
        assert terminal.wait() == 128 + number
        assert GIVEN_BACK in terminal.output
    log = (tmp_path / "data" / "leitstand.log").read_text()
    assert log.rstrip().endswith("closed")


def test_a_lost_connection_ends_it(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.until("unavailable")
        terminal.hang_up()
        terminal.wait()
    assert (tmp_path / "data" / "leitstand.log").read_text().rstrip().endswith("closed")


def test_it_suspends_and_comes_back_painted(tmp_path: Path) -> None:
    with start(tmp_path, "--screen", "settings") as terminal:
        terminal.until("unavailable")
        terminal.send("\x1a")
        if not terminal.stopped():
            pytest.skip("this terminal has no job control")
        mark = terminal.mark()
        terminal.signal(signal.SIGCONT)
        terminal.until(lambda: b"Settings" in terminal.since(mark))


def test_everything_it_writes_is_private(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.until("unavailable")
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        folders = [path for path in tmp_path.rglob("*") if path.is_dir()]
        assert files
        assert {path.name: oct(path.stat().st_mode & 0o077) for path in (*files, *folders)} == {
            path.name: "0o0" for path in (*files, *folders)
        }
