"""The verbs of downloads: plan, pull, and what a person may change about one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.bus import Bus
from core.clock import Clock
from core.config.service import ConfigService
from core.downloads import view
from core.downloads.floors import Floors
from core.downloads.plan import Planner
from core.downloads.running import PROVE, PULL, PullAsk, Runner, pull_job
from core.downloads.types import Download, DownloadChanged, Downloads, Plan
from core.errors import NotFound, Refused
from core.exposed import exposed
from core.jobs.service import JobService
from core.jobs.types import FINISHED, Job, JobChanged, JobFilter
from core.models.directory import Disk, disk
from core.models.roster import key_of
from core.models.service import ModelService
from core.ollama.connection import ServerService
from core.ollama.registry import Registry
from core.store.database import Database
from core.tasks import Tasks

_MOST = 1000
"""Finished downloads that are looked through."""
_PATIENCE = 10.0
"""Seconds until a download that is being paused has stopped; it takes moments."""


class DownloadService:
    """Owns downloads. Each is a job; another one tries out what it brought."""

    def __init__(
        self,
        server: ServerService,
        models: ModelService,
        jobs: JobService,
        *,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        store: Database,
        config: ConfigService,
        registry: Registry,
        directory: Callable[[], Path | None],
        look: Callable[[Path], Disk | None] = disk,
    ) -> None:
        self._server = server
        self._models = models
        self._jobs = jobs
        self._bus = bus
        self._tasks = tasks
        self._config = config
        self._floors = Floors(store, clock)
        self._planner = Planner(server, registry, models, tasks, directory=directory, look=look)
        runner = Runner(
            server,
            models,
            jobs,
            self._planner,
            tasks=tasks,
            clock=clock,
            config=lambda: config.current,
            floors=self._floors,
        )
        jobs.handle(PULL, "network", runner.pull)
        jobs.handle(PROVE, "inference", runner.prove)
        self._proofs: dict[int, Job] = {}
        """The newest trial of each download."""
        self._shown: dict[int, Download] = {}
        """What was last said of each download."""
        self._following: asyncio.Task[None] | None = None

    # Life.

    async def recover(self) -> None:
        """Know how far an earlier process came; before the queue starts."""
        await self._floors.recall()
        self._following = self._tasks.spawn("downloads", self._follow())

    async def stop(self) -> None:
        """Tell nothing more; what runs is the queue's to end."""
        if self._following is not None:
            self._following.cancel()

    # Verbs.

    @exposed
    async def plan(self, name: str) -> Plan:
        """Say what a download would bring: what is still to fetch, room on the disk, whether it would run."""
        self._server.client.at(name)  # a server that the settings do not know is refused here and now
        return (await self._planner.outlook(name)).plan

    @exposed
    async def pull(self, name: str, *, insecure: bool = False, verify: bool | None = None) -> Download:
        """Download a model, in its turn; one that is on its way already goes on, also when it was paused."""
        settings = self._config.current.downloads
        ask = PullAsk(name=name, insecure=insecure, verify=settings.verify if verify is None else verify)
        wanted = pull_job(ask, settings.attempts)
        self._server.client.at(name)  # a server that the settings do not know: no attempt would change that
        job = await self._jobs.enqueue(wanted)
        return self._view(await self._release(job))

    @exposed
    async def list(self, finished: int = 100) -> Downloads:
        """Return downloads: what runs, what waits in its order, then so many that ended, the newest first."""
        jobs = await self._jobs.list(JobFilter(kinds=(PULL,), limit=_MOST))
        await self._read_proofs()
        found = [self._view(job) for job in jobs]
        open_ = [download for download in found if download.unfinished]
        ended = [download for download in found if not download.unfinished]
        return (*open_, *ended[: max(finished, 0)])

    @exposed
    async def get(self, id: int) -> Download:
        """Return one download."""
        return self._view(await self._job(id))

    @exposed
    async def pause(self, id: int) -> Download:
        """Stop a download; what came stays, and it goes on when it is resumed."""
        job = await self._job(id)
        if job.state in FINISHED:
            raise Refused(f"The download of {job.title} is over.")
        return self._view(await self._jobs.hold(id))

    @exposed
    async def resume(self, id: int) -> Download:
        """Let a paused download go on in its turn."""
        job = await self._job(id)
        if self._view(job).state != "paused":
            raise Refused(f"The download of {job.title} is not paused.")
        return self._view(await self._release(job))

    @exposed
    async def cancel(self, id: int) -> Download:
        """End a download; models that are installed stay as they are."""
        job = await self._job(id)
        if job.state not in FINISHED:
            job = await self._jobs.cancel(id)
            if job.state == "cancelled":  # it waited: nobody else clears up after it
                self._floors.drop(key_of(job.title))
                await self._floors.save()
        elif (proof := self._proofs.get(id)) is not None and proof.state not in FINISHED:
            self._proofs[id] = await self._jobs.cancel(proof.id)
        return self._view(job)

    @exposed
    async def retry(self, id: int) -> Download:
        """Try a download again that failed or was cancelled, or try its model out again."""
        job = await self._job(id)
        if job.state not in FINISHED:
            if self._view(job).state == "paused":
                return self._view(await self._release(job))
            raise Refused(f"{job.title} is on its way already.")
        proof = self._proofs.get(id)
        if job.state == "done" and proof is not None and proof.state in ("failed", "cancelled"):
            self._proofs[id] = await self._jobs.retry(proof.id)
            return self._view(job)
        return self._view(await self._jobs.retry(id))

    @exposed
    async def move(self, id: int, position: int) -> Download:
        """Give a waiting download another place in the line."""
        await self._job(id)
        return self._view(await self._jobs.move(id, position))

    @exposed
    async def pause_all(self) -> Downloads:
        """Pause everything that runs or waits."""
        for download in await self.list(0):
            if download.state not in ("paused", "proving"):
                await self._jobs.hold(download.id)
        return await self.list(0)

    @exposed
    async def resume_all(self) -> Downloads:
        """Let everything go on that is paused."""
        for download in await self.list(0):
            if download.state == "paused":
                await self._release(await self._jobs.get(download.id))
        return await self.list(0)

    async def finished(self, id: int) -> Download:
        """Wait until a download is over, its model's trial included."""
        job = await self._jobs.finished(id)
        pulled = view.pulled(job)
        if pulled is not None and pulled.proof is not None:
            self._proofs[id] = await self._jobs.finished(pulled.proof)
        return self._view(job)

    async def _release(self, job: Job) -> Job:
        """Let a job go on that is set aside, or is being set aside at this moment."""
        if job.state == "running" and job.stopping == "hold":
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    job = await self._stopped(job)
        return await self._jobs.release(job.id) if job.state == "held" else job

    async def _stopped(self, job: Job) -> Job:
        """Wait until a job does not run any more."""
        with self._bus.subscribe(JobChanged) as mailbox:
            while (job := await self._jobs.get(job.id)).state == "running":
                await mailbox.drain()
        return job

    # How jobs become downloads.

    def _view(self, job: Job) -> Download:
        now = view.download(job, self._proofs.get(job.id), self._floors.of(key_of(job.title)))
        shown = self._shown[job.id] = view.not_less(self._shown.get(job.id), now)
        return shown

    async def _job(self, id: int) -> Job:
        job = await self._jobs.get(id)
        if job.kind != PULL:
            raise NotFound(f"There is no download {id}.")
        pulled = view.pulled(job)
        if pulled is not None and pulled.proof is not None and id not in self._proofs:
            with suppress(NotFound):  # cleared away
                self._proofs[id] = await self._jobs.get(pulled.proof)
        return job

    async def _read_proofs(self) -> None:
        for job in reversed(await self._jobs.list(JobFilter(kinds=(PROVE,), limit=_MOST))):
            self._proofs[view.tried_for(job)] = job

    async def _follow(self) -> None:
        with self._bus.subscribe(JobChanged) as mailbox:
            while True:
                for event in await mailbox.drain():
                    if isinstance(event, JobChanged):
                        await self._heard(event.job)

    async def _heard(self, job: Job) -> None:
        if job.kind == PULL:
            self._bus.publish(DownloadChanged(self._view(job)))
        elif job.kind == PROVE:
            id = view.tried_for(job)
            self._proofs[id] = job
            try:
                self._bus.publish(DownloadChanged(self._view(await self._jobs.get(id))))
            except NotFound:
                return
