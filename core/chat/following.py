"""How a face follows an answer: apply each event, skip what one has, read again at a gap. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from core.bus import Event
from core.chat.types import Part, Turn, TurnChanged, TurnDelta

FIELDS: Mapping[Part, str] = MappingProxyType({"thinking": "thinking", "answer": "text"})


def applied(turn: Turn, event: Event) -> Turn | None:
    """The turn as it is after an event about it; None when something was missed: read it again."""
    if isinstance(event, TurnChanged) and event.turn.id == turn.id:
        return event.turn
    if not isinstance(event, TurnDelta) or event.turn_id != turn.id:
        return turn
    have: str = getattr(turn, FIELDS[event.part])
    if event.offset > len(have):
        return None
    fresh = event.text[len(have) - event.offset :]
    return msgspec.structs.replace(turn, **{FIELDS[event.part]: have + fresh}) if fresh else turn
