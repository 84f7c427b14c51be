"""Prompts that do not fit: cut in silence, or refused in the words of the version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.simulator import Simulator, toy
from tests.core.simulator.helpers import HELLO, LAST_OF_THE_OLD, NEWEST, client, lines, refusal, small

TOO_LONG = [{"role": "user", "content": "x" * 4 * 6000}]
CASES = [
    (NEWEST, {}, 1027),
    (LAST_OF_THE_OLD, {}, 2048),
    ("0.5.0", {}, 2048),
    ("0.5.0", {"truncate": False}, 2048),
]


@pytest.mark.parametrize(("version", "more", "count"), CASES)
async def test_a_prompt_that_is_too_long_is_cut_in_silence(
    version: str, more: dict[str, Any], count: int
) -> None:
    async with client(Simulator(small(version=version))) as http:
        *_, last = await lines(
            http, "/api/chat", model="toy", messages=TOO_LONG, options={"num_ctx": 2048}, **more
        )
        assert last["prompt_eval_count"] == count


REFUSALS = [
    (NEWEST, {"truncate": False}, "exceed_context_size_error"),
    (
        NEWEST,
        {"shift": False},
        "the prompt is longer than the context length currently available to the model; ",
    ),
    (LAST_OF_THE_OLD, {"truncate": False}, "the input length exceeds the context length"),
]


@pytest.mark.parametrize(("version", "more", "said"), REFUSALS)
async def test_a_prompt_that_may_not_be_cut_is_refused(version: str, more: dict[str, Any], said: str) -> None:
    async with client(Simulator(small(version=version))) as http:
        status, error = await refusal(http, "/api/chat", {"model": "toy", "messages": TOO_LONG, **more})
        assert status == 400
        assert said in error


async def test_the_template_of_the_weights_refuses_with_an_error_inside_an_error() -> None:
    async with client(Simulator(small(toy(gguf_template=True)))) as http:
        status, error = await refusal(http, "/api/chat", {"model": "toy", "messages": TOO_LONG})
        inner = json.loads(error)["error"]
        assert (status, inner["n_ctx"], inner["n_prompt_tokens"]) == (400, 2048, 6006)


async def test_without_room_to_shift_an_old_server_says_one_token() -> None:
    async with client(Simulator(small(version=LAST_OF_THE_OLD))) as http:
        *_, last = await lines(http, "/api/chat", model="toy", messages=TOO_LONG, shift=False)
        assert (last["eval_count"], last["done_reason"]) == (1, "length")


async def test_old_messages_are_forgotten_first_but_never_the_system_text() -> None:
    story = [{"role": "system", "content": "s" * 400}]
    story += [{"role": role, "content": "y" * 4000} for role in ("user", "assistant", "user")]
    async with client(Simulator(small())) as http:
        *_, last = await lines(http, "/api/chat", model="toy", messages=story)
        assert last["prompt_eval_count"] == 2 + 104 + 1004  # the system text and the last message


async def test_the_window_never_exceeds_what_the_model_was_trained_with() -> None:
    async with client(Simulator(small())) as http:
        await lines(http, "/api/chat", model="toy", messages=HELLO, options={"num_ctx": 1_000_000})
        assert (await http.get("/api/ps")).json()["models"][0]["context_length"] == 2048


async def test_a_short_window_ends_an_answer_that_may_not_shift() -> None:
    async with client(Simulator(small())) as http:
        messages = [{"role": "user", "content": "Write 300 tokens"}]
        *_, last = await lines(
            http, "/api/chat", model="toy", messages=messages, shift=False, options={"num_ctx": 100}
        )
        assert last["done_reason"] == "length"
        assert last["prompt_eval_count"] + last["eval_count"] == 100
