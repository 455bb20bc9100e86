"""Deriving: what recurs around a memory, found by two reads, and the abstraction that it makes.

An abstraction is a function of its sources: its words, its vector and its figures are derived anew from them
whenever they are needed, so that no copy of a word has to be kept to undo or to correct one. Must not know
when this is done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from cognition.engine.mind import Mind
from cognition.engine.succession import fact_of
from cognition.engine.tongues import Tongues
from cognition.mechanisms.abstraction import (
    EPISODES_MIN,
    Content,
    abstracted,
    episodes_of,
    recurring,
    share_words,
    tells,
)
from cognition.mechanisms.evidence import K1, on_grid, query_weights, saturated
from cognition.mechanisms.superseding import Fact
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Dense, Stores, Terms, Trace
from schemas.abstraction import Abstraction
from schemas.identifiers import abstraction_id

CANDIDATES_MAX = 48
"""Memories that are looked at around one, those that share most of its telling words: more than the sources,
for some are superseded, or alike in words alone."""

TERMS_MAX = 32
"""Words by which they are looked for, the most telling; a long text would ask for a thousand."""

ROUNDS_MAX = 4
"""Steps from a memory to the middle of what is like it; what has no middle by then is no abstraction."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contents that say the same kind of thing, and the memories that speak of it and say otherwise."""

    members: Sequence[Content]
    conflicts: Sequence[str]


NOTHING = Group([], [])


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

    async def found(
        self, mind: Mind, start: str, near: Sequence[str], beside: Collection[str] = ()
    ) -> Group | None:
        """What recurs around this memory: the contents that are like the middle one of them; None where
        nothing does. `near` is what `near` says of it; `beside` are memories that are looked at too, also
        where they are in the archive.

        From the memory to the middle of what is like it, and on from there until that stays: memories of one
        group lead to the same middle.
        """
        centre = start
        for _ in range(ROUNDS_MAX):
            group = await self._around(mind, centre, [*near, *beside])
            if not group.members:
                return None
            middle = abstracted(group.members).derived_from[0]
            if middle == centre:
                return group
            centre, near = middle, (await self.near(mind, [middle])).get(middle, [])
        return None

    async def near(self, mind: Mind, starts: Sequence[str]) -> dict[str, list[str]]:
        """For each of these the memories that share telling words with it: two calls for all of them."""
        spoken = await self._stores.associations.read(mind.name, starts)
        analyzer = self._tongues.of(mind.name)
        own = {i: analyzer.evidence_terms(each.content).keys() for i, each in spoken.items()}
        texts = {i: _telling(mind, terms) for i, terms in own.items()}
        asked = [i for i in starts if tells(texts.get(i, {}), texts.get(i, {}))]
        found = await self._stores.associations.saying(
            mind.name, [texts[i] for i in asked], limit=CANDIDATES_MAX
        )
        return {
            i: [
                j
                for j, each in others.items()
                if j != i and self._shares(mind, own[i], analyzer.evidence_terms(each.content).keys())
            ]
            for i, others in zip(asked, found, strict=True)
        }

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
        """What is left of an abstraction without those that are gone; None where it is too little. It says
        how it was where its words do, unless what superseded them is gone too."""
        ids = [i for i in known.derived_from if i not in gone]
        sources = await self.sources(mind, ids)
        members = [self._content(sources[i]) for i in sorted(sources)]
        if episodes_of(members) < EPISODES_MIN:
            return None
        conflicts = [i for i in known.conflicts if i not in gone]
        made = self.composed(mind, Group(members, conflicts), at=at, known=known)
        said = sources[made.abstraction.source_id].memory
        ended = said.superseded_at if said.superseded_by not in gone else None
        return replace(made, abstraction=structs.replace(made.abstraction, superseded_at=ended))

    async def _around(self, mind: Mind, centre: str, others: Sequence[str]) -> Group:
        """Those of the others that are like this content, from three episodes and more, and those that speak
        of the same and say otherwise; none where they are not."""
        ids = list(dict.fromkeys([centre, *others]))
        if len(ids) < EPISODES_MIN:
            return NOTHING
        found = await self.sources(mind.name, ids)
        current = {i: trace for i, trace in found.items() if trace.memory.superseded_at is None}
        if centre not in current:
            return NOTHING
        stated = fact_of(current[centre].memory)
        against = {i for i, trace in current.items() if contradicts(stated, fact_of(trace.memory))}
        contents = {i: self._content(trace) for i, trace in current.items()}
        seed = contents[centre]
        against = {i for i in against if self._shares(mind, seed.terms, contents[i].terms)}
        likely = [each for i, each in sorted(contents.items()) if i not in against and i != centre]
        idf = _idf(mind, {term for each in contents.values() for term in each.terms})
        return Group(recurring(seed, likely, idf), sorted(against))

    def _shares(self, mind: Mind, one: Collection[int], other: Collection[int]) -> bool:
        """Whether two contents share telling words."""
        return share_words(one, other, _idf(mind, {*one, *other}))

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


def _telling(mind: Mind, terms: Collection[int]) -> dict[int, float]:
    """The most telling of these terms, with the mind's idf."""
    idf = _idf(mind, terms)
    first = sorted(idf, key=lambda term: (-idf[term], term))[:TERMS_MAX]
    return query_weights(first, [idf[term] for term in first])


def _idf(mind: Mind, terms: Collection[int]) -> dict[int, float]:
    ordered = sorted(terms)
    return dict(zip(ordered, mind.lexicon.idf(ordered).tolist(), strict=True)) if ordered else {}
