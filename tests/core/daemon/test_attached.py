"""The same object, local or attached: verbs, facts, errors, and what is read without waiting."""

from __future__ import annotations

import asyncio

import pytest

from core.bus import Event, Mailbox, Notice, Resync
from core.chat.following import applied
from core.chat.types import TurnChanged, TurnDelta
from core.config.types import ConfigChanged
from core.daemon.client import AttachedEngine
from core.errors import ConnectionLost, ContextExceeded, LeitstandError, NotFound, UsageError
from core.presence import LinkChanged
from core.simulator import Script
from tests.core.daemon.house import House
from tests.waiting import until


async def test_a_verb_answers_the_same_here_and_there(home: House) -> None:
    face = await home.face()
    made = await face.chat.create(title="From afar")
    assert await home.host.chat.get(made.id) == made == await face.chat.get(made.id)
    assert await face.models.list() == await home.host.models.list()
    assert await face.jobs.lanes() == await home.host.jobs.lanes()
    assert await face.config.all() == await home.host.config.all()


async def test_settings_and_server_are_known_before_anything_is_asked(home: House) -> None:
    face = await home.face()
    assert face.config.current == home.host.config.current
    assert face.server.current == home.host.server.current
    assert face.link.phase == "attached"


async def test_a_changed_setting_is_known_when_its_event_comes(home: House) -> None:
    face = await home.face()
    with face.bus.subscribe(ConfigChanged) as mailbox:
        await home.host.config.set("ui.theme", "leitstand-light")
        await until(lambda: len(mailbox))
        assert face.config.current.ui.theme == "leitstand-light"


@pytest.mark.parametrize(
    ("verb", "arguments", "kind"),
    [
        ("get", (4711,), NotFound),
        ("list", (), UsageError),
        ("rename", ("no number", "x"), UsageError),
    ],
)
async def test_an_error_comes_out_as_its_own_class_with_its_words(
    home: House, verb: str, arguments: tuple[object, ...], kind: type[LeitstandError]
) -> None:
    face = await home.face()
    named = {"limit": 0} if verb == "list" else {}
    with pytest.raises(kind) as there:
        await getattr(face.chat, verb)(*arguments, **named)
    assert type(there.value) is kind
    assert there.value.message


async def test_what_is_no_verb_cannot_be_reached(home: House) -> None:
    face = await home.face()
    for name in ("start", "recover", "close", "_desk", "nonsense"):
        with pytest.raises(AttributeError):
            getattr(face.chat, name)


async def test_an_answer_streams_to_every_face(home: House) -> None:
    one, two = await home.face(), await home.face()
    script = home.simulator.next(Script(), route="chat")
    with one.bus.subscribe() as first, two.bus.subscribe() as second:
        sent = await one.chat.send(None, "Why?")
        await script.say("Because ")
        await script.say("of Rayleigh.")
        await script.finish()
        texts = await asyncio.gather(
            _followed(one, first, sent.answer.id), _followed(two, second, sent.answer.id)
        )
    assert list(texts) == ["Because of Rayleigh."] * 2


async def _followed(face: AttachedEngine, mailbox: Mailbox, turn_id: int) -> str:
    """Snapshot, then follow, as a screen does."""
    turn = await face.chat.turn(turn_id)
    while not turn.ended:
        for event in await mailbox.drain():
            after = None if isinstance(event, Resync) else applied(turn, event)
            turn = after if after is not None else await face.chat.turn(turn_id)
    return turn.text


async def test_a_fact_from_before_an_answer_comes_before_it(home: House) -> None:
    face = await home.face()
    with face.bus.subscribe(Notice) as mailbox:
        for number in range(50):
            home.host.bus.publish(Notice("info", f"{number}"))
            await face.jobs.lanes()
            assert [event.text for event in mailbox.take() if isinstance(event, Notice)] == [f"{number}"]


async def test_leaving_a_face_stops_nothing(home: House) -> None:
    face = await home.face()
    script = home.simulator.next(Script(), route="chat")
    sent = await face.chat.send(None, "Why?")
    await script.say("Because")
    await face.close()
    await script.say(" it is.")
    await script.finish()
    other = await home.face()
    await until_done(other, sent.answer.id)
    assert (await other.chat.turn(sent.answer.id)).text == "Because it is."


async def until_done(face: AttachedEngine, turn_id: int) -> None:
    """Wait for the end of an answer."""
    with face.bus.subscribe(TurnChanged, TurnDelta) as mailbox:
        while not (await face.chat.turn(turn_id)).ended:
            await mailbox.drain()


async def test_when_the_host_ends_calls_fail_with_a_sentence_and_the_face_says_so(home: House) -> None:
    face = await home.face()
    seen: list[Event] = []
    with face.bus.subscribe(LinkChanged) as mailbox:
        await home.host.close()
        await until(lambda: face.link.phase == "lost")
        seen += mailbox.take()
    with pytest.raises(ConnectionLost, match="looked for"):
        await face.jobs.lanes()
    assert [event.state.phase for event in seen if isinstance(event, LinkChanged)] == ["lost"]


def test_every_error_travels_with_its_words() -> None:
    from core.daemon.frames import Fault
    from core.errors import BY_CODE

    for kind in BY_CODE.values():
        error = kind("What happened.", "What to do.")
        back = Fault.of(error).error()
        assert (type(back), back.message, back.hint) == (kind, "What happened.", "What to do.")
    assert ContextExceeded.code in BY_CODE
