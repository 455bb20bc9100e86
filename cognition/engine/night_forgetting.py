"""Forgetting: which memories have lapsed, or must make room, and leave awake memory for the archive.

A page of memories is looked at in every cycle, one after the other through the whole mind, so that a look
costs the same whatever the number of memories. Must not know how they leave (`archiving`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cognition.engine.appraisal import Appraising
from cognition.engine.mind import Mind
from cognition.engine.sleep_options import SleepOptions
from cognition.engine.tongues import Tongues
from cognition.mechanisms.consolidation_strength import PERMANENT
from cognition.mechanisms.keeping import (
    Lapse,
    Protection,
    allowance,
    archived,
    at_least,
    displaced,
    standing_protections,
)
from cognition.mechanisms.retrievability import retrievability
from cognition.ports.stores import Stores
from schemas.memory import Memory
from schemas.percept import ContentType

LOOKED_AT_ONCE = 256
"""Memories that a cycle looks at; a mind of a hundred thousand is looked through in a hundred nights."""

LOOKED_AT_MAX = 4_096
"""The same where many must make room, or where any must and a mind is no larger: all are compared then. A
page of so many takes 2 s, one of 256 a tenth of a second (10,000 memories on Edge)."""

PROTECTED = "protected"
"""The key of `metadata` by which a caller keeps a memory: any true value."""

DECAY, DISPLACEMENT = "decay", "displacement"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to leave awake memory: ids of memories and of the episodes in which they are, each once; why;
    and how far has been looked."""

    memory_ids: list[str]
    episode_ids: list[str]
    why: str
    onward: str | None


class Choosing:
    """Chooses what leaves awake memory. Changes nothing but how far it has looked."""

    def __init__(self, stores: Stores, tongues: Tongues, options: SleepOptions) -> None:
        self._stores = stores
        self._appraising = Appraising(stores, tongues)
        self._options = options

    async def choose(self, mind: Mind, now: float) -> Chosen:
        """What is to leave, why, and how far has been looked."""
        excess = mind.living - self._options.memory_max if self._options.memory_max else 0
        limit = _page(mind.living, excess)
        start = None if mind.living <= limit else mind.sleep.looked_at
        page, offset = await self._stores.memories.walk(mind.name, start, limit=limit)
        scores = await self._appraising.scores(mind, [m.id for m in page])
        page = [m for m in page if m.id in scores]
        holding = await self._holding(mind, page)
        if excess > 0:
            ids, safe = list(scores), [m.id for m in page if protection(m) in holding]
            keep = max(len(ids) - excess, _kept_at_least(len(ids), len(safe), mind.living))
            leaving = displaced(ids, np.array([scores[i] for i in ids]), keep, safe)
            return Chosen(leaving, episodes_of(page, leaving), DISPLACEMENT, offset)
        lapses = [
            Lapse(m.id, retrievability(now - used_at(m), m.stability_s), scores[m.id], protection(m))
            for m in page
        ]
        within, elapsed_s = mind.sleep.archived_within_a_year(now)
        share = self._options.archived_a_year
        most = allowance(mind.living, within, elapsed_s=elapsed_s, share=share)
        leaving = archived(lapses, holding=holding, most=most, floor=self._options.floor)
        return Chosen(leaving, episodes_of(page, leaving), DECAY, offset)

    async def _holding(self, mind: Mind, page: Sequence[Memory]) -> frozenset[Protection]:
        """Which protections hold: of all memories no more than a share. No index counts those that a caller
        protects: the page, which ids shuffle, tells how many there are at least."""
        permanent, milestones = await self._stores.replay.permanent(mind.name, strength=PERMANENT)
        most, seen = self._options.protected, sum(protection(m) is Protection.CALLER for m in page)
        counts = {
            Protection.PERMANENT: permanent,
            Protection.MILESTONE: milestones,
            Protection.CALLER: at_least(seen, len(page), mind.living, share=most),
        }
        return standing_protections(counts, mind.living, most)


def _page(living: int, excess: int) -> int:
    """How many memories a cycle looks at."""
    if excess > 0 and living <= LOOKED_AT_MAX:
        return LOOKED_AT_MAX
    return min(LOOKED_AT_MAX, max(LOOKED_AT_ONCE, 2 * excess))


def _kept_at_least(page: int, safe: int, living: int) -> int:
    """How many of a page stay, whatever makes room: what is worth least of a page is not what is worth least
    of the mind, so that half of it stays, and all that is protected; of the whole mind nothing must."""
    return 0 if page >= living else max(safe, (page + 1) // 2)


def episodes_of(page: Sequence[Memory], leaving: Sequence[str]) -> list[str]:
    """The episodes of those of a page that leave."""
    going = set(leaving)
    return list(dict.fromkeys(m.episode_id for m in page if m.id in going and m.episode_id))


def used_at(memory: Memory) -> float:
    """When it was last used, replayed, or formed: a history that was imported begins with its import."""
    return max(memory.last_accessed, memory.encoded_at, memory.last_replayed or 0.0)


def protection(memory: Memory) -> Protection | None:
    """Why a memory is not forgotten, if it is not."""
    if memory.content_type is ContentType.MILESTONE:
        return Protection.MILESTONE
    if memory.metadata.get(PROTECTED):
        return Protection.CALLER
    return Protection.PERMANENT if memory.consolidation_strength >= PERMANENT else None
