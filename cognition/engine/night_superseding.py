"""Superseding: in sleep what says how it was is told from what says how it is, and marked; nothing is erased.

Looks at memories that state a fact since the last night, and at a page of the others, each beside the latest
of its subject. What a caller said while encoding could not follow it (the older came later) is followed here.
Must not know what a mark does at a cue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cognition.engine.minds import Minds
from cognition.engine.night_journal import Change, Journal
from cognition.engine.night_works import Done
from cognition.engine.succession import ended, fact_of, marked, told_by
from cognition.mechanisms.superseding import Conflict, Fact, conflicts, succession
from cognition.ports.stores import Stores
from schemas.memory import Memory
from schemas.sleep import PlannedWork, SleepReport

COMPARED_AT_ONCE = 16
"""Memories of one step: one read, and one for each subject among them."""

SUBJECT_MAX = 128
"""Memories of one subject that are compared, the latest: of what is older the marks were made before."""

CHAIN_MAX = 16
"""How far a chain of superseding memories is followed to see whether it is a circle."""

CONFLICTS_TOLD = 3
"""Conflicts of one step that the report names."""


class Superseding:
    """Supersede: the earlier values of one attribute are marked."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        end = begin + COMPARED_AT_ONCE
        async with self._minds.writing:
            mind = await self._minds.awake(report.mind, epoch=epoch)
            seeds = await self._stores.memories.get(report.mind, planned.memory_ids[begin:end])
            known, disputes = await self._of_subjects(report.mind, list(seeds.values()))
            marks = by_facts(known.values())
            known |= await self._told(report.mind, seeds, known, marks)
            changes = [
                Change(known[i], fields, {"superseded": int(known[i].superseded_at is None)})
                for i, fields in sorted(marks.items())
            ]
            did = await self._journal.change(report.mind, report, changes, epoch=epoch)
            if end >= len(planned.memory_ids):
                done = set(planned.memory_ids)
                mind.sleep.stating = [i for i in mind.sleep.stating if i not in done]
                await self._minds.write_down()
        return Done(did, str(end), more=end < len(planned.memory_ids), notes=told(disputes))

    async def _of_subjects(
        self, mind: str, seeds: Sequence[Memory]
    ) -> tuple[dict[str, Memory], list[Conflict]]:
        """What there is to compare: the latest memories of each subject of which a seed states a fact."""
        subjects = {m.subject for m in seeds if fact_of(m) is not None}
        known: dict[str, Memory] = {}
        for subject in sorted(subjects):
            found = await self._stores.replay.latest_about(mind, subject, limit=SUBJECT_MAX)
            known.update((m.id, m) for m in found)
        return known, conflicts(facts_of(known.values()))

    async def _told(
        self,
        mind: str,
        seeds: Mapping[str, Memory],
        known: Mapping[str, Memory],
        marks: dict[str, dict[str, Any]],
    ) -> dict[str, Memory]:
        """Add the marks that callers' relations leave on memories that came after what supersedes them;
        those memories."""
        wanted = [(seeds[i], target) for i in sorted(seeds) for target in told_by(seeds[i])]
        unknown = [target for _, target in wanted if target not in known]
        read = await self._stores.memories.get(mind, unknown) if unknown else {}
        older = {**read, **known}
        for newer, target in wanted:
            fields = marked(older[target], newer) if target in older else {}
            if fields and not await self._circle(mind, newer, target):
                marks[target] = min(fields, marks.get(target, fields), key=since)
        return read

    async def _circle(self, mind: str, newer: Memory, target: str) -> bool:
        """Whether what supersedes the newer one leads to the target: such a circle says nothing."""
        seen, above = {newer.id}, newer.superseded_by
        for _ in range(CHAIN_MAX):
            if above is None or above in seen:
                return False
            if above == target:
                return True
            seen.add(above)
            found = await self._stores.memories.get(mind, [above])
            above = found[above].superseded_by if above in found else None
        return True


def since(mark: Mapping[str, Any]) -> tuple[float, str]:
    """When a mark says that a memory's time ended, and by whom."""
    return mark["superseded_at"], mark["superseded_by"]


def facts_of(memories: Iterable[Memory]) -> list[Fact]:
    """The facts that these state."""
    return [fact for m in memories if (fact := fact_of(m)) is not None]


def by_facts(memories: Collection[Memory]) -> dict[str, dict[str, Any]]:
    """The marks that are still to be made of these, by what they state."""
    known = {m.id: m for m in memories}
    marks = {i: ended(known[i], by, at) for i, (by, at) in succession(facts_of(memories)).items()}
    return {i: fields for i, fields in marks.items() if fields}


def told(disputes: Sequence[Conflict]) -> list[str]:
    """What a person should know of facts of which none prevails: where, in no words of theirs."""
    return [
        f"memories {', '.join(each.memory_ids[:CONFLICTS_TOLD])} contradict each other and none prevails"
        for each in disputes[:CONFLICTS_TOLD]
    ]
