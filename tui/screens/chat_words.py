"""The composer's commands: what can be typed after a slash, once."""

from __future__ import annotations

import re

import msgspec


class Command(msgspec.Struct, frozen=True):
    """One word after a slash: the page's action, and whether it takes the rest of the line."""

    name: str
    about: str
    action: str
    takes: str = ""


COMMANDS: tuple[Command, ...] = (
    Command("new", "Begin a new chat", "new_chat"),
    Command("model", "Choose the model of this chat", "model", "name"),
    Command("several", "Put the last question to several models, side by side", "ask_several"),
    Command("why", "Why this model answered, with every reason", "why"),
    Command("reroute", "Let another model or tier answer the last question", "reroute"),
    Command("think", "Let it think: auto, on, off, low, medium, high", "think", "how"),
    Command("system", "The system prompt of this chat", "system", "text"),
    Command("prompt", "A ready prompt, filled with what is written", "prompt", "name"),
    Command("persona", "Somebody to talk to", "persona", "name"),
    Command("context", "The context length of this model, in tokens", "context", "tokens"),
    Command("temperature", "How freely it speaks, 0 to 2", "temperature", "number"),
    Command("attach", "A picture or a text file to the question", "attach", "path"),
    Command("editor", "Write the question in your own editor", "editor"),
    Command("detach", "Take back what was attached to the question", "detach"),
    Command("library", "What questions are looked up in: matching spaces, some, none", "choose_spaces"),
    Command("sources", "What the last answer was given from", "show_sources"),
    Command("found", "How the passages of the last answer were found", "inspect_search"),
    Command("rename", "Give this chat another title", "rename", "title"),
    Command("pin", "Keep this chat on top, or not", "pin"),
    Command("again", "Answer once more, keeping this answer", "regenerate"),
    Command("continue", "Go on with an answer that ended early", "continue_answer"),
    Command("summary", "Go on in a new chat with a summary of this one", "summary"),
    Command("search", "Find words in every chat", "search"),
    Command("find", "Find words on this page", "find", "words"),
    Command("copy", "Copy the last answer", "copy_answer"),
    Command("export", "Write this chat to a file: Markdown, or JSON with every variant", "export", "path"),
    Command("import", "Take over chats from Leitstand, ChatGPT or Open WebUI", "import", "path"),
    Command("delete", "Delete this chat; /undo takes it back", "delete"),
    Command("undo", "Take the last deletion back", "undo_delete"),
    Command("stop", "Stop the answer, keeping it", "stop"),
    Command("help", "All keys of this page", "help"),
)


def find(text: str) -> tuple[Command, str] | None:
    """Read "/name rest": the command and the rest, or None when it is no command."""
    if not text.startswith("/") or "\n" in text:
        return None
    name, _, rest = text[1:].partition(" ")
    command = next((found for found in COMMANDS if found.name == name), None)
    return (command, rest.strip()) if command is not None else None


def starting(text: str) -> list[Command]:
    """The commands that a slash and some letters may become."""
    if not text.startswith("/") or " " in text or "\n" in text:
        return []
    return [command for command in COMMANDS if command.name.startswith(text[1:])]


def unknown(text: str) -> str:
    """The word after a slash that looks like a command and is none; empty when it is text."""
    found = re.match(r"/([a-z_-]+)(?:\s|$)", text)
    return found[1] if found and not any(command.name == found[1] for command in COMMANDS) else ""
