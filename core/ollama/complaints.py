"""What the text of a server's error means: one table, read from the top, first match wins. Pure.

The same texts come with a status (before a stream), without one (inside a stream), and inside each
other (the runner's JSON as a string in the server's JSON).
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

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
    OutOfMemory,
    RunnerCrashed,
    ServerBusy,
    ServerError,
)
from core.guard import one_line
from core.numbers import grouped

TRANSFERS = frozenset({"/api/pull", "/api/push", "/api/create"})
ANSWERS = frozenset({"/api/chat", "/api/generate"})


class Complaint(NamedTuple):
    """An error text to judge: where it came up and for which model."""

    text: str
    route: str
    model: str


class Rule(NamedTuple):
    """If the text matches (and the route is one of these), it means this."""

    pattern: str
    kind: type[LeitstandError]
    sentence: str
    hint: str = ""
    routes: frozenset[str] | None = None


_REGISTRY_AWAY = (
    r"no such host|dial tcp|network is unreachable|no route to host|connection refused|i/o timeout"
    r"|tls handshake|proxyconnect|connection reset|x509:"
)

_CONTEXT = r"exceeds? (the )?(maximum |available )?context|longer than the context length|exceed_context_size"
_OUT_OF_MEMORY = (
    r"out of memory|out-of-memory|requires more system memory|failed to allocate|unable to allocate"
    r"|cudamalloc failed"
)

RULES = (
    Rule(
        r"no space left on device|not enough space on the disk|disk quota exceeded",
        DiskFull,
        "The volume that holds the server's models is full{place}.",
        "Free space there or move the models (OLLAMA_MODELS); a new pull goes on where this one stopped.",
    ),
    Rule(
        r"permission denied|read-only file system",
        ServerError,
        "The server may not write to its model directory{place}.",
        "Give the user that runs Ollama the right to write there.",
        TRANSFERS,
    ),
    Rule(
        r"\b412\b|newer version of ollama|requires a newer",
        ServerError,
        "{model} needs a newer Ollama than this server has.",
        "Update Ollama on the server, then pull again.",
        TRANSFERS,
    ),
    Rule(
        r"file does not exist|manifest unknown|manifest: 404",
        NotInRegistry,
        "{model} is not in the registry.",
        routes=TRANSFERS,
    ),
    Rule(
        r"manifest: 40[13]:|unauthorized",
        NeedsSignIn,
        "The registry does not let this server have {model}.",
        "It may be private: sign in on the server with `ollama signin`.",
        TRANSFERS,
    ),
    Rule(r"\b429:|too many requests", ServerBusy, "The registry asks the server to wait.", routes=TRANSFERS),
    Rule(
        r"manifest: 5\d\d:",
        ServerError,
        "The registry itself is in trouble.",
        "Try again later.",
        TRANSFERS,
    ),
    Rule(
        r"http response to https client",
        ServerError,
        "The registry of {model} speaks plain http.",
        "If you trust the network to it, pull again as insecure.",
        TRANSFERS,
    ),
    Rule(
        r"digest mismatch",
        ServerError,
        "A file of {model} arrived damaged, and the server has thrown it away.",
        "Pull again: only that file is fetched anew.",
        TRANSFERS,
    ),
    Rule(
        r"max retries exceeded",
        ServerError,
        "The server gave up on a file of {model} after several attempts.",
        "Pull again: it goes on where it stopped.",
        TRANSFERS,
    ),
    Rule(
        r"context deadline exceeded",
        ServerError,
        "The registry did not answer the server in time.",
        "Pull again: it goes on where it stopped.",
        TRANSFERS,
    ),
    Rule(
        _REGISTRY_AWAY + r"|^(unexpected )?eof$|: (unexpected )?eof$",
        ServerError,
        "The server cannot reach the registry.",
        "Check the server's network and its HTTPS_PROXY; a pull goes on where it stopped.",
        TRANSFERS,
    ),
    Rule(
        r"(think value .*|invalid think value|think must be)",
        CannotThink,
        "The server does not accept that way of thinking for {model}.",
        "Set thinking to on or off, or update Ollama.",
    ),
    Rule(
        r"image input is not supported|multimodal data provided|data required for image input",
        NotCapable,
        "{model} does not support images.",
        "Remove the image, or choose a model with vision.",
    ),
    Rule(
        r"image generation models are not",
        NotCapable,
        "This server does not run models that make images.",
    ),
    Rule(
        r"illegal base64",
        BadRequest,
        "The server cannot read an attached image.",
        "Attach it again as PNG or JPEG.",
    ),
    Rule(
        r"error parsing tool call|^(unexpected )?eof$",
        BadReply,
        "{model} called a tool in a way the server cannot read.",
        "Ask again, or choose a model that is better with tools.",
        ANSWERS,
    ),
    Rule(
        r"error was encountered while running the model|model runner has unexpectedly stopped"
        r"|runner process no longer running|post predict|/(completion|embeddings?)\": eof",
        RunnerCrashed,
        "The process that runs {model} died.",
    ),
    Rule(
        r"timed out waiting for",
        LoadFailed,
        "{model} was not loaded within the server's time limit.",
        "Try again, or raise OLLAMA_LOAD_TIMEOUT on the server.",
    ),
    Rule(
        r"incompatible with your version|unknown model architecture|unsupported model",
        LoadFailed,
        "This server cannot load {model}: it is made for another version of Ollama.",
        "Update Ollama on the server, then pull the model again.",
    ),
    Rule(
        r"process has terminated|error starting llama|unable to load model|error loading model"
        r"|failed to load model|llama-server|llama runner",
        LoadFailed,
        "The server could not load {model}: {text}",
        "Pull the model again; if it still fails, look at the server's log.",
    ),
    Rule(
        r"^model ['\"].*['\"] not found|try pulling it first",
        ModelNotFound,
        "The server does not have {model}.",
    ),
    Rule(
        r"invalid model (name|path)|^(name|source|destination) \".*\" is invalid|model is required",
        BadRequest,
        "“{model}” is not a valid name of a model.",
        "Names look like llama3.2, llama3.2:3b or hf.co/user/repository:Q4_K_M.",
    ),
    Rule(r"server busy|maximum pending requests", ServerBusy, "The server's waiting line is full."),
    Rule(
        r"cloud is disabled",
        BadRequest,
        "Cloud models are switched off on this server.",
        "Choose a local model.",
    ),
    Rule(r"unauthorized", NeedsSignIn, "{model} needs an Ollama account."),
    Rule(
        _REGISTRY_AWAY,
        ServerError,
        "The server cannot reach the machine that runs {model}.",
        "Check the server's network, or choose a local model.",
    ),
    Rule(r"request canceled|context canceled", Cancelled, "The server stopped the request."),
    Rule(
        r"nan or inf|unsupported value: nan",
        ServerError,
        "{model} computed something that is not a number.",
        "Load the model anew; if it recurs, use another quantisation.",
    ),
    Rule(
        r"must be of type|invalid format:",
        BadRequest,
        "The server does not accept an option: {text}",
        "Correct that option in the settings of the chat or of the model.",
    ),
    Rule(
        r"missing unit in duration|invalid duration|unsupported type: 'bool'",
        BadRequest,
        "The server does not accept that keep-alive time.",
        "Give seconds, or a time such as 5m or 1h30m.",
    ),
)
_COMPILED = tuple((re.compile(rule.pattern, re.IGNORECASE | re.MULTILINE), rule) for rule in RULES)

_CAPABILITIES = {
    "tools": "tools",
    "vision": "images",
    "chat": "chat",
    "generate": "text generation",
    "completion": "text generation",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "insert": "insertion",
    "image": "making images",
    "audio": "audio",
}


def named(model: str) -> str:
    """The model as a message names it."""
    return one_line(model, 120) or "the model"


def quoted(text: str) -> str:
    """The server's own words, short and harmless."""
    return one_line(text, 240).rstrip(".") + "."


