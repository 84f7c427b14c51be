"""Text from outside through the real command in a real terminal: shown, never obeyed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal

LEITSTAND = str(Path(sys.executable).with_name("leitstand"))

EVIL = (
    "[red]x[/] [@click=app.quit]y[/] \x1b]52;c;ZXZpbA==\x07 \x1b]0;title\x07 \x1b[31mred "
    "\x9b35mc1 \x90q\x9c \u202egnp.exe \u2066iso\u2069 \x1b[2J " + "w" * 10_000
)
FORBIDDEN = [
    b"\x1b]52",
    b"\x1b]0;",
    b"\x1b[31mred",
    b"\x1b[2J ",
    "\x9b".encode(),
    b"\x9b35",
    "\x90".encode(),
    "\u202e".encode(),
    "\u2066".encode(),
    b"ZXZpbA==\x07",
]


def assert_harmless(output: bytes) -> None:
    """Nothing of it arrived as something a terminal obeys."""
    assert [sequence for sequence in FORBIDDEN if sequence in output] == []


@asynccontextmanager
async def server(status: str, kind: str, body: bytes) -> AsyncIterator[int]:
    """Answer every request the same way."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        ("200 OK", "application/json", json.dumps({"version": EVIL}).encode()),
        ("500 Oops", "application/json", json.dumps({"error": EVIL}).encode()),
        ("200 OK", "text/html", f"<html><title>{EVIL}</title></html>".encode()),
    ],
    ids=["version", "error", "page"],
)
@pytest.mark.parametrize("page", ["settings", "health"])
async def test_what_a_server_says_is_shown_and_not_obeyed(
    status: str, kind: str, body: bytes, page: str, tmp_path: Path
) -> None:
    async with server(status, kind, body) as port:
        environment = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": f"127.0.0.1:{port}"}
        with Terminal(
            [LEITSTAND, "--screen", page], environment=environment, rows=30, columns=110
        ) as terminal:
            await terminal.shows("Leitstand")
            await terminal.shows(
                lambda: "connecting" not in terminal.screen.text and "starting" not in terminal.screen.text
            )
            terminal.settle(0.3)
            assert_harmless(terminal.output)
            assert terminal.exit_code is None


def test_what_a_configuration_says_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    quoted = json.dumps(EVIL[:900])
    (tmp_path / "config.toml").write_text(
        f'[ui]\ntheme = {quoted}\n{quoted} = 1\n[keys]\n"app.help" = {quoted}\n', encoding="utf-8"
    )
    environment = {"LEITSTAND_HOME": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:9"}
    with Terminal(
        [LEITSTAND, "--screen", "settings"], environment=environment, rows=30, columns=110
    ) as terminal:
        terminal.until("unavailable")
        terminal.settle(0.3)
        assert_harmless(terminal.output)
        terminal.send("\x1b[20~")  # F9
        # The settings speak of the configuration, too: that stands here once this page can be checked again.
        terminal.until(lambda: all(each in terminal.screen.text for each in ("check again", "configuration")))
        terminal.settle(0.3)
        assert_harmless(terminal.output)


def test_a_hostile_data_directory_is_named_harmlessly(tmp_path: Path) -> None:
    place = tmp_path / "a\x1b]52;c;x\x07b[red]"
    place.mkdir()
    (place / "data").write_text("a file where a folder should be")
    with Terminal([LEITSTAND], environment={"LEITSTAND_HOME": str(place)}) as terminal:
        assert terminal.wait() == 4
        assert_harmless(terminal.output)
        assert "not a directory" in terminal.screen.text
