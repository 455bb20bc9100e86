"""The self without what is erased: the self-concept holds nothing of it, nor do the pages of nights.

It begins as the vector of the first percept, and moves towards memories that were consolidated. Where one of
these is erased it is made anew from the consolidated ones that are left: what moved it cannot be taken out of
a sum. Must not know why memories are erased.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from cognition.engine.night_journal import PAGES_AT_ONCE
from cognition.mechanisms.consolidation_strength import CONSOLIDATED
from cognition.mechanisms.vectors import DIMENSION, Dense, normalise
from cognition.ports.stores import Stores, Trace
from schemas.identity import Identity
from schemas.memory import Memory
from schemas.sleep import SleepReport

SELF = "the self"
"""How the self is named among what undoing a cycle left as it was."""

SHAPING_MAX = 256
"""Consolidated memories from which a self is made anew: 0.8 MB of vectors."""

DIRECTED_MIN = 1e-6
"""Largest component of a mean that has no direction to speak of: what was rounded of opposites."""

STRONGEST = 2.0
"""Above every consolidation strength."""

CYCLES_AT_ONCE = 64
"""Reports that are read together."""

SAME_MOMENT_S = 1e-3
"""Moments that are stored are rounded to microseconds."""

FIRST_ID = "00000000-0000-0000-0000-000000000000"


class Selfhood:
    """Makes selves anew."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def without(self, mind: str, doomed: Mapping[str, Trace], *, epoch: int) -> None:
        """Have the self without these, where any of them may have shaped it. Doing it again is harmless."""
        identity = await self._stores.identities.get(mind) if doomed else None
        if identity is None:
            return
        moved_on = await self._moved_on(mind)
        if moved_on or any(shaped(trace.memory, identity) for trace in doomed.values()):
            await self._stores.identities.turn(mind, await self._anew(mind, doomed), epoch=epoch)
            await self._forget_how(mind, epoch)
            for report in moved_on:
                left = [each for each in report.left if each != SELF]
                await self._stores.cycles.save(msgspec.structs.replace(report, left=left), epoch=epoch)

    async def _moved_on(self, mind: str) -> list[SleepReport]:
        """Those of the latest cycles of which undoing left the self, and it was not made anew since: a memory
        that is not consolidated any more may have shaped it all the same."""
        return [r for r in await self._stores.cycles.latest(mind, limit=CYCLES_AT_ONCE) if SELF in r.left]

    async def _anew(self, mind: str, doomed: Mapping[str, Trace]) -> Dense:
        """What consolidated memories say together; where that is nothing, what is equally near to all."""
        strength = (CONSOLIDATED, STRONGEST)
        found = await self._stores.replay.sample(mind, start=FIRST_ID, limit=SHAPING_MAX, strength=strength)
        ids = [each.memory_id for each in found if each.memory_id not in doomed]
        traces = await self._stores.memories.get_traces(mind, ids) if ids else {}
        together = np.zeros(DIMENSION)
        for trace in traces.values():
            together += trace.context
        directed = np.abs(together).max() > DIRECTED_MIN
        return normalise(together if directed else np.ones(DIMENSION))

    async def _forget_how(self, mind: str, epoch: int) -> None:
        """What nights keep of how the self was before and after them goes: they leave it when undone."""
        below: int | None = None
        while reports := await self._stores.cycles.latest(mind, limit=CYCLES_AT_ONCE, below=below):
            for report in reports:
                if report.undo_log:
                    await self._clear(report, epoch)
            if not reports[-1].undo_log:
                return
            below = reports[-1].number

    async def _clear(self, report: SleepReport, epoch: int) -> None:
        steps = range(report.cursor.step + 1)
        for start in range(0, len(steps), PAGES_AT_ONCE):
            some = steps[start : start + PAGES_AT_ONCE]
            for page in (await self._stores.cycles.pages(report.mind, report.id, some)).values():
                if page.concept or page.turned:
                    bare = msgspec.structs.replace(page, concept=b"", turned=b"")
                    await self._stores.cycles.keep(bare, epoch=epoch)


def shaped(memory: Memory, identity: Identity) -> bool:
    """Whether a memory may have shaped a self: it began it, or was consolidated."""
    began = abs((identity.first_percept_at or 0.0) - memory.occurred_at) < SAME_MOMENT_S
    return began or memory.consolidation_strength >= CONSOLIDATED
