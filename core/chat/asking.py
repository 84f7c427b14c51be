"""Makes the request for an answer: who is asked, with which context, and what of the chat goes along."""

from __future__ import annotations

from base64 import b64encode

import msgspec

from core.chat import prompt
from core.chat.attachments import quoted
from core.chat.desk import Desk
from core.chat.facts import ModelFacts
from core.chat.lookup import Evidence
from core.chat.prompt import Line, Plan
from core.chat.types import Chat, ContextFacts, NewAttachment, Note, ThinkSetting, Turn
from core.errors import BadRequest, CannotThink, ContextExceeded, LeitstandError, NotCapable
from core.ollama.wire import ChatRequest, Message, Think

_FAR = 4
"""How many messages beyond the window are read, so that what does not fit is told apart from the rest."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what it rests on."""

    request: ChatRequest
    facts: ModelFacts
    plan: Plan
    context: int
    estimated: float
    """Tokens of the prompt, not corrected by what the model taught."""
    images: bool
    notes: tuple[Note, ...]

    @property
    def sent(self) -> ContextFacts:
        """What of the conversation goes along, for people."""
        plan = self.plan
        return ContextFacts(window=self.context, sent=plan.sent, dropped=plan.dropped, estimate=plan.tokens)


class Allowances:
    """What the server turned out not to take, so that it is asked again without."""

    def __init__(self, window: int, passages: int = 0) -> None:
        self.window = window
        self.passages = passages
        """How many passages go along."""
        self.think = True
        self.levels = True
        self.images = True

    async def yields(self, desk: Desk, ask: Ask, error: LeitstandError) -> bool:
        """Whether asking in another way may help after this refusal."""
        if isinstance(ask.request.think, str) and isinstance(error, BadRequest):
            self.levels = False
        elif isinstance(error, CannotThink) and ask.request.think is not None:
            self.think = False
        elif isinstance(error, ContextExceeded):
            return await self._shorten(desk, ask, error)
        elif isinstance(error, NotCapable) and ask.images:
            self.images = False
        else:
            return False
        return True

    async def _shorten(self, desk: Desk, ask: Ask, error: ContextExceeded) -> bool:
        model = ask.facts.name
        if error.window is not None and error.window < ask.context:
            await desk.memory.set_effective(model, error.window)
        if not ask.images:
            known = (await desk.memory.of(model)).ratio
            ratio = prompt.learn(known, estimated=ask.estimated, counted=error.prompt_tokens)
            await desk.memory.set_ratio(model, ratio)
        if ask.plan.sent > 1 or not self.passages:
            self.window = ask.plan.sent - 1
        else:
            self.passages //= 2
        return self.window >= 1


async def prepare(
    desk: Desk,
    chat: Chat,
    answer: Turn,
    allow: Allowances,
    evidence: Evidence | None = None,
    *,
    anyway: bool = False,
) -> Ask:
    """Make the request for an answer as things are now, with as much evidence as there is room for."""
    facts = await desk.facts.of(answer.model)
    context = await desk.window_of(facts)
    known = await desk.memory.of(answer.model)
    room = known.window(context)
    past, total = await lines_before(desk, answer, allow.window)
    see = allow.images and facts.can("vision") is not False
    shown = past if see else [msgspec.structs.replace(line, images=0) for line in past]
    system = desk.system_of(chat)
    while True:
        plan = prompt.plan(
            system,
            _with_evidence(shown, answer, evidence, allow.passages),
            window=allow.window,
            context=room,
            kept=prompt.reserve(room, chat.options.get("num_predict")),
            ratio=known.ratio.value,
            must=2 if answer.text else 1,
            total=total,
        )
        if plan.verdict != "cut" or not allow.passages:
            break
        allow.passages -= 1
    think = _think(chat.think, facts, allow)
    messages = await _messages(desk, system, plan, images=see)
    request = ChatRequest(
        model=answer.model,
        messages=messages,
        think=think,
        options={**chat.options, "num_ctx": context},
        keep_alive=chat.keep_alive,
        # Told instead of cut: whatever is left out, we leave out, and say so.
        truncate=None if anyway else False,
    )
    return Ask(
        request=request,
        facts=facts,
        plan=plan,
        context=room,
        estimated=plan.tokens / known.ratio.value,
        images=any(message.images for message in messages),
        notes=_notes(chat.think, past, think=think, see=see, model=answer.model),
    )


