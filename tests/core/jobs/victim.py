"""A queue under load whose process is killed again and again, and what is left of its work.

    python -m tests.core.jobs.victim HOME ROUNDS SEED

Prints as JSON how many jobs were accepted, which of them are lost, which ran again after they were
known to be done, and in which states they were left in the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.bus import Bus
from core.clock import SystemClock
from core.config.schema import Queue
from core.jobs.context import JobContext
from core.jobs.service import JobService
from core.jobs.types import JobChanged, JobFilter, NewJob
from core.store.database import Database
from core.tasks import Tasks

SETTINGS = Queue(inference_width=3, network_width=3)


async def _open(home: Path, say: Callable[[str, int], None]) -> tuple[Database, Bus, JobService]:
    database = await Database.open(home / "leitstand.db", clock=SystemClock())
    bus = Bus()
    jobs = JobService(database, bus, Tasks(bus), SystemClock(), settings=lambda: SETTINGS)
    chance = random.Random()

    async def work(context: JobContext) -> int:
        say("runs", context.job.id)
        context.progress(percent=50.0)
        await asyncio.sleep(chance.choice([0.0, 0.001, 0.01]))
        return context.job.id

    jobs.handle("turn", "inference", work)
    jobs.handle("pull", "network", work)
    return database, bus, jobs


async def _live(home: Path, report: int) -> None:
    def say(what: str, id: int) -> None:
        os.write(report, f"{what} {id}\n".encode())

    database, bus, jobs = await _open(home, say)
    for row in await database.read("SELECT id FROM job WHERE state = 'done'"):
        say("done", row["id"])
    say("begins", 0)

    async def ask(name: str) -> None:
        for number in range(sys.maxsize):
            new = NewJob(kind="pull" if number % 3 == 0 else "turn", title=name, model=f"m{number % 4}")
            if number % 5 == 0:
                async with database.write() as tx:
                    job = await jobs.enqueue(new, tx)
            else:
                job = await jobs.enqueue(new)
            say("accepted", job.id)

    async def listen() -> None:
        with bus.subscribe() as mailbox:
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, JobChanged) and event.job.state == "done":
                        say("done", event.job.id)

    await asyncio.gather(listen(), jobs.start(), *(ask(f"caller {number}") for number in range(3)))


def _fork(home: Path) -> tuple[int, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        with suppress(BaseException):
            asyncio.run(_live(home, writing))
        os._exit(1)
    os.close(writing)
    return pid, os.fdopen(reading)


async def _drain(home: Path) -> dict[str, str]:
    """Let everything that is left run to its end; return the state of every job by number."""
    database, _, jobs = await _open(home, lambda *_: None)
    await jobs.start()
    states: dict[str, str] = {}
    for job in await jobs.list(JobFilter(limit=10**9)):
        states[str(job.id)] = (await jobs.finished(job.id)).state
    await jobs.stop()
    await database.close()
    return states


def torment(home: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Kill the process *rounds* times, at any moment; return what became of what it had accepted."""
    chance = random.Random(seed)
    accepted: set[int] = set()
    done: set[int] = set()
    ran_again: list[int] = []

    def hear(line: str) -> None:
        what, id = line.split()
        if what == "accepted":
            accepted.add(int(id))
        elif what == "done":
            done.add(int(id))
        elif what == "runs" and int(id) in done:
            ran_again.append(int(id))

    for _ in range(rounds):
        pid, lines = _fork(home)
        while (line := lines.readline()) != "begins 0\n":
            hear(line)
        for _ in range(chance.randrange(200)):
            hear(lines.readline())
        os.kill(pid, signal.SIGKILL)
        for line in lines:
            hear(line)
        os.waitpid(pid, 0)
        lines.close()
    states = asyncio.run(_drain(home))
    return {
        "accepted": len(accepted),
        "lost": sorted(accepted - {int(id) for id in states}),
        "ran again": ran_again,
        "gaps": sorted(set(range(1, len(states) + 1)) - {int(id) for id in states}),
        "states": Counter(states.values()),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(torment(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))) + "\n")
