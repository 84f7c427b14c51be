from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.chat.titles import LONGEST, from_answer, from_text
from core.chat.types import Chat
from core.simulator import Script
from tests.core.chat.house import House, living


@pytest.fixture
async def naming(tmp_path: Path) -> AsyncIterator[House]:
    async with living(tmp_path / "db", title_by_model=True) as house:
        yield house


async def named(house: House, id: int) -> Chat:
    """Wait until the model has found a title."""
    with house.bus.subscribe() as mailbox:
        while (chat := await house.chat.get(id)).title_source == "text":
            await mailbox.drain()
        return chat


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("\n\n# Heading\ntext", "Heading"),
        ("> quoted", "quoted"),
        ("**bold** and `code` words.", "bold and code words"),
        ("```\n\n", ""),
        ("   ", ""),
        ("word " * 40, f"{'word ' * 10}word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
    ],
)
def test_a_title_is_the_beginning_of_the_question(text: str, title: str) -> None:
    assert from_text(text) == title
    assert len(from_text(text)) <= LONGEST


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("The colour of the sky", "The colour of the sky"),
        ('"The colour of the sky."', "The colour of the sky"),
        ("**Title:** The sky", "The sky"),
        ("Titel: Der Himmel", "Der Himmel"),
        ("\n\nThe sky\n\nI chose this because …", "The sky"),
        ("Sure! Here is a title for this conversation that is as short as I could make it:", ""),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_a_title_is_taken_out_of_what_the_model_said(answer: str, title: str) -> None:
    assert from_answer(answer) == title


async def test_the_model_names_a_chat_when_it_is_idle(naming: House) -> None:
    answer = await naming.say("Because of scattering.", question="Why is the sky blue?")
    naming.next(Script.saying("Colour of the sky"))
    await naming.clock.advance(10)
    chat = await named(naming, answer.chat_id)
    assert (chat.title, chat.title_source) == ("Colour of the sky", "model")
    request = naming.asked()[-1]
    assert "Why is the sky blue?" in request["messages"][0]["content"]
    assert request["options"]["num_ctx"] == naming.asked()[0]["options"]["num_ctx"]


async def test_a_name_given_by_a_person_is_never_replaced(naming: House) -> None:
    answer = await naming.say("Because.")
    await naming.chat.rename(answer.chat_id, "Mine")
    await naming.clock.advance(10)
    while (await naming.jobs.plan()).waiting or (await naming.jobs.plan()).running:
        await naming.clock.advance(1)
    assert (await naming.chat.get(answer.chat_id)).title == "Mine"
    assert len(naming.asked()) == 1


async def test_a_name_given_while_the_model_thinks_of_one_stays(naming: House) -> None:
    answer = await naming.say("Because.")
    script = naming.next()
    await naming.clock.advance(10)
    await script.asked()
    await naming.chat.rename(answer.chat_id, "Mine")
    await script.say("Other")
    await script.finish()
    [job] = [job for job in await naming.jobs.list() if job.kind == "chat.title"]
    await naming.jobs.finished(job.id)
    assert (await naming.chat.get(answer.chat_id)).title == "Mine"


async def test_looking_for_a_name_makes_way_for_a_question(naming: House) -> None:
    answer = await naming.say("Because.")
    script = naming.next()
    await naming.clock.advance(10)
    await script.asked()
    await script.say("Half")
    assert (await naming.say("Yes.", question="And?", chat=answer.chat_id)).state == "done"
    await script.closed()
    naming.next(Script.saying("Of the sky"))
    await naming.clock.advance(10)
    assert (await named(naming, answer.chat_id)).title == "Of the sky"


async def test_not_finding_a_name_is_no_failure(naming: House) -> None:
    answer = await naming.say("Because.")
    naming.simulator.fault("crash@chat")
    await naming.clock.advance(10)
    [job] = [job for job in await naming.jobs.list() if job.kind == "chat.title"]
    assert (await naming.jobs.finished(job.id)).state == "done"
    assert (await naming.chat.get(answer.chat_id)).title_source == "text"
