"""The line under the composer: who will answer, and how full the context is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from core.chat.types import Budget, Chat, Persona
from core.guard import one_line
from core.ollama.connection import ServerState
from tui.format import context, count
from tui.glyphs import Glyphs
from tui.render.gauges import bar
from tui.render.personas import heading
from tui.render.pieces import Piece, Pieces, width_of
from tui.theme import Ink

GAUGE = 10


def welcome(server: ServerState | None, glyphs: Glyphs, persona: Persona | None = None) -> list[Pieces]:
    """What an empty chat says: what this is, how to begin, and what is wrong if anything is."""
    lines: list[Pieces] = [[("", "text")]]
    if server is not None and server.phase in {"away", "wrong"}:
        lines += [
            [(f"{glyphs.warning} AI temporarily unavailable", "warn")],
            [(one_line(server.message, 300), "text")],
            [(one_line(server.hint, 300), "dim")],
            [("", "text")],
            [("alt+r", "key"), ("  try the server again now", "dim")],
            [("alt+d", "key"), ("  the built-in demonstration, in place of a server", "dim")],
            [("", "text")],
            [("What you write is kept and can be sent when it is back.", "dim")],
        ]
        return lines
    return [
        *lines,
        heading(persona) if persona is not None else [("A new chat", "strong")],
        [("Write below and press Enter. Every word of it is kept on this machine.", "text")],
        [("", "text")],
        [
            ("ctrl+o", "key"),
            ("  choose the model        ", "dim"),
            ("ctrl+t", "key"),
            ("  let it think or not", "dim"),
        ],
        [
            ("alt+p", "key"),
            ("   ready prompts           ", "dim"),
            ("alt+w", "key"),
            ("   somebody to talk to", "dim"),
        ],
        [("@", "key"), ("       send a file along       ", "dim"), ("/", "key"), ("       commands", "dim")],
        [("ctrl+f", "key"), ("  search all chats        ", "dim"), ("?", "key"), ("       every key", "dim")],
    ]


def held(text: str, glyphs: Glyphs) -> list[Piece]:
    """A question that could not go yet, and when it does."""
    return [
        (f" {glyphs.ready} ", "accent"),
        ("Goes once Leitstand has started: ", "dim"),
        (one_line(text, 300), "text"),
    ]


def fullness(percent: float) -> Ink:
    """Green below half, orange to four fifths, red above."""
    if percent < 50:
        return "good"
    return "warn" if percent <= 80 else "bad"


def gauge(budget: Budget | None, glyphs: Glyphs, *, wide: bool, brief: bool = False) -> list[Piece]:
    """How full the context would be with what is written now; *brief* where much else must have room."""
    if budget is None or not budget.available:
        return []
    ink = fullness(budget.percent)
    ascii_only = glyphs.live.isascii()
    numbers = f"{count(budget.used).strip()} / {context(budget.available).strip()}"
    pieces: list[Piece] = []
    if budget.verdict == "cut":
        pieces.append((f"{glyphs.warning} too long  ", "bad"))
    elif budget.dropped:
        word = "message stays" if budget.dropped == 1 else "messages stay"
        words = f"{budget.dropped} left out" if brief else f"{budget.dropped} earlier {word} out"
        pieces.append((f"{words}  ", "warn"))
    if wide:
        pieces += [
            ("context ", "dim"),
            (bar(budget.percent / 100, GAUGE, ascii_only=ascii_only), ink),
            ("  ", "dim"),
        ]
    pieces.append((numbers, ink if budget.percent >= 50 else "text"))
    if wide and budget.model_max and budget.model_max != budget.available:
        pieces.append((f" of {context(budget.model_max).strip()}", "dim"))
    return [*pieces, (" ", "dim")]


def reasons(route: str, model: str) -> tuple[str, ...]:
    """What stands behind the model's name, from the longest wording to the shortest."""
    question, _, answer = one_line(route, 300).partition(" → ")
    place = answer.removeprefix(model).removeprefix(", ")
    state = place.partition(", ")[0]
    kind, degree = question.partition(":")[0].split(" ")[0], question.rpartition(" · ")[2].rstrip(")")
    found = [f", {place}   {question}", f", {state}   {question}", f"   {question}", f"   {kind} · {degree}"]
    return tuple(found if place else found[2:])


def destination(
    chat: Chat | None,
    model: str,
    glyphs: Glyphs,
    attachments: Sequence[str],
    *,
    route: str = "",
    asked: bool = True,
    room: int = 200,
    library: str = "",
) -> list[Piece]:
    """Who answers next and why, and how; before anything is *asked* a routed chat only says so."""
    name = one_line(model, 80) or ("no model can answer yet" if route else "no model yet")
    pieces: list[Piece] = [(f" {glyphs.arrow} ", "dim")]
    if route and not asked:
        pieces += [("auto", "text"), ("   the model is chosen by what you ask", "dim")]
    else:
        pieces += [("auto   " if not model else "auto ", "dim")] if route else []
        pieces.append((name, "text" if model else "warn"))
    after = _settings(chat, attachments, library)
    if route and not asked and after and width_of([*pieces, *after]) > room:
        pieces.pop()  # what is set for this chat says more than how it goes without
    if route and asked and model:
        left = room - width_of([*pieces, *after])
        words = next((words for words in reasons(route, model) if cell_len(words) <= left), "")
        pieces.append((words, "dim"))
    return [*pieces, *after]


def _settings(chat: Chat | None, attachments: Sequence[str], library: str) -> list[Piece]:
    """How this chat answers, where that is not as usual."""
    pieces: list[Piece] = []
    if chat is not None and chat.persona:
        pieces.append((f" as {one_line(chat.persona, 40)}", "accent"))
    if chat is not None and chat.think != "auto":
        pieces.append((f"   think {chat.think}", "dim"))
    if chat is not None and chat.system and not chat.persona:
        pieces.append(("   own system prompt", "dim"))
    if library:
        pieces.append((f"   {library}", "dim"))
    if attachments:
        named = one_line(attachments[0], 30) if len(attachments) == 1 else f"{len(attachments)} files"
        pieces.append((f"   with {named}", "accent"))
    return pieces
