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
from cognition.engine.succession import CHAIN_MAX, ended, fact_of, marked, told_by
from cognition.mechanisms.superseding import Conflict, Fact, conflicts, succession
from cognition.ports.stores import Stores
from schemas.memory import Memory
from schemas.sleep import PlannedWork, SleepReport

COMPARED_AT_ONCE = 16
"""Memories of one step: one read, and one for each subject among them."""

SUBJECT_MAX = 128
"""Memories of one subject that are compared, the latest: of what is older the marks were made before."""

Marks = dict[str, dict[str, Any]]
"""Memory -> the fields by which it is superseded."""

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
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            seeds = await self._stores.memories.get(report.mind, planned.memory_ids[begin:end])
            known, disputes = await self._of_subjects(report.mind, list(seeds.values()))
            marks, read = await self._told(report.mind, seeds, known)
            await self._stated(report.mind, known, marks)
            known |= read
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
    ) -> tuple[Marks, dict[str, Memory]]:
        """The marks that callers' relations leave on memories that came after what supersedes them; those
        memories, as far as they were not known."""
        marks: Marks = {}
        wanted = [(seeds[i], target) for i in sorted(seeds) for target in told_by(seeds[i])]
        unknown = [target for _, target in wanted if target not in known]
        read = await self._stores.memories.get(mind, unknown) if unknown else {}
        older = {**read, **seeds, **known}
        for newer, target in wanted:
            fields = marked(older[target], newer) if target in older else {}
            if fields and not await self._circle(mind, target, fields, marks, older):
                marks[target] = min(fields, marks.get(target, fields), key=since)
        return marks, read

    async def _stated(self, mind: str, known: Mapping[str, Memory], marks: Marks) -> None:
        """Add the marks that facts leave, where they do not speak against what a caller said."""
        for target, fields in sorted(by_facts(known.values()).items()):
            if not await self._circle(mind, target, fields, marks, known):
                marks[target] = min(fields, marks.get(target, fields), key=since)

    async def _circle(
        self, mind: str, target: str, fields: Mapping[str, Any], marks: Marks, known: Mapping[str, Memory]
    ) -> bool:
        """Whether what supersedes the one that ends the target's time leads to the target, by these marks
        and by those that were made before: such a circle says nothing."""
        above, seen, reads = fields["superseded_by"], {target}, 0
        while above is not None and above not in seen:
            seen.add(above)
            if above in marks:
                above = marks[above]["superseded_by"]
            elif above in known:
                above = known[above].superseded_by
            elif reads == CHAIN_MAX:
                return True
            else:
                reads += 1
                found = await self._stores.memories.get(mind, [above])
                above = found[above].superseded_by if above in found else None
        return bool(above == target)


def since(mark: Mapping[str, Any]) -> tuple[float, str]:
    """When a mark says that a memory's time ended, and by whom."""
    return mark["superseded_at"], mark["superseded_by"]


def facts_of(memories: Iterable[Memory]) -> list[Fact]:
    """The facts that these state."""
    return [fact for m in memories if (fact := fact_of(m)) is not None]


def by_facts(memories: Collection[Memory]) -> Marks:
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
