"""Appraisal: what each memory of a mind is worth keeping, from what is stored of it.

Joins `mechanisms.keeping` with a mind's lexicon, its threads and what is like what. Reads only; what is done
with the order is for others. Must not know why room is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from cognition.engine.mind import Mind
from cognition.engine.tongues import Tongues
from cognition.mechanisms.keeping import degree, keep_scores, worth
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.turns import Turns
from cognition.ports.stores import Probe, Scope, Stores
from schemas.association import AssociationType
from schemas.memory import Memory

PAGE = 500

LIKE_LOOKED_AT = 16
"""Memories looked at for the earlier one that a memory is most like: itself and those after it are among
them (a turn's neighbours have some of it in their vectors)."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a memory says by itself: summed idf, the share of its tokens that ask, how many there are, and
    how far its replies took over what it asks."""

    mass: float
    asked: float
    length: float
    given: float = 0.0


class Appraising:
    """Puts the memories of a mind in the order in which they are worth keeping."""

    def __init__(self, stores: Stores, tongues: Tongues) -> None:
        self._stores = stores
        self._tongues = tongues

    async def scores(self, mind: Mind) -> dict[str, float]:
        """Every memory's keep score, 0..2 (`keeping.keep_scores`). Goes through all of them, with one search
        for each: for when there are too many, seldom."""
        memories = await self._memories(mind.name)
        order = in_order(memories)
        said = self._said(mind, order)
        likeness = await self._likeness(mind.name, order)
        return scored(order, said, likeness)

    async def _memories(self, mind: str) -> list[Memory]:
        found: list[Memory] = []
        offset: str | None = None
        while True:
            page, offset = await self._stores.memories.walk(mind, offset, limit=PAGE)
            found += page
            if offset is None:
                return found

    def _said(self, mind: Mind, order: Sequence[Memory]) -> dict[str, Said]:
        analyzer = self._tongues.of(mind.name)
        said: dict[str, Said] = {}
        for _, members in groupby(order, key=lambda m: m.episode_id):
            said |= said_in_episode(mind, analyzer, list(members))
        return said

    async def _likeness(self, mind: str, order: Sequence[Memory]) -> dict[str, float]:
        """How much each is like the earlier memory that it is most like; -1 where none is near."""
        place = {memory.id: n for n, memory in enumerate(order)}
        likeness: dict[str, float] = {}
        for start in range(0, len(order), PAGE):
            ids = [memory.id for memory in order[start : start + PAGE]]
            for i, trace in (await self._stores.memories.get_traces(mind, ids)).items():
                vector = trace.context if trace.evidence is None else trace.evidence.astype(np.float32)
                found = await self._stores.memories.probe(
                    mind, [Probe(vector, {}, Scope())], limit=LIKE_LOOKED_AT, with_facts=False
                )
                rows = zip(found.ids, found.dense.tolist(), strict=True)
                likeness[i] = max((c for j, c in rows if place.get(j, len(order)) < place[i]), default=-1.0)
        return likeness


def in_order(memories: Sequence[Memory]) -> list[Memory]:
    """Memories in the order in which they came: episode after episode, each by position."""
    begun: dict[str, float] = {}
    for memory in memories:
        begun[memory.episode_id] = min(begun.get(memory.episode_id, memory.encoded_at), memory.encoded_at)
    return sorted(memories, key=lambda m: (begun[m.episode_id], m.episode_id, m.position, m.id))


def said_in_episode(mind: Mind, analyzer: Analyzer, members: Sequence[Memory]) -> dict[str, Said]:
    """What the members of an episode say, given all of them in order."""
    turns = Turns()
    said: dict[str, Said] = {}
    for memory in members:
        stated, asked = analyzer.turn_terms(memory.content, memory.actor)
        terms = [*(stated.keys() | asked.keys())]
        length = sum(stated.values()) + sum(asked.values())
        turns.take(memory.id, memory.actor, stated, asked, memory.mean_length or mind.lexicon.mean_length)
        mass = float(mind.lexicon.idf(terms).sum()) if terms else 0.0
        said[memory.id] = Said(mass, sum(asked.values()) / length if length else 0.0, length)
        for i, given in turns.handed_over().items():
            said[i] = Said(said[i].mass, said[i].asked, said[i].length, given)
    return said


def scored(
    order: Sequence[Memory], said: Mapping[str, Said], likeness: Mapping[str, float]
) -> dict[str, float]:
    """The keep score of each: passages about a subject by what names them and what they name, all else by
    what they say that nothing earlier says."""
    told = [said[m.id] for m in order]
    worths = worth(
        np.array([s.mass for s in told]),
        np.array([s.asked for s in told]),
        np.array([s.given for s in told]),
        np.array([s.length for s in told]),
        np.array([likeness.get(m.id, -1.0) for m in order]),
    )
    about = np.array([bool(m.subject) for m in order], bool)
    worths = np.where(about, _degrees(order), worths)
    scores = keep_scores(worths, [m.useful_count > 0 for m in order], about.astype(int).tolist())
    return dict(zip((m.id for m in order), scores.tolist(), strict=True))


def _degrees(order: Sequence[Memory]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How strongly each names others, and is named by them."""
    place = {memory.id: n for n, memory in enumerate(order)}
    inward, outward = np.zeros(len(order)), np.zeros(len(order))
    for n, memory in enumerate(order):
        for each in memory.associations:
            if each.type is AssociationType.SEMANTIC and not each.given:
                outward[n] += each.weight
                if each.target_id in place:
                    inward[place[each.target_id]] += each.weight
    return degree(inward, outward)
