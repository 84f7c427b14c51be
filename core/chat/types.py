"""What a conversation is, and the events about it.

A chat is a tree of turns. A turn is one message: a question (role "user") or an answer ("assistant").
Asking again, or editing a question, adds a sibling and keeps the other; the *branch* is the path
from the root to the chat's head.

    queued ──▶ loading ──▶ reading ──▶ thinking ◀──▶ answering ──▶ done
       ▲           │           │           │             │
       └───────────┴───────────┴───────────┴─────────────┴──▶ stopped      a person said enough
          asked again, continued, server back           ├──▶ interrupted   Leitstand ended meanwhile
                                                        └──▶ failed        `error` says why
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import msgspec

from core.bus import StateEvent, TextEvent
from core.retrieval.library import Sources

TitleSource = Literal["text", "model", "user"]
"""Where a title comes from; a person's is never replaced."""

ThinkSetting = Literal["auto", "on", "off", "low", "medium", "high"]
"""Whether a model is asked to think; auto lets it if it can."""

KeepAlive = float | str | None
"""How long the model stays loaded: seconds (negative: for ever), or a text such as "5m"; None: as it is."""

Role = Literal["user", "assistant", "system"]

TurnState = Literal[
    "queued",
    "loading",
    "reading",
    "thinking",
    "answering",
    "done",
    "stopped",
    "interrupted",
    "failed",
]
"""`queued` with an error waits because of it; in `reading` the model reads the prompt."""

ENDED: tuple[TurnState, ...] = ("done", "stopped", "interrupted", "failed")

Part = Literal["thinking", "answer"]
"""Which of an answer's two texts."""

THINK_SETTINGS: tuple[ThinkSetting, ...] = ("auto", "on", "off", "low", "medium", "high")


class TurnError(msgspec.Struct, frozen=True):
    """Why an answer failed, or what it waits for."""

    code: str
    message: str
    hint: str = ""


class Note(msgspec.Struct, frozen=True):
    """Something a person should know about an answer that did not keep it from being given."""

    code: str
    """`fallback`, `cannot_think`, `cannot_see`, `length`, `cut` (the server left out a part of it) …"""
    message: str
    hint: str = ""


