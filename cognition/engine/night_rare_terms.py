"""Rare terms: in sleep, memories are associated by words that hardly any other has.

A page of memories in every cycle, one after the other through the whole mind: one search by words each. What
is formed is a function of what is stored then, so that going through the same memories again writes nothing
anew. Must not know what such an association does at a cue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cognition.engine.association import differs
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.night_arrays import ArrayJournal
from cognition.engine.night_works import Done
from cognition.engine.tongues import Tongues
from cognition.mechanisms.evidence import query_weights
from cognition.mechanisms.mentions import Mention
from cognition.mechanisms.rare_terms import DF_MAX, Having, frequencies, sharing, telling
from cognition.mechanisms.synapses import kept
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Spoken, Stores, Terms
from schemas.association import Association, AssociationType
from schemas.sleep import PlannedWork, SleepReport

FIRST_ID = "00000000-0000-0000-0000-000000000000"
LOOKED_AT_ONCE = 256
"""Memories of one cycle, as forgetting looks at."""

LINKED_AT_ONCE = 16
"""Memories of one step: one search each, in one round trip."""

HOLDERS_MAX = 64
"""Memories looked at that may share a memory's rare words, those that speak of most of them."""

HEARD_MAX = 5
"""Memories that have a word because one of them says it: it and the turns around it. A mind's lexicon counts
them all, so a word that it counts more often than this times `DF_MAX` is not rare."""


class RareTerms:
    """Associate: memories that share rare words."""

    def __init__(self, stores: Stores, minds: Minds, journal: ArrayJournal, tongues: Tongues) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal
        self._tongues = tongues

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        end = begin + LINKED_AT_ONCE
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            spoken = await self._journal.read(report.mind, planned.memory_ids[begin:end], epoch=epoch)
            arrays = await self._arrays(mind, spoken, report.started_at)
            changed = {i: a for i, a in arrays.items() if differs(spoken[i].associations, a)}
            did = await self._journal.rewrite(report, spoken, changed, did="formed", epoch=epoch)
            if end >= len(planned.memory_ids):
                mind.sleep.shared_to = planned.onward
                await self._minds.write_down()
        return Done(did, str(end), more=end < len(planned.memory_ids))

    async def _arrays(
        self, mind: Mind, spoken: Mapping[str, Spoken], at: float
    ) -> dict[str, list[Association]]:
        """The associations of each, with those by rare words as they are now."""
        analyzer = self._tongues.of(mind.name)
        own = {i: analyzer.evidence_terms(each.content) for i, each in spoken.items()}
        texts = {i: seldom(mind, terms) for i, terms in own.items()}
        asked = [i for i, text in texts.items() if text]
        found = await self._stores.associations.saying(
            mind.name, [texts[i] for i in asked], limit=HOLDERS_MAX
        )
        holders = dict(zip(asked, found, strict=True))
        return {
            i: with_shared(
                each.associations, partners(mind, i, own[i], texts[i], holders.get(i, {}), analyzer), at
            )
            for i, each in spoken.items()
        }


def partners(
    mind: Mind,
    memory_id: str,
    mine: Mapping[int, int],
    asked: Terms,
    holders: Mapping[str, Spoken],
    analyzer: Analyzer,
) -> list[Mention]:
    """With whom one memory shares rare words, and how strongly: of the words that may be rare (`asked`) those
    that are, as far as the holders tell, and as the lexicon does of words that more have than were read."""
    said = {j: analyzer.evidence_terms(each.content) for j, each in holders.items() if j != memory_id}
    found = frequencies([mine, *said.values()])
    counts = {t: max(found[t], -(-mind.lexicon.document_frequency(t) // HEARD_MAX)) for t in asked}
    idf = telling(counts, mind.lexicon.n)
    return sharing(_having(mine), {j: _having(terms) for j, terms in said.items()}, idf)


def seldom(mind: Mind, terms: Mapping[int, int]) -> Terms:
    """The terms that may be rare, with the mind's idf: what a store is asked with."""
    few = [t for t in sorted(terms) if 2 <= mind.lexicon.document_frequency(t) <= HEARD_MAX * DF_MAX]
    return query_weights(few, mind.lexicon.idf(few).tolist())


def with_shared(array: Sequence[Association], partners: Sequence[Mention], at: float) -> list[Association]:
    """An array with these associations by rare words in place of those that it held."""
    held = {a.target_id: a for a in array if is_shared(a)}
    formed = []
    for target, weight in partners:
        fresh = Association(
            target_id=target, weight=weight, type=AssociationType.TOPICAL, last_coactivated=at
        )
        formed.append(msgspec.structs.replace(held.get(target, fresh), weight=weight))
    return kept([*(a for a in array if not is_shared(a)), *formed], at)


def is_shared(association: Association) -> bool:
    """Whether it was formed here: a caller's is the caller's."""
    return association.type is AssociationType.TOPICAL and not association.given


def _having(terms: Mapping[int, int]) -> Having:
    return Having(terms.keys(), sum(terms.values()))
