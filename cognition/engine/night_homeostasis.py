"""Homeostasis in sleep: the cycle is noted, and what has faded since it was learned is pruned.

Scaling down is one moment that is written down, whatever the size of the mind. Pruning goes through a page of
memories in every cycle, one after the other through the whole mind. Must not know what a weight is for.
"""

from __future__ import annotations

from collections.abc import Sequence

from cognition.engine.minds import Minds
from cognition.engine.night_arrays import ArrayJournal
from cognition.engine.night_works import Done
from cognition.mechanisms.homeostasis import CYCLE_FACTOR, Downscaling
from cognition.mechanisms.synapses import IDLE_S, LEARNED, WEIGHT_MIN, strength
from schemas.association import Association
from schemas.sleep import PlannedWork, SleepReport

PRUNED_AT_ONCE = 64
"""Memories of one step: one read of their arrays, and a write of each that holds what has faded."""


class Scaling:
    """Notes the cycle: from then on all that was learned before it counts for less. Then prunes."""

    def __init__(self, minds: Minds, arrays: ArrayJournal) -> None:
        self._minds = minds
        self._arrays = arrays

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        if not report.cursor.offset:
            return await self._noted(report, planned, epoch)
        begin = int(report.cursor.offset) - 1
        end = begin + PRUNED_AT_ONCE
        more = end < len(planned.memory_ids)
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            spoken = await self._arrays.read(report.mind, planned.memory_ids[begin:end], epoch=epoch)
            left = {
                i: unfaded(each.associations, report.started_at, mind.sleep.homeostasis)
                for i, each in spoken.items()
            }
            fewer = {i: array for i, array in left.items() if len(array) < len(spoken[i].associations)}
            did = await self._arrays.rewrite(report, spoken, fewer, did="pruned", epoch=epoch)
            if not more:
                mind.sleep.pruned_to = planned.onward
                await self._minds.write_down()
        return Done(did, str(end + 1), more=more, acted={"homeostasis": did.get("pruned", 0)})

    async def _noted(self, report: SleepReport, planned: PlannedWork, epoch: int) -> Done:
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            mind.sleep.downscaled = list(mind.sleep.homeostasis.after(report.started_at).cycles)
            await self._minds.write_down()  # the cursor goes past this step and never comes back
        more = bool(planned.memory_ids)
        return Done(offset="1", more=more, downscaled=CYCLE_FACTOR, acted={"homeostasis": 1})


def unfaded(array: Sequence[Association], now: float, homeostasis: Downscaling) -> list[Association]:
    """What of an array stays: what was learned, lay idle and counts for next to nothing by now is pruned;
    what the caller gave, and what is read off contents, never."""
    return [a for a in array if not _faded(a, now, homeostasis)]


def _faded(association: Association, now: float, homeostasis: Downscaling) -> bool:
    if association.type is not LEARNED or association.given:
        return False
    if now - association.last_coactivated <= IDLE_S:
        return False
    return homeostasis.scaled(strength(association, now), association.last_coactivated) < WEIGHT_MIN
