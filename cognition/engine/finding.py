"""Finding: what may answer one cue, asked of the store in at most three round trips (a server may take two
for the search itself).

A round trip is a wait for the store; what is asked at once is one. The search is one, with the memories that
will probably answer, which the store reads while candidates are weighed. Facts of candidates that are
not at hand are one more, what associations lead to another, the memories that answer and were not read yet
another. Where not all of these are left, the last one reads whatever may answer: nothing is missing after
it. Must not know how candidates are weighed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cognition.engine.facts import FactsCache
from cognition.engine.mind import Mind
from cognition.engine.naming import named
from cognition.engine.options import RecallOptions
from cognition.engine.weighing import WORKING_MEMORY, Candidates, preferred_episodes
from cognition.mechanisms import ranking
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Facts, Found, Likely, MemoryStore, Probe, Scope
from cognition.tasks import at_once
from schemas.cue import Cue, Mood
from schemas.memory import Memory

TRIPS_MAX = 3
"""Round trips of a cue to the store."""

BUDGET_REACH = 4
"""With a token budget, up to limit x 4 candidates are looked at for what still fits (a choice: what
ranks lower is rarely worth its tokens, and whole memories are fetched for it)."""

AHEAD_MORE = 10
"""Memories read ahead beyond the limit, for those that rise by what is weighed besides meaning and words.
Of 330 cues with a limit of 10, 80 had to read once more with 4 of them, 16 with 10, none with 20."""

FACTS_AT_HAND = 0.5
"""Share of a mind's memories of which facts are at hand from which on its first cue does not ask for them
with the search: what is missing then comes by a round trip of its own. Each further cue goes by the one
before it: minds are asked about what they were asked about, and of a mind that is half at hand fifty
candidates are hardly ever all so."""


class Trips:
    """How many more times a cue may wait for the store."""

    __slots__ = ("left",)

    def __init__(self, left: int = TRIPS_MAX) -> None:
        self.left = left

    def take(self) -> None:
        """One of them."""
        assert self.left, "a cue asks the store at most three times in a row"
        self.left -= 1


@dataclass(frozen=True, slots=True)
class Sources:
    """What cues are answered from."""

    memories: MemoryStore
    facts: FactsCache
    options: RecallOptions


def reach(cue: Cue) -> int:
    """How many candidates are looked at, best first, for those that answer."""
    return cue.limit * (1 if cue.token_budget is None else BUDGET_REACH)


class Finding:
    """One cue's search and reads: `trips` says how many more of them there may be."""

    def __init__(self, sources: Sources, analyzer: Analyzer, mind: Mind, probe: Probe, trips: Trips) -> None:
        self._memories = sources.memories
        self._facts = sources.facts
        self._options = sources.options
        self._analyzer = analyzer
        self._mind = mind
        self._probe = probe
        self._trips = trips
        self._read: dict[str, Memory] = {}
        self._ahead: Callable[[Sequence[str]], Awaitable[dict[str, Memory]]] | None = None

    async def candidates(self, cue: Cue) -> Candidates:
        """The union of what each vector finds; a soft episode filter also searches inside it,
        and working memory joins where no filter could exclude it (read your own writes)."""
        since = self._facts.changes
        self._trips.take()
        spare = self._trips.left == TRIPS_MAX - 1
        found = await self._memories.probe(
            self._mind.name,
            self._probes(cue),
            limit=max(self._options.candidates, cue.limit),
            also=self._active(cue),
            with_facts=not (spare and self._at_hand(self._facts.of(self._mind.name))),
            likely=self._likely(cue),
        )
        self._ahead = found.ahead
        read, known = dict(found.facts), self._facts.of(self._mind.name)
        held = {i: known[i] for i in found.ids if i in known}  # what changes during the next trip is dropped
        if unknown := [i for i in found.ids if i not in read and i not in held]:
            self._trips.take()
            read.update(await self._memories.facts(self._mind.name, unknown))
        self._facts.add(self._mind.name, read, since=since)
        if found.ids:
            self._facts.found(self._mind.name, len(found.ids) - len(held))
        return self.with_facts(found, [read.get(i) or held.get(i) for i in found.ids])

    def _at_hand(self, known: Mapping[str, Facts]) -> bool:
        """Whether facts of all that is found are likely to be."""
        sufficed = self._facts.sufficed(self._mind.name)
        return len(known) >= self._mind.living * FACTS_AT_HAND if sufficed is None else sufficed

    def _probes(self, cue: Cue) -> list[Probe]:
        inside = preferred_episodes(cue, self._mind)
        scoped = Scope(self._probe.scope.filter, inside)
        return [self._probe, replace(self._probe, scope=scoped)] if inside else [self._probe]

    def _active(self, cue: Cue) -> list[str]:
        joins = WORKING_MEMORY not in cue.without and self._probe.scope == Scope()
        return [item.memory_id for item in self._mind.working.items] if joins else []

    def _likely(self, cue: Cue) -> Likely:
        """Which memories will probably answer: the first by meaning and words alone, and a few more for
        what else is weighed."""
        _, sd = self._mind.lexicon.lexical_moments(self._probe.terms)
        return Likely(reach(cue) + AHEAD_MORE, 1.0 / ranking.DENSE_SD, self._options.lexical_weight / sd)

    def with_facts(self, found: Found, facts: Sequence[Facts | None]) -> Candidates:
        """What was found, with its facts. What has none is gone meanwhile; of what is near the mood that the
        cue keeps to, some is outside."""
        mood = self._probe.scope.filter.mood
        held = [fact for fact in facts if fact is not None and _felt(fact, mood)]
        ids, dense, lexical = found.ids, found.dense, found.lexical
        if len(held) < len(ids):
            places = [n for n, fact in enumerate(facts) if fact is not None and _felt(fact, mood)]
            ids, dense, lexical = [ids[n] for n in places], dense[places], lexical[places]
        terms, naming = self._probe.terms, self._probe.naming
        subjects = [fact.subject for fact in held] if naming else []
        return Candidates(
            ids=ids,
            dense=dense.astype(np.float64),
            lexical=lexical.astype(np.float64),
            facts=held,
            named=named(terms, subjects, self._mind.lexicon, self._analyzer) if naming else None,
        )

    async def joining(self, found: Candidates, new: Sequence[str], likely: Sequence[str]) -> Candidates:
        """The candidates, and those of the `new` ones that the cue's filters let in, with exact scores. Read
        whole beside it: all that may answer where there will be no other trip; elsewhere what is `likely` to,
        if the store reads nothing ahead (where it does, a trip for the few that are missing costs less)."""
        self._trips.take()
        since = self._facts.changes
        spared = self._trips.left and self._ahead is not None
        wanted = likely if self._trips.left else [*found.ids, *new]
        missing = [] if spared else await self._unread(wanted)
        scored: list[Found] = []

        async def score() -> None:
            scored.append(await self._memories.score(self._mind.name, self._probe, new))

        async with at_once() as asked:
            asked.start_soon(score)
            if missing:
                self._read |= await self._memories.get(self._mind.name, missing)
        (joined,) = scored
        self._facts.add(self._mind.name, joined.facts, since=since)
        return found.joined(self.with_facts(joined, [joined.facts.get(i) for i in joined.ids]))

    async def read(self, memory_ids: Sequence[str]) -> dict[str, Memory]:
        """These memories, whole; what is gone meanwhile is left out."""
        missing = await self._unread(memory_ids)
        if missing and self._trips.left:
            self._trips.take()
            self._read |= await self._memories.get(self._mind.name, missing)
        return self._read

    async def _unread(self, memory_ids: Sequence[str]) -> list[str]:
        """Those of these that were not read while candidates were weighed."""
        missing = [i for i in memory_ids if i not in self._read]
        if missing and self._ahead is not None:
            self._read |= await self._ahead(missing)
            missing = [i for i in missing if i not in self._read]
        return missing


def _felt(fact: Facts, mood: Mood | None) -> bool:
    return mood is None or mood.holds(fact.valence, fact.arousal)
