"""Every refusal of the fact tables, as the status and the body a server really sends."""

from __future__ import annotations

import json

import pytest

from core.errors import (
    BadReply,
    BadRequest,
    Cancelled,
    CannotThink,
    ContextExceeded,
    DiskFull,
    LeitstandError,
    LoadFailed,
    ModelNotFound,
    NeedsSignIn,
    NotCapable,
    NotInRegistry,
    NotOllama,
    OutOfMemory,
    RunnerCrashed,
    ServerBusy,
    ServerError,
    ServerUnavailable,
)
from core.ollama.failures import Refusal, error_line, failure

CHAT, EMBED, PULL = "/api/chat", "/api/embed", "/api/pull"
PLAIN_404, PLAIN_405 = b"404 page not found", b"405 method not allowed"
CUDA = (
    "llama-server process has terminated: exit status 1: cudaMalloc failed: out of memory\n"
    "error loading model: unable to allocate CUDA0 buffer"
)
RUNNING = "an error was encountered while running the model"
STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error"
)
MANIFEST = "pull model manifest:"
TOO_LONG = "request (6047 tokens) exceeds the available context size (2048 tokens), try increasing it"
NGINX = b"<html>\r\n<head><title>502 Bad Gateway</title></head></html>"


def said(
    status: int, text: str | bytes, route: str = CHAT, model: str = "toy", **more: str
) -> LeitstandError:
    body = text if isinstance(text, bytes) else json.dumps({"error": text, **more}).encode()
    location = more.get("location", "")
    return failure(
        Refusal(
            route=route, status=status, body=body, model=model, location=location, url="http://gpu-box:11434"
        )
    )


