"""The one table of settings: defaults, limits, words. Form, help, example file and checks are made from it.

A new section is a struct here and one field of `Config`; a new setting is one field of its section.
A field is an `Annotated` bool, int, float, str, `Literal`, `tuple[str, ...]` or `dict[str, str]`.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from core.config.backup import Backup
from core.config.fields import Section, about, flatten, plain
from core.config.gauges import Gauges
from core.config.library import Library
from core.config.routing import Router
from core.config.types import Setting, Value
from core.config.ui import Ui


class Server(Section, frozen=True):
    """The Ollama server that does the work."""

    url: Annotated[
        str,
        about(
            "Address",
            "Where Ollama answers, like http://gpubox:11434 or gpubox. Left empty, the environment variable "
            "OLLAMA_HOST decides, and without it this machine.",
        ),
    ] = ""
    connect_timeout: Annotated[
        float,
        about(
            "Connect timeout",
            "How long to wait for a connection before the server counts as away. Answers may take as long "
            "as they like.",
            ge=0.5,
            le=120,
            unit="seconds",
        ),
    ] = 5.0
    check_every: Annotated[
        float,
        about(
            "Check every",
            "How often to look whether the server is still there and which models it holds in memory.",
            ge=1,
            le=3600,
            unit="seconds",
        ),
    ] = 10.0


class Log(Section, frozen=True):
    """What is written to the log file. Never what you say or what is answered."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        about("Level", "The least important kind of entry that is written."),
    ] = "info"


class Queue(Section, frozen=True):
    """How work is queued: how much runs at once, and how long one thing may wait for another."""

    inference_width: Annotated[
        int,
        about(
            "Answers at once",
            "How many answers the server may be asked for at the same time. More than one only helps when it "
            "was started with OLLAMA_NUM_PARALLEL, or when several models fit into its memory.",
            ge=1,
            le=64,
        ),
    ] = 1
    network_width: Annotated[
        int, about("Transfers at once", "How many downloads run at the same time.", ge=1, le=16)
    ] = 2
    cpu_width: Annotated[
        int,
        about(
            "Local work at once",
            "How many jobs on this machine's own processors, like reading documents, run at the same time.",
            ge=1,
            le=64,
        ),
    ] = 1
    overtaken_times: Annotated[
        int,
        about(
            "Overtaken at most",
            "How many later questions may go ahead of a waiting one because their model is loaded. More "
            "means fewer model switches; 0 means first come, first served.",
            ge=0,
            le=1000,
        ),
    ] = 24
    overtaken_seconds: Annotated[
        float,
        about(
            "Overtaken for at most",
            "How long a waiting question may be held up by later ones that went ahead of it.",
            ge=0,
            le=86400,
            unit="seconds",
        ),
    ] = 180.0
    urgent_in_a_row: Annotated[
        int,
        about(
            "Urgent in a row",
            "How many more urgent jobs may start one after the other while a less urgent one waits.",
            ge=1,
            le=1000,
        ),
    ] = 20
    attempts: Annotated[
        int,
        about(
            "Attempts",
            "How often work that failed is tried in all, when another try may help: a model that did not "
            "load, a server that broke down.",
            ge=1,
            le=20,
        ),
    ] = 2
    retry_after: Annotated[
        float,
        about("Pause before a retry", "How long to wait before trying again.", ge=0, le=3600, unit="seconds"),
    ] = 5.0
    history_days: Annotated[
        int,
        about(
            "History",
            "How long finished jobs are listed; 0 keeps them for ever.",
            ge=0,
            le=3650,
            unit="days",
        ),
    ] = 90


