"""Processes that are killed: faces in the middle of an answer, hosts in the middle of everything."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.chat.types import TurnDelta
from core.daemon.client import AttachedEngine
from core.daemon.hosting import attached, running
from core.engine import Options
from core.errors import ConnectionLost
from core.simulator import Pace, Script, Setup, Simulator, toy
from tests.core.cli.simulated import simulated
from tests.core.daemon.house import CONFIG, House, house, prepared
from tests.waiting import until

ROUNDS = 100 if os.environ.get("LEITSTAND_BENCH_FULL") else 20


async def test_faces_cut_off_in_the_middle_again_and_again_leave_every_answer_whole(home: House) -> None:
    sent = []
    for number in range(ROUNDS):
        face = await home.face()
        script = home.simulator.next(Script(), route="chat")
        with face.bus.subscribe(TurnDelta) as mailbox:
            sent.append((await face.chat.send(None, f"Question {number}")).answer.id)
            await script.say("First words, ")
            await mailbox.drain()
        # As a killed process: no goodbye, the socket is simply gone.
        assert face._line is not None
        face._line.hang_up()
        await script.say("last words.")
        await script.finish()
        await face.close()
    await until(lambda: home.host.faces == 0)
    last = await home.face()
    for id in sent:
        await until_ended(last, id)
    turns = [await last.chat.turn(id) for id in sent]
    assert {(turn.state, turn.text) for turn in turns} == {("done", "First words, last words.")}


async def until_ended(face: AttachedEngine, id: int) -> None:
    while not (await face.chat.turn(id)).ended:  # noqa: ASYNC110 - what is asked is another process
        await asyncio.sleep(0.01)


@contextmanager
def serving(options: Options) -> Iterator[subprocess.Popen[str]]:
    """A host in a process of its own; ready when this returns."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "tui", "serve", "--json"],
        cwd="/",
        env={**os.environ, **options.environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert '"ready": true' in process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.fixture
def options(tmp_path: Path) -> Iterator[Options]:
    simulator = Simulator(Setup(installed=(toy(),)), pace=Pace(rate=200, load=1e12, settle=0))
    folder = prepared(tmp_path / "h", CONFIG.replace("qwen3:8b", "toy"))
    with simulated(simulator) as address:
        yield Options(
            environment={"LEITSTAND_HOME": str(folder), "HOME": str(folder), "OLLAMA_HOST": address}
        )


async def test_nothing_acknowledged_is_lost_when_the_host_is_killed_and_faces_go_on_at_the_next(
    options: Options,
) -> None:
    with serving(options) as host:
        face = await asyncio.to_thread(attached, options)
        await face.start()
        try:
            chats = [(await face.chat.create(title=f"Chat {number}")).id for number in range(20)]
            answer = (await face.chat.send(chats[0], "Write 300 tokens")).answer.id
            with face.bus.subscribe(TurnDelta) as mailbox:
                await mailbox.drain()
            downloads = [(await face.downloads.pull("llama3.2:1b")).id]
            await face.chat.set_draft(chats[1], "half a thought")
            host.kill()
            host.wait()
            await until(lambda: face.link.phase == "gone")
            with pytest.raises(ConnectionLost):
                await face.chat.get(chats[0])
            with serving(options):
                await until(lambda: face.link.phase == "attached")
                assert {chat.id for chat in (await face.chat.list()).chats} >= set(chats)
                assert (await face.chat.draft(chats[1])).text == "half a thought"
                await until_ended(face, answer)
                # What had not been written down when it died is said anew; what had been is kept.
                assert (await face.chat.turn(answer)).state in {"done", "interrupted"}
                assert [(await face.downloads.get(id)).unfinished for id in downloads] == [True]
        finally:
            await face.close()


async def test_an_answer_goes_on_at_the_next_host_when_it_is_handed_over(tmp_path: Path) -> None:
    async with house(tmp_path / "h") as first:
        face = await first.face()
        script = first.simulator.next(Script(), route="chat")
        with face.bus.subscribe(TurnDelta) as mailbox:
            answer = (await face.chat.send(None, "Why?")).answer.id
            await script.say("Because of")
            await mailbox.drain()
        await first.host.close(0.0, goes_on=True)
        async with house(
            tmp_path / "h", before=lambda each: each.next(Script.saying(" Rayleigh."))
        ) as second:
            face = await second.face()
            await until_ended(face, answer)
            turn = await face.chat.turn(answer)
            assert (turn.state, turn.text) == ("done", "Because of Rayleigh.")


async def test_a_command_that_asks_whether_somebody_runs_hears_no(options: Options) -> None:
    assert await asyncio.to_thread(running, options) is None
