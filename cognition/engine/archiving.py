"""Archiving: what was chosen leaves awake memory for the archive, whole; what surfaces there, comes back.

Nothing is erased: the trace lies in the archive with its vectors before it leaves. Stores fail, processes
die and leases change hands at any of its calls: each memory ends in one place, and is counted as lying there.
Must not know what is to leave, nor when a memory is strong enough to come back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from cognition.engine.mind import Mind
from cognition.engine.minds import Minds, held
from cognition.engine.night_forgetting import DECAY, used_at
from cognition.engine.night_journal import Journal, fenced
from cognition.engine.night_works import Done
from cognition.engine.sleepiness import SURFACED_KEPT
from cognition.engine.succession import CURRENT
from cognition.errors import LeaseLostError
from cognition.mechanisms.retrievability import stability_after
from cognition.ports.stores import Stores, Trace
from schemas.sleep import PlannedWork, SleepReport

ARCHIVED_AT_ONCE = 16


class Archiving:
    """Forget: the chosen go to the archive."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        """The mind is written down as one that no longer counts them before they are in the archive, and what
        is there is made durable before it leaves awake memory."""
        begin = int(report.cursor.offset or 0)
        ids = planned.memory_ids[begin : begin + ARCHIVED_AT_ONCE]
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            there = await self._stores.memories.get_traces(report.mind, ids)
            fenced((trace.memory for trace in there.values()), epoch)
            missing = [i for i in ids if i not in there]
            gone = await self._stores.archive.get_traces(report.mind, missing) if missing else {}
            traces = {**there, **gone}
            if not begin:
                await self._keep_stranded(mind, ids, epoch)
            await self._journal.note(report.mind, report, [], archived=list(traces), epoch=epoch)
            self._leave(mind, traces, report, planned)
            if traces:
                await self._minds.write_down()
            if there:
                await self._move(report, planned, there, epoch)
            self._minds.facts.drop(report.mind, ids)
        end = begin + ARCHIVED_AT_ONCE
        return Done({"archived": len(traces)}, str(end), more=end < len(planned.memory_ids))

    async def _keep_stranded(self, mind: Mind, ids: Collection[str], epoch: int) -> None:
        """What an earlier step had on its way when it was given up, stays awake and counts so."""
        left = [i for i in mind.sleep.leaving if i not in ids]
        stranded = await self._stores.memories.get_traces(mind.name, left) if left else {}
        for i, trace in stranded.items():
            mind.learn(dict(trace.lexical), trace.memory.length, trace.context)
            mind.lexicon_whole_due = True
            mind.sleep.came_back(i)
        await self._stores.archive.erase(mind.name, list(stranded), epoch=epoch)

    async def _move(
        self, report: SleepReport, planned: PlannedWork, there: Mapping[str, Trace], epoch: int
    ) -> None:
        """From awake memory to the archive. A holder that was paused may have put there what is erased by
        now: it takes that away again."""
        name, ids, archive = report.mind, list(there), self._stores.archive
        await archive.deposit(list(there.values()), reason=planned.why, at=report.started_at, epoch=epoch)
        try:
            await still_held(self._stores, name, epoch)
        except LeaseLostError:
            await archive.erase(name, ids, epoch=epoch)
            raise
        await self._stores.flush()
        await self._stores.memories.erase(name, ids, epoch=epoch)

    def _leave(
        self, mind: Mind, traces: Mapping[str, Trace], report: SleepReport, planned: PlannedWork
    ) -> None:
        """The mind no longer counts them among what it remembers awake."""
        new = mind.sleep.leave(traces)
        for i in new:
            mind.unlearn(dict(traces[i].lexical), traces[i].memory.length, traces[i].context)
            mind.working.forget(i)
        mind.echo.drop(set(new))
        if new and planned.why == DECAY:
            mind.sleep.archived_on = [*mind.sleep.archived_on, (report.started_at, len(new))]
        mind.sleep.looked_at = planned.onward or None


class Returning:
    """What is in the archive becomes awake memory again. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores, minds: Minds) -> None:
        self._stores = stores
        self._minds = minds

    async def back(self, name: str, memory_ids: Sequence[str], *, at: float | None, epoch: int) -> list[str]:
        """Bring these back; those that there were and that nobody has erased. `at`: they were recalled
        then, and last longer for it; None: as they were. Safe to repeat."""
        found: list[str] = []
        for start in range(0, len(memory_ids), SURFACED_KEPT):
            some = memory_ids[start : start + SURFACED_KEPT]
            found += await self._some(name, some, at=at, epoch=epoch)
        return found

    async def _some(self, name: str, memory_ids: Sequence[str], *, at: float | None, epoch: int) -> list[str]:
        """No more than the mind keeps by name: a copy in the archive of one of those counts for nothing."""
        mind = await self._minds.awake(name, epoch=epoch)
        await self._drop_copies(mind, epoch)
        buried = await self._stores.tombstones.among([(name, i) for i in memory_ids])
        asked = [i for i in memory_ids if i not in buried]
        traces = await self._current(name, await self._stores.archive.get_traces(name, asked))
        awake = await self._stores.memories.get_traces(name, asked)
        fresh = {i: t if at is None else recalled(t, at) for i, t in traces.items() if i not in awake}
        await self._stores.memories.insert(list(fresh.values()), epoch=epoch)
        try:
            await still_held(self._stores, name, epoch)
        except LeaseLostError:
            await self._stores.memories.erase(name, list(fresh), epoch=epoch)
            raise
        for i, trace in {**traces, **awake}.items():
            if mind.sleep.counts_archived(i, awake=i in awake, archived=i in traces):
                mind.learn(dict(trace.lexical), trace.memory.length, trace.context)
                mind.lexicon_whole_due = True
                mind.sleep.came_back(i)
        await self._minds.checkpoint()
        await self._stores.archive.erase(name, [*traces, *buried], epoch=epoch)
        self._minds.facts.drop(name, list(traces))
        return list(traces)

    async def _drop_copies(self, mind: Mind, epoch: int) -> None:
        """Of what came back before, and whose copy a dying process left in the archive."""
        copies = await self._stores.archive.get(mind.name, mind.sleep.surfaced) if mind.sleep.surfaced else {}
        awake = await self._stores.memories.get(mind.name, list(copies)) if copies else {}
        await self._stores.archive.erase(mind.name, list(awake), epoch=epoch)

    async def _current(self, name: str, traces: Mapping[str, Trace]) -> dict[str, Trace]:
        """These without the marks of what was erased while they were in the archive."""
        marks = {by for t in traces.values() if (by := t.memory.superseded_by) is not None}
        gone = await self._stores.tombstones.among([(name, by) for by in sorted(marks)])
        return {i: unmarked(t) if t.memory.superseded_by in gone else t for i, t in traces.items()}


async def still_held(stores: Stores, mind: str, epoch: int) -> None:
    """Raise `LeaseLostError` where a later holder has this mind by now: whoever wakes it to write it says so
    in its identity first."""
    identity = await stores.identities.get(mind)
    if identity is not None:
        held(identity, epoch)


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
