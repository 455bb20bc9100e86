"""Deriving: what recurs around a memory, found by two reads, and the abstraction that it makes.

An abstraction is a function of its sources: its words, its vector and its figures are derived anew from them
whenever they are needed, so that no copy of a word has to be kept to undo or to correct one. Must not know
when this is done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cognition.engine.mind import Mind
from cognition.engine.succession import fact_of
from cognition.engine.tongues import Tongues
from cognition.mechanisms.abstraction import (
    EPISODES_MIN,
    LIKE_MIN,
    SOURCES_MAX,
    Content,
    abstracted,
    episodes_of,
    recurring,
    share_words,
    tells,
)
from cognition.mechanisms.evidence import K1, on_grid, query_weights, saturated
from cognition.mechanisms.superseding import Fact
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Dense, Probe, Scope, Stores, Terms, Trace
from schemas.abstraction import Abstraction
from schemas.identifiers import abstraction_id
from schemas.memory import Memory

DRIFT = 0.2
"""By how much less a memory in its context may resemble a bare content that it is like by itself: what is
nearer than `LIKE_MIN` less this is looked at (a quarter of the vector is context, ADR 14)."""

ROUNDS_MAX = 4
"""Steps from a memory to the middle of what is like it; what has no middle by then is no abstraction."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contents that say the same kind of thing, and the memories that speak of it and say otherwise."""

    members: Sequence[Content]
    conflicts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Derived:
    """An abstraction as it is written."""

    abstraction: Abstraction
    centroid: Dense
    terms: Terms


