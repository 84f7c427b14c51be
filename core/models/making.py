"""Making a model from a Modelfile, as a job: files go up, then the server puts it together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.errors import NotFound, NotInRegistry, UsageError
from core.guard import one_line
from core.jobs.context import JobContext
from core.jobs.types import NewJob, packed
from core.models.modelfile import Modelfile, read
from core.models.roster import key_of
from core.ollama import names
from core.ollama.connection import ServerService
from core.ollama.wire import CreateRequest, Message
from core.tasks import Tasks

KIND = "model.create"
_PIECE = 4 * 1024 * 1024
_LONGEST_MODELFILE = 1_000_000


class CreateAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be made."""

    name: str
    modelfile: str
    directory: str = ""
    """Where relative paths begin."""
    quantize: str = ""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would make: the path of a Modelfile or of a GGUF file, looked into."""

    path: str
    name: str
    """A name for the model, out of the file's."""
    gguf: bool = False
    size: int = 0
    """Bytes of a GGUF file."""
    text: str = ""
    """The Modelfile."""
    directory: str = ""
    """Where its relative paths begin."""
    base: str = ""
    """What it is made from."""


class Created(msgspec.Struct, frozen=True):
    """What came of it."""

    name: str


def job_for(ask: CreateAsk) -> NewJob:
    """The job that makes a model; raise UsageError when that cannot be meant."""
    name = names.parse(ask.name).shown
    recipe = read(ask.modelfile)
    for source in (recipe.from_, recipe.adapter):
        if source and _is_path(source):
            _there(source, ask.directory)
    ask = msgspec.structs.replace(ask, name=name)
    return NewJob(kind=KIND, title=f"Make {name}", payload=packed(ask), sole=f"{KIND}:{key_of(name)}")


def from_file(path: str) -> str:
    """The Modelfile of a model that is nothing but a GGUF file."""
    return f"FROM {Path(path).expanduser().absolute()}\n"


def look_into(path: str) -> Recipe:
    """Say what a file would make; raise NotFound or UsageError when it makes nothing."""
    file = Path(path.strip()).expanduser()
    if not file.is_file():
        what = f"{file} is a directory" if file.is_dir() else f"There is no file {file}"
        raise NotFound(f"{what}.", "Give the whole path of a Modelfile or a GGUF file.")
    try:
        with file.open("rb") as opened:
            head = opened.read(_LONGEST_MODELFILE + 1)
        size = file.stat().st_size
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    if head.startswith(b"GGUF"):
        return Recipe(path=str(file), name=_name_from(file.stem), gguf=True, size=size, base=file.name)
    try:
        text = head.decode()
    except UnicodeDecodeError:
        raise UsageError(
            f"{file} is neither a Modelfile nor a GGUF file.", "A Modelfile is text and begins with FROM."
        ) from None
    if len(head) > _LONGEST_MODELFILE:
        raise UsageError(f"{file} is too long for a Modelfile.")
    name = file.parent.name if file.name.lower() == "modelfile" else file.stem
    return Recipe(
        path=str(file),
        name=_name_from(name),
        text=text,
        directory=str(file.absolute().parent),
        base=one_line(read(text).from_, 200),
    )


def _name_from(stem: str) -> str:
    """Make a name that the server takes out of a file's."""
    return "-".join(re.findall(r"[a-z0-9._]+", stem.lower())).strip("-._")[:60] or "model"


class Maker:
    """Runs the jobs that make models."""

    def __init__(self, server: ServerService, *, tasks: Tasks, made: Callable[[], Awaitable[None]]) -> None:
        self._server = server
        self._tasks = tasks
        self._made = made

    async def run(self, ctx: JobContext) -> Created:
        """Make a model."""
        ask = ctx.payload(CreateAsk)
        recipe = read(ask.modelfile)
        base, files = recipe.from_, None
        if _is_path(recipe.from_):
            path = _there(recipe.from_, ask.directory)
            base, files = "", {path.name: await self._sent(ctx, path)}
        adapters = None
        if recipe.adapter:
            path = _there(recipe.adapter, ask.directory)
            adapters = {path.name: await self._sent(ctx, path)}
        await ctx.phase("making")
        request = _request(ask, recipe, base or None, files, adapters)
        try:
            await self._follow(ctx, request)
        except NotInRegistry as error:
            raise NotInRegistry(
                f"{one_line(recipe.from_, 120)} is neither on the server nor in the registry.",
                "FROM names what the model is made from: check its spelling.",
            ) from error
        await self._made()
        return Created(ask.name)

    async def _follow(self, ctx: JobContext, request: CreateRequest) -> None:
        async with aclosing(self._server.client.create(request)) as statuses:
            async for status in statuses:
                percent = None
                if status.total and status.completed is not None:
                    percent = min(100.0 * status.completed / status.total, 100.0)
                ctx.progress(percent=percent, text=one_line(status.status, 80))

    async def _sent(self, ctx: JobContext, path: Path) -> str:
        """Have the file on the server; return its digest."""
        await ctx.phase("reading", path.name)
        digest = "sha256:" + await self._tasks.in_thread(_digest, path)
        client = self._server.client
        if await client.blob_exists(digest):
            return digest
        await ctx.phase("sending", path.name)
        size = await self._tasks.in_thread(_size, path)

        async def pieces() -> AsyncIterator[bytes]:
            sent = 0
            file = await self._tasks.in_thread(_opened, path)
            try:
                while piece := await self._tasks.in_thread(_piece, file):
                    yield piece
                    sent += len(piece)
                    ctx.progress(
                        percent=100.0 * sent / max(size, 1), numbers={"completed": sent, "total": size}
                    )
            finally:
                await self._tasks.in_thread(file.close)

        await client.upload_blob(digest, pieces(), size=size)
        return digest


def _request(
    ask: CreateAsk,
    recipe: Modelfile,
    base: str | None,
    files: dict[str, str] | None,
    adapters: dict[str, str] | None,
) -> CreateRequest:
    return CreateRequest(
        model=ask.name,
        from_=base,
        files=files,
        adapters=adapters,
        template=recipe.template,
        system=recipe.system,
        parameters=recipe.parameters or None,
        messages=tuple(Message(role=role, content=text) for role, text in recipe.messages) or None,
        license=recipe.licences or None,
        quantize=ask.quantize or None,
    )


def _is_path(source: str) -> bool:
    """A path of this machine, not a name: names neither begin like one nor end in .gguf."""
    return source.startswith(("/", "./", "../", "~", "\\")) or source.lower().endswith((".gguf", ".bin"))


def _there(source: str, directory: str) -> Path:
    path = Path(source).expanduser()
    path = path if path.is_absolute() else Path(directory or ".").absolute() / path
    try:
        if path.is_file():
            return path
    except OSError:
        pass
    if path.is_dir():
        raise UsageError(f"{path} is a directory.", "Give the path of a GGUF file.")
    raise NotFound(f"There is no file {path}.", "Relative paths begin where the Modelfile is.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _piece(file: BinaryIO) -> bytes:
    return file.read(_PIECE)
