"""Which spaces a question belongs to, how sure that is, and whether it belongs to any.

    router = SpaceRouter(index, in_thread=tasks.in_thread)
    await router.learn(7, embedder)                       # after a job, in the background
    ranks = await router.route("Wie lange …?", {7: vector, 8: vector})

A sketch stands for a space: all its vectors while they are few, else a few centres of them. It only says
which spaces are worth a look; what counts is the best unit of each, by meaning and by words. The shares
are calibrated: of the spaces given 80 %, four of five are right. What a model says of small talk tells
how near a question must come to be more than that.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from core.retrieval.lance import InThread
from core.retrieval.seams import Stats
from core.retrieval.types import EVERYTHING, Filter, Hit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST = 4
"""Spaces that are looked into for one question."""
_WORDS = 0.3
"""What the best match by words adds to a cosine."""
_SHARPNESS = 0.04
"""How much nearer a space must be to be e times as likely."""
_FEW = 512
"""Vectors that stand for themselves."""
_SAMPLE, _CENTRES, _ROUNDS = 4_096, 32, 8
_USUAL = 0.95
"""The share of small talk that the gate keeps out."""

SMALL_TALK = tuple(
    """
    Hello!|Hi there, how are you?|Good morning|Good evening!|Thanks a lot!|Thank you, that helps.
    Bye, see you tomorrow|Who are you?|What can you do?|Tell me a joke.|Okay|Yes, please go on.
    No, that is wrong.|Please explain that again, shorter.|Can you help me?|That is great|I am bored today
    What do you think about it?|Let us talk about something else.|Write a poem about love.
    Hallo!|Hi, wie geht es dir?|Guten Morgen|Guten Abend!|Vielen Dank!|Danke, das hilft mir.
    Tschüss, bis morgen|Wer bist du?|Was kannst du?|Erzähl mir einen Witz.|In Ordnung|Ja, mach bitte weiter.
    Nein, das ist falsch.|Bitte erkläre das noch einmal, kürzer.|Kannst du mir helfen?|Das ist toll
    Mir ist heute langweilig|Was hältst du davon?|Lass uns über etwas anderes reden.
    Schreib ein Gedicht über die Liebe.
    """.strip()
    .replace("\n    ", "|")
    .split("|")
)
"""What people say that no document answers: how near it comes all the same calibrates the gate."""


class Evidence(NamedTuple):
    """What the best units of a space say."""

    cosine: float | None = None
    """Of the nearest; None where nothing is embedded."""
    bm25: float = 0.0
    """Of the best by words; 0 where none matches."""


class Gate(msgspec.Struct, frozen=True):
    """What small talk reaches in a space: a question that reaches neither is no more than that."""

    cosine: float
    words: float

    def lets(self, evidence: Evidence) -> bool:
        """Whether a question comes near enough, by meaning or by words."""
        by_meaning = evidence.cosine is not None and evidence.cosine >= self.cosine
        return by_meaning or evidence.bm25 > self.words


class Rank(msgspec.Struct, frozen=True):
    """How well a space matches a question."""

    space: int
    percent: float
    fits: bool
    """Whether it is more than small talk to this space."""
    evidence: Evidence


class Sketch(NamedTuple):
    """What stands for a space."""

    stamp: str
    vectors: npt.NDArray[np.float32]
    exact: bool
    """Every vector is there."""
    talk: npt.NDArray[np.float32] | None
    """How near each piece of small talk comes; None while nobody asked the model."""
    words: float
    """The best score by words that any of it has."""


class Searchable(Protocol):
    """The index, as far as routing needs it."""

    async def near(self, space: int, vector: bytes, limit: int, filter: Filter = ...) -> list[Hit]:
        """By meaning."""
        ...

    async def words(self, space: int, text: str, limit: int, filter: Filter = ...) -> list[Hit]:
        """By words."""
        ...

    async def vectors(self, space: int, most: int) -> list[bytes]:
        """A sample."""
        ...

    async def stats(self, space: int) -> Stats:
        """How many units there are."""
        ...


class Asker(Protocol):
    """The embedder, as far as calibrating needs it."""

    @property
    def stamp(self) -> str:
        """Names what makes the vectors."""
        ...

    async def queries(self, texts: Sequence[str]) -> list[bytes | None]:
        """The vectors of questions."""
        ...


class SpaceRouter:
    """Knows a sketch of every space."""

    def __init__(self, index: Searchable, *, in_thread: InThread) -> None:
        self._index = index
        self._in_thread = in_thread
        self._sketches: dict[int, Sketch] = {}
        self._talk: dict[str, list[bytes]] = {}
        self._rows: dict[int, int] = {}

    async def learn(self, space: int, embedder: Asker | None) -> None:
        """Look at a space: after a change to it, and once after a start; seconds, in the background."""
        vectors = await self._index.vectors(space, _SAMPLE)
        self._rows[space] = (await self._index.stats(space)).rows
        if not vectors:
            self._sketches.pop(space, None)
            if embedder is None:
                return
        talk = await self._small_talk(embedder) if embedder is not None else []
        said = [await self._index.words(space, text, 1) for text in SMALL_TALK]
        words = max((hits[0].bm25 or 0.0 for hits in said if hits), default=0.0)
        if vectors:
            stamp = embedder.stamp if embedder is not None else ""
            self._sketches[space] = await self._in_thread(_sketch, vectors, talk, words, stamp)

    def forget(self, space: int) -> None:
        """A space is gone, or is about to be learned anew."""
        self._sketches.pop(space, None)
        self._rows.pop(space, None)

    def gate(self, *spaces: int) -> Gate | None:
        """What small talk reaches in any of these spaces of one model; None while that is not known."""
        import numpy as np

        sketches = [sketch for space in spaces if (sketch := self._sketches.get(space)) is not None]
        talks = [sketch.talk for sketch in sketches if sketch.talk is not None]
        if not talks:
            return None
        # Of several spaces one is always a little nearer: the best of all is what a question must beat.
        nearest = np.max(np.stack(talks), axis=0)
        return Gate(float(np.quantile(nearest, _USUAL)), max(sketch.words for sketch in sketches))

    def likely(self, vectors: Mapping[int, bytes | None], most: int = MOST) -> list[int]:
        """The spaces worth a look; those of which nothing is known yet are among them."""
        if len(vectors) <= most:
            return list(vectors)
        unknown, known = [], []
        for space, vector in vectors.items():
            cosine = None if vector is None else self._glance(space, vector)
            if cosine is None:
                unknown.append(space)
            else:
                known.append((cosine, space))
        # With several models the distance from small talk is what compares.
        known = [(cosine - level, space) for (cosine, space), level in self._levelled(known)]
        known.sort(key=lambda pair: (-pair[0], pair[1]))
        return [space for _, space in known[:most]] + unknown

    def judge(self, evidence: Mapping[int, Evidence]) -> list[Rank]:
        """Percent by percent which space it is, the likeliest first."""
        spaces = list(evidence)
        scores = self._scores(spaces, [evidence[space] for space in spaces])
        gates = {stamp: self.gate(*those) for stamp, those in self._by_stamp(spaces).items()}
        ranks = []
        for space, share in zip(spaces, shares(scores), strict=True):
            gate, found = gates[self._stamp(space)], evidence[space]
            something = found.cosine is not None or found.bm25 > 0
            fits = something and (gate is None or gate.lets(found))
            ranks.append(Rank(space, round(share, 1), fits, found))
        return sorted(ranks, key=lambda rank: (-rank.percent, rank.space))

    async def route(
        self,
        question: str,
        vectors: Mapping[int, bytes | None],
        *,
        most: int = MOST,
        filter: Filter = EVERYTHING,
    ) -> list[Rank]:
        """Look into the spaces worth it, and say how likely each is."""
        spaces = self.likely(vectors, most)
        found = await asyncio.gather(*(self._evidence(one, question, vectors[one], filter) for one in spaces))
        return self.judge(dict(zip(spaces, found, strict=True)))

    async def _evidence(self, space: int, question: str, vector: bytes | None, filter: Filter) -> Evidence:
        async def near() -> float | None:
            if vector is None:
                return None
            sketch = self._sketches.get(space)
            if sketch is not None and sketch.exact and filter == EVERYTHING:
                return self._glance(space, vector)
            hits = await self._index.near(space, vector, 1, filter)
            return hits[0].cosine if hits else None

        cosine, said = await asyncio.gather(near(), self._index.words(space, question, 1, filter))
        return Evidence(cosine, said[0].bm25 or 0.0 if said else 0.0)

    def _glance(self, space: int, vector: bytes) -> float | None:
        import numpy as np

        sketch = self._sketches.get(space)
        if sketch is None or len(vector) != 4 * sketch.vectors.shape[1]:
            return None
        return float((sketch.vectors @ np.frombuffer(vector, "<f4")).max())

    def _scores(self, spaces: Sequence[int], evidence: Sequence[Evidence]) -> list[float]:
        cosines = {
            space: found.cosine
            for space, found in zip(spaces, evidence, strict=True)
            if found.cosine is not None
        }
        levelled = {
            space: cosine - level
            for (cosine, space), level in self._levelled(
                [(cosine, space) for space, cosine in cosines.items()]
            )
        }
        lowest = min(levelled.values(), default=0.0)
        size = max(self._rows.values(), default=1)
        words = [
            found.bm25 / _rarest(self._rows.get(space, size))
            for space, found in zip(spaces, evidence, strict=True)
        ]
        most = max(words, default=0.0)
        return [
            levelled.get(space, lowest) + (_WORDS * said / most if most > 0 else 0.0)
            for space, said in zip(spaces, words, strict=True)
        ]

    def _levelled(self, known: Sequence[tuple[float, int]]) -> list[tuple[tuple[float, int], float]]:
        """With each the level of its model, where there are several: their cosines mean different things."""
        groups = self._by_stamp([space for _, space in known])
        gates = {stamp: gate for stamp, those in groups.items() if (gate := self.gate(*those)) is not None}
        if len(groups) < 2 or not gates:
            return [(pair, 0.0) for pair in known]
        middle = sum(gate.cosine for gate in gates.values()) / len(gates)
        levels = {stamp: gates[stamp].cosine if stamp in gates else middle for stamp in groups}
        return [(pair, levels[self._stamp(pair[1])]) for pair in known]

    def _stamp(self, space: int) -> str:
        sketch = self._sketches.get(space)
        return "" if sketch is None else sketch.stamp

    def _by_stamp(self, spaces: Sequence[int]) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = {}
        for space in spaces:
            groups.setdefault(self._stamp(space), []).append(space)
        return groups

    async def _small_talk(self, embedder: Asker) -> list[bytes]:
        """What the model makes of small talk; asked for once."""
        known = self._talk.get(embedder.stamp)
        if known is None:
            vectors = await embedder.queries(SMALL_TALK)
            known = self._talk[embedder.stamp] = [vector for vector in vectors if vector is not None]
        return known


def _rarest(rows: int) -> float:
    """What the rarest of words counts for among so many units: by it small and large spaces compare."""
    return math.log(1 + (rows + 0.5) / 1.5)


def shares(scores: Sequence[float]) -> list[float]:
    """Scores as percentages that come true as often as they say."""
    best = max(scores, default=0.0)
    weights = [math.exp((score - best) / _SHARPNESS) for score in scores]
    return [100 * weight / sum(weights) for weight in weights]


def _sketch(vectors: Sequence[bytes], talk: Sequence[bytes], words: float, stamp: str) -> Sketch:
    sample = _matrix(vectors)
    nearest = None
    if talk and len(talk[0]) == len(vectors[0]):
        nearest = (_matrix(talk) @ sample.T).max(axis=1)
    exact = len(sample) <= _FEW
    return Sketch(stamp, sample if exact else _centres(sample), exact=exact, talk=nearest, words=words)


def _matrix(vectors: Sequence[bytes]) -> npt.NDArray[np.float32]:
    import numpy as np

    return np.frombuffer(b"".join(vectors), "<f4").reshape(len(vectors), -1)


def _centres(sample: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The directions around which the vectors gather (k-means on the sphere); the same every time."""
    import numpy as np

    source = np.random.default_rng(0)
    centres = sample[source.choice(len(sample), _CENTRES, replace=False)].copy()
    for _ in range(_ROUNDS):
        nearest = (sample @ centres.T).argmax(axis=1)
        for place in range(_CENTRES):
            mine = sample[nearest == place]
            if len(mine):
                mean = mine.mean(axis=0)
                centres[place] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return centres
