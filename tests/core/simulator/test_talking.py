"""Chat and generate: objects, metrics, loading only, thinking in all its forms."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from core.simulator import Call, End, Finish, Say, Script, Simulator, Think, toy
from tests.core.simulator.helpers import HELLO, LAST_OF_THE_OLD, NEWEST, client, lines, refusal, small, text

DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
THINKER = toy("sage", capabilities=("completion", "thinking"), thinking="tags")


async def test_the_model_is_named_as_it_was_asked_for(http: httpx.AsyncClient) -> None:
    for name in ("LLAMA3.2:3b", "registry.ollama.ai/library/llama3.2:3b", "https://library/llama3.2:3b"):
        objects = await lines(http, "/api/chat", model=name, messages=HELLO)
        assert {one["model"] for one in objects} == {name}
    (running,) = (await http.get("/api/ps")).json()["models"]
    assert running["name"] == "llama3.2:3b"


async def test_only_the_last_object_has_figures(http: httpx.AsyncClient) -> None:
    *others, last = await lines(http, "/api/chat", model="llama3.2:3b", messages=HELLO)
    assert all(set(one) == {"model", "created_at", "message", "done"} for one in others)
    assert all(set(one["message"]) == {"role", "content"} for one in others)
    assert last["message"] == {"role": "assistant", "content": ""}
    assert last["done"]
    assert last["done_reason"] == "stop"
    assert last["eval_count"] == len(others)
    assert last["prompt_eval_count"] == 9
    assert all(isinstance(last[key], int) and last[key] > 0 for key in DURATIONS)
    assert last["total_duration"] >= sum(last[key] for key in DURATIONS[1:])


async def test_a_second_question_is_loaded_faster_and_a_cached_prompt_read_faster(
    http: httpx.AsyncClient,
) -> None:
    long = [{"role": "user", "content": "word " * 4000}]
    first, again = [
        (await lines(http, "/api/chat", model="llama3.2:3b", messages=long))[-1] for _ in range(2)
    ]
    assert first["load_duration"] > 10**9 > again["load_duration"] > 0
    assert first["prompt_eval_count"] == again["prompt_eval_count"]
    assert first["prompt_eval_duration"] > 100 * again["prompt_eval_duration"]


@pytest.mark.parametrize(
    ("path", "empty"), [("/api/chat", {"messages": []}), ("/api/generate", {"prompt": ""})]
)
async def test_loading_only_answers_with_one_object_without_a_newline(
    http: httpx.AsyncClient, path: str, empty: dict[str, Any]
) -> None:
    reply = await http.post(path, json={"model": "llama3.2:3b", **empty})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert not reply.content.endswith(b"\n")
    assert reply.json()["done_reason"] == "load"
    assert "total_duration" not in reply.json()
    assert len((await http.get("/api/ps")).json()["models"]) == 1
    reply = await http.post(path, json={"model": "llama3.2:3b", "keep_alive": 0, **empty})
    assert reply.json()["done_reason"] == "unload"
    assert not (await http.get("/api/ps")).json()["models"]
    reply = await http.post(path, json={"model": "llama3.2:3b", "keep_alive": 0, **empty})
    assert reply.json()["done_reason"] == "unload"
    assert (await http.post(path, json={"model": "nope", "keep_alive": 0, **empty})).status_code == 404


async def test_without_a_stream_everything_comes_at_once(http: httpx.AsyncClient) -> None:
    objects = await lines(http, "/api/chat", model="qwen3:8b", messages=HELLO)
    reply = await http.post("/api/chat", json={"model": "qwen3:8b", "messages": HELLO, "stream": False})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.json()["message"]["content"] == text(objects)
    assert reply.json()["message"]["thinking"] == text(objects, "thinking")
    assert reply.json()["eval_count"] == objects[-1]["eval_count"]


async def test_generate_has_its_own_words_and_a_context(http: httpx.AsyncClient) -> None:
    *others, last = await lines(http, "/api/generate", model="llama3.2:3b", prompt="Hello")
    assert all(set(one) == {"model", "created_at", "response", "done"} for one in others)
    assert len(last["context"]) == last["prompt_eval_count"] + last["eval_count"]
    *_, last = await lines(http, "/api/generate", model="llama3.2:3b", prompt="Hello", raw=True)
    assert "context" not in last


async def test_an_answer_stops_at_its_limit(http: httpx.AsyncClient) -> None:
    *others, last = await lines(
        http, "/api/chat", model="llama3.2:3b", messages=HELLO, options={"num_predict": 5}
    )
    assert (len(others), last["eval_count"], last["done_reason"]) == (5, 5, "length")


async def test_an_answer_stops_before_a_stop_word(http: httpx.AsyncClient) -> None:
    objects = await lines(http, "/api/chat", model="llama3.2:3b", messages=HELLO, options={"stop": ["llama"]})
    assert text(objects) == "Hello! I'm **"
    assert objects[-1]["done_reason"] == "stop"


async def test_probabilities_come_with_each_token() -> None:
    async with client(Simulator(small())) as http:
        objects = await lines(http, "/api/chat", model="toy", messages=HELLO, logprobs=True, top_logprobs=2)
        (found,) = objects[0]["logprobs"]
        assert bytes(found["bytes"]).decode() == found["token"] == objects[0]["message"]["content"]
        assert len(found["top_logprobs"]) == 2
    async with client(Simulator(small(version="0.12.10"))) as http:
        assert (
            "logprobs" not in (await lines(http, "/api/chat", model="toy", messages=HELLO, logprobs=True))[0]
        )


THOUGHTS = [
    # version, think, in a field of its own, in tags, thinks at all
    (NEWEST, None, True, False),
    (NEWEST, True, True, False),
    (NEWEST, "high", True, False),
    (NEWEST, False, False, False),
    ("0.12.4", None, True, False),
    ("0.12.3", None, False, True),
    ("0.12.3", True, True, False),
    ("0.9.0", None, False, True),
    ("0.9.0", True, True, False),
    ("0.9.0", False, False, False),
    ("0.5.0", None, False, True),
    ("0.5.0", True, False, True),
    ("0.0.0", None, True, False),
]


@pytest.mark.parametrize(("version", "think", "apart", "inline"), THOUGHTS)
async def test_thinking_depends_on_version_and_wish(
    version: str, think: bool | str | None, apart: bool, inline: bool
) -> None:
    async with client(Simulator(small(THINKER, version=version))) as http:
        body = {} if think is None else {"think": think}
        objects = await lines(http, "/api/chat", model="sage", messages=HELLO, **body)
        assert bool(text(objects, "thinking")) == apart
        assert ("<think>" in text(objects)) == inline
        assert text(objects).count("</think>") == inline


async def test_inline_tags_are_torn_across_objects() -> None:
    async with client(Simulator(small(THINKER, version="0.5.0"))) as http:
        objects = await lines(http, "/api/chat", model="sage", messages=HELLO)
        assert not any("<think>" in one["message"]["content"] for one in objects)
        assert [one["message"]["content"] for one in objects[:3]] == ["<", "think", ">\n"]


async def test_the_levelled_model_cannot_stop_thinking(http: httpx.AsyncClient) -> None:
    async def thought(think: bool | str) -> int:
        return len(
            text(await lines(http, "/api/chat", model="gpt-oss:20b", messages=HELLO, think=think), "thinking")
        )

    lengths = [await thought(level) for level in ("low", "medium", "high")]
    assert lengths == sorted(set(lengths))
    assert await thought(False) == lengths[1]
    assert await thought("max") == lengths[2]


async def test_generate_sends_empty_objects_while_it_reads_tags() -> None:
    async with client(Simulator(small(THINKER))) as http:
        objects = await lines(http, "/api/generate", model="sage", prompt="Hello")
        empty = [one for one in objects[:-1] if not one["response"] and "thinking" not in one]
        assert len(empty) == 2
        assert objects[0] in empty


async def test_structured_answers_of_a_thinker_report_the_second_run_only() -> None:
    async with client(Simulator(small(THINKER))) as http:
        objects = await lines(http, "/api/chat", model="sage", messages=HELLO, format="json")
        said = [one for one in objects if one["message"]["content"]]
        assert json.loads(text(objects))["answer"] == "Hello there"
        assert objects[-1]["eval_count"] == len(said)
        assert text(objects, "thinking")


CALLS = [(NEWEST, True, True), ("0.12.9", False, True), ("0.12.5", False, False)]


@pytest.mark.parametrize(("version", "has_id", "has_index"), CALLS)
async def test_calls_have_ids_and_indexes_since_some_version(
    version: str, has_id: bool, has_index: bool
) -> None:
    simulator = Simulator(small(toy(capabilities=("completion", "tools")), version=version))
    simulator.next(Script(Say("Let me see."), Call("one", {"a": 1}), Call("two"), Finish()))
    async with client(simulator) as http:
        objects = await lines(http, "/api/chat", model="toy", messages=HELLO)
    calls = [call for one in objects for call in one["message"].get("tool_calls", ())]
    assert [call["function"]["name"] for call in calls] == ["one", "two"]
    assert calls[0]["function"]["arguments"] == {"a": 1}
    assert all(("id" in call) == has_id for call in calls)
    assert [call["function"].get("index") for call in calls] == ([0, 1] if has_index else [None, None])
    if has_id:
        assert len({call["id"] for call in calls}) == 2
    assert not objects[1]["done"]
    assert objects[-1]["done_reason"] == "stop"


async def test_calls_of_some_models_come_in_the_last_object() -> None:
    simulator = Simulator(small(toy(capabilities=("completion", "tools"), calls_at_end=True)))
    simulator.next(Script(Call("one"), Call("two"), Finish()))
    async with client(simulator) as http:
        (last,) = await lines(http, "/api/chat", model="toy", messages=HELLO)
    assert last["done"]
    assert [call["function"]["name"] for call in last["message"]["tool_calls"]] == ["one", "two"]


async def test_a_runner_that_just_ends_leaves_no_last_object() -> None:
    simulator = Simulator(small())
    async with client(simulator) as http:
        simulator.next(Script(Say("a"), End()))
        objects = await lines(http, "/api/chat", model="toy", messages=HELLO)
        assert [one["done"] for one in objects] == [False]
        simulator.next(Script(Say("a"), End()))
        reply = (
            await http.post("/api/chat", json={"model": "toy", "messages": HELLO, "stream": False})
        ).json()
        assert (reply["done"], reply["message"]["content"]) == (False, "a")
        simulator.next(Script(End()))
        reply = (
            await http.post("/api/chat", json={"model": "toy", "messages": HELLO, "stream": False})
        ).json()
        assert (reply["model"], reply["created_at"]) == ("", "0001-01-01T00:00:00Z")
        simulator.next(Script(End()))
        reply = (
            await http.post("/api/generate", json={"model": "toy", "prompt": "x", "stream": False})
        ).json()
        assert reply == {"model": "", "created_at": "0001-01-01T00:00:00Z", "response": "", "done": False}
        simulator.next(Script(End()))
        empty = await http.post("/api/chat", json={"model": "toy", "messages": HELLO})
        assert (empty.status_code, empty.content) == (200, b"")


@pytest.mark.parametrize(("version", "status"), [(NEWEST, 500), ("0.12.6", 500), ("0.12.5", 200)])
async def test_a_runner_that_dies_at_once_shows_in_the_status_since_some_version(
    version: str, status: int
) -> None:
    simulator = Simulator(small(version=version))
    simulator.fault("crash")
    async with client(simulator) as http:
        reply = await http.post("/api/chat", json={"model": "toy", "messages": HELLO})
        assert reply.status_code == status
        assert json.loads(reply.content)["error"].endswith("unexpected EOF")
        assert reply.content.endswith(b"\n") == (status == 200)


async def test_a_dead_model_stays_in_the_list_until_somebody_asks() -> None:
    simulator = Simulator(small())
    async with client(simulator) as http:
        simulator.fault("crash:after=2")
        objects = await lines(http, "/api/chat", model="toy", messages=HELLO)
        assert "error" in objects[-1]
        assert not any(one.get("done") for one in objects)
        assert len((await http.get("/api/ps")).json()["models"]) == 1
        *_, last = await lines(http, "/api/chat", model="toy", messages=HELLO)
        assert last["load_duration"] > 10**8


async def test_running_out_of_memory_while_speaking_unloads_everything(
    http: httpx.AsyncClient, simulator: Simulator
) -> None:
    await http.post("/api/embed", json={"model": "nomic-embed-text", "input": ""})
    simulator.fault("crash:after=1,text=CUDA error: out of memory")
    await lines(http, "/api/chat", model="llama3.2:3b", messages=HELLO)
    assert not (await http.get("/api/ps")).json()["models"]


async def test_images_are_for_models_that_see(http: httpx.AsyncClient) -> None:
    seen = [{"role": "user", "content": "What is this?", "images": ["aGVsbG8="]}]
    assert text(await lines(http, "/api/chat", model="gemma3:12b", messages=seen))
    status, said = await refusal(http, "/api/chat", {"model": "qwen3:8b", "messages": seen})
    assert status == 500
    assert json.loads(said)["error"]["message"].startswith("image input is not supported")
    async with client(Simulator(small(version=LAST_OF_THE_OLD))) as old:
        assert text(await lines(old, "/api/chat", model="toy", messages=seen))


async def test_rendering_only_loads_and_says_nothing(http: httpx.AsyncClient) -> None:
    reply = await http.post(
        "/api/chat", json={"model": "llama3.2:3b", "messages": HELLO, "_debug_render_only": True}
    )
    assert "Hello there" in reply.json()["_debug_info"]["rendered_template"]
    assert len((await http.get("/api/ps")).json()["models"]) == 1


async def test_a_made_model_speaks_with_its_own_system_text() -> None:
    simulator = Simulator(small())
    async with client(simulator) as http:
        made = {
            "model": "boss",
            "from": "toy",
            "system": "Be brief. " * 40,
            "messages": [{"role": "user", "content": "x"}],
        }
        await lines(http, "/api/create", **made)
        plain = (await lines(http, "/api/chat", model="toy", messages=HELLO))[-1]
        boss = (await lines(http, "/api/chat", model="boss", messages=HELLO))[-1]
        assert boss["prompt_eval_count"] > plain["prompt_eval_count"] + 100


async def test_thinking_of_a_script_follows_the_same_rules() -> None:
    simulator = Simulator(small(THINKER))
    async with client(simulator) as http:
        simulator.next(Script(Think("hm"), Say("yes"), Finish()))
        objects = await lines(http, "/api/chat", model="sage", messages=HELLO)
        assert (text(objects, "thinking"), text(objects)) == ("hm", "yes")
        simulator.next(Script(Think("hm"), Say("yes"), Finish()))
        objects = await lines(http, "/api/chat", model="sage", messages=HELLO, think=False)
        assert text(objects) == "<think>\nhm\n</think>\n\nyes"