@pytest.mark.parametrize(
    ("route", "status", "text", "kind"),
    [
        # a model that is not there, in every route's words
        (CHAT, 404, "model 'nope' not found", ModelNotFound),
        (EMBED, 404, 'model "nope" not found, try pulling it first', ModelNotFound),
        ("/api/show", 404, "model 'nope:latest' not found", ModelNotFound),
        ("/api/delete", 404, "model 'nope' not found", ModelNotFound),
        ("/api/copy", 404, 'model "nope" not found', ModelNotFound),
        ("/api/generate", 404, "model '' not found", ModelNotFound),
        # a name that is none
        (CHAT, 400, "model is required", BadRequest),
        (CHAT, 400, "invalid model name", BadRequest),
        ("/api/delete", 400, 'name "a b" is invalid', BadRequest),
        ("/api/copy", 400, 'source "" is invalid', BadRequest),
        ("/api/copy", 400, 'destination "a b" is invalid', BadRequest),
        # requests the server does not accept
        (CHAT, 400, "missing request body", BadRequest),
        (CHAT, 400, "invalid character 'b' looking for beginning of object key string", BadRequest),
        (CHAT, 400, "json: cannot unmarshal string into Go struct field ChatRequest.messages", BadRequest),
        (CHAT, 400, 'time: missing unit in duration "5"', BadRequest),
        (CHAT, 400, "Unsupported type: 'bool'", BadRequest),
        (CHAT, 400, "top_logprobs must be between 0 and 20", BadRequest),
        (CHAT, 400, "illegal base64 data at input byte 4", BadRequest),
        ("/api/generate", 400, "raw mode does not support template, system, or context", BadRequest),
        ("/api/create", 400, "neither 'from' or 'files' was specified", BadRequest),
        (EMBED, 400, "invalid input type", BadRequest),
        (CHAT, 500, 'option "num_ctx" must be of type integer', BadRequest),
        (CHAT, 500, 'option "stop" must be of type array', BadRequest),
        (CHAT, 500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object', BadRequest),
        ("/api/blobs/sha256:ab", 400, "invalid digest format", BadRequest),
        # thinking
        (CHAT, 400, '"toy" does not support thinking', CannotThink),
        (CHAT, 400, "registry.ollama.ai/library/toy:latest does not support thinking", CannotThink),
        (CHAT, 400, 'invalid think value: "extreme" (must be "high", "medium", …)', CannotThink),
        (CHAT, 400, "think must be a boolean or string (…)", CannotThink),
        (CHAT, 400, 'think value "low" is not supported for this model', CannotThink),
        # what a model cannot do
        (CHAT, 400, "registry.ollama.ai/library/toy:latest does not support tools", NotCapable),
        (CHAT, 400, '"toyembed" does not support chat', NotCapable),
        ("/api/generate", 400, '"toyembed" does not support generate', NotCapable),
        ("/api/generate", 400, '"toy" does not support insert', NotCapable),
        (EMBED, 501, "This server does not support embeddings. Start it with `--embeddings`", NotCapable),
        ("/api/embeddings", 500, "This server does not support embeddings. Start it with …", NotCapable),
        (CHAT, 400, '{"error":{"code":400,"message":"image input is not supported - hint"}}', NotCapable),
        (CHAT, 500, '{"error":{"code":500,"message":"Multimodal data provided, but"}}', NotCapable),
        (CHAT, 400, "image generation models are not currently supported", NotCapable),
        # the context window
        (CHAT, 400, "the input length exceeds the context length", ContextExceeded),
        (EMBED, 400, "input exceeds maximum context length and cannot be truncated further", ContextExceeded),
        (EMBED, 400, "input exceeds maximum context length", ContextExceeded),
        (EMBED, 400, "input length exceeds maximum context length", ContextExceeded),
        (
            CHAT,
            400,
            "the prompt is longer than the context length currently available to the model; …",
            ContextExceeded,
        ),
        # memory
        (CHAT, 500, CUDA, OutOfMemory),
        (CHAT, 500, "llama-server reported out-of-memory during startup: ggml", OutOfMemory),
        (CHAT, 500, "model requires more system memory (12.1 GiB) than is available (7.9 GiB)", OutOfMemory),
        (CHAT, 500, "llama runner process has terminated: failed to allocate buffer", OutOfMemory),
        (CHAT, 500, "unable to allocate CPU buffer", OutOfMemory),
        (CHAT, 500, f"{RUNNING}: CUDA error: out of memory", OutOfMemory),
        # loading
        (CHAT, 500, "timed out waiting for llama-server to start - ", LoadFailed),
        (CHAT, 500, "timed out waiting for llama runner to start - progress 0.00 - ", LoadFailed),
        (CHAT, 500, "error starting llama-server: fork/exec: permission denied", LoadFailed),
        (CHAT, 500, "llama runner process has terminated: exit status 2", LoadFailed),
        (CHAT, 500, "unable to load model: /blobs/sha256-ab", LoadFailed),
        (CHAT, 500, "x: this model may be incompatible with your version of Ollama. If", LoadFailed),
        # running
        (CHAT, 500, f"{RUNNING}: unexpected EOF", RunnerCrashed),
        (CHAT, 500, STOPPED, RunnerCrashed),
        (CHAT, 500, 'POST predict: Post "http://127.0.0.1:41234/completion": EOF', RunnerCrashed),
        (CHAT, 500, 'do embedding request: Post "http://127.0.0.1:4/embedding": EOF', RunnerCrashed),
        (CHAT, 500, "EOF", BadReply),
        (CHAT, 500, "error parsing tool call: raw='{\"secret' err=unexpected end", BadReply),
        (EMBED, 400, "embedding contains NaN or Inf values", ServerError),
        # too much at once
        (CHAT, 503, "server busy, please try again.  maximum pending requests exceeded", ServerBusy),
        (CHAT, 503, "shutting down", ServerBusy),
        (CHAT, 429, "rate limit", ServerBusy),
        (CHAT, 499, "request canceled", Cancelled),
        # cloud
        (CHAT, 401, "unauthorized", NeedsSignIn),
        (CHAT, 403, "ollama cloud is disabled: remote model is unavailable", BadRequest),
        (CHAT, 502, 'Post "https://ollama.com/api/chat": dial tcp: lookup ollama.com', ServerError),
        # pulls that wait for the end, and creating
        (PULL, 500, "pull model manifest: file does not exist", NotInRegistry),
        (PULL, 400, "invalid model name", BadRequest),
        (PULL, 412, "requires another version", ServerError),
        ("/api/create", 500, "write /var/lib/ollama/models/blobs/x: no space left on device", DiskFull),
        # nothing anybody knows
        (CHAT, 500, "something new", ServerError),
        (CHAT, 418, "a teapot", BadRequest),
    ],
)  # fmt: skip
def test_every_known_refusal_is_its_own_error(
    route: str, status: int, text: str, kind: type[LeitstandError]
) -> None:
    error = said(status, text, route)
    assert type(error) is kind
    check_words(error)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (f"{MANIFEST} file does not exist", NotInRegistry, "toy is not in the registry"),
        (f'{MANIFEST} 412: {{"errors":[{{"message":"requires a newer"}}]}}', ServerError, "newer Ollama"),
        (f"{MANIFEST} 401: {{}}", NeedsSignIn, "does not let this server have toy"),
        (f"{MANIFEST} 429: {{}}", ServerBusy, "wait"),
        (f"{MANIFEST} 503: oops", ServerError, "itself is in trouble"),
        (f'{MANIFEST} 400: {{"error":"Not GGUF"}}', ServerError, "Not GGUF"),
        (f'{MANIFEST} Get "https://r/v2/": dial tcp: lookup r: no such host', ServerError, "cannot reach"),
        (f'{MANIFEST} Get "https://r/v2/": dial tcp 1.2.3.4:443: i/o timeout', ServerError, "cannot reach"),
        ("write /mnt/big/blobs/sha256-ab-partial: no space left on device", DiskFull, "full: /mnt/big."),
        (r"write D:\m\blobs\a: There is not enough space on the disk.", DiskFull, r"D:\m."),
        ("no space left on device", DiskFull, "models is full."),
        ("open /usr/share/ollama/.ollama/models/blobs/x: permission denied", ServerError, "may not write"),
        ("digest mismatch, file must be downloaded again: want a, got b", ServerError, "damaged"),
        ("max retries exceeded: EOF", ServerError, "gave up"),
        ("context deadline exceeded", ServerError, "in time"),
        ("unexpected EOF", ServerError, "cannot reach the registry"),
        ("http: server gave HTTP response to HTTPS client", ServerError, "plain http"),
        ("something new", ServerError, "something new"),
    ],
)  # fmt: skip
def test_a_pull_that_fails_in_its_stream_says_what_to_do(
    text: str, kind: type[LeitstandError], words: str
) -> None:
    error = error_line(text, PULL, "toy")
    assert type(error) is kind
    assert words in error.message
    check_words(error)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{RUNNING}: unexpected EOF", RunnerCrashed),
        (f"{RUNNING}: CUDA error: out of memory", OutOfMemory),
        (STOPPED, RunnerCrashed),
        ("EOF", BadReply),
        ("unexpected EOF", BadReply),
        ("", ServerError),
        ({"message": "unauthorized", "code": 401}, NeedsSignIn),
        ({"weird": [1]}, ServerError),
        (17, ServerError),
    ],
)
def test_an_error_inside_an_answer_means_the_same_as_before_it(
    text: object, kind: type[LeitstandError]
) -> None:
    error = error_line(text, CHAT, "toy")
    assert type(error) is kind
    check_words(error)


