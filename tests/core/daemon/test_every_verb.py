"""Every verb, called here and from another process: the same answers, the same errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from core import face
from core.errors import LeitstandError
from core.exposed import verbs
from core.jobs.types import JobFilter
from core.simulator import INSTANT
from tests.core.daemon.every_verb import DAY, NIGHT, Of, Step
from tests.core.daemon.house import House, house
from tests.fakes.clock import settle

ALL = {f"{name}.{verb.name}": verb for name in face.SERVICES for verb in verbs(face.service(name)).values()}

NOWHERE: dict[Any, Any] = {int: 4711, str: "no such thing", int | None: 4711, float: 1.0, bool: True}
"""Values that fit and mean nothing."""


class Said(NamedTuple):
    """What came back from a call, as it can be compared."""

    verb: str
    what: Any
    kind: object


class Home(NamedTuple):
    """A house, and the way its verbs are called."""

    folder: Path
    house: House
    engine: Any

    async def spend(self, steps: Iterable[Step]) -> list[Said]:
        """Do one thing after the other; stop at the first that fails."""
        kept: dict[str, Any] = {}
        heard = []
        for step in steps:
            try:
                answer = await self.called(step.verb, self._filled(step.arguments, kept))
            except LeitstandError as error:
                raise AssertionError(f"{step.verb}: {error.message} {error.hint}") from error
            heard.append(self._said(step, answer))
            if step.kept_as:
                kept[step.kept_as] = answer
            await self._rest(step.verb)
        return heard

    async def nonsense(self) -> list[Said]:
        """Call whatever needs a name or a number with one that means nothing."""
        heard = []
        alike = {step.verb for step in DAY if step.alike}
        for name, arguments in nonsense().items():
            try:
                answer = await self.called(name, arguments)
                heard.append(self._said(Step(name, {}, alike=name in alike), answer))
            except LeitstandError as error:
                heard.append(Said(name, self._plain([error.message, error.hint]), type(error)))
            await self._rest(name)
        return heard

    async def called(self, name: str, arguments: dict[str, Any]) -> Any:
        service, _, verb = name.partition(".")
        asked = getattr(getattr(self.engine, service), verb)(**arguments)
        return [item async for item in asked] if ALL[name].streams else await asked

    def _filled(self, value: Any, kept: dict[str, Any]) -> Any:
        match value:
            case Of():
                return value.within(kept)
            case str():
                return value.replace("{home}", str(self.folder))
            case tuple():
                return tuple(self._filled(each, kept) for each in value)
            case dict():
                return {name: self._filled(each, kept) for name, each in value.items()}
        return value

    def _said(self, step: Step, answer: Any) -> Said:
        return Said(step.verb, None if step.alike else self._plain(answer), _kind(answer))

    def _plain(self, answer: Any) -> Any:
        return json.loads(msgspec.json.encode(answer).decode().replace(str(self.folder), "{home}"))

    async def _rest(self, after: str) -> None:
        """Wait until nothing goes on any more."""
        try:
            async with asyncio.timeout(100):
                while await self._busy():  # noqa: ASYNC110 - jobs of every kind, in two houses
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"after {after}: {await self.house.host.jobs.plan()}") from None
        await settle()

    async def _busy(self) -> bool:
        jobs = self.house.host.jobs
        paused = {lane.name for lane in await jobs.lanes() if lane.paused}
        # What is on disk: the numbers of a lane follow a moment later.
        unfinished = await jobs.list(JobFilter(states=("waiting", "running")))
        return any(job.state == "running" or job.lane not in paused for job in unfinished)


def _kind(answer: Any) -> object:
    """What kind of value it is, down to the kinds of what is in it."""
    if isinstance(answer, list | tuple):
        return type(answer), {_named(each) for each in answer}
    return _named(answer)


def _named(value: Any) -> str:
    return type(value).__qualname__


def nonsense() -> dict[str, dict[str, Any]]:
    """The verbs that need an argument, each with values that fit and mean nothing."""
    found = {}
    for name, verb in ALL.items():
        required = {
            field.name: NOWHERE.get(field.type, ...)
            for field in msgspec.structs.fields(verb.params)
            if field.required
        }
        if required and ... not in required.values():
            found[name] = required
    return found


def differences(here: list[Said], there: list[Said]) -> str:
    """Where two houses said different things, a line each."""
    return "\n".join(
        f"{one.verb}{found}"
        for one, other in zip(here, there, strict=True)
        for found in apart([one.kind, one.what], [other.kind, other.what])
    )


def apart(one: Any, other: Any) -> Iterator[str]:
    """The places at which two values differ, with what is there."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from (f".{key}{found}" for found in apart(one[key], other[key]))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from (f".{number}{found}" for found in apart(*pair))
    elif one != other:
        yield f": {one!r:.200} here, {other!r:.200} there"


@asynccontextmanager
async def home(folder: Path, *, attached: bool) -> AsyncIterator[Home]:
    folder.parent.mkdir()
    async with house(folder, pace=INSTANT) as made:
        (folder / "Modelfile").write_text("FROM llama3.2:3b\n")
        (folder / "note.txt").write_text("A note.\n")
        (folder / "documents").mkdir()
        (folder / "documents" / "pump.md").write_text(
            "# Pump\n\nThe pump is lubricated every three months.\n"
        )
        yield Home(folder, made, await made.face() if attached else made.host)


@pytest.mark.timeout(300)
async def test_every_verb_answers_the_same_here_and_there(tmp_path: Path) -> None:
    async with (
        home(tmp_path / "1" / "h", attached=False) as here,
        home(tmp_path / "2" / "h", attached=True) as there,
    ):
        assert differences(*await asyncio.gather(here.spend(DAY), there.spend(DAY))) == ""
        wrong = await asyncio.gather(here.nonsense(), there.nonsense())
        assert differences(*wrong) == ""
        assert sum(isinstance(said.kind, type) for said in wrong[0]) > 50, "most of it is refused"
        assert differences(*await asyncio.gather(here.spend(NIGHT), there.spend(NIGHT))) == ""
