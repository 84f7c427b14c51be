"""Everything known of the models at this moment, in memory, and who is told when it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from core.bus import Bus
from core.clock import Clock
from core.errors import ModelNotFound, NotFound, UsageError
from core.guard import one_line
from core.models import compose
from core.models.catalog import Catalog, Entry, Variant
from core.models.facts import Facts
from core.models.store import Note
from core.models.types import InMemory, Model, Models, ModelsChanged, State
from core.ollama.names import at, parse, server_of, split
from core.ollama.wire import InstalledModel, RunningModel


def key_of(name: str) -> str:
    """One spelling for all spellings of a name, also for what is none."""
    try:
        return parse(name).key
    except UsageError:
        return name.lower()


class Roster:
    """The models by key. Whoever learns something says so here; what changed goes out on the bus."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._catalog = Catalog()
        self._offers: dict[str, tuple[str, Entry, Variant]] = {}
        self._tags: dict[str, InstalledModel] = {}
        self._facts: dict[str, Facts] = {}
        self._lists: dict[str, tuple[dict[str, InstalledModel], Mapping[str, Facts]]] = {}
        """What each server has, by its name; the main one has none."""
        self._memories: dict[str, tuple[RunningModel, ...]] = {}
        self._notes: dict[str, Note] = {}
        self._doing: Mapping[str, State] = {}
        self._leaving: dict[str, float] = {}
        self._default = ""
        self._known: dict[str, Model] = {}
        self._models: dict[str, Model] = {}

    # What is known.

    @property
    def all(self) -> Models:
        """Every model, in no particular order."""
        return tuple(self._models.values())

    @property
    def running(self) -> tuple[RunningModel, ...]:
        """What the servers said is in their memory."""
        return tuple(model for memory in self._memories.values() for model in memory)

    def find(self, name: str) -> Model | None:
        """Look a model up, however its name is spelt."""
        return self._models.get(key_of(name))

    def get(self, name: str) -> Model:
        """Return a model; raise NotFound when nothing is known of it."""
        model = self.find(name)
        if model is None:
            raise NotFound(
                f"Nothing is known of a model “{one_line(name, 80)}”.",
                "Check the spelling of its name, or download it.",
            )
        return model

    def here(self, name: str) -> Model:
        """Return a model that the server has; raise ModelNotFound when it has none of that name."""
        model = self.find(name)
        if model is None or not model.installed:
            raise ModelNotFound(f"The server does not have {one_line(name, 80)}.")
        return model

    def facts(self, model: Model) -> Facts | None:
        """What the server says about a model's files."""
        tag = self._tags.get(key_of(model.name))
        return None if tag is None else self._facts.get(mark(tag))

    def note(self, name: str) -> Note:
        """What is noted of a model, or a fresh note."""
        key = key_of(name)
        known = self._models.get(key)
        return self._notes.get(key) or Note(key=key, name=known.name if known else name)

    def directories(self) -> set[str]:
        """Where the main server keeps its models, as it said."""
        _, known = self._lists.get("", ({}, {}))
        return {facts.directory for facts in known.values() if facts.directory}

    # Learning.

    def use_catalog(self, catalog: Catalog) -> None:
        """Know the models of a catalogue."""
        self._catalog = catalog
        self._offers = {key_of(name): (name, entry, variant) for name, entry, variant in catalog.names()}
        self._known.clear()
        self._rebuild()

    def use_notes(self, notes: dict[str, Note]) -> None:
        """Know what was noted before."""
        self._notes = dict(notes)
        self._known.clear()
        self._rebuild()

    def set_note(self, note: Note) -> None:
        """Take a note."""
        self._notes[note.key] = note
        self._known.pop(note.key, None)
        self._renew({note.key})

    def set_default(self, name: str) -> None:
        """Say which model is the default one."""
        before, self._default = self._default, key_of(name) if name else ""
        self._renew({before, self._default} - {""})

    def set_installed(
        self, tags: Iterable[InstalledModel], facts: Mapping[str, Facts], server: str = ""
    ) -> None:
        """Take over what a server has on its disk; *facts* by `mark`."""
        self._lists[server] = {key_of(tag.name): tag for tag in tags}, facts
        self._take_lists()

    def set_running(self, running: tuple[RunningModel, ...], server: str = "") -> None:
        """Take over what a server has in its memory."""
        before = self._memories.get(server, ())
        self._memories[server] = running
        self._renew(self._holders(before) | self._holders(running))

    def forget(self, server: str) -> None:
        """Another server is away or gone, and its models with it."""
        self._memories.pop(server, None)
        if self._lists.pop(server, None) is not None:
            self._take_lists()

    def _take_lists(self) -> None:
        self._tags = {key: tag for tags, _ in self._lists.values() for key, tag in tags.items()}
        self._facts = {name: each for _, facts in self._lists.values() for name, each in facts.items()}
        self._rebuild()

    def set_doing(self, doing: Mapping[str, State]) -> None:
        """Say which models are being loaded or answer, by key."""
        before, self._doing = self._doing, dict(doing)
        self._renew(before.keys() | doing.keys())

    def set_leaving(self, name: str, at: float | None) -> None:
        """Say when a model will be deleted, or that it stays."""
        key = key_of(name)
        if at is None:
            self._leaving.pop(key, None)
        else:
            self._leaving[key] = at
        self._renew({key})

    def knows(self, running: tuple[RunningModel, ...]) -> bool:
        """Whether everything in memory is on the list of what is installed."""
        files = {_files(tag) for tag in self._tags.values()}
        return all(
            _files(model) in files if model.digest else key_of(model.name) in self._tags for model in running
        )

    # Putting together.

    def _rebuild(self) -> None:
        held = self._memory()
        fresh = {key: self._composed(key, held) for key in self._offers.keys() | self._tags.keys()}
        self._replace(fresh, [model.name for key, model in self._models.items() if key not in fresh])

    def _renew(self, keys: Iterable[str]) -> None:
        """Work out these models anew."""
        held = self._memory()
        fresh = dict(self._models)
        for key in keys:
            if key in fresh:
                fresh[key] = self._composed(key, held)
        self._replace(fresh, [])

    def _composed(self, key: str, held: Mapping[str, InMemory]) -> Model:
        tag = self._tags.get(key)
        default = key == self._default
        if tag is None:
            if key not in self._known:
                self._known[key] = compose.known(*self._offers[key], self._notes.get(key))
            known = self._known[key]
            return replace(known, default=True) if default else known
        facts, hit = self._facts.get(mark(tag)), self._catalog.find(split(tag.name)[0])
        model = compose.installed(tag, facts, hit, self._notes.get(key), held.get(key))
        state = self._doing.get(key, model.state)
        return replace(model, state=state, default=default, leaves_at=self._leaving.get(key))

    def _memory(self) -> dict[str, InMemory]:
        """Who is in memory, by key: also models of other names with the same weights."""
        now = self._clock.now()
        held: dict[str, InMemory] = {}
        for running in self.running:
            place = compose.in_memory(running, now)
            held.update(dict.fromkeys(self._holders((running,)), place))
        return held

    def _holders(self, running: tuple[RunningModel, ...]) -> set[str]:
        """Who has a place in memory: one place serves every name of the same weights."""
        files = {_files(model) for model in running if model.digest}
        names = {key_of(model.name) for model in running}
        own = {key for key, tag in self._tags.items() if _files(tag) in files or key in names}
        weights = {self._weights(key) for key in own} - {""}
        return own | {key for key in self._tags if weights and self._weights(key) in weights}

    def _weights(self, key: str) -> str:
        """Which weights a model has, on its server."""
        facts = self._facts.get(mark(self._tags[key]))
        return at(facts.weights, server_of(key)) if facts and facts.weights else ""

    def _replace(self, fresh: dict[str, Model], gone: list[str]) -> None:
        before = self._models
        # Most are the very same object, and that is quicker to see than that they are equal.
        changed = tuple(
            model for key, model in fresh.items() if (old := before.get(key)) is not model and old != model
        )
        self._models = fresh
        if changed or gone:
            self._bus.publish(ModelsChanged(changed, tuple(gone)))


def mark(tag: InstalledModel) -> str:
    """What a model's facts are kept under: its digest, or where there is none its name and date."""
    return _files(tag) if tag.digest else f"{key_of(tag.name)} {tag.modified_at}"


def _files(model: InstalledModel | RunningModel) -> str:
    """A model's files on its server: the same ones elsewhere are in another memory."""
    return at(model.digest, server_of(model.name)) if model.digest else ""
