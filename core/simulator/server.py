"""The state that the routes of one simulated server share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.simulator.faults import Fault, Faults
from core.simulator.names import Name, parse
from core.simulator.pace import Pace, Timeline
from core.simulator.packages import Model, build
from core.simulator.runners import Runners
from core.simulator.script import Script
from core.simulator.setup import Setup
from core.simulator.shelf import Registry, Shelf, named
from core.simulator.transfers import Transfers
from core.simulator.versions import Version
from core.simulator.wire import Refusal

SIGN_IN = "https://ollama.com/connect?name=simulator&key=none"
_DAY = 86_400.0


class Cue(msgspec.Struct, frozen=True):
    """A script and the request it is for."""

    script: Script
    model: str = ""
    route: str = ""


class Server:
    """Everything one instance knows; two instances share nothing."""

    def __init__(self, setup: Setup, clock: Clock, pace: Pace) -> None:
        self.setup = setup
        self.clock = clock
        self.pace = pace
        self.version = Version(setup.version)
        self.shelf = Shelf(clock, setup.disk)
        self.registry = Registry(setup.pullable)
        self.runners = Runners(setup, self.version, clock, pace)
        self.transfers = Transfers(self.shelf, clock, pace)
        self.faults = Faults()
        self.cues: deque[Cue] = deque()
        self.calls = 0
        """Tool calls so far: their ids differ."""
        for age, spec in enumerate(setup.installed):
            package = build(spec)
            self.shelf.put(named(spec.name), package, clock.now() - _DAY * (1 + age * 5) - 3_723.25 * age)

    def timeline(self) -> Timeline:
        """The time of a request that comes now."""
        return Timeline(self.clock, self.pace)

    def trouble(self, path: str, model: str) -> Callable[..., Fault | None]:
        """What may go wrong inside one request."""
        return lambda *kinds: self.faults.take(kinds, path, model)

    def cue(self, path: str, model: str) -> Script | None:
        """The script for a request, if one waits."""
        for cue in self.cues:
            if cue.model in ("", model) and cue.route in ("", path, path.removeprefix("/api/")):
                self.cues.remove(cue)
                return cue.script
        return None

    def find(self, text: str, missing: str) -> Model:
        """The model of that name; *missing* is how the route words its 404."""
        if not text:
            raise Refusal(404, missing.format(name="", full=""))
        name = parse(text)
        if name is None:
            raise Refusal(400, "invalid model name")
        model = self.shelf.find(name)
        if model is None and _is_cloud(name) and self.version.has("cloud"):
            raise Refusal(401, "unauthorized", signin_url=SIGN_IN)
        if model is None:
            raise Refusal(404, missing.format(name=text, full=name.shown))
        return model

    def name(self, text: str) -> Name:
        """A name to write to."""
        name = parse(text)
        if name is None:
            raise Refusal(400, "invalid model name")
        return name


def _is_cloud(name: Name) -> bool:
    """Whether a name is for a model that runs elsewhere."""
    return name.tag == "cloud" or name.tag.endswith("-cloud")