def _with_evidence(lines: list[Line], answer: Turn, evidence: Evidence | None, count: int) -> list[Line]:
    """The messages, the question with what was found for it."""
    if evidence is None:
        return lines
    return [evidence.line(line, count) if line.key == answer.parent_id else line for line in lines]


async def lines_before(desk: Desk, answer: Turn, window: int) -> tuple[list[Line], int]:
    """The latest messages that lead to an answer, what it already says included; and how many there are."""
    path = await desk.tree.up(answer.parent_id, window + _FAR)
    if answer.text:
        path.append(answer)
    total = answer.depth + (1 if answer.text else 0)
    lines = [await line_of(desk, turn) for turn in path if turn.text or turn.attachments]
    return lines, total - (len(path) - len(lines))


async def line_of(desk: Desk, turn: Turn) -> Line:
    """A turn as it is sent: the texts of its files before its own."""
    if not turn.attachments:
        return Line(turn.role, turn.text, key=turn.id)
    contents = await desk.tree.contents(turn.id)
    files = [
        NewAttachment(file.name, file.kind, content)
        for file, content in zip(turn.attachments, contents, strict=True)
    ]
    return line_with(turn.text, tuple(files), key=turn.id)


def line_with(text: str, files: tuple[NewAttachment, ...], key: int = 0) -> Line:
    """A question with its files."""
    texts = [
        quoted(file.name, file.content.decode("utf-8", "replace")) for file in files if file.kind == "text"
    ]
    images = sum(file.kind == "image" for file in files)
    return Line("user", "\n\n".join([*texts, *([text] if text else [])]), images, key)


async def _messages(desk: Desk, system: str, plan: Plan, *, images: bool) -> tuple[Message, ...]:
    messages = [Message(role="system", content=system)] if system else []
    for group in prompt.merged(plan.lines):
        pictures: list[str] = []
        for line in group:
            if line.images and images:
                contents = await _pictures(desk, line.key)
                pictures += await desk.tasks.in_thread(_encoded, contents)
        messages.append(
            Message(
                role=group[0].role,
                content="\n\n".join(line.text for line in group),
                images=tuple(pictures) or None,
            )
        )
    return tuple(messages)


async def _pictures(desk: Desk, turn_id: int) -> list[bytes]:
    turn = await desk.tree.turn(turn_id)
    contents = await desk.tree.contents(turn_id)
    return [content for file, content in zip(turn.attachments, contents, strict=True) if file.kind == "image"]


def _encoded(contents: list[bytes]) -> list[str]:
    return [b64encode(content).decode("ascii") for content in contents]


def _think(setting: ThinkSetting, facts: ModelFacts, allow: Allowances) -> Think | None:
    """What to say about thinking; nothing where the model is known not to, for old servers refuse that."""
    can = facts.can("thinking")
    if can is False or not allow.think:
        return None
    match setting:
        case "auto":
            return True if can else None
        case "on":
            return True
        case "off":
            return False if can else None
        case level:
            return level if allow.levels else True


def _notes(
    setting: ThinkSetting, past: list[Line], *, think: Think | None, see: bool, model: str
) -> tuple[Note, ...]:
    notes = []
    if think is None and setting not in ("auto", "off"):
        hint = "Switch thinking off for this chat, or choose a model that can think."
        notes.append(Note("cannot_think", f"{model} cannot think; it answers without.", hint))
    if not see and past and any(line.images for line in past[-2:]):
        hint = "Choose a model with vision for pictures."
        notes.append(Note("cannot_see", f"{model} cannot see pictures; they were not sent.", hint))
    return tuple(notes)
