"""Forgetting: what has lapsed, or must make room, leaves awake memory for the archive, whole; and comes back.

A page of memories is looked at in every cycle, one after the other through the whole mind, so that a look
costs the same whatever the number of memories. Nothing is erased: the trace lies in the archive with its
vectors before it leaves. Must not know when a memory is strong enough to come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from cognition.engine.appraisal import Appraising
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.night_journal import Journal, mark_of
from cognition.engine.night_works import Done
from cognition.engine.sleep_options import SleepOptions
from cognition.engine.succession import CURRENT
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
from cognition.mechanisms.retrievability import retrievability, stability_after
from cognition.ports.stores import Stores, Trace
from schemas.memory import Memory
from schemas.percept import ContentType
from schemas.sleep import PlannedWork, SleepReport

LOOKED_AT_ONCE = 256
"""Memories that a cycle looks at; a mind of a hundred thousand is looked through in a hundred nights."""

LOOKED_AT_MAX = 4_096
"""The same where so many must make room."""

ARCHIVED_AT_ONCE = 16
PROTECTED = "protected"
"""The key of `metadata` by which a caller keeps a memory: any true value."""

DECAY, DISPLACEMENT = "decay", "displacement"


class Choosing:
    """Chooses what leaves awake memory. Changes nothing but how far it has looked."""

    def __init__(self, stores: Stores, tongues: Tongues, options: SleepOptions) -> None:
        self._stores = stores
        self._appraising = Appraising(stores, tongues)
        self._options = options

    async def choose(self, mind: Mind, now: float) -> tuple[list[str], str, str | None]:
        """Ids of what is to leave, why, and how far has been looked."""
        excess = mind.living - self._options.memory_max if self._options.memory_max else 0
        limit = min(LOOKED_AT_MAX, max(LOOKED_AT_ONCE, 2 * excess))
        page, offset = await self._stores.memories.walk(mind.name, mind.sleep.looked_at, limit=limit)
        scores = await self._appraising.scores(mind, [m.id for m in page])
        page = [m for m in page if m.id in scores]
        holding = await self._holding(mind, page)
        if excess > 0:
            ids, safe = list(scores), [m.id for m in page if protection(m) in holding]
            keep = max(len(ids) - excess, _kept_at_least(len(ids), len(safe), mind.living))
            return displaced(ids, np.array([scores[i] for i in ids]), keep, safe), DISPLACEMENT, offset
        lapses = [
            Lapse(m.id, retrievability(now - used_at(m), m.stability_s), scores[m.id], protection(m))
            for m in page
        ]
        within, elapsed_s = mind.sleep.archived_within_a_year(now)
        share = self._options.archived_a_year
        most = allowance(mind.living, within, elapsed_s=elapsed_s, share=share)
        return archived(lapses, holding=holding, most=most, floor=self._options.floor), DECAY, offset

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


def _kept_at_least(page: int, safe: int, living: int) -> int:
    """How many of a page stay, whatever makes room: what is worth least of a page is not what is worth least
    of the mind, so that half of it stays, and all that is protected; of the whole mind nothing must."""
    return 0 if page >= living else max(safe, (page + 1) // 2)


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


class Archiving:
    """Forget: the chosen go to the archive."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        ids = planned.memory_ids[begin : begin + ARCHIVED_AT_ONCE]
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            there = await self._stores.memories.get_traces(report.mind, ids)
            before = await self._stores.archive.get(report.mind, [i for i in ids if i not in there])
            await self._journal.note(report.mind, report, [], archived=list(there), epoch=epoch)
            traces = list(there.values())
            await self._stores.archive.deposit(traces, reason=planned.why, at=report.started_at, epoch=epoch)
            if mind.sleep.mark != mark_of(report):
                self._leave(mind, there, report, planned)
                if there:
                    await self._minds.checkpoint()
            await self._stores.memories.erase(report.mind, ids)
            self._minds.facts.drop(report.mind, ids)
        end = begin + ARCHIVED_AT_ONCE
        return Done({"archived": len(there) + len(before)}, str(end), more=end < len(planned.memory_ids))

    def _leave(
        self, mind: Mind, there: Mapping[str, Trace], report: SleepReport, planned: PlannedWork
    ) -> None:
        """The mind no longer counts them among what it remembers awake."""
        for i, trace in there.items():
            mind.unlearn(dict(trace.lexical), trace.memory.length, trace.context)
            mind.working.forget(i)
        mind.echo.drop(set(there))
        mind.sleep.archived += len(there)
        if there and planned.why == DECAY:
            mind.sleep.archived_on = [*mind.sleep.archived_on, (report.started_at, len(there))]
        mind.sleep.mark = mark_of(report)
        mind.sleep.looked_at = planned.onward or None


class Returning:
    """What is in the archive becomes awake memory again. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores, minds: Minds) -> None:
        self._stores = stores
        self._minds = minds

    async def back(self, name: str, memory_ids: Sequence[str], *, at: float | None, epoch: int) -> list[str]:
        """Bring these back; those that there were and that nobody has erased. `at`: they were recalled
        then, and last longer for it; None: as they were. Safe to repeat."""
        mind = await self._minds.awake(name, epoch=epoch)
        buried = await self._stores.tombstones.among([(name, i) for i in memory_ids])
        kept = await self._stores.archive.get_traces(name, [i for i in memory_ids if i not in buried])
        traces = await self._current(name, kept)
        awake = await self._stores.memories.get(name, list(traces))
        coming = {i: trace for i, trace in traces.items() if i not in mind.sleep.surfaced or i not in awake}
        fresh = [t if at is None else recalled(t, at) for i, t in coming.items() if i not in awake]
        await self._stores.memories.insert(fresh, epoch=epoch)
        for i, trace in coming.items():
            mind.learn(dict(trace.lexical), trace.memory.length, trace.context)
            mind.sleep.came_back(i)
        mind.lexicon_whole_due = mind.lexicon_whole_due or bool(coming)
        await self._minds.checkpoint()
        await self._stores.archive.erase(name, list(traces))
        self._minds.facts.drop(name, list(traces))
        return list(traces)

    async def _current(self, name: str, traces: Mapping[str, Trace]) -> dict[str, Trace]:
        """These without the marks of what was erased while they were in the archive."""
        marks = {by for t in traces.values() if (by := t.memory.superseded_by) is not None}
        gone = await self._stores.tombstones.among([(name, by) for by in sorted(marks)])
        return {i: unmarked(t) if t.memory.superseded_by in gone else t for i, t in traces.items()}


def unmarked(trace: Trace) -> Trace:
    """A trace that nothing supersedes."""
    return replace(trace, memory=msgspec.structs.replace(trace.memory, **CURRENT))


def recalled(trace: Trace, at: float) -> Trace:
    """A trace after a cue has brought it to mind: a use that came late makes it last."""
    memory = trace.memory
    stability = stability_after(
        memory.stability_s,
        at - used_at(memory),
        arousal=memory.arousal,
        strength=memory.consolidation_strength,
    )
    fresh = msgspec.structs.replace(
        memory, last_accessed=at, access_count=memory.access_count + 1, stability_s=stability
    )
    return replace(trace, memory=fresh)
