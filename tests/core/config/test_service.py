import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.bus import Bus, Event, Mailbox, Notice
from core.config.schema import Config, Log, settings
from core.config.service import CALM, EVERY, PATIENCE, TOLD, ConfigService
from core.config.types import ConfigChanged, Problem
from core.config.ui import Ui
from core.errors import ConfigError, NotFound, UsageError
from core.exposed import verbs
from core.guard import one_line
from core.tasks import Tasks
from tests.fakes.clock import ManualClock


class World:
    """A running service, its file, its clock, and what it says."""

    def __init__(self, file: Path, overrides: Mapping[str, Any] | None = None) -> None:
        self.file = file
        self.clock = ManualClock()
        self.bus = Bus()
        self.tasks = Tasks(self.bus)
        self.service = ConfigService(file, self.bus, self.tasks, self.clock, overrides=overrides)
        self.mailbox = Mailbox()

    def save(self, text: str) -> None:
        """Write as an editor does that goes through a second file."""
        new = self.file.with_suffix(".tmp")
        new.write_text(text)
        new.replace(self.file)

    async def pass_(self, seconds: float) -> None:
        """Let time pass, and the look at the file that falls due come to its end."""
        await self.clock.advance(seconds)
        await self.clock.sleepers()

    async def noticed(self) -> None:
        """Let the time pass in which a change is seen, rests, and is read."""
        await self.pass_(EVERY)
        await self.pass_(CALM)

    def events(self) -> list[Event]:
        return self.mailbox.take()

    def notices(self) -> list[tuple[str, str, str]]:
        return [(event.level, event.text, event.hint) for event in self.events() if isinstance(event, Notice)]


@asynccontextmanager
async def running(file: Path, overrides: Mapping[str, Any] | None = None) -> AsyncIterator[World]:
    world = World(file, overrides)
    await world.service.start()
    await world.clock.sleepers()
    with world.bus.subscribe() as world.mailbox:
        yield world
    await world.service.stop()
    async with asyncio.timeout(2):
        await world.tasks.close()
    assert len(world.tasks) == 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def put(file: Path, text: str) -> None:
    """Write in place, as an editor does that keeps the file."""
    file.write_text(text)


def text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def test_before_the_start_everything_has_its_default_and_after_it_the_file_counts(file: Path) -> None:
    put(file, "[ui]\nbell = true\nframes_ssh = 900\n")
    world = World(file)
    assert world.service.current == Config()
    async with running(file) as world:
        assert world.service.current == Config(ui=Ui(bell=True))
        assert [problem.line for problem in world.service.problems] == [3]


