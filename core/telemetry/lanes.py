"""Threads for calls that may never return: one question at a time, and nobody waits for the answer.

They are daemon threads on purpose: a driver that hangs must not keep the program from ending.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Protocol

from core.telemetry.probes import Ask

log = logging.getLogger("leitstand.telemetry")

Read = Callable[[Ask], object]
Deliver = Callable[[object, Ask], None]


class Lane(Protocol):
    """Answers questions one after another, somewhere else."""

    def ask(self, question: Ask) -> bool:
        """Put a question; False when the one before is not answered yet."""
        ...

    def close(self, last: Callable[[], None] | None = None) -> None:
        """Take no more questions; do *last* when the one that runs is answered."""
        ...


class MakeLane(Protocol):
    """How lanes are made: tests make some that answer at once."""

    def __call__(self, name: str, read: Read, deliver: Deliver) -> Lane:
        """Make one."""
        ...


class ThreadLane:
    """A lane on a thread of its own, which begins with the first question."""

    def __init__(self, name: str, read: Read, deliver: Deliver) -> None:
        self._name = name
        self._read = read
        self._deliver = deliver
        self._questions: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._thread: threading.Thread | None = None
        self._last: Callable[[], None] | None = None

    def ask(self, question: Ask) -> bool:
        """Put a question; its answer comes back on the loop that asked."""
        if self._busy:
            return False
        self._busy = True
        self._loop = asyncio.get_running_loop()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"leitstand-{self._name}", daemon=True)
            self._thread.start()
        self._questions.put(question)
        return True

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            answer = attempt(self._name, self._read, question)
            assert self._loop is not None
            try:
                self._loop.call_soon_threadsafe(self._answered, answer, question)
            except RuntimeError:  # the loop closed while the call ran
                return
        if self._last is not None:
            self._last()

    def _answered(self, answer: object, question: Ask) -> None:
        self._busy = False
        self._deliver(answer, question)

    def close(self, last: Callable[[], None] | None = None) -> None:
        """End the thread when its call returns, if ever."""
        self._last = last
        self._deliver = _nobody
        self._questions.put(None)


def attempt(name: str, read: Read, question: Ask) -> object:
    """Read; a probe that fails in a way nobody thought of costs its part of the picture only."""
    try:
        return read(question)
    except Exception as error:  # noqa: BLE001 - drivers and their bindings raise anything
        log.warning("the %s could not be read: %s", name, type(error).__name__)
        return None


def _nobody(answer: object, question: Ask) -> None:
    """Take an answer that comes after the end."""
