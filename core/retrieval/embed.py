"""Turns texts into vectors with an embedding model of the server, and never cuts a text silently.

    embedder = Embedder(lambda: server.client, "nomic-embed-text")
    vectors = await embedder.documents([row.text for row in rows])
    vector = await embedder.query("How long is the notice period?")

A text that is longer than the model reads is embedded in parts, whose mean stands for it. Batches grow while
the server is quick and shrink while it is slow, so that a question never waits long behind documents; and
each batch is awaited, so that whoever reads documents waits for the server.
"""

from __future__ import annotations

import asyncio
import math
import re
import sys
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence

from core.clock import Clock, SystemClock
from core.errors import BadReply, ContextExceeded, ModelNotFound, ServerError
from core.ollama.client import Ollama
from core.ollama.names import parse
from core.ollama.wire import EmbedRequest, KeepAlive
from core.retrieval.embedders import Manner, manner_of

_SMALLEST, _FIRST, _LARGEST = 4, 16, 64
"""Texts of one request."""
_QUICK, _SLOW = 0.7, 2.0
"""Seconds a request may take before the next is made smaller, or larger."""
_CALM = 8
"""Vectors after which the loop gets its turn."""
_REMEMBERED = 64
"""Questions whose vectors are kept: a search box asks the same again and again."""
_SHORTEST = 24
"""Characters that are not divided further; a text that is refused even so cannot be embedded."""
_CHARACTERS_A_TOKEN = 4
"""Of prose. Where it is fewer the server refuses the text, and it is divided then."""
_BREAKS = (re.compile(r"\n+"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))
_NOT_A_NUMBER = re.compile(r"\bNaN\b|not a number")


