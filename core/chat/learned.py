"""What talking to a model taught: its context length here, its tokens, its speed. Outlives the chats.

A model's context length is decided once and then stays the same in every request: another one makes
the server load the model again.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from core.chat.facts import ModelFacts, same
from core.chat.prompt import Ratio
from core.chat.types import ModelSpeed, Stats
from core.ollama.wire import RunningModel
from core.store.database import Database, Transaction

LEAST_CONTEXT = 1024


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one model."""

    model: str
    context: int | None = None
    """What is asked of the server; None while nobody has decided."""
    effective: int | None = None
    """What the server made of it; None while nobody has looked."""
    ratio: Ratio = Ratio()
    prompt_speed: float | None = None

    def window(self, default: int) -> int:
        """How many tokens there is room for."""
        asked = self.context or default
        return min(asked, self.effective) if self.effective else asked


class Memory:
    """Reads and writes what was learned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, model: str) -> Learned:
        """What is known of a model."""
        row = await self._database.read_one("SELECT * FROM chat_model WHERE model = ?", (same(model),))
        if row is None:
            return Learned(model=model)
        ratio = Ratio() if row["ratio"] is None else Ratio(row["ratio"], row["samples"])
        return Learned(
            model=model,
            context=row["context"],
            effective=row["effective"],
            ratio=ratio,
            prompt_speed=row["prompt_speed"],
        )

    async def set_context(self, model: str, context: int | None) -> None:
        """Decide a context length, or leave it to be decided anew."""
        await self._change(model, context=context, effective=None)

    async def set_effective(self, model: str, effective: int) -> None:
        """Remember what the server made of the context that was asked for."""
        await self._change(model, effective=effective)

    async def set_ratio(self, model: str, ratio: Ratio) -> None:
        """Remember how this model counts."""
        await self._change(model, ratio=ratio.value, samples=ratio.samples)

    async def add(self, tx: Transaction, model: str, stats: Stats, now: float) -> None:
        """Count an answer."""
        await _ensure(tx, model)
        speaking = stats.tokens / stats.speed if stats.tokens and stats.speed else None
        await tx.execute(
            "UPDATE chat_model SET answers = answers + 1,"
            " tokens = tokens + :tokens, speaking = speaking + :speaking,"
            " last_speed = coalesce(:speed, last_speed), last_used = :now,"
            " ttft_sum = ttft_sum + coalesce(:ttft, 0), ttft_count = ttft_count + (:ttft IS NOT NULL),"
            " duration_sum = duration_sum + coalesce(:duration, 0),"
            " duration_count = duration_count + (:duration IS NOT NULL),"
            " prompt_speed = coalesce(:prompt_speed, prompt_speed), load = coalesce(:load, load)"
            " WHERE model = :model",
            {
                "model": same(model),
                "tokens": stats.tokens if speaking else 0,
                "speaking": speaking or 0.0,
                "speed": stats.speed,
                "ttft": stats.ttft,
                "duration": stats.duration,
                "prompt_speed": stats.prompt_speed,
                "load": stats.load,
                "now": now,
            },
        )

    async def last_used(self) -> str:
        """The model of the last answer; empty when there was none."""
        row = await self._database.read_one(
            "SELECT shown FROM chat_model WHERE last_used IS NOT NULL ORDER BY last_used DESC LIMIT 1"
        )
        return row["shown"] if row else ""

    async def speeds(self) -> tuple[ModelSpeed, ...]:
        """What was measured of every model, the most used first."""
        found = await self._database.read(
            "SELECT * FROM chat_model WHERE answers > 0 ORDER BY answers DESC, model"
        )
        return tuple(map(_speed, found))

    async def _change(self, model: str, **changes: Any) -> None:
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        async with self._database.write() as tx:
            await _ensure(tx, model)
            await tx.execute(
                f"UPDATE chat_model SET {sets} WHERE model = :model",  # noqa: S608 - names of our own columns
                {**changes, "model": same(model)},
            )


def decide(facts: ModelFacts, loaded: RunningModel | None, default: int) -> int:
    """Choose a model's context length: as it is loaded, as its Modelfile says, or *default*."""
    if loaded is not None and (loaded.context_length or 0) >= LEAST_CONTEXT:
        assert loaded.context_length is not None
        return loaded.context_length
    wanted = facts.own_context or default
    return min(wanted, facts.trained) if facts.trained else wanted


async def _ensure(tx: Transaction, model: str) -> None:
    await tx.execute(
        "INSERT INTO chat_model (model, shown) VALUES (?, ?) ON CONFLICT DO NOTHING", (same(model), model)
    )


def _speed(row: sqlite3.Row) -> ModelSpeed:
    def ratio(above: str, below: str) -> float | None:
        return row[above] / row[below] if row[below] else None

    return ModelSpeed(
        model=row["shown"],
        answers=row["answers"],
        tokens=row["tokens"],
        speed=ratio("tokens", "speaking"),
        last_speed=row["last_speed"],
        ttft=ratio("ttft_sum", "ttft_count"),
        prompt_speed=row["prompt_speed"],
        load=row["load"],
        duration=ratio("duration_sum", "duration_count"),
        context=row["effective"] or row["context"],
    )
