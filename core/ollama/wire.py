"""What goes over the wire, as structs: every request we send and every reply we read.

Servers from 0.5 on are understood, so a reply demands almost nothing: unknown fields are ignored,
a list may be null, and a field the server did not send is None. None is "not said", never zero:
Ollama leaves out every optional value that is zero, and older servers leave out what they do not know.
Durations are integer nanoseconds, sizes are bytes, times stay the text the server sent (`reading`
tells what they mean).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Think = bool | Literal["low", "medium", "high", "max"]
"""Thinking on or off; newer servers also take a level."""

KeepAlive = float | str
"""Seconds (negative: for ever) or a Go duration such as "5m"."""


class ToolFunction(msgspec.Struct, frozen=True, omit_defaults=True):
    """The function a model wants called; the arguments come whole, never in fragments."""

    name: str
    arguments: dict[str, Any] | None = None
    index: int | None = None


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call; servers before 0.12.10 give no id."""

    function: ToolFunction
    id: str | None = None


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool offered to the model: its name, what it does, and a JSON schema of its parameters."""

    name: str
    description: str
    parameters: dict[str, Any]


class Tool(msgspec.Struct, frozen=True):
    """The envelope of an offered tool."""

    function: ToolSpec
    type: Literal["function"] = "function"


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a chat, sent or received; images are bare base64 without a data: prefix."""

    # Made by a factory so that an empty text is still sent: the server wants both fields.
    role: str = msgspec.field(default_factory=str)
    content: str = msgspec.field(default_factory=str)
    thinking: str | None = None
    images: tuple[str, ...] | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class ChatRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """POST /api/chat; without messages it only loads the model."""

    model: str
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] | None = None
    think: Think | None = None
    format: Any = None
    options: dict[str, Any] | None = None
    keep_alive: KeepAlive | None = None
    truncate: bool | None = None
    shift: bool | None = None
    stream: bool = True


class GenerateRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """POST /api/generate."""

    model: str
    prompt: str = ""
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    raw: bool | None = None
    images: tuple[str, ...] | None = None
    think: Think | None = None
    format: Any = None
    options: dict[str, Any] | None = None
    keep_alive: KeepAlive | None = None
    truncate: bool | None = None
    shift: bool | None = None
    stream: bool = True


class EmbedRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """POST /api/embed; one failing text fails the whole batch."""

    model: str
    input: str | tuple[str, ...]
    truncate: bool | None = None
    dimensions: int | None = None
    options: dict[str, Any] | None = None
    keep_alive: KeepAlive | None = None


class CreateRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """POST /api/create: from another model, or from blobs already uploaded (name → digest)."""

    model: str
    from_: str | None = msgspec.field(default=None, name="from")
    files: dict[str, str] | None = None
    adapters: dict[str, str] | None = None
    template: str | None = None
    system: str | None = None
    parameters: dict[str, Any] | None = None
    messages: tuple[Message, ...] | None = None
    license: tuple[str, ...] | None = None
    quantize: str | None = None
    stream: bool = True


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What every streamed object may be instead of itself: an error. The client raises it."""

    error: Any = None


class Answer(Line, frozen=True, kw_only=True):
    """What chat and generate share: the end of the answer and its metrics, on the final object only."""

    model: str = ""
    created_at: str = ""
    done: bool = False
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None


class ChatChunk(Answer, frozen=True, kw_only=True):
    """One object of a chat stream; the final one may still carry text and calls."""

    message: Message = Message()


class GenerateChunk(Answer, frozen=True, kw_only=True):
    """One object of a generate stream; an empty one is not the end."""

    response: str = ""
    thinking: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class EmbedReply(Line, frozen=True, kw_only=True):
    """The vectors, in the order of the texts."""

    embeddings: tuple[tuple[float, ...], ...] | None = None
    model: str = ""
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is made of; the lengths exist since 0.30."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    families: tuple[str, ...] | None = None
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int | None = None
    embedding_length: int | None = None


class InstalledModel(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of /api/tags; unknown capabilities are None, not an empty list."""

    name: str
    model: str = ""
    modified_at: str = ""
    size: int = 0
    digest: str = ""
    details: Details | None = None
    capabilities: tuple[str, ...] | None = None
    remote_model: str | None = None
    remote_host: str | None = None


class TagsReply(Line, frozen=True, kw_only=True):
    """GET /api/tags."""

    models: tuple[InstalledModel, ...] | None


class RunningModel(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of /api/ps; the name is the one that loaded it first, so compare digests."""

    name: str
    model: str = ""
    size: int = 0
    digest: str = ""
    details: Details | None = None
    expires_at: str = ""
    size_vram: int | None = None
    context_length: int | None = None


class PsReply(Line, frozen=True, kw_only=True):
    """GET /api/ps."""

    models: tuple[RunningModel, ...] | None


class Tensor(msgspec.Struct, frozen=True):
    """One tensor of a model: enough to work out the memory it needs."""

    name: str
    type: str = ""
    shape: tuple[int, ...] | None = None


class ShowReply(Line, frozen=True, kw_only=True):
    """POST /api/show: what the server knows of one model."""

    details: Details | None = None
    license: str | None = None
    modelfile: str | None = None
    parameters: str | None = None
    template: str | None = None
    system: str | None = None
    messages: tuple[Message, ...] | None = None
    model_info: dict[str, Any] | None = None
    projector_info: dict[str, Any] | None = None
    tensors: tuple[Tensor, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    modified_at: str = ""
    requires: str | None = None
    remote_model: str | None = None
    remote_host: str | None = None

    @property
    def architecture(self) -> str:
        """The name all other keys of model_info begin with; empty when unknown."""
        value = (self.model_info or {}).get("general.architecture")
        return value if isinstance(value, str) else ""

    def fact(self, key: str) -> Any:
        """A value of model_info by its key without the architecture, such as "block_count"."""
        return (self.model_info or {}).get(f"{self.architecture}.{key}")

    @property
    def trained_context(self) -> int | None:
        """The longest context the model was trained for; a load usually uses less."""
        value = self.fact("context_length")
        return value if isinstance(value, int) and value > 0 else None


class PullProgress(Line, frozen=True, kw_only=True):
    """One object of a pull, push or create stream.

    *completed* is missing while it is zero, may go backwards, and need not reach *total*; a layer is
    complete when a later status appears.
    """

    status: str = ""
    digest: str | None = None
    total: int | None = None
    completed: int | None = None


class VersionReply(Line, frozen=True, kw_only=True):
    """GET /api/version: what tells an Ollama from anything else."""

    version: str
