from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import TextIO, cast

import pytest
from textual import events
from textual.message import Message

from tests.tui.terminal.sample import Sample
from tui.terminal.driver import QUESTION, TerminalDriver
from tui.terminal.options import TerminalOptions
from tui.terminal.outlet import Outlet, vanished


class Heard(TerminalDriver):
    """A driver of which the messages are kept."""

    def __init__(self, app: Sample) -> None:
        super().__init__(app)
        self.messages: list[Message] = []
        self.answers: list[float] = []
        self.keys = 0
        self.on_answer = self.answers.append
        self.on_key = self._count

    def _count(self) -> None:
        self.keys += 1

    def send_message(self, message: Message) -> None:
        self.messages.append(message)

    def hear(self, *messages: Message) -> list[str]:
        """Let the input thread find these; return the keys that go on to the app."""
        self.messages.clear()
        for message in messages:
            self.process_message(message)
        return [message.key for message in self.messages if isinstance(message, events.Key)]


@pytest.fixture
async def driver() -> Heard:
    return Heard(Sample(TerminalOptions(acknowledged=True)))


async def test_an_answer_is_counted_and_goes_no_further(driver: Heard) -> None:
    assert driver.ask((4, 20)) == QUESTION
    assert driver.hear(events.CursorPosition(4, 20)) == []
    await asyncio.sleep(0)
    assert len(driver.answers) == 1
    assert driver.messages == []


async def test_a_clamped_answer_still_counts(driver: Heard) -> None:
    driver.ask((90, 30))
    driver.hear(events.CursorPosition(39, 9))
    await asyncio.sleep(0)
    assert len(driver.answers) == 1


async def test_a_key_that_looks_like_an_answer_stays_a_key(driver: Heard) -> None:
    assert driver.hear(events.CursorPosition(1, 0)) == ["shift+f3"]
    driver.ask((4, 20))
    assert driver.hear(events.CursorPosition(4, 0)) == ["ctrl+f3"]
    assert driver.hear(events.CursorPosition(4, 20)) == []
    await asyncio.sleep(0)
    assert len(driver.answers) == 1


async def test_an_answer_from_the_first_row_is_believed_when_it_was_asked_for(driver: Heard) -> None:
    driver.ask((3, 0))
    assert driver.hear(events.CursorPosition(3, 0)) == []


async def test_an_answer_nobody_waits_for_never_becomes_a_key(driver: Heard) -> None:
    assert driver.hear(events.CursorPosition(30, 12)) == []


async def test_keys_get_their_names_and_hurry_the_next_frame(driver: Heard) -> None:
    heard = driver.hear(events.Key("shift+\r", "\r"), events.Key("ctrl+j", "j"), events.Key("a", "a"))
    assert heard == ["shift+enter", "ctrl+j", "a"]
    assert [key.character for key in driver.messages if isinstance(key, events.Key)] == [None, None, "a"]
    await asyncio.sleep(0)
    assert driver.keys == 3


async def test_nothing_is_written_while_the_terminal_belongs_to_another(driver: Heard) -> None:
    driver.write("lost")
    assert driver.waiting == 0
    assert not driver.active


async def test_a_terminal_that_never_answers_is_not_waited_for_at_the_end(
    driver: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    driver.ask((0, 0))
    assert driver._awaited()
    now[0] += 3
    assert not driver._awaited()


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    os.close(slave)


def test_a_hang_up_is_seen(ends: tuple[int, int]) -> None:
    master, slave = ends
    assert not vanished(slave)
    os.close(master)
    assert vanished(slave)


class Stream:
    """A stream to one end of a pty."""

    encoding = "utf-8"

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd


async def test_a_terminal_that_takes_nothing_is_let_go_and_gets_the_last_words(ends: tuple[int, int]) -> None:
    master, slave = ends
    outlet = Outlet(cast("TextIO", Stream(slave)))
    outlet.open()
    outlet.write("x" * 1_000_000)
    sending = asyncio.get_running_loop().run_in_executor(None, outlet.flush)
    await asyncio.wait([sending], timeout=0.3)
    assert not sending.done()
    outlet.give_up()
    await asyncio.wait_for(sending, 5)
    outlet.last_words("given back")
    outlet.close()
    taken = b""
    while not taken.endswith(b"given back"):
        taken += os.read(master, 100_000)
    assert len(taken) < 100_000
    assert os.get_blocking(slave), "the stream that others share waits as before"
    os.close(master)


def test_a_terminal_that_is_gone_swallows_everything(ends: tuple[int, int]) -> None:
    master, slave = ends
    outlet = Outlet(cast("TextIO", Stream(slave)))
    outlet.open()
    os.close(master)
    outlet.write("x" * 100_000)
    outlet.flush()
    outlet.last_words("x")
    outlet.close()
