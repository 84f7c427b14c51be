from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from core.exposed import exposed, verbs


class Answer(msgspec.Struct, frozen=True):
    text: str


class Service:
    """Has verbs, and things that are none."""

    @exposed
    async def ask(self, text: str, limit: int = 3, *, tags: list[str] | None = None) -> Answer:
        """Ask something."""
        return Answer(text * limit)

    @exposed
    async def move(self, what: str = "it", *, to: int) -> None:
        """Move it."""

    @exposed
    async def follow(self, chat: int) -> AsyncIterator[Answer]:
        """Follow it."""
        yield Answer(str(chat))

    async def internal(self) -> None:
        """Nobody outside may call this."""

    def plain(self) -> None:
        """Not even async."""


class Child(Service):
    @exposed
    async def more(self) -> dict[str, Answer]:
        """More."""
        return {}


def _arguments(verb: str, given: dict[str, Any]) -> dict[str, Any]:
    return msgspec.structs.asdict(msgspec.convert(given, verbs(Service)[verb].params))


def test_only_marked_methods_are_verbs() -> None:
    assert sorted(verbs(Service)) == ["ask", "follow", "move"]


def test_a_verb_says_what_it_returns_and_whether_it_streams() -> None:
    ask, move, follow = (verbs(Service)[name] for name in ("ask", "move", "follow"))
    assert (ask.returns, ask.streams, ask.doc) == (Answer, False, "Ask something.")
    assert (move.returns, move.streams) == (type(None), False)
    assert (follow.returns, follow.streams) == (Answer, True)


@pytest.mark.parametrize(
    ("verb", "given", "arguments"),
    [
        ("ask", {"text": "a"}, {"text": "a", "limit": 3, "tags": None}),
        ("ask", {"text": "a", "limit": 1, "tags": ["x"]}, {"text": "a", "limit": 1, "tags": ["x"]}),
        ("move", {"to": 4}, {"what": "it", "to": 4}),
        ("follow", {"chat": 7}, {"chat": 7}),
    ],
)
def test_arguments_follow_the_signature_and_its_defaults(
    verb: str, given: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert _arguments(verb, given) == arguments


@pytest.mark.parametrize(
    ("verb", "given", "complaint"),
    [
        ("ask", {"text": "a", "colour": "red"}, "unknown field `colour`"),
        ("ask", {}, "missing required field `text`"),
        ("ask", {"text": 4}, "Expected `str`"),
        ("ask", {"text": "a", "tags": [1]}, r"Expected `str`, got `int` - at `\$.tags\[0\]`"),
        ("move", {"what": "x"}, "missing required field `to`"),
    ],
)
def test_what_does_not_fit_the_signature_is_refused_by_name(
    verb: str, given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        _arguments(verb, given)


async def test_the_arguments_of_a_call_survive_the_wire() -> None:
    verb = verbs(Service)["ask"]
    wire = msgspec.json.encode(verb.params(text="ab", limit=2))
    arguments = msgspec.structs.asdict(msgspec.json.decode(wire, type=verb.params))
    assert await Service().ask(**arguments) == Answer("abab")


async def test_a_streaming_verb_is_called_as_it_is() -> None:
    assert [answer async for answer in Service().follow(chat=5)] == [Answer("5")]


def test_verbs_are_inherited() -> None:
    assert sorted(verbs(Child)) == ["ask", "follow", "more", "move"]
    assert verbs(Child)["more"].returns == dict[str, Answer]


def test_params_cannot_be_changed_on_the_way() -> None:
    params: Any = verbs(Service)["ask"].params(text="a")
    with pytest.raises(AttributeError):
        params.text = "b"


def test_a_method_that_blocks_cannot_be_exposed() -> None:
    def blocking() -> None: ...

    with pytest.raises(TypeError, match="must be async"):
        exposed(blocking)


def test_a_verb_without_named_arguments_is_refused() -> None:
    class Loose:
        @exposed
        async def anything(self, **given: int) -> None:
            """Take whatever comes."""

    with pytest.raises(TypeError, match="names its arguments"):
        verbs(Loose)
