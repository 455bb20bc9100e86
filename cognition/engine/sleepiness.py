"""Sleepiness: what a mind has been through since it last slept, and when that was.

A small state beside the mind's other state, written down in its checkpoint. It must not know stores.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from cognition.engine.succession import fact_of, told_by
from cognition.mechanisms.homeostasis import Downscaling
from cognition.mechanisms.pressure import Waking
from schemas.memory import Memory

YEAR_S = 365 * 86_400.0
ARCHIVINGS_KEPT = 512
SURFACED_KEPT = 64
STATING_KEPT = 256
"""Memories that wait to be compared with what was said before; of a flood the rest is met page by page."""


class Planned(msgspec.Struct):
    """What a cycle that runs was planned on: the counts as they were then, and the last entries that were
    known. `awake_since` : when the first memory was formed after that, 0 while there is none."""

    encoded: int
    tagged: int
    taught: int
    through: str
    taught_through: str
    awake_since: float = 0.0


class Sleepiness(msgspec.Struct):
    """What drives sleep. A fold over the mind's memories and nights, so that it survives a crash with it.

    `encoded` : memories formed since the last night; `tagged` : those with a consolidation tag that no night
    has touched. `awake_since` : when the first was formed or taught since, 0 while there is none; `last_at` :
    when anything was last. `taught` : memories that use has taught since the last night. `cycles` : of its
    life. `slept_at` : when the last night ended, `through` and `taught_through` the last entries that it knew
    of, `left` the pressure that it left.
    `downscaled` : when its cycles were. `archived` : memories in the archive, `archived_on` how many decay
    took there when, since `born_at`; `looked_at` how far forgetting has looked through all memories,
    `leaving` : the last that went there, counted so though they may lie in awake memory still; `surfaced` :
    the last that came back, of which a copy may lie there still; `shared_to` how far
    rare words were gone through, `pruned_to` how far faded associations, `abstracted_to` what recurs;
    `stating` : the latest memories that state a fact, or supersede another, since a night looked at them.
    `paused` : a person said so. `planned` : what the cycle that runs knows of; what came after that is for
    the next one.
    """

    encoded: int = 0
    tagged: int = 0
    taught: int = 0
    awake_since: float = 0.0
    last_at: float = 0.0
    cycles: int = 0
    slept_at: float = 0.0
    through: str = ""
    taught_through: str = ""
    left: float = 0.0
    downscaled: list[float] = []
    born_at: float = 0.0
    archived: int = 0
    archived_on: list[tuple[float, int]] = []
    looked_at: str | None = None
    leaving: list[str] = []
    surfaced: list[str] = []
    shared_to: str = ""
    pruned_to: str = ""
    abstracted_to: str = ""
    stating: list[str] = []
    paused: bool = False
    planned: Planned | None = None

    def note(self, memory: Memory) -> None:
        """A memory was formed."""
        self.encoded += 1
        self.tagged += memory.consolidation_tag
        self._woken(memory.encoded_at)
        self.born_at = self.born_at or memory.encoded_at
        self.last_at = max(self.last_at, memory.encoded_at)
        if memory.id not in self.stating and (told_by(memory) or fact_of(memory) is not None):
            self.stating = [*self.stating, memory.id][-STATING_KEPT:]

    def use(self, memories: int, at: float) -> None:
        """So many memories were taught by use, then: who is used is awake, and spoken to."""
        self.taught += memories
        self.last_at = max(self.last_at, at)
        if memories:
            self._woken(at)

    def _woken(self, at: float) -> None:
        """Since then there is something to digest, if there was nothing before."""
        self.awake_since = self.awake_since or at
        if self.planned is not None:
            self.planned.awake_since = self.planned.awake_since or at

    @property
    def homeostasis(self) -> Downscaling:
        """By how much what was learned is scaled down."""
        return Downscaling(tuple(self.downscaled))

    def archived_within_a_year(self, now: float) -> tuple[int, float]:
        """How many memories decay archived in the last 365 days, and how long ago it last did, or the mind
        began."""
        self.archived_on = [(at, n) for at, n in self.archived_on if now - at < YEAR_S][-ARCHIVINGS_KEPT:]
        last = max((at for at, _ in self.archived_on), default=self.born_at or now)
        return sum(n for _, n in self.archived_on), now - last

    def came_back(self, memory_id: str) -> None:
        """It has left the archive."""
        self.archived = max(0, self.archived - 1)
        self.leaving = [i for i in self.leaving if i != memory_id]
        self.surfaced = [*(i for i in self.surfaced if i != memory_id), memory_id][-SURFACED_KEPT:]

    def leave(self, memory_ids: Collection[str]) -> list[str]:
        """These go to the archive now, and none before them is on its way any more; which of them were not
        counted so yet."""
        new = [i for i in memory_ids if i not in self.leaving]
        self.archived += len(new)
        self.leaving = list(memory_ids)
        self.surfaced = [i for i in self.surfaced if i not in memory_ids]
        return new

    def counts_archived(self, memory_id: str, *, awake: bool, archived: bool) -> bool:
        """Whether a memory that lies in these places is counted as archived. One lies in both on its way
        there and back, or where it was on its way when a process died."""
        if not awake:
            return archived
        return memory_id in self.leaving or (archived and memory_id not in self.surfaced)

    def waking(self, now: float) -> Waking:
        """What drives sleep as of now."""
        return Waking(self.awake_s(now), self.encoded, self.taught, self.tagged, self.left)

    def awake_s(self, now: float) -> float:
        """How long it has been awake with something to digest; 0 where there is nothing."""
        return max(0.0, now - self.awake_since) if self.awake_since else 0.0

    def idle_s(self, now: float) -> float:
        """For how long nothing has come. A clock that was set back does not make it busy for ever."""
        return abs(now - self.last_at)

    def plan(self, through: str, taught_through: str) -> None:
        """A cycle is planned on what there is now, through these entries."""
        self.planned = Planned(self.encoded, self.tagged, self.taught, through, taught_through)

    def slept(
        self, number: int, at: float, through: str, taught_through: str, left: float, *, replayed: int
    ) -> None:
        """The cycle of this number has ended: what it was planned on is slept on; without a plan, all that
        there is, through these entries. Of tags as many are touched as memories were `replayed`; all where
        none was: nothing is left to replay, or replay is left out or broken off, and nobody is to nap for
        ever for that. Saying so twice is saying it once."""
        if number <= self.cycles:
            return
        known = self.planned or Planned(self.encoded, self.tagged, self.taught, through, taught_through)
        self.planned = None
        self.encoded = max(0, self.encoded - known.encoded)
        self.tagged = max(0, self.tagged - min(known.tagged, replayed or known.tagged))
        self.taught = max(0, self.taught - known.taught)
        self.cycles, self.slept_at, self.left = number, at, left
        self.through, self.taught_through = known.through, known.taught_through
        self.awake_since = known.awake_since

    def rested(self, now: float, through: str, taught_through: str, rest_s: float) -> bool:
        """Whether nothing has happened and no time has passed since the last night."""
        same = (self.through, self.taught_through) == (through, taught_through)
        return bool(self.cycles) and same and abs(now - self.slept_at) < rest_s
