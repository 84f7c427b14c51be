"""The configuration of a running program: read at once, followed live, changed by anybody who may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.bus import Bus, Level, Notice
from core.clock import Clock
from core.config import file
from core.config.fields import plain
from core.config.schema import Config, read, settings, table
from core.config.types import ConfigChanged, Problem, SettingState, Source, Value
from core.config.values import check, find, parse
from core.errors import ConfigError, NotFound, UsageError
from core.exposed import exposed
from core.guard import one_line
from core.tasks import Tasks

EVERY = 2.0
"""Seconds between two looks at the file."""

CALM = 0.25
"""Seconds a changed file must rest before it is read: editors write in several steps."""

PATIENCE = 8
"""Looks after which a file that never rests is read all the same."""

TOLD = 3
"""Problems that become notices of their own; the rest are counted."""

log = logging.getLogger("leitstand.config")


class ConfigService:
    """Knows every setting; `current` can be read at any time without waiting."""

    def __init__(
        self, path: Path, bus: Bus, tasks: Tasks, clock: Clock, *, overrides: Mapping[str, Any] | None = None
    ) -> None:
        self._path = path
        self._name = one_line(path.name, 60)
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._overrides = _checked(overrides or {})
        self._loaded = file.Loaded()
        self._current = self._overridden(self._loaded.config)
        self._was_read = False
        self._reading = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    @property
    def current(self) -> Config:
        """Everything as it is now: the file, and over it what this process was told at its start."""
        return self._current

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the file when it was last read."""
        return self._loaded.problems

    def load(self) -> None:
        """Read the file at once, for what must be known before anything runs: the first picture's colours."""
        self._use(file.load(self._path))

    async def start(self) -> None:
        """Begin to follow the file; read it now unless `load` did."""
        if not self._was_read:
            self._use(await self._tasks.in_thread(file.load, self._path))
        self._watch = self._tasks.spawn("configuration", self._follow())

    async def stop(self) -> None:
        """Stop following the file."""
        if self._watch is not None:
            self._watch.cancel()

    async def reload(self) -> None:
        """Read the file now, tell what changed, and keep the value a wrong one had before."""
        async with self._reading:
            before, config = self._loaded, self._current
            self._use(await self._tasks.in_thread(file.load, self._path, before))
        changed = tuple(sorted(path for path in table() if read(config, path) != read(self._current, path)))
        if changed or before.problems != self.problems:
            self._bus.publish(ConfigChanged(changed, self.problems))
            log.info("the configuration was read again: %d changes", len(changed))
        self._tell(before, changed)

    @exposed
    async def get(self, key: str) -> Value:
        """Return the value of a setting, or of one entry like keys.palette."""
        return self._state(key).value

    @exposed
    async def all(self) -> list[SettingState]:
        """Every setting with its value and where that comes from."""
        return [self._state(setting.path) for setting in settings()]

    @exposed
    async def set(self, key: str, value: Value) -> SettingState:
        """Write a setting to the file; a text is read as a person typed it."""
        await self._tasks.in_thread(file.set_value, self._path, key, value)
        await self.reload()
        return self._state(key)

    @exposed
    async def unset(self, key: str) -> None:
        """Take a setting out of the file, so that its default counts again."""
        await self._tasks.in_thread(file.unset, self._path, key)
        await self.reload()

    @exposed
    async def check(self) -> list[Problem]:
        """Read the file anew and return what is wrong with it, without using it."""
        loaded = await self._tasks.in_thread(file.load, self._path)
        return list(loaded.problems)

    @exposed
    async def path(self) -> str:
        """Return where the file is, or would be."""
        return str(self._path)

    def _state(self, key: str) -> SettingState:
        setting, entry = find(key)
        value = read(self._current, setting.path)
        if entry:
            assert isinstance(value, dict)
            if entry not in value:
                raise NotFound(f"{one_line(key, 80)} is not set.")
            value = value[entry]
        source: Source = "file" if setting.path in self._loaded.given else "default"
        if setting.path in self._overrides:
            source = "override"
        return SettingState(setting, value, source)

    def _use(self, loaded: file.Loaded) -> None:
        self._was_read = True
        self._loaded = loaded
        self._current = self._overridden(loaded.config)

    def _overridden(self, config: Config) -> Config:
        values = msgspec.to_builtins(config)
        for path, value in self._overrides.items():
            *above, name = path.split(".")
            place = values
            for section in above:
                place = place[section]
            place[name] = value
        return msgspec.convert(values, Config)

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(EVERY)
            seen = await self._look()
            if seen == self._loaded.stamp:
                continue
            for _ in range(PATIENCE):
                await self._clock.sleep(CALM)
                before, seen = seen, await self._look()
                if before == seen:
                    break
            await self.reload()

    async def _look(self) -> file.Stamp | None:
        return await self._tasks.in_thread(file.stamp, self._path)

    def _tell(self, before: file.Loaded, changed: tuple[str, ...]) -> None:
        if before.stamp is not None and self._loaded.stamp is None:
            self._notice("warning", f"{self._name} is gone: every setting has its default.")
        known = {(problem.key, problem.message) for problem in before.problems}
        new = [problem for problem in self.problems if (problem.key, problem.message) not in known]
        for problem in new[:TOLD]:
            self._notice("warning", f"{self._name}: {problem.sentence}", problem.hint)
        if len(new) > TOLD:
            self._notice("warning", f"{self._name} has {len(new) - TOLD} more problems.")
        if before.problems and not self.problems and self._loaded.stamp is not None:
            self._notice("good", f"{self._name} is in order again.")
        if later := [path for path in changed if table()[path][0].restart]:
            self._notice("info", f"{', '.join(later)}: takes effect at the next start.")

    def _notice(self, level: Level, text: str, hint: str = "") -> None:
        self._bus.publish(Notice(level, text, hint, self._clock.now()))


def _checked(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return values given at the start as plain data, or say in a UsageError what is wrong with one."""
    kept: dict[str, Any] = {}
    for path, value in overrides.items():
        setting, entry = find(path)
        if entry:
            raise UsageError(f"{path} can be set in the file only.")
        try:
            raw = parse(setting, value) if isinstance(value, str) else value
            kept[setting.path] = plain(check(setting, raw))
        except ConfigError as error:
            raise UsageError(error.message, error.hint) from None
    return kept
