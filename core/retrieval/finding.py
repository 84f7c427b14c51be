"""Finds what answers a question: in which spaces, by meaning and by words, and which passages come of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set

import msgspec

from core.errors import LeitstandError
from core.numbers import grouped
from core.ollama.names import server_of
from core.retrieval.cite import Pick, Picked, pick
from core.retrieval.desk import Desk, Maker, bare
from core.retrieval.fuse import MEANING, fuse, one_a_section, place_of
from core.retrieval.guiding import Guide
from core.retrieval.library import (
    NOTHING_FITS,
    Candidate,
    Inspection,
    LibraryDocument,
    Method,
    Searched,
    Space,
)
from core.retrieval.narrowing import EVERYTHING, Narrow, in_words
from core.retrieval.rerank import Reranker, places_before
from core.retrieval.route import Evidence
from core.retrieval.seams import Embedder, Index
from core.retrieval.sieve import Sieve
from core.retrieval.types import Filter, Hit, Section, SpaceScore

_CANDIDATES = 50
"""Units each way of searching brings from each space."""
_SHOWN = 40
"""Candidates that an inspection keeps."""
_PATIENCE = 20.0
"""Seconds that a question waits for its vector; an embedding model may have to be loaded."""
_LENIENT = 0.6
"""The share of what small talk reaches that is near enough in a space somebody chose."""
_AUTO_SPACES = 2
_LEAST_SHARE = 10.0
"""Percent below which a space is not searched for a question that several could answer."""
_SNIPPET = 200


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be found."""

    question: str
    query: str = ""
    """What to search for, when that is more than the question."""
    spaces: tuple[Space, ...] = ()
    auto: bool = False
    """The spaces are those that may match, not those that were chosen."""
    always: tuple[int, ...] = ()
    """Of them, those that are searched in any case."""
    limit: int = 5
    tokens: int | None = None
    """How much room the passages have."""
    narrow: Narrow = EVERYTHING
    """Which documents; spaces that are searched in any case are searched as a whole."""
    method: Method = "score"
    rerank: str = ""
    """Who puts the best passages in order; empty: nobody."""
    queued: bool = True
    """Whether a model is asked by the way of the queue: an answer has its turn there already."""