def sentence(text: str) -> str:
    """Begin with a capital where no model is named; names of models stay as they are."""
    return f"T{text[1:]}" if text.startswith("the model ") else text


def told(text: str, route: str, model: str) -> LeitstandError | None:
    """What an error text means, or None when nothing here knows it."""
    text, inner = _unpacked(text)
    complaint = Complaint(text, route, model)
    for special in (_context, _memory, _incapable):
        if (error := special(complaint, inner)) is not None:
            return error
    for pattern, rule in _COMPILED:
        if (rule.routes is None or route in rule.routes) and pattern.search(text):
            said = rule.sentence.format(model=named(model), text=quoted(text), place=_place(text))
            return rule.kind(sentence(said), rule.hint)
    return None


def _unpacked(text: str) -> tuple[str, dict[str, Any]]:
    """The message inside an error that is itself JSON, however often it was packed."""
    inner: dict[str, Any] = {}
    for _ in range(4):
        start = text.find("{")
        if start < 0:
            break
        try:
            value = json.loads(text[start:])
        except (ValueError, RecursionError):
            break
        value = value.get("error", value) if isinstance(value, dict) else value
        if isinstance(value, dict):
            inner = value
            value = value.get("message")
        if not isinstance(value, str):
            break
        text = text[:start] + value
    return text, inner


def _context(complaint: Complaint, inner: dict[str, Any]) -> LeitstandError | None:
    text = f"{inner.get('type', '')} {complaint.text}"
    if not re.search(_CONTEXT, text, re.IGNORECASE):
        return None
    said = re.search(r"\((\d+) tokens\).*\((\d+) tokens\)", text, re.DOTALL)
    prompt = _count(inner.get("n_prompt_tokens") or (said and said[1]))
    window = _count(inner.get("n_ctx") or (said and said[2]))
    if prompt is None or window is None:
        message = f"The text is longer than the context window of {named(complaint.model)}."
    else:
        message = f"The text has {grouped(prompt)} tokens; the context window holds {grouped(window)}."
    return ContextExceeded(message, prompt_tokens=prompt, window=window)


def _count(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _memory(complaint: Complaint, _: dict[str, Any]) -> LeitstandError | None:
    if complaint.route in TRANSFERS or not re.search(_OUT_OF_MEMORY, complaint.text, re.IGNORECASE):
        return None
    model = named(complaint.model)
    sizes = re.search(
        r"\((\d[\d.]* ?[KMGT]i?B)\) than is available \((\d[\d.]* ?[KMGT]i?B)\)", complaint.text
    )
    if sizes:
        return OutOfMemory(sentence(f"{model} needs {sizes[1]} of memory; the server has {sizes[2]} free."))
    return OutOfMemory(f"The server ran out of memory with {model}.")


def _incapable(complaint: Complaint, _: dict[str, Any]) -> LeitstandError | None:
    lacking = re.findall(r"does not support (\w+)", complaint.text)
    model = named(complaint.model)
    if "thinking" in lacking:
        return CannotThink(sentence(f"{model} cannot think."))
    known = list(dict.fromkeys(_CAPABILITIES[word] for word in lacking if word in _CAPABILITIES))
    return NotCapable(sentence(f"{model} does not support {' or '.join(known)}.")) if known else None


def _place(text: str) -> str:
    """The directory a disk error names, up to the model store."""
    path = re.search(r"((?:/|[A-Za-z]:\\)[^\"'\n]*?)[/\\](?:blobs|manifests)\b", text)
    return f": {one_line(path[1], 120)}" if path else ""
