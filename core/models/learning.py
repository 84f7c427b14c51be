"""What is measured and remembered of models: loads, speeds, uses."""

from __future__ import annotations

from msgspec.structs import replace

from core.clock import Clock
from core.jobs.types import Fault
from core.models import store
from core.models.pace import Spoken
from core.models.roster import Roster, key_of
from core.models.sizing import Measured
from core.models.store import Load, Note
from core.models.types import Benchmark
from core.ollama.names import at, server_of
from core.ollama.wire import RunningModel
from core.store.database import Database


class Memories:
    """Keeps notes and loads, in memory and on disk."""

    def __init__(self, roster: Roster, database: Database, clock: Clock) -> None:
        self._roster = roster
        self._database = database
        self._clock = clock
        self.loads: list[Load] = []
        """The newest first."""
        self.spoken: list[Spoken] = []
        """How fast answers were with which share on the GPU, the newest first."""

    async def recall(self) -> None:
        """Read what was kept."""
        self._roster.use_notes(await store.notes(self._database))
        self.loads = await store.loads(self._database)
        self.spoken = await store.spoken(self._database)

    def measured(self, digest: str, cache: str) -> list[Measured]:
        """What loads of these files (`Model.files`) took, the newest of each context."""
        newest: dict[int, int] = {}
        for load in self.loads:
            if digest and load.digest == digest and load.cache == cache:
                newest.setdefault(load.context, load.size)
        return [Measured(context, size) for context, size in newest.items()]

    async def seen(self, running: tuple[RunningModel, ...], *, cache: str, version: str) -> None:
        """Take note of what is in memory, whoever loaded it: sizes that are new."""
        for model in running:
            files = at(model.digest, server_of(model.name)) if model.digest else ""
            weights = self._weights(files)
            if not (model.digest and model.context_length and model.size and weights):
                continue
            load = Load(
                digest=files,
                weights=weights,
                context=model.context_length,
                cache=cache,
                version=version,
                size=model.size,
                vram=model.size_vram,
                seconds=None,
                at=self._clock.now(),
            )
            if not any(_same(load, other) for other in self.loads):
                await self._keep(load)

    async def loaded(self, name: str, seconds: float, *, cache: str, version: str) -> None:
        """Remember how long a load took."""
        await self.change(name, load_seconds=seconds)
        model = self._roster.find(name)
        if model is None or model.memory is None or not model.size or not model.digest:
            return
        await self._keep(
            Load(
                digest=model.files,
                weights=model.size,
                context=model.memory.context or 0,
                cache=cache,
                version=version,
                size=model.memory.size,
                vram=model.memory.vram,
                seconds=seconds,
                at=self._clock.now(),
            )
        )

    async def used(self, name: str) -> None:
        """Count a use."""
        note = self._roster.note(name)
        await self._save(replace(note, times_used=note.times_used + 1, last_used=self._clock.now()))

    async def answered(self, name: str, speed: float) -> None:
        """Remember how fast an answer was."""
        note = self._roster.note(name)
        await self._save(
            replace(
                note,
                last_speed=speed,
                speed_sum=note.speed_sum + speed,
                speed_count=note.speed_count + 1,
            )
        )

    async def spoke(self, digest: str, gpu_percent: int, speed: float) -> None:
        """Remember how fast an answer was with that share on the GPU."""
        spoken = Spoken(digest, gpu_percent, speed, self._clock.now())
        alike = [each for each in self.spoken if (each.digest, each.gpu_percent) == (digest, gpu_percent)]
        gone = alike[store.KEPT_SPOKEN - 1 :]
        self.spoken = [spoken, *(each for each in self.spoken if each not in gone)]
        await store.save_spoken(self._database, spoken)

    async def change(self, name: str, **values: bool | float | str | Fault | Benchmark | None) -> None:
        """Change a note."""
        note = self._roster.note(name)
        changed = replace(note, **values)
        if changed != note:
            await self._save(changed)

    async def move(self, source: str, destination: str) -> None:
        """Let a copy begin with what was measured with its original."""
        note = self._roster.note(source)
        await self._save(
            Note(
                key=key_of(destination),
                name=destination,
                last_speed=note.last_speed,
                load_seconds=note.load_seconds,
            )
        )

    async def _save(self, note: Note) -> None:
        self._roster.set_note(note)
        await store.save_note(self._database, note)

    async def _keep(self, load: Load) -> None:
        self.loads.insert(0, load)
        await store.save_load(self._database, load)

    def _weights(self, files: str) -> int | None:
        return next((model.size for model in self._roster.all if files and model.files == files), None)


def _same(load: Load, other: Load) -> bool:
    return (load.digest, load.context, load.cache, load.size) == (
        other.digest,
        other.context,
        other.cache,
        other.size,
    )
