from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.chat.search import query_of, words_of
from core.simulator import Script
from tests.core.chat.house import House


async def test_words_are_found_in_questions_answers_thinking_and_titles(house: House) -> None:
    house.next(Script.saying("Rayleigh scattering.", thinking=("Consider the wavelength.",)))
    sent = await house.chat.send(None, "Why is the sky blue?", model="thinker:8b")
    answer = await house.ended(sent.answer)
    chat = answer.chat_id

    async def found(text: str) -> list[tuple[str, int | None]]:
        return [(hit.part, hit.turn_id) for hit in await house.chat.search(text)]

    assert await found("RAYLEIGH") == [("answer", answer.id)]
    assert await found("wavelength") == [("thinking", answer.id)]
    assert await found("sky") == [("title", None), ("question", sent.question.id)]
    assert await found("scat") == [("answer", answer.id)]
    assert await found("Rayleigh sky") == []
    assert await found("nothing of that") == []
    await house.chat.rename(chat, "Of light")
    assert await found("light") == [("title", None)]


async def test_a_snippet_shows_what_was_found_and_where(house: House) -> None:
    await house.say("word " * 100 + "the Needle in it " + "word " * 100)
    [hit] = await house.chat.search("needle")
    [(start, end)] = hit.marks
    assert hit.snippet[start:end] == "Needle"
    assert len(hit.snippet) < 300
    assert (hit.role, hit.title) == ("assistant", "Why?")


async def test_accents_and_cases_do_not_matter(house: House) -> None:
    await house.say("Die Übung war très bien.", question="Äpfel?")
    for text in ("ubung", "ÜBUNG", "tres", "äpfel"):
        assert await house.chat.search(text), text


async def test_what_comes_to_the_answer_later_is_found_too(house: House) -> None:
    script = house.next()
    sent = await house.chat.send(None, "Hello")
    await script.say("Alpha")
    await house.chat.stop(sent.answer.id)
    assert [hit.turn_id for hit in await house.chat.search("alpha")] == [sent.answer.id]
    house.next(Script.saying(" and beta"))
    await house.chat.continue_answer(sent.answer.id)
    await house.ended(sent.answer)
    for word in ("alpha", "beta"):
        assert [hit.turn_id for hit in await house.chat.search(word)] == [sent.answer.id]


async def test_a_deleted_chat_is_found_again_only_when_it_is_back(house: House) -> None:
    answer = await house.say("Needle.")
    await house.chat.delete(answer.chat_id)
    assert await house.chat.search("needle") == ()
    await house.chat.undo_delete(answer.chat_id)
    assert len(await house.chat.search("needle")) == 1


async def test_what_is_gone_for_good_leaves_nothing_in_the_index(house: House) -> None:
    answer = await house.say("Needle.")
    await house.chat.delete(answer.chat_id)
    await house.clock.advance(8 * 86400)
    await house.chat._upkeep.purge()
    found = await house.store.read("SELECT count(*) FROM chat_search WHERE chat_search MATCH 'needle'")
    assert found[0][0] == 0
    async with house.store.write() as tx:
        await tx.execute("INSERT INTO chat_search (chat_search) VALUES ('integrity-check')")


async def test_rare_words_come_before_common_ones_and_answers_before_thinking(house: House) -> None:
    await house.say("needle " + "hay " * 50, question="One")
    best = await house.say("needle needle", question="Two")
    assert (await house.chat.search("needle"))[0].turn_id == best.id


HOSTILE = [
    "", " ", '"', "'", '""', "*", "^", "-", "NEAR", "AND", "OR NOT", "a AND", "(", ")", "{", "text:",
    "thinking : x", "a*b", '"a" "', "NEAR(a b, 5)", "%", "_", "\0", "\x02\x03", "a\0b", "--",
    "; DROP TABLE chat", "a" * 100_000, "x " * 10_000, "🙂", "\ud800", "北京", "é̂", "ß",
    "İ", "+-+", "col:^a", "\\", "rank MATCH",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_query_is_an_error(house: House, text: str) -> None:
    await house.say("a b text needle AND 北京 ß")
    await house.chat.search(text)


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_every_text_makes_a_query_of_quoted_words(text: str) -> None:
    words = words_of(text)
    if words:
        query = query_of(words)
        assert query.count('"') == 2 * len(words)
        assert query.endswith("*")


async def test_a_page_has_the_length_that_was_asked_for(house: House) -> None:
    for _ in range(4):
        await house.say("needle")
    assert len(await house.chat.search("needle", limit=3)) == 3
    assert await house.chat.search("needle", limit=0) == ()
