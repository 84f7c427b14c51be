from __future__ import annotations

from tests.core.chat.house import House


async def test_an_answer_streams_and_is_kept(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Why is the sky blue?")
    assert sent.answer.state == "queued"
    assert sent.chat.title == "Why is the sky blue?"
    await script.say("Because ")
    await script.say("it is.")
    await script.finish(eval_count=2)
    done = await house.ended(sent.answer)
    assert (done.state, done.text) == ("done", "Because it is.")
    assert done.stats is not None
    assert done.stats.tokens == 2
