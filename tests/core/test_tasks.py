from __future__ import annotations

import asyncio
import logging
import queue
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

from core.bus import Bus, Mailbox, Notice
from core.errors import LeitstandError, StreamCut
from core.tasks import Tasks, Threads, place

SECRET = "the patient's name"
ROOT = Path(__file__).parents[2]


class Stuck:
    """A call that blocks its thread until the gate opens, and tells the loop when it has begun."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.gate = threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        self._loop.call_soon_threadsafe(self.entered.set)
        self.gate.wait()


async def _crash(error: BaseException) -> None:
    raise error


async def _notice(box: Mailbox) -> Notice:
    async with asyncio.timeout(10):
        (notice,) = await box.drain()
    assert isinstance(notice, Notice)
    return notice


async def test_work_has_a_name_while_it_runs() -> None:
    tasks, gate = Tasks(Bus()), asyncio.Event()

    async def work() -> int:
        await gate.wait()
        return 7

    task = tasks.spawn("counting", work())
    other = tasks.spawn("adding", work())
    assert tasks.names == ["adding", "counting"]
    gate.set()
    assert (await task, await other) == (7, 7)
    await asyncio.sleep(0)
    assert tasks.names == []


async def test_a_crash_becomes_a_notice_and_a_log_line_without_private_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = Bus()
    with bus.subscribe() as box, caplog.at_level(logging.DEBUG):
        task = Tasks(bus).spawn("indexing", _crash(ValueError(SECRET)))
        notice = await _notice(box)
    assert notice.level == "error"
    assert "indexing" in notice.text
    assert "ValueError" in notice.text
    assert SECRET not in notice.text + notice.hint + caplog.text
    assert "test_tasks.py:" in caplog.text
    assert task.done()


async def test_an_error_of_ours_is_told_in_its_own_words(caplog: pytest.LogCaptureFixture) -> None:
    bus = Bus()
    with bus.subscribe() as box, caplog.at_level(logging.DEBUG):
        Tasks(bus).spawn("answering", _crash(StreamCut("The answer broke off.", "Ask again.")))
        notice = await _notice(box)
    assert (notice.level, notice.text, notice.hint) == ("error", "The answer broke off.", "Ask again.")
    assert "stream_cut" in caplog.text


async def test_cancelling_is_no_crash() -> None:
    bus = Bus()
    tasks = Tasks(bus)
    with bus.subscribe() as box:
        task = tasks.spawn("waiting", asyncio.Event().wait())
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
        assert len(box) == 0
    assert len(tasks) == 0


async def test_close_lets_work_finish_within_its_grace() -> None:
    tasks, gate, finished = Tasks(Bus()), asyncio.Event(), []

    async def work() -> None:
        await gate.wait()
        finished.append(True)

    tasks.spawn("saving", work())
    closing = asyncio.create_task(tasks.close(grace=60))
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(10):
        await closing
    assert finished == [True]


async def test_close_cancels_what_goes_on_and_waits_for_its_end() -> None:
    tasks, cleaned = Tasks(Bus()), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    task = tasks.spawn("watching", work())
    await asyncio.sleep(0)
    await tasks.close(grace=0)
    assert task.cancelled()
    assert cleaned == [True]


async def test_close_is_bounded_when_a_task_ignores_its_cancellation() -> None:
    tasks, gate = Tasks(Bus()), asyncio.Event()

    async def stubborn() -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn("refusing", stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await tasks.close(grace=0)
    assert not task.done()
    gate.set()
    await task


async def test_close_is_bounded_when_a_thread_is_stuck() -> None:
    tasks, stuck = Tasks(Bus()), Stuck()
    task = tasks.spawn("reading a dead disk", tasks.in_thread(stuck))
    await stuck.entered.wait()
    async with asyncio.timeout(20):
        await tasks.close(grace=0)
    assert task.cancelled()
    stuck.gate.set()


async def test_a_task_may_close_the_others_without_waiting_for_itself() -> None:
    tasks = Tasks(Bus())
    other = tasks.spawn("watching", asyncio.Event().wait())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await tasks.spawn("quitting", tasks.close(grace=0))
    assert other.cancelled()


async def test_after_close_no_work_is_taken() -> None:
    tasks = Tasks(Bus())
    await tasks.close()
    with pytest.raises(LeitstandError, match="closing"):
        tasks.spawn("late", asyncio.sleep(0))


async def test_in_thread_returns_what_the_function_returned() -> None:
    tasks = Tasks(Bus())
    assert await tasks.in_thread(divmod, 7, 2) == (3, 1)
    assert await tasks.in_thread(int, "ff", base=16) == 255
    assert await tasks.in_thread(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize("raised", [ValueError("no"), StreamCut("cut"), KeyError("k")])
async def test_in_thread_raises_what_the_function_raised(raised: Exception) -> None:
    def fail() -> None:
        raise raised

    with pytest.raises(type(raised)) as caught:
        await Tasks(Bus()).in_thread(fail)
    assert caught.value is raised


async def test_an_exhausted_iterator_in_a_thread_is_a_fault_and_not_a_wait_for_ever() -> None:
    empty: list[int] = []
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await Tasks(Bus()).in_thread(next, iter(empty))


async def test_a_cancelled_wait_leaves_its_thread_usable() -> None:
    tasks, stuck = Tasks(Bus()), Stuck()
    waiting = asyncio.create_task(tasks.in_thread(stuck))
    await stuck.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    stuck.gate.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*(tasks.in_thread(abs, -n) for n in range(20))) == list(range(20))


async def test_threads_are_few_and_used_again() -> None:
    tasks = Tasks(Bus())
    used = {await tasks.in_thread(threading.current_thread) for _ in range(100)}
    used |= set(await asyncio.gather(*(tasks.in_thread(threading.current_thread) for _ in range(100))))
    assert len(used) <= 8
    assert all(thread.daemon and thread.name.startswith("leitstand-") for thread in used)


def test_threads_with_nothing_to_do_end_and_no_call_is_lost_to_one_that_ends() -> None:
    threads = Threads(3, rest=0.0)
    met: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    for _ in range(500):
        for _ in range(5):
            threads.submit(lambda: met.put(threading.current_thread()))
        for thread in [met.get(timeout=10) for _ in range(5)]:
            thread.join(10)
            assert not thread.is_alive()


def test_a_thread_that_waits_keeps_nothing_of_its_last_call_alive() -> None:
    class Large:
        def __call__(self) -> None:
            pass

    threads, gone = Threads(1, rest=60.0), threading.Event()
    call = Large()
    weakref.finalize(call, gone.set)
    threads.submit(call)
    del call
    assert gone.wait(10)


async def test_calls_wait_for_a_thread_when_all_are_taken() -> None:
    tasks, gate = Tasks(Bus()), threading.Event()
    blocking = [asyncio.create_task(tasks.in_thread(gate.wait)) for _ in range(8)]
    queued = asyncio.create_task(tasks.in_thread(abs, -1))
    await asyncio.sleep(0)
    assert not queued.done()
    gate.set()
    async with asyncio.timeout(10):
        assert all(await asyncio.gather(*blocking))
        assert await queued == 1


def test_a_thread_that_never_returns_does_not_delay_the_exit() -> None:
    program = """
import asyncio, threading
from core.bus import Bus
from core.tasks import Tasks

async def main():
    entered = threading.Event()
    tasks = Tasks(Bus())
    tasks.spawn("stuck", tasks.in_thread(lambda: (entered.set(), threading.Event().wait())))
    while not entered.is_set():
        await asyncio.sleep(0)
    await tasks.close(grace=0)
    print("closed")

asyncio.run(main())
"""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")
    assert time.monotonic() - started < 30


def test_a_place_is_a_file_and_a_line() -> None:
    with pytest.raises(ValueError) as caught:
        int("x")
    assert place(caught.value).startswith("test_tasks.py:")
    assert place(ValueError("never raised")) == "unknown"