async def test_the_file_can_be_read_before_there_is_a_loop_and_is_not_read_twice(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    world = World(file)
    world.service.load()
    assert world.service.current == Config(ui=Ui(bell=True))
    put(file, "[ui]\nbell = false\n")
    await world.service.start()
    assert world.service.current == Config(ui=Ui(bell=True))
    await world.clock.sleepers()
    await world.noticed()
    assert world.service.current == Config()
    await world.service.stop()
    await world.tasks.close()


async def test_a_change_in_the_file_is_followed(file: Path) -> None:
    async with running(file) as world:
        world.save('[ui]\nbell = true\n[keys]\npalette = "f1"\n[log]\nlevel = "debug"\n')
        await world.noticed()
        assert world.events() == [ConfigChanged(("keys", "log.level", "ui.bell"))]
        assert world.service.current == Config(
            ui=Ui(bell=True), keys={"palette": "f1"}, log=Log(level="debug")
        )


async def test_a_file_that_stays_as_it_is_says_nothing(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    async with running(file) as world:
        for _ in range(5):
            await world.pass_(EVERY)
        os.utime(file, (1, 1))
        await world.noticed()
        world.save("# only a comment more\n[ui]\nbell = true\n")
        await world.noticed()
        assert world.events() == []


async def test_a_half_written_file_is_not_read(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    async with running(file) as world:
        put(file, "")
        await world.pass_(EVERY)
        put(file, "[ui]\nbell = ")
        await world.pass_(CALM)
        put(file, "[ui]\nbell = true\nmouse = false\n")
        await world.pass_(CALM)
        assert world.service.current.ui == Ui(bell=True)
        await world.pass_(CALM)
        assert world.service.current.ui == Ui(bell=True, mouse=False)
        assert [type(event) for event in world.events()] == [ConfigChanged, Notice]


async def test_a_file_that_never_rests_is_read_in_the_end(file: Path) -> None:
    async with running(file) as world:
        world.save("[ui]\nbell = true\n")
        await world.pass_(EVERY)
        for number in range(PATIENCE):
            assert not world.service.current.ui.bell
            world.save(f"[ui]\nbell = true\n# {number}\n")
            await world.pass_(CALM)
        assert world.service.current.ui.bell


async def test_a_mistake_made_while_it_runs_is_told_and_keeps_the_value(file: Path) -> None:
    put(file, "[ui]\nbell = true\nframes_ssh = 5\n")
    async with running(file) as world:
        world.save('[ui]\nbell = "x"\nframes_ssh = 6\n')
        await world.noticed()
        assert world.service.current.ui == Ui(bell=True, frames_ssh=6)
        sentence = 'ui.bell is "x"; it must be true or false.'
        hint = "Until that is mended, it is true."
        assert world.events() == [
            ConfigChanged(("ui.frames_ssh",), (Problem("ui.bell", 2, sentence, hint),)),
            Notice("warning", f"config.toml: Line 2: {sentence}", hint, world.clock.now()),
        ]
        world.save('[ui]\nbell = "x"\nframes_ssh = 7\n')
        await world.noticed()
        assert world.notices() == [], "what was told once is not told again"
        world.save("[ui]\nbell = false\nframes_ssh = 7\n")
        await world.noticed()
        assert world.notices() == [("good", "config.toml is in order again.", "")]
        assert world.service.current.ui == Ui(frames_ssh=7)


async def test_a_broken_file_keeps_everything_and_is_never_touched(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    async with running(file) as world:
        world.save("[ui\n")
        await world.noticed()
        assert world.service.current == Config(ui=Ui(bell=True))
        ((level, text, hint),) = world.notices()
        assert level == "warning"
        assert text.startswith("config.toml: Line 1: The file is not valid TOML: ")
        assert hint
        for call in (world.service.set("ui.bell", "off"), world.service.unset("ui.bell")):
            with pytest.raises(ConfigError):
                await call
        assert text_of(file) == "[ui\n"


async def test_many_mistakes_are_counted_not_recited(file: Path) -> None:
    async with running(file) as world:
        world.save("".join(f"k{number} = 1\n" for number in range(TOLD + 4)))
        await world.noticed()
        notices = world.notices()
        assert len(notices) == TOLD + 1
        assert notices[-1][1] == "config.toml has 4 more problems."


async def test_hostile_text_in_the_file_reaches_notices_harmlessly(file: Path) -> None:
    async with running(file) as world:
        world.save('[ui]\n"\\u001b]52;c;eA==\\u0007" = 1\nbell = "\\u001b[2J[@click=app.quit]x[/]\\u202e"\n')
        await world.noticed()
        notices = world.notices()
        assert len(notices) == 2
        assert all(text == one_line(text) for _, text, _ in notices)


async def test_a_deleted_file_gives_the_defaults_with_a_word(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    async with running(file) as world:
        world.file.unlink()
        await world.noticed()
        assert world.service.current == Config()
        assert world.events()[0] == ConfigChanged(("ui.bell",))
        world.save("[ui]\nbell = true\n")
        await world.noticed()
        assert world.service.current.ui.bell


async def test_a_deleted_file_is_told(file: Path) -> None:
    put(file, "ui.bell = 1\n")
    async with running(file) as world:
        world.file.unlink()
        await world.noticed()
        assert world.notices() == [("warning", "config.toml is gone: every setting has its default.", "")]
        assert world.service.problems == ()


async def test_a_setting_that_needs_a_restart_says_so(file: Path) -> None:
    async with running(file) as world:
        await world.service.set("ui.mouse", "off")
        assert world.notices() == [("info", "ui.mouse: takes effect at the next start.", "")]


async def test_verbs_read_and_write_settings(file: Path) -> None:
    async with running(file) as world:
        service = world.service
        assert await service.get("ui.frames_ssh") == 10
        state = await service.set("ui.frames_ssh", "12")
        assert (state.value, state.source, state.is_default) == (12, "file", False)
        assert world.events() == [ConfigChanged(("ui.frames_ssh",))]
        assert service.current.ui.frames_ssh == 12
        state = await service.set("keys.chat.new", "f2, ctrl+n")
        assert state.value == await service.get("keys.chat.new") == "f2, ctrl+n"
        assert await service.get("keys") == {"chat.new": "f2, ctrl+n"}
        await service.unset("ui.frames_ssh")
        assert (await service.get("ui.frames_ssh"), service.current.ui.frames_ssh) == (10, 10)
        await service.unset("keys.chat.new")
        assert await service.get("keys") == {}
        assert await service.path() == str(file)


async def test_what_was_written_here_is_not_read_as_a_change_from_elsewhere(file: Path) -> None:
    async with running(file) as world:
        await world.service.set("ui.bell", value=True)
        world.events()
        await world.pass_(EVERY)
        await world.pass_(EVERY)
        assert world.events() == []


async def test_what_cannot_be_set_is_refused_and_nothing_changes(file: Path) -> None:
    async with running(file) as world:
        wrong: list[tuple[Callable[[], Awaitable[object]], type[Exception]]] = [
            (lambda: world.service.set("ui.theme", "pink"), ConfigError),
            (lambda: world.service.set("ui.thme", "pink"), NotFound),
            (lambda: world.service.get("ui.thme"), NotFound),
            (lambda: world.service.get("keys.nothing"), NotFound),
            (lambda: world.service.unset("nothing"), NotFound),
        ]
        for call, error in wrong:
            with pytest.raises(error):
                await call()
        assert text_of(file) == ""
        assert world.events() == []


async def test_many_changes_at_once_all_arrive(file: Path) -> None:
    async with running(file) as world:
        names = [f"action{number}" for number in range(8)]
        await asyncio.gather(*(world.service.set(f"keys.{name}", name) for name in names))
        assert world.service.current.keys == {name: name for name in names}


async def test_every_setting_says_where_its_value_comes_from(file: Path) -> None:
    put(file, 'server.url = "elsewhere"\nui.bell = true\nui.mouse = 3\n')
    async with running(file, {"server.url": "http://given", "server.check_every": 3}) as world:
        states = {state.setting.path: state for state in await world.service.all()}
        assert list(states) == [setting.path for setting in settings()]
        assert {path: s.source for path, s in states.items() if s.source != "default"} == {
            "server.url": "override",
            "server.check_every": "override",
            "ui.bell": "file",
        }
        assert world.service.current.server.url == "http://given"
        assert world.service.current.server.check_every == 3.0


async def test_an_override_stands_above_the_file_until_the_end(file: Path) -> None:
    async with running(file, {"server.url": "http://given"}) as world:
        state = await world.service.set("server.url", "http://file")
        assert (state.value, state.source) == ("http://given", "override")
        assert world.events() == []
        assert "http://file" in text_of(file)


@pytest.mark.parametrize(
    "overrides",
    [{"server.url": "a\x1bb"}, {"ui.frames_ssh": 0}, {"keys.a": "x"}, {"server.check_every": "no"}],
)
def test_a_wrong_override_is_a_wrong_argument(file: Path, overrides: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        World(file, overrides)


async def test_a_check_reads_the_file_without_using_it(file: Path) -> None:
    async with running(file) as world:
        world.save("[ui]\nbell = 1\nmouse = false\n")
        assert [problem.sentence for problem in await world.service.check()] == [
            "Line 2: ui.bell is 1; it must be true or false."
        ]
        assert world.service.current == Config()
        assert world.events() == []


def test_the_verbs_are_calls_as_data() -> None:
    found = verbs(ConfigService)
    assert set(found) == {"get", "set", "unset", "all", "check", "path"}
    params = msgspec.json.decode(b'{"key": "ui.bell", "value": true}', type=found["set"].params)
    assert msgspec.structs.astuple(params) == ("ui.bell", True)


HEAVY = {"tomlkit", "difflib", "tempfile", "core.config.lines", "core.config.example", "textual", "httpx"}


def test_a_start_with_a_sound_file_imports_nothing_heavy(file: Path) -> None:
    put(file, "[ui]\nbell = true\n")
    code = (
        "import sys, pathlib, core.config.service as service\n"
        "assert service.file.load(pathlib.Path(sys.argv[1])).config.ui.bell\n"
        "print(*sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert HEAVY & set(ended.stdout.split()) == set()