class Stats(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was measured on an answer; None is not known, never zero."""

    ttft: float | None = None
    """Seconds from the request to the first piece of text, with loading."""
    tokens: int | None = None
    """What the model said, thinking included."""
    speed: float | None = None
    """Tokens a second while it spoke."""
    prompt_tokens: int | None = None
    prompt_speed: float | None = None
    """None when the prompt was in the server's cache, where it would mean nothing."""
    load: float | None = None
    """Seconds until the model was there."""
    duration: float | None = None
    """Seconds from the request to the end."""
    thought: float | None = None
    """Seconds it spent thinking."""
    thinking_tokens: int | None = None
    """About how many of the tokens were thinking."""
    reason: str = ""
    """Why the model stopped, as the server says: `stop`, `length` …"""


class ContextFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a conversation went into one answer."""

    window: int = 0
    """The context length that was asked for, in tokens."""
    sent: int = 0
    """Messages that were sent, the question included."""
    dropped: int = 0
    """Earlier messages that were left out."""
    estimate: int = 0
    """Tokens we thought the prompt has."""
    cut: bool = False
    """The server left out a part of what was sent."""


class Attachment(msgspec.Struct, frozen=True):
    """What was sent with a question; its content is kept apart."""

    name: str
    kind: Literal["image", "text"]
    size: int


class NewAttachment(msgspec.Struct, frozen=True):
    """A file to send with a question; `ChatService.read_file` makes one."""

    name: str
    kind: Literal["image", "text"]
    content: bytes


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is now."""

    id: int
    chat_id: int
    parent_id: int | None = None
    role: Role = "user"
    text: str = ""
    thinking: str = ""
    state: TurnState = "done"
    error: TurnError | None = None
    notes: tuple[Note, ...] = ()
    model: str = ""
    """Who answers, or answered."""
    stats: Stats | None = None
    route: str = ""
    """Why that model, in words."""
    attachments: tuple[Attachment, ...] = ()
    context: ContextFacts | None = None
    sources: Sources | None = None
    """What of the library it was given from; None: nothing was looked up."""
    created: float = 0.0
    since: float = 0.0
    """When its state began."""
    finished: float | None = None
    siblings: int = 1
    """How many variants there are, this one included."""
    sibling: int = 1
    """Which of them this is, from 1 in the order they were made."""
    depth: int = 0
    """Its place in the branch, from 0."""
    job_id: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ENDED


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as lists show it, with its settings."""

    id: int
    title: str = ""
    title_source: TitleSource = "text"
    pinned: bool = False
    created: float = 0.0
    updated: float = 0.0
    """When something was last asked or answered."""
    model: str = ""
    """Empty: the default model."""
    persona: str = ""
    system: str = ""
    """The system prompt; empty: the default one."""
    think: ThinkSetting = "auto"
    options: dict[str, Any] = {}
    """Ollama's sampling options. The context length is the model's: see `ChatService.set_context`."""
    keep_alive: KeepAlive = None
    unread: bool = False
    """An answer ended and nobody has looked."""
    archived: bool = False
    deleted_at: float | None = None
    head_id: int | None = None
    """The last turn of its branch."""
    turns: int = 0
    """How many turns the branch has."""
    preview: str = ""
    """The beginning of what was said last."""
    state: TurnState | None = None
    """The state of the last answer; None in an empty chat."""


class ChatPage(msgspec.Struct, frozen=True):
    """Some of the chats: the pinned first, then the most recent."""

    chats: tuple[Chat, ...]
    more: bool
    """Whether there are further ones: ask again with `after` the last chat's id."""
    total: int


class OpenChat(msgspec.Struct, frozen=True):
    """A chat and the end of its branch, in reading order."""

    chat: Chat
    turns: tuple[Turn, ...]
    more: bool
    """Whether earlier turns exist: ask again with `before` the first turn's id."""


class Sent(msgspec.Struct, frozen=True):
    """What asking made: the chat, the question and the answer that is to come."""

    chat: Chat
    question: Turn
    answer: Turn
    others: tuple[Turn, ...] = ()
    """Further answers to the same question, when several models were asked."""


class Draft(msgspec.Struct, frozen=True):
    """What was typed and not sent; of no chat yet when *chat_id* is None."""

    chat_id: int | None = None
    text: str = ""
    updated: float = 0.0


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """Where a search found something, the best first."""

    chat_id: int
    title: str
    turn_id: int | None = None
    """None: the title itself."""
    role: Role | None = None
    part: Literal["title", "thinking", "answer", "question"] = "title"
    snippet: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    """Which characters of the snippet were found: from, to."""
    at: float = 0.0


class Choice(msgspec.Struct, frozen=True):
    """A way out when a prompt is too long."""

    kind: Literal["shorten", "raise_context", "new_chat"]
    text: str
    tokens: int | None = None
    """By how many tokens to shorten, or the context length to raise to."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent if the question were asked now, and whether it fits."""

    used: int = 0
    """About how many tokens the prompt has, with the question."""
    available: int = 0
    """The context length that will be used."""
    reserve: int = 0
    """What of it is kept for the answer."""
    model_max: int | None = None
    """The longest context the model was trained for."""
    sent: int = 0
    """Messages that would be sent, the question included."""
    dropped: int = 0
    """Earlier messages that would be left out."""
    verdict: Literal["fits", "drops", "cut"] = "fits"
    """`drops`: earlier messages stay out for lack of room. `cut`: the question alone is too long."""
    message: str = ""
    choices: tuple[Choice, ...] = ()
    model: str = ""
    """Who would answer."""
    route: str = ""
    """Why that model, in words, when a router chose it."""
    source: Literal["learned", "estimated"] = "estimated"
    """Whether the count rests on what this model has told of earlier prompts."""

    @property
    def percent(self) -> int:
        """How full the context is."""
        return round(100 * self.used / self.available) if self.available else 0


class Persona(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to talk to: a system prompt under a name."""

    name: str
    icon: str = ""
    description: str = ""
    system: str = ""
    model: str = ""
    """Who it prefers to be; empty: any."""
    colour: Literal["", "blue", "green", "orange", "red"] = ""
    """Of its icon."""
    options: dict[str, Any] = {}
    """Ollama's sampling options it answers with."""
    questions: tuple[str, ...] = ()
    """What one could ask it first."""
    own: bool = False
    """Whether it stands in the user's own file."""


class CleanUp(msgspec.Struct, frozen=True):
    """What a clean-up deleted, or would delete."""

    chats: tuple[Chat, ...]
    dry_run: bool


class Export(msgspec.Struct, frozen=True):
    """A chat as a file."""

    name: str
    text: str


class Imported(msgspec.Struct, frozen=True):
    """What an import brought."""

    chats: tuple[int, ...]
    turns: int
    skipped: int = 0
    """Conversations that could not be read or held nothing."""
    known: int = 0
    """Conversations that were here already, with everything the file has of them."""


class ModelSpeed(msgspec.Struct, frozen=True, kw_only=True):
    """What all answers of one model showed; None is not known."""

    model: str
    answers: int = 0
    tokens: int = 0
    speed: float | None = None
    """Tokens a second over all of them."""
    last_speed: float | None = None
    ttft: float | None = None
    """On average, with loading."""
    prompt_speed: float | None = None
    load: float | None = None
    """The last time it had to be loaded."""
    duration: float | None = None
    """On average."""
    context: int | None = None
    """The context length that is used for it."""


class ChatChanged(StateEvent, frozen=True, tag=True):
    """A chat is new, or its title, settings, place or marks changed."""

    chat: Chat

    @property
    def topic(self) -> Hashable:
        """One topic a chat."""
        return (ChatChanged, self.chat.id)


class ChatsChanged(StateEvent, frozen=True, tag=True):
    """Many chats changed, or some are gone: whoever lists them should read again."""


class TurnChanged(StateEvent, frozen=True, tag=True):
    """A turn is new or moved on; it carries all of its text so far and replaces what was known."""

    turn: Turn

    @property
    def topic(self) -> Hashable:
        """One topic a turn."""
        return (TurnChanged, self.turn.id)


class TurnDelta(TextEvent, frozen=True, tag=True, kw_only=True):
    """A piece of an answer; text at or before what one has is skipped, a gap means read again."""

    chat_id: int
    turn_id: int
    part: Part

    @property
    def topic(self) -> Hashable:
        """One topic a text."""
        return (TurnDelta, self.turn_id, self.part)
