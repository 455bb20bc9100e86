"""Undoing a cycle: by its pages alone, some at a time, each as it was before, in an order that never changes.

First what is in the archive comes back, then memories get back what they were, then what was derived, last
the names of episodes. Doing the same part again is harmless. Must not know why a cycle is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from cognition.engine.archiving import Returning
from cognition.engine.minds import Minds
from cognition.engine.night_abstraction import Unabstracting
from cognition.engine.night_journal import RESTORED_AT_ONCE, Journal, chains_of
from cognition.engine.night_retelling import TellingBack
from cognition.engine.selfhood import SELF
from cognition.ports.stores import Stores
from schemas.sleep import Retold, SleepReport, SleepWork, UndoEntry, UndoPage

T = TypeVar("T")

SAME = 1e-4
"""Of each of 768 numbers of a unit vector: far more than a store rounds (1e-7), less than a drift moves."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What a part of undoing did: how much is as it was, what was left, and whether more follows."""

    restored: int
    left: Sequence[str]
    more: bool


@dataclass(frozen=True, slots=True)
class Course:
    """All that is to be undone of a cycle, in the order in which that is done. Its pages stay as they are
    while it is undone: they are read once, and by each process anew."""

    cycle_id: str
    archived: Sequence[str]
    chains: Mapping[str, Sequence[UndoEntry]]
    derived: Mapping[str, Sequence[UndoEntry]]
    retold: Mapping[str, Sequence[Retold]]
    concept: bytes
    turned: bytes

    @classmethod
    def of(cls, cycle_id: str, pages: Sequence[UndoPage]) -> Course:
        """What these pages say."""
        moved = next((page for page in pages if page.concept), None)
        return cls(
            cycle_id,
            [i for page in pages for i in page.archived],
            chains_of(entry for page in pages for entry in page.entries),
            chains_of(entry for page in pages for entry in page.derived),
            retold_in(pages),
            moved.concept if moved is not None else b"",
            moved.turned if moved is not None else b"",
        )

    def __len__(self) -> int:
        return len(self.archived) + len(self.chains) + len(self.derived) + len(self.retold)


class Undoing:
    """Takes a cycle back, a part at a time."""

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        journal: Journal,
        returning: Returning,
        unabstracting: Unabstracting,
    ) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal
        self._returning = returning
        self._unabstracting = unabstracting
        self._telling = TellingBack(stores)
        self._known: Course | None = None
        """Of the cycle that is being undone."""

    async def part(self, report: SleepReport, begin: int, *, epoch: int) -> Undone:
        """The next ones get back what they were before this cycle, from the `begin`-th on."""
        course = await self._course(report)
        gone = course.archived[begin : begin + RESTORED_AT_ONCE]
        first = begin - len(course.archived)
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            mind.sleep.downscaled = list(mind.sleep.homeostasis.without(report.started_at).cycles)
            mind.sleep.archived_on = [one for one in mind.sleep.archived_on if one[0] != report.started_at]
            whose = await self._self(report, course, epoch) if begin == 0 else []
            back = await self._back(report.mind, gone, epoch)
            done = [
                await self._journal.restore(report.mind, part_of(course.chains, first), epoch=epoch),
                await self._unabstracting.restore(
                    report.mind, part_of(course.derived, first - len(course.chains)), epoch=epoch
                ),
                await self._telling.restore(
                    report.mind,
                    part_of(course.retold, first - len(course.chains) - len(course.derived)),
                    epoch=epoch,
                ),
            ]
        left = [*whose, *(i for _, each in done for i in each), *(i for i in gone if i not in back)]
        more = begin + RESTORED_AT_ONCE < len(course)
        self._known = course if more else None
        return Undone(len(back) + sum(n for n, _ in done), left, more)

    async def _course(self, report: SleepReport) -> Course:
        if self._known is not None and self._known.cycle_id == report.id:
            return self._known
        return Course.of(report.id, await self._journal.pages(report))

    async def _back(self, mind: str, archived: Sequence[str], epoch: int) -> set[str]:
        """Those of the archived that are awake again, by this attempt, an earlier one, or a cue since."""
        back = set(await self._returning.back(mind, archived, at=None, epoch=epoch))
        missing = [i for i in archived if i not in back]
        return back | (await self._stores.memories.get(mind, missing)).keys() if missing else back

    async def _self(self, report: SleepReport, course: Course, epoch: int) -> list[str]:
        """Turn the self back to what it was before the cycle; what was left: the self, where a later cycle
        has moved it on, or an erasure made it anew."""
        mind = report.mind
        if not course.concept and report.did.get(SleepWork.IDENTITY.value):
            return [SELF]
        now = await self._stores.identities.concept(mind) if course.concept else None
        if now is None:
            return []
        before = np.frombuffer(course.concept, "<f4")
        after = np.frombuffer(course.turned, "<f4") if course.turned else now
        if np.allclose(now, after, atol=SAME):
            await self._stores.identities.turn(mind, before, epoch=epoch)
        return [] if np.allclose(now, after, atol=SAME) or np.allclose(now, before, atol=SAME) else [SELF]


def retold_in(pages: Sequence[UndoPage]) -> dict[str, Sequence[Retold]]:
    """How each episode was told anew, in order."""
    found: dict[str, list[Retold]] = {}
    for page in pages:
        for each in page.retold:
            found.setdefault(each.episode_id, []).append(each)
    return dict(sorted(found.items()))


def part_of(chains: Mapping[str, Sequence[T]], begin: int) -> dict[str, Sequence[T]]:
    """Those of these that are undone together, where the first of them is so far from the beginning."""
    return dict(list(chains.items())[max(0, begin) : max(0, begin + RESTORED_AT_ONCE)])