@pytest.mark.parametrize(
    ("status", "body", "route", "kind", "words"),
    [
        (400, b"", "/api/blobs/nonsense", BadRequest, "not accept"),
        (403, b"", CHAT, ServerError, "host name"),
        (404, PLAIN_404, "/api/version", NotOllama, "not Ollama"),
        (404, PLAIN_404, CHAT, NotOllama, "not Ollama"),
        (404, PLAIN_404, "/api/status", ServerError, "does not know /api/status"),
        (404, b'{"detail":"Not Found"}', "/api/version", NotOllama, "not Ollama"),
        (404, b'{"error":{"code":404,"message":"File Not Found"}}', "/api/tags", NotOllama, "not Ollama"),
        (405, b"<html>Method Not Allowed</html>", "/api/version", NotOllama, "not Ollama"),
        (405, PLAIN_405, "/api/delete", ServerError, "does not allow"),
        (401, b"<html>Login</html>", "/api/version", NeedsSignIn, "password"),
        (407, b"", "/api/version", ServerUnavailable, "proxy"),
        (413, NGINX, CHAT, BadRequest, "size"),
        (429, b"slow down", CHAT, ServerBusy, "wait"),
        (502, NGINX, CHAT, ServerUnavailable, "proxy"),
        (503, NGINX, CHAT, ServerUnavailable, "proxy"),
        (503, b"", CHAT, ServerUnavailable, "proxy"),
        (504, NGINX, CHAT, ServerUnavailable, "proxy"),
        (500, b"", CHAT, ServerError, "500"),
        (200, b"<html>Welcome to your router</html>", "/api/version", NotOllama, "not Ollama"),
        (400, b"<html>plain request to TLS port</html>", "/api/version", NotOllama, "not Ollama"),
        (404, b"[" * 50_000, CHAT, NotOllama, "not Ollama"),
        (404, b"\xff\xfe\x00", CHAT, NotOllama, "not Ollama"),
    ],
)
def test_what_ollama_did_not_say_is_told_apart(
    status: int, body: bytes, route: str, kind: type[LeitstandError], words: str
) -> None:
    error = said(status, body, route)
    assert type(error) is kind
    assert words in f"{error.message} {error.hint}"
    check_words(error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_the_address_to_use_instead(status: int) -> None:
    error = failure(
        Refusal(
            route="/api/version", status=status, location="https://gpu-box/api/version", url="http://gpu-box"
        )
    )
    assert type(error) is NotOllama
    assert error.message == "http://gpu-box sends us on to https://gpu-box."


def test_a_redirect_to_nowhere_is_no_ollama() -> None:
    assert type(failure(Refusal(route=CHAT, status=302))) is NotOllama


def test_a_context_error_packed_in_itself_gives_its_numbers() -> None:
    inner = {
        "error": {
            "code": 400,
            "message": TOO_LONG,
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 6047,
            "n_ctx": 2048,
        }
    }
    error = said(400, json.dumps(inner))
    assert isinstance(error, ContextExceeded)
    assert (error.prompt_tokens, error.window) == (6047, 2048)
    assert "6 047" in error.message


def test_the_numbers_of_a_context_error_are_read_from_its_text_too() -> None:
    error = said(
        400, "request (6047 tokens) exceeds the available context size (2048 tokens), try increasing it"
    )
    assert isinstance(error, ContextExceeded)
    assert (error.prompt_tokens, error.window) == (6047, 2048)


@pytest.mark.parametrize("count", ["many", None, [], 1e400, -1])
def test_nonsense_in_place_of_numbers_is_no_number(count: object) -> None:
    inner = json.dumps({"error": {"message": "too big", "type": "exceed_context_size_error", "n_ctx": count}})
    error = said(400, inner)
    assert isinstance(error, ContextExceeded)
    assert error.prompt_tokens is None


def test_missing_memory_is_named_in_numbers() -> None:
    error = said(500, "model requires more system memory (12.1 GiB) than is available (7.9 GiB)")
    assert error.message == "toy needs 12.1 GiB of memory; the server has 7.9 GiB free."


def test_several_missing_capabilities_are_named_together() -> None:
    error = said(400, '"toy" does not support tools\n"toy" does not support vision')
    assert error.message == "toy does not support tools or images."


def test_the_page_to_sign_in_is_passed_on_only_when_it_is_ollamas() -> None:
    page = "https://ollama.com/connect?name=box&key=abc"
    assert page in said(401, "unauthorized", signin_url=page).hint
    other = said(401, "unauthorized", signin_url="https://evil.example/ollama.com/")
    assert "evil" not in other.hint


@pytest.mark.parametrize("status", [200, 400, 404, 418, 500, 503])
def test_a_hostile_server_cannot_write_to_the_terminal(status: int) -> None:
    hostile = "\x1b]52;c;aGk=\x07\u202e[red]\x9b31m" + "x" * 10_000
    for error in (
        said(status, hostile, model=hostile),
        said(status, hostile.encode(), model=hostile),
        said(300, b"", location=hostile),
        error_line(hostile, PULL, hostile),
        error_line(f"write {hostile}/blobs/x: no space left on device", PULL, hostile),
    ):
        check_words(error)
        assert len(error.message) < 700


def test_the_words_of_a_model_are_not_quoted() -> None:
    error = said(500, "error parsing tool call: raw='my diary says', err=invalid character")
    assert "diary" not in error.message


def check_words(error: LeitstandError) -> None:
    """One harmless sentence, and something to do."""
    assert error.message.endswith(".")
    assert error.message.isprintable()
    assert error.hint.isprintable()
