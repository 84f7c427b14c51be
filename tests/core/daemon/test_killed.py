"""Processes that are killed: faces in the middle of an answer, hosts in the middle of everything."""

from __future__ import annotations

import asyncio
import json
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
from tests.core.daemon.victims import pulled
from tests.core.models.workshop import sized
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[3]
ROUNDS = 5


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


async def test_whatever_faces_had_begun_when_they_were_killed_is_whole_afterwards(tmp_path: Path) -> None:
    caught, ended = await killed(tmp_path / "h", 3)
    assert caught == 3
    assert ended == {("answer", "done", 100), ("download", "done", 100)}


async def killed(home: Path, count: int) -> tuple[int, set[tuple[str, str, float]]]:
    """Kill so many faces, each a process, in the middle of an answer and a download; what became of both."""
    prepared(home, CONFIG.replace("qwen3:8b", "toy") + "[queue]\ninference_width = 8\nnetwork_width = 4\n")
    fetched = tuple(sized(pulled(number), 0.2) for number in range(3 * count))
    simulator = Simulator(
        Setup(installed=(toy(),), pullable=fetched), pace=Pace(rate=50, load=1e12, settle=0, pull=1e8)
    )
    with simulated(simulator) as address:
        environment = {"LEITSTAND_HOME": str(home), "HOME": str(home), "OLLAMA_HOST": address}
        with serving(Options(environment=environment)):
            command = [sys.executable, "-m", "tests.core.daemon.victims", str(count)]
            done = await asyncio.to_thread(
                subprocess.run,
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                check=True,
            )
            victims = [json.loads(line) for line in done.stdout.splitlines()]
            face = await asyncio.to_thread(attached, Options(environment=environment))
            await face.start()
            try:
                return sum(each["caught"] for each in victims), {
                    ended for each in victims for ended in await _ends(face, each)
                }
            finally:
                await face.close()


async def _ends(face: AttachedEngine, victim: dict[str, int]) -> list[tuple[str, str, float]]:
    await until_ended(face, victim["turn"])
    while (await face.downloads.get(victim["download"])).unfinished:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    turn = await face.chat.turn(victim["turn"])
    download = await face.downloads.get(victim["download"])
    said = (turn.stats.tokens if turn.stats else None) or 0
    return [("answer", turn.state, said), ("download", download.state, download.percent or 0.0)]


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
            await until(lambda: face.link.phase == "gone", within=100)
            with pytest.raises(ConnectionLost):
                await face.chat.get(chats[0])
            with serving(options):
                await until(lambda: face.link.phase == "attached", within=100)
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