class Chat(Section, frozen=True):
    """Conversations: what is sent with a question, and how answers are shown and kept."""

    model: Annotated[
        str,
        about(
            "Default model",
            "Who answers in a new chat. Left empty, or auto, the model is chosen for every question; with "
            "that switched off, the model used last answers, or else the first one there is.",
            names="model",
        ),
    ] = ""
    system: Annotated[
        str, about("System prompt", "What every chat begins with that has no system prompt of its own.")
    ] = ""
    window: Annotated[
        int,
        about(
            "Messages sent",
            "How many of the latest messages go along with a question, the question included. Fewer are "
            "sent when they do not fit into the context.",
            ge=1,
            le=1000,
            unit="messages",
        ),
    ] = 10
    context: Annotated[
        int,
        about(
            "Context length",
            "The context a model gets the first time it is used here, as far as it was trained for that. A "
            "model in memory keeps the one it has. It stays the same for a model from then on, because "
            "changing it loads the model again.",
            ge=1024,
            le=10_000_000,
            unit="tokens",
        ),
    ] = 8192
    thinking: Annotated[
        Literal["auto", "open", "closed"],
        about(
            "Thinking",
            "How a model's thinking is shown: open while it thinks and closed after that, always open, or "
            "always closed. What you open or close yourself stays as you left it.",
        ),
    ] = "auto"
    title_by_model: Annotated[
        bool,
        about(
            "Titles by the model",
            "Let the model find a title for a new chat when it has nothing else to do.",
        ),
    ] = True
    silence: Annotated[
        float,
        about(
            "Silence",
            "After how long without a word an answer is ended. Loading the model does not count.",
            ge=5,
            le=86400,
            unit="seconds",
        ),
    ] = 120.0
    silence_large: Annotated[
        float,
        about(
            "Silence of large models",
            "The same for models with 70 billion parameters and more.",
            ge=5,
            le=86400,
            unit="seconds",
        ),
    ] = 300.0
    load_limit: Annotated[
        float,
        about(
            "Loading",
            "After how long a model that is still not loaded is given up, waiting for its turn on the server "
            "included.",
            ge=30,
            le=86400,
            unit="seconds",
        ),
    ] = 1800.0
    clean_up_days: Annotated[
        int,
        about(
            "Clean up",
            "Chats nobody used for so long are deleted, except pinned ones; 0 keeps all of them for ever.",
            ge=0,
            le=36500,
            unit="days",
        ),
    ] = 0
    keep_deleted_days: Annotated[
        int,
        about("Keep deleted", "For how long a deleted chat can be taken back.", ge=0, le=3650, unit="days"),
    ] = 7


class Models(Section, frozen=True):
    """Models: how they are loaded, judged and deleted."""

    keep_alive: Annotated[
        str,
        about(
            "Keep in memory",
            "How long a model that is loaded here stays in memory after its last use: 5m, 1h, forever. Left "
            "empty, the server decides.",
        ),
    ] = ""
    cache: Annotated[
        Literal["f16", "q8_0", "q4_0"],
        about(
            "Cache type",
            "How the server stores the context: its OLLAMA_KV_CACHE_TYPE. Needed to say what fits.",
        ),
    ] = "f16"
    parallel: Annotated[
        int,
        about(
            "Parallel answers",
            "How many answers a model gives at once: the server's OLLAMA_NUM_PARALLEL. Needed to say what "
            "fits.",
            ge=1,
            le=64,
        ),
    ] = 1
    undo: Annotated[
        float,
        about(
            "Take back",
            "For how long the deletion of a model can be taken back; it is deleted after that.",
            ge=0,
            le=600,
            unit="seconds",
        ),
    ] = 10.0
    directory: Annotated[
        str,
        about(
            "Directory",
            "Where the server keeps its models, when that is on this machine: the disk that must have room. "
            "Left empty, it is found out where possible.",
        ),
    ] = ""


class Downloads(Section, frozen=True):
    """Downloads. How many run at once is `queue.network_width`."""

    verify: Annotated[
        bool,
        about("Try out", "After a download let the model say something, so that it is known to work."),
    ] = True
    stall: Annotated[
        float,
        about(
            "Stall",
            "After how long without a byte a download is connected anew; it goes on where it stopped.",
            ge=10,
            le=3600,
            unit="seconds",
        ),
    ] = 60.0
    attempts: Annotated[
        int,
        about(
            "Attempts",
            "How often a download that fails is tried before it is given up. Attempts that brought it "
            "forward do not count.",
            ge=1,
            le=100,
        ),
    ] = 6


class Config(Section, frozen=True):
    """Everything that can be set."""

    server: Server = Server()
    ui: Ui = Ui()
    chat: Chat = Chat()
    queue: Queue = Queue()
    router: Router = Router()
    models: Models = Models()
    downloads: Downloads = Downloads()
    library: Library = Library()
    gauges: Gauges = Gauges()
    backup: Backup = Backup()
    hosts: Annotated[
        dict[str, str],
        about(
            "Other servers",
            "More Ollama servers beside the main one: a name of yours and the address. Their models are "
            "listed with it, qwen3:8b@box, and answer like any other. Each server works in its own lane. "
            'Example: box = "http://gpubox:11434"',
        ),
    ] = msgspec.field(default_factory=dict)
    keys: Annotated[
        dict[str, str],
        about(
            "Keys",
            "Other keys for an action: its name and the keys, separated by commas; an empty text takes its "
            'keys away. The help screen lists the names. Example: palette = "ctrl+p, f1"',
        ),
    ] = msgspec.field(default_factory=dict)
    log: Log = Log()


@cache
def table() -> dict[str, tuple[Setting, Any]]:
    """Every setting and the type that checks it, by path; not to be changed."""
    return flatten(Config)


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting, in the order of the table."""
    return tuple(setting for setting, _ in table().values())


def read(config: Config, path: str) -> Value:
    """Return the value a configuration has at a path, as plain data."""
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    return plain(value)