class Deriving:
    """Finds and composes abstractions."""

    def __init__(self, stores: Stores, tongues: Tongues) -> None:
        self._stores = stores
        self._tongues = tongues

    async def found(self, mind: Mind, start: str, beside: Collection[str] = ()) -> Group | None:
        """What recurs around this memory: the contents that are like the middle one of them; None where
        nothing does. `beside` are memories that are looked at too, also where they are in the archive.

        From the memory to the middle of what is like it, and on from there until that stays: memories of one
        group lead to the same middle.
        """
        centre = start
        for _ in range(ROUNDS_MAX):
            group = await self._around(mind, centre, beside)
            if not group.members:
                return None
            middle = abstracted(group.members).derived_from[0]
            if middle == centre:
                return group
            centre = middle
        return None

    async def sources(self, mind: str, ids: Collection[str]) -> dict[str, Trace]:
        """These memories, awake or archived."""
        awake = await self._stores.memories.get_traces(mind, list(ids))
        missing = [i for i in ids if i not in awake]
        return {**awake, **(await self._stores.archive.get_traces(mind, missing) if missing else {})}

    async def contents(self, mind: str, ids: Collection[str]) -> list[Content]:
        """What these say, as far as they are there."""
        found = await self.sources(mind, ids)
        return [self._content(found[i]) for i in sorted(found)]

    def composed(self, mind: str, group: Group, *, at: float, known: Abstraction | None = None) -> Derived:
        """The abstraction of these contents; where there is one already, that one as it is now."""
        made = abstracted(group.members)
        times = [each.at for each in group.members]
        abstraction = Abstraction(
            id=known.id if known is not None else abstraction_id(mind, made.anchor),
            mind=mind,
            content=made.gist,
            source_id=made.derived_from[0],
            derived_from=list(made.derived_from),
            episodes=made.episodes,
            confidence=made.confidence,
            conflicts=sorted(group.conflicts),
            began_at=min(times),
            last_at=max(times),
            formed_at=known.formed_at if known is not None else at,
            derived_at=at,
            rev=known.rev + 1 if known is not None else 0,
        )
        return self.derived(abstraction, made.vector)

    def derived(self, abstraction: Abstraction, centroid: Dense) -> Derived:
        """An abstraction with what it is found by."""
        counts = self._tongues.of(abstraction.mind).evidence_terms(abstraction.content)
        terms = {term: on_grid(saturated(tf, K1)) for term, tf in counts.items()}
        return Derived(abstraction, centroid, terms)

    async def left(self, mind: str, known: Abstraction, gone: Collection[str], at: float) -> Derived | None:
        """What is left of an abstraction without those that are gone; None where it is too little."""
        ids = [i for i in known.derived_from if i not in gone]
        members = await self.contents(mind, ids)
        if episodes_of(members) < EPISODES_MIN:
            return None
        conflicts = [i for i in known.conflicts if i not in gone]
        return self.composed(mind, Group(members, conflicts), at=at, known=known)

    async def _around(self, mind: Mind, centre: str, beside: Collection[str]) -> Group:
        """The contents that are like this one, from three episodes and more; none where they are not."""
        nothing = Group([], [])
        found = await self.sources(mind.name, [centre])
        if centre not in found or found[centre].memory.superseded_at is not None:
            return nothing
        analyzer = self._tongues.of(mind.name)
        seed = self._content(found[centre])
        idf = _idf(mind, seed.terms)
        if not tells(seed.terms, idf):
            return nothing
        near = await self._near(mind, seed, beside)
        read = await self._stores.memories.get(mind.name, near)
        archived = [i for i in beside if i not in read]
        read |= await self._stores.archive.get(mind.name, archived) if archived else {}
        telling = {i: m for i, m in read.items() if self._shares(mind, seed, m, analyzer)}
        if len({m.episode_id or m.id for m in telling.values()} | {seed.episode_id or centre}) < EPISODES_MIN:
            return nothing
        stated = fact_of(found[centre].memory)
        against = {i for i, m in telling.items() if contradicts(stated, fact_of(m))}
        others = await self.contents(mind.name, [i for i in telling if i not in against])
        idf = _idf(mind, {t for each in (seed, *others) for t in each.terms})
        return Group(recurring(seed, others, idf), sorted(against))

    async def _near(self, mind: Mind, seed: Content, beside: Collection[str]) -> list[str]:
        """The memories nearest to a content by meaning and words, and those beside it; not itself."""
        terms = sorted(seed.terms)
        weights = query_weights(terms, mind.lexicon.idf(terms).tolist())
        probe = Probe(vector=seed.vector, terms=weights, scope=Scope())
        found = await self._stores.memories.probe(mind.name, [probe], limit=SOURCES_MAX, with_facts=False)
        close = np.flatnonzero(np.asarray(found.dense) >= LIKE_MIN - DRIFT)
        ids = [found.ids[place] for place in close]
        return [i for i in dict.fromkeys([*ids, *beside]) if i != seed.memory_id]

    def _shares(self, mind: Mind, seed: Content, memory: Memory, analyzer: Analyzer) -> bool:
        """Whether a memory that says how things are shares telling words with this content."""
        if memory.superseded_at is not None:
            return False
        terms = analyzer.evidence_terms(memory.content).keys()
        return share_words(seed.terms, terms, _idf(mind, seed.terms | terms))

    def _content(self, trace: Trace) -> Content:
        memory = trace.memory
        return Content(
            memory_id=memory.id,
            episode_id=memory.episode_id,
            vector=as_kept(trace.context if trace.evidence is None else trace.evidence),
            terms=frozenset(self._tongues.of(memory.mind).evidence_terms(memory.content)),
            text=memory.content,
            trust=memory.trust,
            at=memory.occurred_at,
        )


async def save(stores: Stores, derived: Derived, epoch: int) -> None:
    """Write an abstraction whole."""
    await stores.abstractions.save(derived.abstraction, derived.centroid, derived.terms, epoch=epoch)


def contradicts(one: Fact | None, other: Fact | None) -> bool:
    """Whether two statements give one attribute different values."""
    if one is None or other is None:
        return False
    return (one.subject, one.slot) == (other.subject, other.slot) and one.value != other.value


def _idf(mind: Mind, terms: Collection[int]) -> dict[int, float]:
    ordered = sorted(terms)
    return dict(zip(ordered, mind.lexicon.idf(ordered).tolist(), strict=True)) if ordered else {}
