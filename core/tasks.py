"""One owner of every background task and every thread.

A task that crashes becomes a notice and a log entry, never silence and never the end of the program.
`close` stops new work, lets what runs finish within its grace, then cancels the rest.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from core.bus import Bus, Notice
from core.errors import LeitstandError

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("leitstand.tasks")


class Threads:
    """A few daemon threads for blocking calls; a call that never returns does not delay the exit."""

    def __init__(self, width: int = 8, rest: float = 10.0) -> None:
        self._width = width
        self._rest = rest
        """Seconds after which a thread with nothing to do ends."""
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        """Threads that wait, less the calls that nobody has taken yet."""
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], None]) -> None:
        """Run *call* on a thread; it must not raise."""
        with self._lock:
            if self._idle == 0 and self._threads < self._width:
                name = f"leitstand-{self._threads + 1}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
                self._threads += 1
            else:
                self._idle -= 1
        self._jobs.put(call)

    def _work(self) -> None:
        while True:
            try:
                call = self._jobs.get(timeout=self._rest)
            except queue.Empty:
                with self._lock:
                    if self._idle > 0:
                        self._idle -= 1
                        self._threads -= 1
                        return
                continue  # a call is on its way
            call()
            # What it holds (and what that holds) must not live on while the thread waits.
            del call
            with self._lock:
                self._idle += 1


class Tasks:
    """Starts, names and ends background work."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._threads = Threads()
        self._closing = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def names(self) -> list[str]:
        """What is running, for the health screen."""
        return sorted(self._tasks.values())

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *work* in the background under a name people understand."""
        if self._closing:
            work.close()
            raise LeitstandError("Leitstand is closing and takes no new work.")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        name = self._tasks.pop(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, LeitstandError):
            self._bus.publish(Notice("error", error.message, error.hint))
            log.warning("%s failed: %s", name, error.code)
        else:
            # The type and the place, not the text: an exception may quote what a person wrote.
            self._bus.publish(
                Notice("error", f"{name} stopped by a fault: {type(error).__name__}.", "See the log.")
            )
            log.error("%s crashed: %s at %s", name, type(error).__name__, place(error))

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function on a thread: the one door for that."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(setter: Callable[[], None]) -> None:
            def settle() -> None:
                if not future.done():
                    setter()

            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the loop closed while the call ran
                log.debug("a thread outlived its loop")

        def call() -> None:
            try:
                result = function(*args, **kwargs)
            except StopIteration:
                # A future refuses to carry it, and whoever waits would wait for ever.
                fault = RuntimeError(f"{getattr(function, '__qualname__', 'a call')} raised StopIteration")
                deliver(lambda: future.set_exception(fault))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the awaiting side gets it
                failure = error
                deliver(lambda: future.set_exception(failure))
            else:
                deliver(lambda: future.set_result(result))

        self._threads.submit(call)
        return await future

    async def close(self, grace: float = 5.0) -> None:
        """Let what runs finish for *grace* seconds, then cancel it and wait for its end."""
        self._closing = True
        current = asyncio.current_task()
        running = [task for task in self._tasks if task is not current]
        if running and grace > 0:
            await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        if running:
            # Bounded: a task that refuses to be cancelled must not hold the terminal.
            await asyncio.wait(running, timeout=2.0)


def place(error: BaseException) -> str:
    """Where an exception was raised, as file:line, without its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (
        "unknown"
        if trace is None
        else f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
    )
