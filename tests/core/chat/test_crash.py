from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.core.chat.house import living

ROOT = Path(__file__).parents[3]
LONG_ENOUGH = 1500
"""Characters after which the process is killed: some two seconds of talking."""


def killed_in_the_middle(path: Path) -> list[tuple[float, int]]:
    """Let a process talk, kill it, and return when it had said how much, seen from its death."""
    said: list[tuple[float, int]] = []
    command = [sys.executable, "-m", "tests.core.chat.victim", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        for line in victim.stdout:
            at, length = line.split()
            said.append((float(at), int(length)))
            if said[-1][1] > LONG_ENOUGH:
                victim.kill()
                died = time.monotonic()
                break
    return [(died - at, length) for at, length in said]


async def test_a_killed_process_loses_at_most_a_second_of_text(tmp_path: Path) -> None:
    said = killed_in_the_middle(tmp_path / "db")
    async with living(tmp_path / "db") as house:
        [chat] = (await house.chat.list()).chats
        question, answer = (await house.chat.open(chat.id)).turns
        assert (question.text, answer.state) == ("Write 100000 tokens", "interrupted")
        assert (chat.state, chat.unread) == ("interrupted", True)
        a_second_before = max(length for ago, length in said if ago >= 1.0)
        assert a_second_before <= len(answer.text) <= said[-1][1] + 500
        assert (await house.jobs.plan()).waiting == ()
        assert answer.job_id is not None
        assert (await house.jobs.get(answer.job_id)).state == "cancelled"
        word = next(word for word in answer.text.split() if word.isalpha())
        assert answer.id in {hit.turn_id for hit in await house.chat.search(word)}
        assert (await house.say("Fine.", chat=chat.id)).state == "done"


async def test_what_had_not_begun_is_answered_by_the_next_process(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        script = house.next()
        sent = await house.chat.send(None, "Why?")
        await script.asked()
        # As a kill leaves it: the row says it is being loaded, the job says it runs.
        await house.turn(sent.answer.id, lambda found: found.state in ("loading", "reading"))
    async with living(tmp_path / "db") as house:
        assert (await house.ended(sent.answer)).state == "done"


async def test_a_question_that_waited_for_the_killed_answer_is_asked(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        script = house.next()
        first = await house.chat.send(None, "One?")
        await script.say("Yes")
        second = await house.chat.send(first.chat.id, "Two?")
        assert second.answer.job_id is None
        async with house.store.write() as tx:
            await tx.execute(
                "UPDATE chat_turn SET state = 'answering', text = 'Yes' WHERE id = ?", (first.answer.id,)
            )
        await house.clock.advance(1)
    async with living(tmp_path / "db") as house:
        assert (await house.chat.turn(first.answer.id)).state == "interrupted"
        assert (await house.ended(second.answer)).state == "done"


async def test_an_answer_whose_job_is_gone_does_not_wait_for_ever(tmp_path: Path) -> None:
    async with living(tmp_path / "db") as house:
        script = house.next()
        await house.chat.send(None, "One?")
        await script.asked()
        waiting = await house.chat.send(None, "Two?")
        async with house.store.write() as tx:
            await tx.execute("DELETE FROM job WHERE id = ?", (waiting.answer.job_id,))
    async with living(tmp_path / "db") as house:
        assert (await house.ended(waiting.answer)).state == "interrupted"
