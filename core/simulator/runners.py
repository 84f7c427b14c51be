"""Models in memory: loading one at a time, slots, keep-alive and eviction, as the scheduler does it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from core.clock import Clock
from core.simulator.faults import Fault
from core.simulator.models import GIB, Spec
from core.simulator.pace import Pace, Timeline
from core.simulator.packages import Model, Package
from core.simulator.runner import Lease, Load, Runner
from core.simulator.setup import Setup
from core.simulator.shapes import needed, placed, predicted
from core.simulator.versions import Version
from core.simulator.wire import Refusal

_BUSY = "server busy, please try again.  maximum pending requests exceeded"
_HANDOVER = 0.004
"""Seconds to find a runner that is there: never nothing."""
_LOAD_OPTIONS = ("num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")
_ONE_SLOT = ("mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2", "nemotron_h")

Trouble = Callable[..., Fault | None]
"""Asks for a fault of the given kinds that concerns the request at hand."""


class Runners:
    """Everything in memory."""

    def __init__(self, setup: Setup, version: Version, clock: Clock, pace: Pace) -> None:
        self._setup = setup
        self._version = version
        self._clock = clock
        self._pace = pace
        self._loaded: dict[str, Runner] = {}
        self._loading: Runner | None = None
        self._queue: deque[asyncio.Future[None]] = deque()
        self._changed = asyncio.Event()

    def listed(self) -> list[Runner]:
        """What is in memory, the longest stay first."""
        self._sweep()
        now = self._clock.now()
        runners = list(self._loaded.values())
        if self._loading and not self._version.has("subprocess_engine"):
            runners.append(self._loading)
        return sorted(runners, key=lambda runner: -runner.expires_at(now))

    @property
    def busy(self) -> int:
        """Requests that hold a runner."""
        return sum(runner.users for runner in self._loaded.values())

    @property
    def waiting(self) -> int:
        """Requests in the queue of loads, the one in work included."""
        return len(self._queue)

    def context_of(self, package: Package, options: dict[str, Any]) -> int:
        """The window that a request gets."""
        asked = options.get("num_ctx") or package.parameters.get("num_ctx") or self._setup.context
        least = 2048 if "vision" in package.spec.capabilities else 4
        return max(min(asked or self._default_context(), package.spec.context), least)

    def _default_context(self) -> int:
        if self._version.has("context_by_memory"):
            vram = self._setup.vram
            return 262_144 if vram >= 47 * GIB else 32_768 if vram >= 23 * GIB else 4096
        return 4096 if self._version.has("context_4096") else 2048

    def slots_of(self, spec: Spec) -> int:
        """How many requests a model works on at the same time."""
        if spec.embeds or spec.family in _ONE_SLOT:
            return 1
        return self._setup.slots or (1 if self._version.has("one_slot") else 4)

    @asynccontextmanager
    async def use(
        self,
        model: Model,
        options: dict[str, Any],
        keep_alive: float | None,
        timeline: Timeline,
        trouble: Trouble,
        *,
        shift: bool = True,
        slot: bool = True,
    ) -> AsyncGenerator[Lease, None]:
        """Load the model if need be and wait for a *slot*; hold both."""
        load = Load(
            self.context_of(model.package, options),
            tuple(options.get(key, model.package.parameters.get(key)) for key in _LOAD_OPTIONS),
            tuple(layer.digest for layer in model.package.layers if layer.kind.endswith("adapter")),
            shift or not self._version.has("shift_reloads"),
        )
        runner = await self._held(model, load, keep_alive, timeline, trouble)
        try:
            if keep_alive is not None:
                runner.keep_alive = keep_alive
            await timeline.spend(_HANDOVER)
            waited = timeline.elapsed()
            async with runner.slots if slot else nullcontext():
                yield Lease(runner, waited)
        finally:
            runner.users -= 1
            self._finished(runner)

    def release(self, package: Package) -> None:
        """Unload as soon as nobody uses it."""
        runner = self._loaded.get(package.weights.digest)
        if runner:
            runner.keep_alive = 0.0
            runner.expires = self._clock.now()
            if not runner.users:
                self._unload(runner)

    def crashed(self, runner: Runner, reason: str) -> None:
        """A model's process died; without memory all others go, too."""
        runner.dead = True
        if "out of memory" in reason and self._version.has("subprocess_engine"):
            self.clear()

    def clear(self) -> None:
        """Nothing is in memory any more."""
        self._loaded.clear()
        self._notify()

    async def _held(
        self, model: Model, load: Load, keep_alive: float | None, timeline: Timeline, trouble: Trouble
    ) -> Runner:
        runner = self._fitting(model, load)
        if runner is None:
            if trouble("busy") or len(self._queue) > self._setup.max_queue:
                raise Refusal(503, _BUSY)
            async with self._turn():
                runner = self._fitting(model, load)
                if runner is None:
                    runner = await self._load(model, load, keep_alive, timeline, trouble)
        return runner

    def _fitting(self, model: Model, load: Load) -> Runner | None:
        self._sweep()
        runner = self._loaded.get(model.package.weights.digest)
        if runner is None or runner.dead or runner.load != load:
            return None
        runner.users += 1
        return runner

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(ticket)
        if len(self._queue) == 1:
            ticket.set_result(None)
        try:
            await ticket
            yield
        finally:
            # Who gave up while waiting keeps the place until it is reached.
            if not ticket.cancelled():
                self._queue.popleft()
                while self._queue and self._queue[0].cancelled():
                    self._queue.popleft()
                if self._queue:
                    self._queue[0].set_result(None)

    async def _load(
        self, model: Model, load: Load, keep_alive: float | None, timeline: Timeline, trouble: Trouble
    ) -> Runner:
        digest = model.package.weights.digest
        while old := self._loaded.get(digest):
            if not old.users or old.dead:
                self._unload(old)
            else:
                await self._change()
        slots = self.slots_of(model.spec)
        await self._make_room(model.spec, load, slots)
        size = needed(model.spec, load.context, slots)
        footprint = placed(model.spec, size, self._free(), -1 if load.options[1] is None else load.options[1])
        stay = self._setup.keep_alive if keep_alive is None else keep_alive
        runner = Runner(model, load, slots, footprint, stay)
        self._loading = runner
        try:
            await timeline.spend((size / self._pace.load + self._pace.settle) / self._pace.scale)
            self._complain(size - footprint.vram, trouble)
        finally:
            self._loading = None
        runner.users = 1
        self._loaded[digest] = runner
        self._notify()
        return runner

    def _complain(self, in_ram: int, trouble: Trouble) -> None:
        if fault := trouble("load"):
            prefix = (
                "llama-server process" if self._version.has("subprocess_engine") else "llama runner process"
            )
            text = fault.text or "exit status 1: error loading model: tensor data is out of bounds"
            raise Refusal(500, f"{prefix} has terminated: {text}")
        if not trouble("oom") and in_ram <= self._setup.ram:
            return
        if self._version.has("subprocess_engine"):
            raise Refusal(
                500,
                "llama-server process has terminated: exit status 1: cudaMalloc failed: out of memory\n"
                "error loading model: unable to allocate CUDA0 buffer",
            )
        raise Refusal(
            500,
            f"model requires more system memory ({max(in_ram, self._setup.ram) / GIB + 1:.1f} GiB) "
            f"than is available ({self._setup.ram / GIB:.1f} GiB)",
        )

    def _free(self) -> int:
        return self._setup.vram - sum(runner.footprint.vram for runner in self._loaded.values())

    async def _make_room(self, spec: Spec, load: Load, slots: int) -> None:
        most = self._setup.max_loaded or 3 * max(self._setup.gpus, 1)
        wanted = 0 if load.options[1] == 0 or not self._setup.vram else predicted(spec, load.context, slots)
        while self._loaded and (len(self._loaded) >= most or wanted > 0.8 * self._free()):
            idle = [runner for runner in self._loaded.values() if not runner.users]
            if idle:
                self._unload(min(idle, key=lambda runner: (runner.stay, runner.name.key)))
            else:
                await self._change()

    async def _change(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _finished(self, runner: Runner) -> None:
        if not runner.users:
            runner.expires = self._clock.now() + runner.stay
            if runner.stay == 0:
                self._unload(runner)
        self._notify()

    def _unload(self, runner: Runner) -> None:
        digest = runner.package.weights.digest
        if self._loaded.get(digest) is runner:
            del self._loaded[digest]
        self._notify()

    def _sweep(self) -> None:
        now = self._clock.now()
        for runner in list(self._loaded.values()):
            if not runner.users and (runner.expires if runner.expires is not None else math.inf) <= now:
                self._unload(runner)
