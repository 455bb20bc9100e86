"""Surfacing: a strong cue brings back what was archived, and says so.

Asks the archive beside awake memory, where there is anything in it and nothing is filtered. Recall reads:
what surfaced is noted here, and becomes awake memory when the mind's one writer comes to it; what is noted
and lost is noted again by the next such cue. Must not know how anything is weighed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from cognition.ports.stores import Found, Probe, Scope, Stores
from cognition.tasks import at_once
from schemas.cue import Cue
from schemas.memory import Memory
from schemas.recollection import Recalled

ASKED_FOR = 3
"""Archived memories that one cue looks at, by each of meaning and words."""

SCORE_MIN = 0.5
"""A cue is strong enough for a memory when the mind as likely remembers it as not (ADR 13)."""

NOTED_MAX = 256
"""Memories that wait to be brought back, of all minds."""

WHY = "surfaced from the archive"


class Surfacing:
    """What cues have found in the archive."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._noted: OrderedDict[tuple[str, str], None] = OrderedDict()

    def asks(self, cue: Cue, archived: int, probe: Probe) -> bool:
        """Whether this cue looks into the archive: where there is something in it and nothing is filtered."""
        plain = probe.scope == Scope() and cue.episode is None and cue.token_budget is None
        return bool(archived) and plain

    async def found(self, cue: Cue, probe: Probe) -> Found:
        """What of the archive may answer."""
        return await self._stores.archive.probe(cue.mind, probe, limit=ASKED_FOR)

    async def memories(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Memory]:
        """These, whole, but for what was erased: who was paused may have put it there afterwards."""
        found: dict[str, Memory] = {}
        buried: set[str] = set()

        async def read() -> None:
            found.update(await self._stores.archive.get(mind, memory_ids))

        async def ask() -> None:
            buried.update(await self._stores.tombstones.among([(mind, i) for i in memory_ids]))

        if memory_ids:
            async with at_once() as reads:
                reads.start_soon(read)
                reads.start_soon(ask)
        return {i: memory for i, memory in found.items() if i not in buried}

    def joined(
        self, cue: Cue, awake: Sequence[Recalled], archived: Sequence[Recalled], *, noted: bool
    ) -> list[Recalled]:
        """What is recalled, with what surfaced among it, by score. Where somebody asked, it is noted."""
        known = {r.memory.id for r in awake}
        new = [r for r in archived if r.memory.id not in known]
        together = sorted([*awake, *new], key=lambda r: -r.score)[: cue.limit]
        for each in together if noted else ():
            if each.memory.id not in known:
                self._noted[cue.mind, each.memory.id] = None
        while len(self._noted) > NOTED_MAX:
            self._noted.popitem(last=False)
        return together

    def waiting(self) -> dict[str, list[str]]:
        """By mind, what is to become awake memory; from now on it is no longer noted."""
        taken: dict[str, list[str]] = {}
        while self._noted:
            (mind, memory_id), _ = self._noted.popitem(last=False)
            taken.setdefault(mind, []).append(memory_id)
        return taken


def surfaces(score: float) -> bool:
    """Whether a cue is strong enough for an archived memory."""
    return score >= SCORE_MIN
