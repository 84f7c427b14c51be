"""What the model means becomes what the server sends: thinking apart, or between tags in the text."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from core.simulator.asks import Wish
from core.simulator.models import Spec
from core.simulator.script import Call, Raw, Say, Think
from core.simulator.versions import Version
from core.simulator.wire import Refusal


class Piece(msgspec.Struct, frozen=True):
    """What one object of a stream carries."""

    content: str = ""
    thinking: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    logprobs: tuple[dict[str, Any], ...] = ()
    raw: bytes = b""
    final: dict[str, Any] | None = None


class Manner(msgspec.Struct, frozen=True):
    """How a request wants its thinking."""

    thinks: bool
    """Whether the model thinks at all."""
    apart: bool
    """Whether its thinking has a field of its own."""
    level: str = "medium"


def manner(spec: Spec, version: Version, think: Wish, shown: str, full: str) -> Manner:
    """Decide about thinking, or refuse what the model cannot."""
    if not spec.thinking:
        _refuse(version, think, shown, full)
        return Manner(thinks=False, apart=False)
    level = "high" if think == "max" else think if isinstance(think, str) else "medium"
    if spec.thinking == "levels":
        return Manner(thinks=True, apart=version.has("think"), level=level)
    if think is None:
        # Before it became the default, nobody asked meant nobody parsed.
        return Manner(thinks=True, apart=version.has("think_by_default"))
    return Manner(thinks=bool(think), apart=bool(think), level=level)


def _refuse(version: Version, think: Wish, shown: str, full: str) -> None:
    wants = bool(think)
    if version.number == (0, 12, 4):
        wants = think is not None
    if wants and version.has("think"):
        name = f'"{shown}"' if version.has("think_short_error") else full
        raise Refusal(400, f"{name} does not support thinking")


class Voice:
    """Turns the steps of one answer into pieces."""

    def __init__(
        self, version: Version, manner: Manner, spec: Spec, *, blanks: bool, logprobs: int | None
    ) -> None:
        self._version = version
        self._apart = manner.apart
        self._blanks = blanks and spec.thinking == "tags"
        self._at_end = spec.calls_at_end
        self._logprobs = logprobs
        self.thinking = False
        self._calls = 0
        self.late_calls: list[dict[str, Any]] = []
        """Calls that wait for the last object."""

    def pieces(self, step: Think | Say | Call | Raw, seed: int) -> list[Piece]:
        """What one step becomes; nothing, when it only adds to the last object."""
        match step:
            case Raw(data):
                return [Piece(raw=data)]
            case Think(text):
                return [*self._open(), self._text(text, thinking=self._apart)]
            case Say(text):
                return [*self._close(), self._text(text, thinking=False)]
            case Call():
                call = self._call(step, seed)
                if self._at_end:
                    self.late_calls.append(call)
                    return self._close()
                return [*self._close(), Piece(calls=(call,))]

    def _open(self) -> list[Piece]:
        if self.thinking:
            return []
        self.thinking = True
        if self._apart:
            # While a tag is being read, generate sends objects without anything in them.
            return [Piece()] if self._blanks else []
        return [Piece("<"), Piece("think"), Piece(">\n")]

    def _close(self) -> list[Piece]:
        if not self.thinking:
            return []
        self.thinking = False
        if self._apart:
            return [Piece()] if self._blanks else []
        return [Piece("\n</"), Piece("think"), Piece(">\n\n")]

    def _text(self, text: str, *, thinking: bool) -> Piece:
        logprobs = () if self._logprobs is None else (_logprob(text, self._logprobs),)
        return Piece("", text, logprobs=logprobs) if thinking else Piece(text, logprobs=logprobs)

    def _call(self, step: Call, seed: int) -> dict[str, Any]:
        function: dict[str, Any] = {"name": step.name, "arguments": step.arguments}
        if self._version.has("call_index"):
            function = {"index": self._calls, **function}
        self._calls += 1
        if not self._version.has("call_id"):
            return {"function": function}
        unique = hashlib.sha256(f"{seed}:{self._calls}:{step.name}".encode()).hexdigest()[:8]
        return {"id": f"call_{unique}", "function": function}


def _logprob(token: str, alternatives: int) -> dict[str, Any]:
    def one(text: str, rank: int) -> dict[str, Any]:
        chance = -0.01 - (len(text) * 7 % 10) / 40 - rank
        return {"token": text, "logprob": chance, "bytes": list(text.encode())}

    found = one(token, 0)
    if alternatives:
        found["top_logprobs"] = [
            one(token if not rank else f"{token}{rank}", rank) for rank in range(alternatives)
        ]
    return found
