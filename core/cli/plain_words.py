"""The commands of the chat line by line, once: what is typed, what it does, which method does it."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """One word after a slash."""

    name: str
    about: str
    takes: str = ""


WORDS: tuple[Word, ...] = (
    Word("help", "These commands"),
    Word("quit", "Leave; ctrl+d does the same"),
    Word("stop", "Stop the answer and keep what was said; ctrl+c does the same"),
    Word("again", "Answer the last question once more, keeping this answer"),
    Word("continue", "Go on with an answer that ended early"),
    Word("repeat", "Say the last answer once more"),
    Word("model", "Who answers in this chat; without a name: which models there are", "[NAME]"),
    Word("think", "Let it think: auto, on, off, low, medium, high", "HOW"),
    Word("thoughts", "Print the thinking, or only that it thinks", "on|off"),
    Word("system", "The system prompt of this chat", "TEXT"),
    Word("attach", "A picture or a text file to the next question", "PATH"),
    Word("new", "Begin a new chat"),
    Word("chats", "The latest chats and their numbers"),
    Word("open", "Go on with the chat of that number", "NUMBER"),
    Word("rename", "Give this chat another title", "TITLE"),
    Word("search", "Find words in every chat", "WORDS"),
    Word("export", "Write this chat to a Markdown file", "[PATH]"),
    Word("status", "The server, the model, the queue"),
)

ALIASES = {"exit": "quit", "bye": "quit", "?": "help", "retry": "again"}


def find(line: str) -> tuple[str, str] | None:
    """Read "/name rest"; None when it is no command, an empty name when there is none of that name."""
    if not line.startswith("/"):
        return None
    name, _, rest = line[1:].strip().partition(" ")
    if "/" in name:
        return None  # a path at the beginning of a question
    name = ALIASES.get(name.casefold(), name.casefold())
    return (name if any(word.name == name for word in WORDS) else "", rest.strip())
