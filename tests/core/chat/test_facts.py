from __future__ import annotations

import pytest

from core.chat.facts import Facts, ModelFacts, same
from core.errors import ModelNotFound
from core.ollama.address import Address
from core.ollama.client import Ollama
from core.simulator import Setup, Simulator, toy
from tests.fakes.clock import ManualClock


def facts_of(*specs: object, version: str = "0.32.15") -> tuple[Facts, Simulator, ManualClock]:
    clock = ManualClock()
    simulator = Simulator(Setup(installed=specs, version=version), clock=clock)  # type: ignore[arg-type]  # specs
    ollama = Ollama(Address(), transport=simulator.transport())
    return Facts(lambda: ollama, clock), simulator, clock


async def test_a_model_is_asked_about_once_a_minute() -> None:
    facts, simulator, clock = facts_of(
        toy(
            capabilities=("completion", "vision"),
            context=4096,
            parameters={"num_ctx": 1024},
            count=7_000_000_000,
        )
    )
    found = await facts.of("toy")
    assert found == await facts.of("TOY:latest")
    assert (found.can("vision"), found.can("thinking")) == (True, False)
    assert (found.trained, found.own_context, found.count) == (4096, 1024, 7e9)
    assert not found.large
    assert len(simulator.requests) == 1
    await clock.advance(61)
    await facts.of("toy")
    assert len(simulator.requests) == 2


async def test_what_an_old_server_does_not_say_is_unknown_not_no() -> None:
    facts, _, _ = facts_of(toy(capabilities=("completion", "thinking")), version="0.5.0")
    found = await facts.of("toy")
    assert found.capabilities is None
    assert found.can("thinking") is None


@pytest.mark.parametrize(
    ("name", "count", "large"),
    [
        ("toy", 70e9, True),
        ("toy", 8e9, False),
        ("llama3.3:70b", None, True),
        ("qwen2.5:72b-instruct", None, True),
        ("gpt-oss:120b", None, True),
        ("qwen3:8b", None, False),
        ("toy", None, False),
        ("b70:latest", None, False),
    ],
)
def test_large_models_are_known_by_their_size_or_their_name(
    name: str, count: float | None, large: bool
) -> None:
    assert ModelFacts(name=name, count=count).large == large


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("llama3.2", "LLAMA3.2:latest", True),
        ("library/llama3.2", "llama3.2", True),
        ("llama3.2", "llama3.2:1b", False),
        ("not a name", "NOT A NAME ", True),
    ],
)
def test_names_are_compared_as_the_server_does(one: str, other: str, equal: bool) -> None:
    assert (same(one) == same(other)) == equal


async def test_the_first_model_that_can_chat_answers_when_nobody_was_chosen() -> None:
    embedder = toy("embed:latest", capabilities=("embedding",))
    facts, _, _ = facts_of(embedder, toy("chatty:latest"))
    assert await facts.first() == "chatty:latest"
    facts, _, _ = facts_of(embedder)
    with pytest.raises(ModelNotFound):
        await facts.first()


async def test_whether_a_model_is_in_memory_is_asked_of_the_server() -> None:
    facts, simulator, _ = facts_of(toy())
    assert await facts.loaded("toy") is None
    await Ollama(Address(), transport=simulator.transport()).load("toy", {"num_ctx": 1024})
    loaded = await facts.loaded("toy")
    assert loaded is not None
    assert loaded.context_length == 1024