class Embedder:
    """One model on one server; the vectors it makes can be compared with each other."""

    def __init__(
        self,
        client: Callable[[], Ollama],
        model: str,
        *,
        digest: str = "",
        dimension: int = 0,
        keep_alive: KeepAlive | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.model = model
        self.digest = digest
        self.dimension = dimension
        self.manner: Manner = manner_of(model)
        self._client = client
        self._keep_alive = keep_alive
        self._clock = clock or SystemClock()
        self._batch = _FIRST
        self._questions: OrderedDict[str, bytes] = OrderedDict()
        self._asked = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def stamp(self) -> str:
        """Names what made the vectors: they are comparable only where this is the same."""
        return f"{self.model}@{self.digest[:12] or 'unknown'}/{self.manner.scheme}"

    async def identify(self) -> None:
        """Ask the server which file the model is, how much it reads, and how long its vectors are."""
        client = self._client()
        wanted = parse(self.model).key
        found = next((model for model in await client.tags() if parse(model.name).key == wanted), None)
        if found is None:
            raise ModelNotFound(
                f"The embedding model {self.model} is not on the server.",
                f"Download it with `leitstand pull {self.model}`.",
            )
        self.digest = found.digest.removeprefix("sha256:")
        context = found.details.context_length if found.details else None
        self.manner = manner_of(self.model, context)
        if not self.dimension:
            self.dimension = len(await self.query("?")) // 4

    async def documents(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of texts that may answer questions, in their order; None for one that has none."""
        vectors: list[bytes | None] = []
        done = 0
        while done < len(texts):
            # A question that waits goes first: the server answers one request after the other.
            await self._quiet.wait()
            batch = texts[done : done + self._batch]
            began = self._clock.monotonic()
            vectors += await self._embed(self.manner.document, batch)
            self._pace(self._clock.monotonic() - began, len(batch))
            done += len(batch)
        return vectors

    async def query(self, text: str) -> bytes:
        """The vector of a question."""
        known = self._questions.get(text)
        if known is not None:
            self._questions.move_to_end(text)
            return known
        self._asked += 1
        self._quiet.clear()
        try:
            (vector,) = await self._embed(self.manner.query, [text])
        finally:
            self._asked -= 1
            if not self._asked:
                self._quiet.set()
        if vector is None:
            raise BadReply(f"{self.model} gave no vector for the question.", "Ask it in other words.")
        self._questions[text] = vector
        while len(self._questions) > _REMEMBERED:
            self._questions.popitem(last=False)
        return vector

    async def queries(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of many questions at once; nobody waits for them."""
        await self._quiet.wait()
        return await self._embed(self.manner.query, texts)

    def _pace(self, took: float, texts: int) -> None:
        if took > _SLOW:
            self._batch = max(self._batch // 2, _SMALLEST)
        elif took < _QUICK and texts == self._batch:
            self._batch = min(self._batch * 2, _LARGEST)

    async def _embed(self, prefix: str, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of texts; those that are too long for the model are divided before they are sent."""
        most = int(self.manner.window * _CHARACTERS_A_TOKEN) - len(prefix)
        short = [place for place, text in enumerate(texts) if len(text) <= most]
        vectors: list[bytes | None] = [None] * len(texts)
        for place, vector in zip(
            short, await self._ask(prefix, [texts[place] for place in short]), strict=True
        ):
            vectors[place] = vector
        for place, text in enumerate(texts):
            if len(text) > most:
                vectors[place] = await self._divided(prefix, text, most)
        return vectors

    async def _ask(self, prefix: str, texts: Sequence[str]) -> list[bytes | None]:
        """One request; when it is refused for one of the texts, that one is found by halving."""
        if not texts:
            return []
        request = EmbedRequest(
            model=self.model,
            input=tuple(prefix + (text or " ") for text in texts),
            truncate=False,
            keep_alive=self._keep_alive,
        )
        try:
            reply = await self._client().embed(request)
        except ServerError as error:
            too_long = isinstance(error, ContextExceeded)
            if not too_long and not _NOT_A_NUMBER.search(error.message):
                raise
            if len(texts) == 1:
                return [await self._divided(prefix, texts[0], len(texts[0]) - 1) if too_long else None]
            middle = len(texts) // 2
            return [*await self._ask(prefix, texts[:middle]), *await self._ask(prefix, texts[middle:])]
        vectors = reply.embeddings or ()
        if len(vectors) != len(texts):
            raise BadReply(f"{self.model} gave {len(vectors)} vectors for {len(texts)} texts.")
        checked: list[bytes | None] = []
        for vector in vectors:
            checked.append(self._checked(vector))
            if not len(checked) % _CALM:
                await asyncio.sleep(0)
        return checked

    async def _divided(self, prefix: str, text: str, most: int) -> bytes | None:
        """The mean of the vectors of its parts, the longer ones counting for more."""
        if len(text) < _SHORTEST:
            return None
        parts = _parts(text, max(min(most, math.ceil(len(text) / 2)), _SHORTEST // 2))
        vectors = await self._embed(prefix, parts)
        weighed = [
            (vector, len(part)) for vector, part in zip(vectors, parts, strict=True) if vector is not None
        ]
        return _mean(weighed) if weighed else None

    def _checked(self, values: Sequence[float]) -> bytes | None:
        """A vector as it is kept; one of another length comes from another model under the same name."""
        if self.dimension and len(values) != self.dimension:
            raise BadReply(
                f"{self.model} now gives vectors of {len(values)} numbers, not of {self.dimension}.",
                "Re-index the spaces that use it.",
            )
        vector = _kept(values)
        if vector is not None:
            self.dimension = len(values)
        return vector


def _kept(values: Sequence[float]) -> bytes | None:
    """Of unit length, 32 bits a number, little endian; None when there is no direction in it."""
    length = math.hypot(*values)
    if not length or not math.isfinite(length):
        return None
    kept = array("f", [value / length for value in values])
    if sys.byteorder == "big":
        kept.byteswap()
    return kept.tobytes()


def _mean(vectors: Sequence[tuple[bytes, int]]) -> bytes | None:
    total = [0.0] * (len(vectors[0][0]) // 4)
    for vector, weight in vectors:
        numbers = array("f", vector)
        if sys.byteorder == "big":
            numbers.byteswap()
        total = [sum + weight * number for sum, number in zip(total, numbers, strict=True)]
    return _kept(total)


def _parts(text: str, most: int) -> list[str]:
    """A text in parts of about the same length, at the ends of sentences or words where there are any."""
    parts = []
    while len(text) > most:
        share = math.ceil(len(text) / math.ceil(len(text) / most))
        cut = _cut(text, min(share, most))
        parts.append(text[:cut])
        text = text[cut:]
    return [part for part in [*parts, text] if part.strip()] or [text]


def _cut(text: str, most: int) -> int:
    """Where to cut, at *most* at the latest and not before half of it."""
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, most // 2, most)]
        if ends:
            return ends[-1]
    return most