class _Legs(msgspec.Struct, frozen=True):
    """What one space brought, both ways."""

    space: Space
    near: tuple[Hit, ...] = ()
    words: tuple[Hit, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """How near its nearest unit is, and how well the best one matches by words."""
        cosine = max((hit.cosine for hit in self.near if hit.cosine is not None), default=None)
        return Evidence(cosine, max((hit.bm25 or 0.0 for hit in self.words), default=0.0))


class Finder:
    """Searches spaces."""

    def __init__(
        self,
        desk: Desk,
        index: Index,
        *,
        embedder: Callable[[Maker], Awaitable[Embedder]],
        guide: Guide,
        reranker: Reranker,
    ) -> None:
        self._desk = desk
        self._index = index
        self._embedder = embedder
        self._guide = guide
        self._reranker = reranker
        self._sieve = Sieve(desk.database)

    async def find(self, wanted: Wanted) -> Searched:
        """Search, and choose passages."""
        query = wanted.query or wanted.question
        seconds: dict[str, float] = {}
        notes: list[str] = []
        began = time.perf_counter()
        kept = await self._sieve.sift(wanted.narrow, wanted.spaces, free=wanted.always)
        if wanted.narrow:
            # Whoever names documents has chosen where to look.
            auto = wanted.auto and not wanted.narrow.named
            wanted = msgspec.structs.replace(wanted, spaces=kept.spaces, auto=auto)
            if not kept.documents:
                notes.append(f"No document is let through: {in_words(wanted.narrow)}.")
        embedding = time.perf_counter()
        vectors = await self._vectors(wanted.spaces, query, notes)
        seconds["embed"] = time.perf_counter() - embedding
        searching = time.perf_counter()
        spaces = wanted.spaces
        if wanted.auto:
            await self._guide.know(spaces)
            likely = self._guide.router.likely({space.id: vectors.get(space.id) for space in spaces})
            spaces = tuple(space for space in spaces if space.id in {*likely, *wanted.always})
        legs = await asyncio.gather(
            *(self._legs(space, query, vectors.get(space.id), kept.given.get(space.id)) for space in spaces)
        )
        if wanted.auto:
            # The first look into the index of a process takes as long as what is learned of it at that time.
            await self._guide.know(spaces)
        seconds["search"] = time.perf_counter() - searching
        scores, chosen = self._choose(wanted, legs, notes)
        later = sum([await self._index.unsearched(one.space.id) for one in chosen])
        if later:
            notes.append(f"{grouped(later)} chunks that are just being read are found a little later.")
        choosing = time.perf_counter()
        searched = await self._passages(wanted, query, chosen, notes)
        seconds["passages"] = time.perf_counter() - choosing
        seconds["all"] = time.perf_counter() - began
        if not searched.passages and chosen:
            notes.append("Nothing in the documents fits the question.")
        assert searched.inspection is not None
        if (reranked := searched.inspection.reranked) is not None:
            seconds["rerank"] = reranked.seconds
            seconds["passages"] = max(seconds["passages"] - reranked.seconds, 0.0)
        return msgspec.structs.replace(
            searched,
            spaces=scores,
            notes=tuple(dict.fromkeys(notes)),
            inspection=msgspec.structs.replace(
                searched.inspection,
                narrow=wanted.narrow,
                documents=kept.documents if wanted.narrow else None,
                seconds={name: round(value, 4) for name, value in seconds.items()},
            ),
        )

    # Searching.

    async def _vectors(self, spaces: Sequence[Space], query: str, notes: list[str]) -> dict[int, bytes]:
        """The question's vector for each space, asked for once of every model."""
        by_maker: dict[tuple[str, str], list[int]] = {}
        for space in spaces:
            if space.made_by and space.embedded:
                by_maker.setdefault((space.made_by, space.digest), []).append(space.id)
        found: dict[int, bytes] = {}
        for (model, digest), ids in by_maker.items():
            vector = await self._vector(model, digest, query, notes)
            if vector is not None:
                found |= dict.fromkeys(ids, vector)
        return found

    async def _vector(self, model: str, digest: str, query: str, notes: list[str]) -> bytes | None:
        there = self._desk.models.roster.find(model)
        if there is not None and there.installed and bare(there.digest) != digest:
            notes.append(f"Searched by words only: {model} is another version now. Re-index the space.")
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await (await self._embedder(Maker(model, digest))).query(query)
        except LeitstandError as error:
            self._desk.models.report(error, server_of(model))
            notes.append(f"Searched by words only: {error.message}")
        except TimeoutError:
            notes.append(f"Searched by words only: {model} took too long.")
        return None

    async def _legs(self, space: Space, query: str, vector: bytes | None, given: Filter | None) -> _Legs:
        given = given or Filter()

        async def near() -> list[Hit]:
            return [] if vector is None else await self._index.near(space.id, vector, _CANDIDATES, given)

        meant, said = await asyncio.gather(near(), self._index.words(space.id, query, _CANDIDATES, given))
        return _Legs(space, tuple(meant), tuple(said))

    # Choosing spaces.

    def _choose(
        self, wanted: Wanted, legs: Sequence[_Legs], notes: list[str]
    ) -> tuple[tuple[SpaceScore, ...], list[_Legs]]:
        """Say how well each space matches, and which of them count."""
        by_id = {one.space.id: one for one in legs}
        ranks = self._guide.router.judge({id: one.evidence for id, one in by_id.items()})
        if not wanted.auto:
            chosen = list(legs)
        else:
            chosen = [by_id[id] for id in wanted.always if id in by_id]
            matching = [
                by_id[rank.space]
                for rank in ranks
                if rank.space not in wanted.always and rank.fits and rank.percent >= _LEAST_SHARE
            ]
            chosen += matching[:_AUTO_SPACES]
            if not chosen and legs:
                notes.append(NOTHING_FITS)
        used = {one.space.id for one in chosen}
        scores = tuple(
            SpaceScore(by_id[rank.space].space.name, rank.percent, rank.evidence.cosine, rank.space in used)
            for rank in ranks
        )
        return scores, chosen

    def _fitting(
        self, wanted: Wanted, chosen: Sequence[_Legs], fused: Sequence[Hit], notes: list[str]
    ) -> list[Hit]:
        """The units that say more to the question than to small talk.

        Of spaces that somebody chose less is asked, and they are never left out altogether: whoever wants
        a document summed up uses none of its words. The model is told to say when they do not answer.
        """
        by_hand = [one for one in chosen if not wanted.auto or one.space.id in wanted.always]
        theirs = {hit.key for one in by_hand for hit in (*one.near, *one.words)}
        gate = self._guide.router.gate(*(one.space.id for one in chosen))

        def fits(hit: Hit) -> bool:
            if hit.bm25 or gate is None or hit.cosine is None:
                return True
            return hit.cosine >= gate.cosine * (_LENIENT if hit.key in theirs else 1.0)

        fitting = [hit for hit in fused if fits(hit)]
        if not fitting and theirs:
            notes.append("Nothing comes near the question: these are the passages that come nearest.")
            return [hit for hit in fused if hit.key in theirs]
        return fitting

    # Passages.

    async def _passages(
        self, wanted: Wanted, query: str, chosen: Sequence[_Legs], notes: list[str]
    ) -> Searched:
        near = [hit for one in chosen for hit in one.near]
        words = [hit for one in chosen for hit in one.words]
        meanings = [await self._index.meaning(one.space.id) for one in chosen]
        fused = fuse(near, words, wanted.method, meaning=min(meanings, default=MEANING))
        fitting = self._fitting(wanted, chosen, fused, notes)
        far = {hit.key for hit in fused} - {hit.key for hit in fitting}
        order, behind = one_a_section(fused)
        # More than are wanted: some say the same, and of some the document is gone.
        head = [hit for hit in order if hit.key not in far][: max(3 * wanted.limit, 12)]
        shown = order[:_SHOWN]
        read = await self._read({hit.key: hit for hit in (*head, *shown)}.values(), behind)
        spaces = {one.space.id: one.space.name for one in chosen}
        picks = [
            _pick(spaces[read.documents[hit.document].space], hit, read)
            for hit in head
            if hit.section in read.sections and read.documents[hit.document].space in spaces
        ]
        best, reranked = await self._reranker.ordered(
            wanted.rerank, query, picks, notes, queued=wanted.queued
        )
        before = places_before(picks, reranked)
        picked = pick(best, limit=wanted.limit, tokens=wanted.tokens)
        candidates = [_candidate(hit, read, spaces, picked, far, before) for hit in shown]
        return Searched(
            passages=picked.passages,
            inspection=Inspection(
                question=wanted.question,
                query=query,
                method=wanted.method,
                reranked=reranked,
                candidates=tuple(one for one in candidates if one is not None),
            ),
        )

    async def _read(self, hits: Iterable[Hit], behind: Iterable[Hit]) -> _Read:
        """Everything that is shown of the best hits, in one turn however many they are."""
        hits = [hit for hit in hits if hit.document.isdecimal()]
        groups = {place_of(hit): [hit] for hit in hits}
        for hit in behind:
            if place_of(hit) in groups:
                groups[place_of(hit)].append(hit)
        documents, sections, places = await self._desk.documents.behind(
            {int(hit.document) for hit in hits},
            ((int(hit.document), hit.section) for hit in hits),
            ((int(unit.document), unit.ord) for group in groups.values() for unit in group),
        )
        return _Read(
            documents={str(id): document for id, document in documents.items()},
            sections={key: section for (id, key), section in sections.items() if id in documents},
            units={place[1]: tuple(units) for place, units in groups.items()},
            stretches={key: stretch for (_, key), stretch in places.items()},
        )


class _Read(msgspec.Struct, frozen=True):
    """What the documents' own rows say of hits."""

    documents: Mapping[str, LibraryDocument]
    sections: Mapping[str, Section]
    """By their keys."""
    units: Mapping[str, tuple[Hit, ...]]
    """What was found of a section, the best unit first."""
    stretches: Mapping[str, tuple[int, int]]
    """Where a unit stands in its section."""


def _pick(space: str, hit: Hit, read: _Read) -> Pick:
    document = read.documents[hit.document]
    units = read.units.get(hit.section, (hit,))
    return Pick(
        space=space,
        document=document.id,
        title=document.title,
        source=document.source,
        section=read.sections[hit.section],
        score=round(hit.score, 4),
        found=tuple(read.stretches[unit.key] for unit in units if unit.key in read.stretches),
        cosine=max((unit.cosine for unit in units if unit.cosine is not None), default=None),
        bm25=max((unit.bm25 for unit in units if unit.bm25 is not None), default=None),
    )


def _candidate(
    hit: Hit,
    read: _Read,
    spaces: Mapping[int, str],
    picked: Picked,
    far: Set[str],
    before: Mapping[str, int],
) -> Candidate | None:
    document = read.documents.get(hit.document)
    if document is None:
        return None
    section = read.sections.get(hit.section)
    number = picked.numbers.get(hit.section)
    reason = "" if number else picked.left_out.get(hit.section, "after the limit")
    if not number and hit.key in far:
        reason = "not near enough"
    return Candidate(
        space=spaces.get(document.space, ""),
        document=document.id,
        title=document.title,
        heading=section.heading if section else (),
        snippet=" ".join(section.text[: 2 * _SNIPPET].split())[:_SNIPPET] if section else "",
        score=round(hit.score, 4),
        cosine=hit.cosine,
        bm25=hit.bm25,
        number=number,
        before=before.get(hit.section),
        left_out=reason,
    )
