"""The command as a process: what only a process shows."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.cli.servers import Connection, closed_port, ollama, serving
from tests.fakes.terminal import Terminal

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))
HEAVY = {
    "textual",
    "rich",
    "lancedb",
    "pyarrow",
    "httpx",
    "asyncio",
    "starlette",
    "uvicorn",
    "tomlkit",
    "psutil",
}
HEAVY |= {"pynvml", "msgspec", "sqlite3", "dataclasses", "argparse", "logging"}


def surroundings(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OLLAMA", "LEITSTAND", "NO_"))
    }
    return {**kept, "LEITSTAND_HOME": str(home), **(more or {})}


def leitstand(home: Path, *argv: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [LEITSTAND, *argv],
        env=surroundings(home, environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@contextmanager
def started(home: Path, *argv: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [LEITSTAND, *argv],
        env=surroundings(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("--help",), 0),
        (("status", "--help"), 0),
        (("--version",), 0),
        (("statsu",), 2),
        (("status", "--oneline", "--host", "127.0.0.1:9"), 3),
    ],
)
def test_what_must_be_quick_imports_nothing_heavy(tmp_path: Path, argv: tuple[str, ...], code: int) -> None:
    program = f"""
import sys
sys.argv[1:] = {list(argv)!r}
from tui.__main__ import main
code = main()
print(code, *{{name.split(".")[0] for name in sys.modules}}, file=sys.stderr)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    number, *modules = ended.stderr.splitlines()[-1].split()
    assert int(number) == code
    assert not HEAVY & set(modules)


def test_a_verb_that_talks_to_the_server_needs_no_screens(tmp_path: Path) -> None:
    program = """
import sys
sys.argv[1:] = ["status", "--json", "--host", "127.0.0.1:9"]
from tui.__main__ import main
assert main() == 3
assert not {"textual", "rich", "lancedb", "pyarrow", "starlette"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], env=surroundings(tmp_path), timeout=60, check=True)


def test_the_module_is_the_command(tmp_path: Path) -> None:
    module = subprocess.run(
        [sys.executable, "-m", "tui", "--version"],
        env=surroundings(tmp_path),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert module.stdout == leitstand(tmp_path, "--version").stdout


@pytest.mark.parametrize("argv", [("status",), ("status", "--json"), ("status", "--oneline"), ("doctor",)])
def test_not_one_control_byte_reaches_stdout(tmp_path: Path, argv: tuple[str, ...]) -> None:
    evil = "\x1b]52;c;eA==\x07\x1b[31m\x9b2J\x90q\x9c\u202e\r\x00"
    models = [{"name": f"[red]x{evil}", "size": 5, "details": {"quantization_level": evil}}]
    with serving(ollama(f"0.33.0{evil}", models)) as port:
        ended = leitstand(tmp_path, *argv, "--host", f"127.0.0.1:{port}")
    text = ended.stdout.decode("utf-8")
    assert ended.returncode == 0
    assert ended.stderr == b""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "0.33.0" in text


def test_a_simulated_server_is_a_server_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with started(tmp_path, "simulate", "--port", "0", "--instant", "--version", "0.12.6", "--json") as server:
        assert server.stdout
        assert server.stderr
        url = json.loads(server.stdout.readline())["url"]
        status = leitstand(tmp_path, "status", "--json", "--host", url)
        assert status.returncode == 0
        assert json.loads(status.stdout)["server"] == {
            "url": url,
            "state": "online",
            "version": "0.12.6",
            "demo": False,
        }
        # A status line waits less than a second for anybody: on a busy machine some are in vain.
        lines = (leitstand(tmp_path, "status", "--oneline", "--host", url) for _ in range(20))
        seen = next((line for line in lines if line.returncode != 3), None)
        assert seen is not None
        assert seen.stdout.decode() == "● 0.12.6 no model\n"
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130
        assert json.loads(server.stdout.read())["error"]["code"] == "cancelled"
        assert server.stderr.read() == ""


def test_a_service_manager_can_stop_it(tmp_path: Path) -> None:
    with started(tmp_path, "simulate", "--port", "0") as server:
        assert server.stdout
        assert server.stderr
        assert server.stdout.readline().startswith("http://127.0.0.1:")
        server.terminate()
        assert server.wait(30) == 130
        assert server.stderr.read() == "leitstand: Cancelled.\n"


def test_ctrl_c_while_a_server_is_silent_is_one_sentence(tmp_path: Path) -> None:
    asked = threading.Event()

    def silent(connection: Connection) -> None:
        connection.request()
        asked.set()
        connection.fall_silent()

    with serving(silent) as port, started(tmp_path, "status", "--host", f"127.0.0.1:{port}") as command:
        assert asked.wait(30)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=30)
    assert (command.returncode, out, err) == (130, "", "leitstand: Cancelled.\n")


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with serving(ollama()) as port:
        ended = leitstand(tmp_path, "simulate", "--port", str(port))
    assert ended.returncode == 2
    assert b"--port" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [LEITSTAND, "config", "example"],
            env=surroundings(tmp_path),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_once(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [LEITSTAND, "--version"],
            env=surroundings(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == b"leitstand: The answer cannot be written: No space left on device.\n"


def test_without_any_stdout_the_number_still_counts(tmp_path: Path) -> None:
    command = 'exec "$0" status --oneline --host 127.0.0.1:9 >&- 2>&-'
    ended = subprocess.run(
        ["sh", "-c", command, LEITSTAND], env=surroundings(tmp_path), timeout=60, check=False
    )
    assert ended.returncode == 3


def test_a_reader_of_ascii_gets_ascii(tmp_path: Path) -> None:
    host = f"127.0.0.1:{closed_port()}"
    for argv in (("status", "--oneline"), ("status",), ("status", "--json")):
        ended = leitstand(tmp_path, *argv, "--host", host, PYTHONIOENCODING="ascii")
        assert ended.returncode == 3
        assert ended.stdout.isascii()
        assert b"?" not in ended.stdout


def test_the_screens_need_a_terminal(tmp_path: Path) -> None:
    ended = leitstand(tmp_path, "--demo")
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.startswith(b"leitstand: The screens need a terminal")
    assert b"leitstand --help" in ended.stderr


def test_a_dumb_terminal_has_verbs_but_no_screens(tmp_path: Path) -> None:
    with Terminal([LEITSTAND], environment={"TERM": "dumb", "LEITSTAND_HOME": str(tmp_path)}) as terminal:
        assert terminal.wait() == 2
        assert "leitstand: This terminal cannot be drawn on" in terminal.screen.text
        assert b"\x1b" not in terminal.output


def test_a_terminal_gets_styles_and_nothing_else_does(tmp_path: Path) -> None:
    environment = {"LEITSTAND_HOME": str(tmp_path), "TERM": "xterm-256color"}
    with Terminal([LEITSTAND, "status", "--host", "127.0.0.1:9"], environment=environment) as terminal:
        assert terminal.wait() == 3
        assert b"\x1b[31m" in terminal.output
    assert b"\x1b" not in leitstand(tmp_path, "status", "--host", "127.0.0.1:9").stdout


def test_a_crash_in_the_screens_is_told_as_any_other(tmp_path: Path) -> None:
    program = """
import sys, tui.start
def broken(*a, **k): raise RuntimeError("what somebody wrote")
tui.start.run = broken
sys.argv[1:] = []
from tui.__main__ import main
sys.exit(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=surroundings(tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"leitstand: Leitstand itself has a fault: RuntimeError")
    assert b"what somebody wrote" not in ended.stderr + (tmp_path / "data" / "leitstand.log").read_bytes()
