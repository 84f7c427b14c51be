from __future__ import annotations

import msgspec
import pytest

from core.ollama.wire import (
    ChatChunk,
    ChatRequest,
    CreateRequest,
    EmbedReply,
    EmbedRequest,
    GenerateChunk,
    Message,
    PsReply,
    PullProgress,
    ShowReply,
    TagsReply,
    Tool,
    ToolCall,
    ToolFunction,
    ToolSpec,
)


def test_a_request_holds_nothing_that_was_not_said() -> None:
    request = ChatRequest(model="toy", messages=(Message(role="user", content="Hi"),))
    assert msgspec.json.encode(request) == (b'{"model":"toy","messages":[{"role":"user","content":"Hi"}]}')


def test_false_and_zero_are_said_and_an_empty_answer_keeps_its_text() -> None:
    request = ChatRequest(
        model="toy",
        messages=(Message(role="assistant", content=""),),
        think=False,
        keep_alive=0,
        truncate=False,
        stream=False,
    )
    assert msgspec.json.decode(msgspec.json.encode(request)) == {
        "model": "toy",
        "messages": [{"role": "assistant", "content": ""}],
        "think": False,
        "keep_alive": 0,
        "truncate": False,
        "stream": False,
    }


def test_tools_their_calls_and_their_results_have_the_servers_shape() -> None:
    request = ChatRequest(
        model="toy",
        tools=(Tool(ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})),),
        messages=(
            Message(
                role="assistant",
                thinking="Rain?",
                tool_calls=(ToolCall(ToolFunction("weather", {"city": "Paris"}), id="call_1"),),
            ),
            Message(role="tool", content="sunny", tool_name="weather", tool_call_id="call_1"),
        ),
    )
    assert msgspec.json.decode(msgspec.json.encode(request)) == {
        "model": "toy",
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Tells the weather.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "messages": [
            {
                "role": "assistant",
                "content": "",
                "thinking": "Rain?",
                "tool_calls": [
                    {"id": "call_1", "function": {"name": "weather", "arguments": {"city": "Paris"}}}
                ],
            },
            {"role": "tool", "content": "sunny", "tool_name": "weather", "tool_call_id": "call_1"},
        ],
    }


def test_create_and_embed_are_written_as_the_server_reads_them() -> None:
    create = CreateRequest(model="mine", from_="toy", system="Be kind.")
    assert msgspec.json.decode(msgspec.json.encode(create)) == {
        "model": "mine",
        "from": "toy",
        "system": "Be kind.",
    }
    assert msgspec.json.encode(EmbedRequest(model="e", input=("a", ""))) == (
        b'{"model":"e","input":["a",""]}'
    )


def test_a_chunk_without_metrics_knows_none() -> None:
    chunk = msgspec.json.decode(
        b'{"model":"toy","created_at":"2026-01-01T00:00:00.1Z",'
        b'"message":{"role":"assistant","content":"","thinking":"Let me"},"done":false,'
        b'"logprobs":[{"token":"Let","logprob":-0.1,"bytes":[76],"top_logprobs":null}],"later":{"x":1}}',
        type=ChatChunk,
    )
    assert (chunk.message.content, chunk.message.thinking, chunk.done) == ("", "Let me", False)
    assert chunk.eval_count is None
    assert chunk.message.tool_calls is None


def test_the_final_chunk_may_carry_calls_without_id_and_index() -> None:
    chunk = msgspec.json.decode(
        b'{"message":{"role":"assistant","content":"!","tool_calls":[{"function":{"name":"w",'
        b'"arguments":{"city":"Paris","days":[1,2]}}}]},"done":true,"done_reason":"stop",'
        b'"total_duration":587938183,"load_duration":532327769,"prompt_eval_count":7,'
        b'"prompt_eval_duration":12500000,"eval_count":4,"eval_duration":50000000}',
        type=ChatChunk,
    )
    assert chunk.message.tool_calls == (ToolCall(ToolFunction("w", {"city": "Paris", "days": [1, 2]})),)
    assert (chunk.done_reason, chunk.eval_count, chunk.load_duration) == ("stop", 4, 532327769)


def test_generate_chunks_and_their_context_are_read() -> None:
    chunk = msgspec.json.decode(
        b'{"model":"toy","response":"","done":true,"context":[1,2,3]}', type=GenerateChunk
    )
    assert (chunk.response, chunk.done, chunk.done_reason) == ("", True, None)


@pytest.mark.parametrize("models", [b"null", b"[]"])
def test_no_models_may_be_null(models: bytes) -> None:
    assert not msgspec.json.decode(b'{"models":' + models + b"}", type=TagsReply).models


def test_a_list_from_an_old_server_leaves_unknown_what_it_does_not_say() -> None:
    reply = msgspec.json.decode(
        b'{"models":[{"name":"toy:latest","model":"toy:latest","modified_at":"2026-01-01T12:00:00+01:00",'
        b'"size":5,"digest":"ab","details":{"parent_model":"","format":"gguf","family":"llama",'
        b'"families":null,"parameter_size":"1B","quantization_level":"Q4_K_M"}}]}',
        type=TagsReply,
    )
    (model,) = reply.models or ()
    assert model.capabilities is None
    assert model.details is not None
    assert (model.details.families, model.details.context_length) == (None, None)


def test_a_loaded_model_without_vram_and_context_says_so() -> None:
    (model,) = (
        msgspec.json.decode(
            b'{"models":[{"name":"toy:latest","expires_at":"2318-01-01T00:00:00Z","size":10}]}', type=PsReply
        ).models
        or ()
    )
    assert (model.size, model.size_vram, model.context_length) == (10, None, None)


def test_show_tells_the_trained_context_whatever_the_architecture() -> None:
    show = msgspec.json.decode(
        b'{"details":{"family":"qwen3"},"capabilities":["completion","thinking","telepathy"],'
        b'"model_info":{"general.architecture":"qwen3","qwen3.context_length":40960,'
        b'"qwen3.attention.head_count_kv":[8,8],"tokenizer.ggml.tokens":null},'
        b'"tensors":[{"name":"a","type":"Q4_K","shape":[2,3]}],"modified_at":"2026-01-01T00:00:00Z"}',
        type=ShowReply,
    )
    assert show.trained_context == 40960
    assert show.fact("attention.head_count_kv") == [8, 8]
    assert show.capabilities == ("completion", "thinking", "telepathy")
    assert show.tensors is not None
    assert show.tensors[0].shape == (2, 3)


@pytest.mark.parametrize(
    "info",
    [b"null", b"{}", b'{"general.architecture":5}', b'{"general.architecture":"x","x.context_length":0}'],
)
def test_show_without_facts_knows_nothing(info: bytes) -> None:
    show = msgspec.json.decode(b'{"model_info":' + info + b"}", type=ShowReply)
    assert show.trained_context is None
    assert show.capabilities is None


def test_progress_leaves_out_what_is_zero() -> None:
    progress = msgspec.json.decode(
        b'{"status":"pulling ab","digest":"sha256:ab","total":9}', type=PullProgress
    )
    assert (progress.total, progress.completed) == (9, None)


def test_vectors_keep_their_order_and_may_be_none() -> None:
    assert msgspec.json.decode(b'{"embeddings":[[1,2.5],[]]}', type=EmbedReply).embeddings == ((1.0, 2.5), ())
    assert msgspec.json.decode(b'{"embeddings":null}', type=EmbedReply).embeddings is None
