"""Identity in sleep: the self moves a little towards what was consolidated, and milestones enter its history.

The laws are verified before and after. Must not know what a memory says: a milestone is named, not told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cognition.engine.minds import Minds, milestone
from cognition.engine.night_journal import Journal
from cognition.engine.night_works import Done
from cognition.mechanisms.consolidation_strength import CONSOLIDATED
from cognition.mechanisms.identity import drifted
from cognition.mechanisms.vectors import normalise
from cognition.ports.stores import Dense, Stores, Trace
from schemas.identity import Revision
from schemas.memory import Memory
from schemas.percept import ContentType
from schemas.sleep import PlannedWork, SleepReport, SleepWork


class Drifting:
    """Moves the self-concept of a mind, bounded a cycle."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        assert report.plan is not None, "a cycle works by its plan"
        ids = [i for w in report.plan.works if w.work is SleepWork.REPLAY for i in w.memory_ids]
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            if broken := self._minds.broken_laws(mind):
                return Done(notes=[f"the self was left alone: {'; '.join(broken)}"])
            traces = await self._stores.memories.get_traces(report.mind, ids)
            moved = await self._drift(report, list(traces.values()), epoch)
            identity = self._minds.identity(report.mind)
            told = identity.revisions if identity is not None else []
            milestones = [i for i in ids if i in traces and is_new_milestone(traces[i].memory, told)]
            await self._minds.slept(mind, report.started_at, milestones, epoch=epoch)
            broken = self._minds.broken_laws(mind)
        notes = [f"the history of the self does not match: {'; '.join(broken)}"] if broken else []
        return Done(notes=notes, acted={"identity": int(moved) + len(milestones)})

    async def _drift(self, report: SleepReport, traces: list[Trace], epoch: int) -> bool:
        """From where the self was when this step was first begun, so that twice is once. Whether it moved."""
        consolidated = [t.context for t in traces if t.memory.consolidation_strength >= CONSOLIDATED]
        before = await self._concept(report)
        if not consolidated or before is None:
            return False
        towards: Dense = normalise(np.mean(consolidated, axis=0).astype(np.float32))
        after = drifted(before, towards)
        kept, turned = before.astype("<f4").tobytes(), after.astype("<f4").tobytes()
        await self._journal.note(report.mind, report, [], concept=kept, turned=turned, epoch=epoch)
        await self._stores.identities.turn(report.mind, after, epoch=epoch)
        return True

    async def _concept(self, report: SleepReport) -> Dense | None:
        kept = await self._journal.concept(report)
        if kept:
            return np.frombuffer(kept, "<f4")
        return await self._stores.identities.concept(report.mind)


def is_new_milestone(memory: Memory, told: Sequence[Revision]) -> bool:
    """Whether this is a milestone that sleep has replayed and that no revision names: undoing takes the
    replay back and not the history. Of a history whose beginning has given way the first replay counts."""
    if memory.content_type is not ContentType.MILESTONE or not memory.replay_count:
        return False
    whole = not told or told[0].number == 1
    named = any(each.event == milestone(memory.id) for each in told)
    return not named and (whole or memory.replay_count == 1)
