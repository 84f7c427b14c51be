"""The models' verbs: one list of what is on the server, in its memory, and in the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.bus import Bus, Notice
from core.clock import Clock
from core.config.schema import Config
from core.config.service import ConfigService
from core.errors import LeitstandError, NotCapable, Refused, UsageError
from core.exposed import exposed
from core.jobs.service import JobService
from core.jobs.types import Fault, Job
from core.models import catalog, loading, making, updates
from core.models.assess import LADDER, USUAL, Assessor
from core.models.details import details
from core.models.directory import choose
from core.models.keeping import Bin
from core.models.learning import Memories
from core.models.loading import LoadAsk, Loader, refusal
from core.models.making import CreateAsk, Maker, Recipe, look_into
from core.models.memory import NOWHERE, Look, Room
from core.models.roster import Roster
from core.models.sync import Synchroniser
from core.models.types import (
    Benchmark,
    Fit,
    Fits,
    Model,
    ModelDetails,
    Models,
    Scope,
    Tier,
    WhenTight,
    ranked,
)
from core.models.updates import UpdatesAsk
from core.ollama import names, reading
from core.ollama.connection import ServerService
from core.ollama.hosts import HostsService
from core.ollama.registry import Registry
from core.ollama.wire import KeepAlive
from core.store.database import Database
from core.tasks import Tasks


async def _nowhere() -> Room:
    return NOWHERE


async def _as_configured(name: str) -> int | None:
    return None


class ModelService:
    """Owns the knowledge of models, and what is done with them."""

    def __init__(
        self,
        server: ServerService,
        hosts: HostsService,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        store: Database,
        config: ConfigService,
        jobs: JobService,
        registry: Registry,
        room: Look = _nowhere,
        usual_context: Callable[[str], Awaitable[int | None]] = _as_configured,
        users_catalog: Path | None = None,
    ) -> None:
        self._server = server
        self._hosts = hosts
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._config = config
        self._jobs = jobs
        self._room = room
        self._usual_context = usual_context
        self._users_catalog = users_catalog
        settings = self._settings
        self.roster = Roster(bus, clock)
        self.memories = Memories(self.roster, store, clock)
        self._sync = Synchroniser(
            self.roster,
            self.memories,
            server,
            hosts,
            store=store,
            bus=bus,
            tasks=tasks,
            clock=clock,
            config=settings,
        )
        self._assessor = Assessor(self.roster, self.memories, settings)
        self._bin = Bin(server, self.roster, bus=bus, tasks=tasks, clock=clock, deleted=self._sync.sync)
        loader = Loader(
            server, self.roster, self.memories, self._sync, tasks=tasks, clock=clock, config=settings
        )
        maker = Maker(server, tasks=tasks, made=self._sync.sync)
        jobs.handle(loading.KIND, "inference", loader.run)
        jobs.handle(making.KIND, "network", maker.run)
        jobs.handle(
            updates.KIND,
            "network",
            updates.Checker(server, registry, self.roster, self.memories).run,
            on_orphan="cancel",
        )

    def _settings(self) -> Config:
        return self._config.current

    # Life.

    async def start(self) -> None:
        """Read the catalogue and what was noted; the server is asked in the background."""
        known, problem = await self._tasks.in_thread(catalog.load, users=self._users_catalog)
        if problem is not None:
            self._bus.publish(Notice("warning", problem.message, problem.hint, self._clock.now()))
        self.roster.use_catalog(known)
        await self.memories.recall()
        self.roster.set_default(self._config.current.chat.model)
        self._sync.start()

    async def stop(self) -> None:
        """Look no more; what was to be deleted in a moment is deleted now."""
        self._sync.stop()
        await self._bin.empty()

    # Verbs: what there is.

    @exposed
    async def list(self, scope: Scope = "here") -> Models:
        """Return models, favourites first: those on the server, in its memory, or all that are known."""
        return ranked(
            tuple(
                model
                for model in self.roster.all
                if scope == "all" or (model.installed if scope == "here" else model.memory is not None)
            )
        )

    @exposed
    async def get(self, name: str) -> Model:
        """Return one model, however its name is spelt."""
        return self.roster.get(name)

    @exposed
    async def loaded(self) -> Models:
        """Return the models in the server's memory."""
        return await self.list("memory")

    @exposed
    async def sync(self) -> Models:
        """Ask the server what it has, now; return what is on it."""
        with self._reporting():
            await self._sync.sync()
        return await self.list()

    @exposed
    async def seen_at(self) -> float | None:
        """Return when the server was last asked what it has; None before the first time."""
        return self._sync.seen_at

    @exposed
    async def show(self, name: str) -> ModelDetails:
        """Return everything the server says about one model, or what the catalogue has on it."""
        model = self.roster.get(name)
        variants = tuple(
            other
            for other in self.roster.all
            if model.entry and other.entry == model.entry and other.name != model.name
        )
        variants = tuple(sorted(variants, key=lambda other: (other.size or 0, other.name)))
        if not model.installed:
            return ModelDetails(model=model, variants=variants)
        with self._reporting(model.server):
            return details(model, await self._server.client.show(model.name), variants)

    # Verbs: does it fit?

    @exposed
    async def fit(self, name: str, context: int | None = None) -> Fit:
        """Say whether a model fits into the memory that is free now, and where that is known from."""
        return await self.judge(self.roster.get(name), context)

    @exposed
    async def fits(self, scope: Scope = "all", context: int | None = None) -> Fits:
        """Say of every model whether it fits."""
        room = await self._room()
        usual = context or self._config.current.chat.context
        return tuple(self._assessor.fit(model, usual, room) for model in await self.list(scope))

    @exposed
    async def fit_by_context(self, name: str) -> Fits:
        """Say of the usual contexts, up to the longest a model was trained for, whether it fits with them."""
        model, room = self.roster.get(name), await self._room()
        longest = model.context or LADDER[-1]
        contexts = [context for context in LADDER if context < longest] + [longest]
        # What is in memory is told with the context it has there; here each line is about its own.
        return tuple(
            msgspec.structs.replace(self._assessor.fit(model, context, room), context=context)
            for context in contexts
        )

    # Verbs: memory.

    @exposed
    async def load(
        self,
        name: str,
        context: int | None = None,
        keep_alive: KeepAlive | None = None,
        when_tight: WhenTight = "refuse",
    ) -> Job:
        """Load a model, in its turn; when it does not fit on the GPU that is refused, or room is made."""
        model = self.roster.here(name)
        if model.remote:
            raise Refused(f"{model.name} runs elsewhere: there is nothing to load.")
        chosen = context or await self.context_of(model)
        unload: tuple[str, ...] = ()
        if when_tight != "anyway":
            fit = self._assessor.fit(model, chosen, await self._room())
            if fit.verdict in ("tight", "spills", "too big"):
                if when_tight == "refuse" or not fit.could_unload:
                    raise refusal(fit)
                unload = fit.could_unload
        stay = keep_alive if keep_alive is not None else self.keep_alive
        ask = LoadAsk(name=model.name, context=chosen, keep_alive=stay, unload=unload)
        return await self._jobs.enqueue(loading.job_for(ask))

    @exposed
    async def unload(self, name: str) -> Model:
        """Free the memory of a model; what it says at this moment is said to its end."""
        model = self.roster.here(name)
        if model.memory is not None:
            with self._reporting(model.server):
                await self._server.client.unload(model.name)
                await self._sync.look_at_memory(model.server)
        return self.roster.here(name)

    @exposed
    async def unload_all(self) -> Models:
        """Free the memory of every model; return those that are still busy."""
        places = {model.memory.name: model for model in self.roster.all if model.memory is not None}
        for model in places.values():
            with self._reporting(model.server):
                await self._server.client.unload(model.name)
        for server in sorted({model.server for model in places.values()} | {""}):
            with self._reporting(server):
                await self._sync.look_at_memory(server)
        return await self.list("memory")

    # Verbs: disk.

    @exposed
    async def delete(self, name: str, *, at_once: bool = False) -> Model:
        """Delete a model after a while in which that can be taken back; return it as it was."""
        model = self.roster.here(name)
        if at_once:
            with self._reporting(model.server):
                await self._bin.delete(model)
            return model
        return self._bin.put(model, self._config.current.models.undo)

    @exposed
    async def keep(self, name: str) -> Model:
        """Take back the deletion of a model."""
        return self._bin.take_back(name)

    @exposed
    async def copy(self, source: str, destination: str, *, replace: bool = False) -> Model:
        """Give a model a second name."""
        model = self.roster.here(source)
        target = _beside(model, destination)
        other = self.roster.find(target)
        if other is not None and other.installed and not replace:
            raise Refused(
                f"There is a model {other.name} already.", "Delete it first, or choose another name."
            )
        with self._reporting(model.server):
            await self._server.client.copy(model.name, target)
            await self.memories.move(model.name, target)
            await self._sync.sync()
        return self.roster.here(target)

    @exposed
    async def create(
        self,
        name: str,
        modelfile: str = "",
        gguf: str = "",
        directory: str = "",
        quantize: str = "",
    ) -> Job:
        """Make a model from a Modelfile's text or from the path of a GGUF file."""
        if server := names.server_of(name):
            raise UsageError(
                f"Models are made on the main server, not on {server}.",
                f"Run leitstand with --host {server}.",
            )
        if bool(modelfile.strip()) == bool(gguf):
            raise UsageError("A model is made from a Modelfile or from a GGUF file: give one of them.")
        text = modelfile or making.from_file(gguf)
        ask = CreateAsk(name=name, modelfile=text, directory=directory, quantize=quantize)
        return await self._jobs.enqueue(making.job_for(ask))

    @exposed
    async def recipe(self, path: str) -> Recipe:
        """Look into a Modelfile or a GGUF file, before a model is made from it."""
        return await self._tasks.in_thread(look_into, path)

    @exposed
    async def check_updates(self, of: tuple[str, ...] = ()) -> Job:
        """Ask the registry whether there are newer versions: of these models, or of all that are here."""
        for name in of:
            self.roster.here(name)
        return await self._jobs.enqueue(updates.job_for(UpdatesAsk(of)))

    # Verbs: what a person says of a model.

    @exposed
    async def set_favourite(self, name: str, *, favourite: bool = True) -> Model:
        """Put a model on top of every list, or no longer."""
        await self.memories.change(self.roster.get(name).name, favourite=favourite)
        return self.roster.get(name)

    @exposed
    async def set_default(self, name: str) -> Model | None:
        """Let a model answer in new chats; without a name, the one used last does."""
        model = self.roster.get(name) if name else None
        if model is not None and model.can("completion") is False:
            raise NotCapable(f"{model.name} does not answer questions.")
        await self._config.set("chat.model", model.name if model else "")
        self.roster.set_default(self._config.current.chat.model)
        return self.roster.get(name) if name else None

    @exposed
    async def set_tier(self, name: str, tier: Tier | None = None) -> Model:
        """Say which tier a model belongs to; without one, that follows from the model again."""
        await self.memories.change(self.roster.get(name).name, tier=tier)
        return self.roster.get(name)

    # For other services.

    async def judge(self, model: Model, context: int | None = None) -> Fit:
        """Say whether a model fits, also one that is not on any list yet."""
        return self._assessor.fit(model, context or await self.context_of(model), await self._room())

    async def context_of(self, model: Model) -> int:
        """Return the context a model is used with: the same each time, or it would be loaded anew."""
        chosen = await self._usual_context(model.name) or self._config.current.chat.context
        return min(chosen, model.context or max(chosen, USUAL))

    async def largest_context(self, name: str) -> int | None:
        """Return the longest context of a model that stays on the GPU; None when nobody knows."""
        return (await self.fit(name)).largest_context

    async def note_answer(self, name: str, speed: float) -> None:
        """Remember how fast an answer was, in tokens a second."""
        await self.memories.answered(name, speed)
        model = self.roster.find(name)
        share = None if model is None or model.memory is None else model.memory.gpu_percent
        if model is not None and model.files and share is not None:
            await self.note_speed(model.files, share, speed)

    async def note_speed(self, digest: str, gpu_percent: int, speed: float) -> None:
        """Remember how fast a model was with that share on the GPU: what the processor costs follows."""
        if speed > 0:
            await self.memories.spoke(digest, gpu_percent, speed)

    async def note_benchmark(self, name: str, benchmark: Benchmark | None) -> None:
        """Remember what the last benchmark said."""
        await self.memories.change(name, benchmark=benchmark)

    async def note_load(self, name: str, seconds: float) -> None:
        """Remember how long a load took that somebody else saw to."""
        server = names.server_of(name)
        await self._sync.look_at_memory(server)
        cache = self._config.current.models.cache
        await self.memories.loaded(name, seconds, cache=cache, version=self.version(server))

    async def note_fault(self, name: str, fault: Fault | None) -> None:
        """Remember what is wrong with a model, or that nothing is."""
        await self.memories.change(name, fault=fault)

    @property
    def keep_alive(self) -> KeepAlive | None:
        """How long what is loaded here stays in memory; None leaves that to the server."""
        text = self._config.current.models.keep_alive
        return reading.keep_alive(text) if text else None

    def size_of(self, name: str) -> int | None:
        """About how much memory a model takes; None when nothing is known."""
        return self._assessor.size(name)

    def directory(self, usual: Path | None = None) -> Path | None:
        """Where the server keeps its models, when that is on this machine; *usual* is where it often is."""
        state = self._server.current
        if state.demo or not self._server.client.address.loopback:
            return None
        return choose(self._config.current.models.directory, self.roster.directories(), usual)

    @contextmanager
    def _reporting(self, server: str = "") -> Iterator[None]:
        """Let it be known at once when a server turns out to be away."""
        try:
            yield
        except LeitstandError as error:
            self.report(error, server)
            raise

    def report(self, error: LeitstandError, server: str = "") -> None:
        """Hear of a request to a server that failed."""
        if server:
            self._hosts.report(server, error)
        else:
            self._server.report(error)

    def version(self, server: str = "") -> str:
        """The version of a server, as far as it is known."""
        return self._sync.version(server)


def _beside(model: Model, destination: str) -> str:
    """The full name of a copy: it is on the server of its original, for servers do not talk to each other."""
    target = names.parse(destination)
    if target.server not in ("", model.server):
        raise Refused(
            f"{model.name} cannot be copied to {target.server}.",
            "A copy stays on its server; download it there.",
        )
    return target.shown if target.server else names.at(target.shown, model.server)
