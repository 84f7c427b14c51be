from __future__ import annotations

import asyncio
import threading

import pytest

from core.telemetry.lanes import ThreadLane
from core.telemetry.probes import Ask


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


async def until(condition: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await condition.wait()


async def test_an_answer_comes_back_on_the_loop_from_another_thread() -> None:
    answered = asyncio.Event()
    seen: list[tuple[object, str, str]] = []

    def read(ask: Ask) -> object:
        return ask.now * 2, threading.current_thread().name

    def deliver(answer: object, question: Ask) -> None:
        seen.append((answer, threading.current_thread().name, str(question.now)))
        answered.set()

    lane = ThreadLane("test", read, deliver)
    assert "leitstand-test" not in threads()
    assert lane.ask(Ask(21.0))
    await until(answered)
    assert seen == [((42.0, "leitstand-test"), threading.main_thread().name, "21.0")]
    lane.close()


async def test_one_question_at_a_time() -> None:
    release, answered = threading.Event(), asyncio.Event()
    lane = ThreadLane("busy", lambda ask: release.wait(10), lambda answer, question: answered.set())
    assert lane.ask(Ask(0.0))
    assert not lane.ask(Ask(1.0))
    release.set()
    await until(answered)
    answered.clear()
    assert lane.ask(Ask(2.0))
    await until(answered)
    lane.close()


async def test_a_probe_that_raises_answers_nothing_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[object] = []
    answered = asyncio.Event()

    def read(ask: Ask) -> object:
        if ask.now == 0:
            raise RuntimeError("private words")
        return "fine"

    def deliver(answer: object, question: Ask) -> None:
        answers.append(answer)
        answered.set()

    lane = ThreadLane("faulty", read, deliver)
    for moment in (0.0, 1.0):
        answered.clear()
        lane.ask(Ask(moment))
        await until(answered)
    lane.close()
    assert answers == [None, "fine"]
    assert "RuntimeError" in caplog.text
    assert "private" not in caplog.text


async def test_closing_waits_for_nobody_and_the_last_word_is_said_on_the_thread() -> None:
    release, ended = threading.Event(), threading.Event()
    answers: list[object] = []
    lane = ThreadLane(
        "closing", lambda ask: release.wait(10), lambda answer, question: answers.append(answer)
    )
    lane.ask(Ask(0.0))
    lane.close(ended.set)
    assert not ended.is_set()
    release.set()
    assert ended.wait(10)
    await asyncio.sleep(0)
    assert answers == []


async def test_its_thread_does_not_hold_the_program() -> None:
    release, answered = threading.Event(), asyncio.Event()
    lane = ThreadLane("daemon", lambda ask: release.wait(10), lambda answer, question: answered.set())
    lane.ask(Ask(0.0))
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "leitstand-daemon"] == [True]
    release.set()
    await until(answered)
    lane.close()


async def test_closing_a_lane_nobody_asked_starts_nothing() -> None:
    ThreadLane("unused", lambda ask: None, lambda answer, question: None).close()
    assert "leitstand-unused" not in threads()
