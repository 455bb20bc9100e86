"""What a cycle does, piece by piece: each work takes a bounded step at a time, and each step may be repeated.

A step holds the lock of the mind's one writer for some hundredths of a second; between two steps percepts
and reports have their turn, and cues are answered at any time. What a step changes is in the journal before
it is changed. Must not know in which order works come, nor what follows when one fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np

from cognition.engine.association import Associating
from cognition.engine.minds import Minds
from cognition.engine.night_journal import Change, Journal, digest
from cognition.mechanisms.consolidation_strength import CO_REPLAY_RATE, CONSOLIDATED, bonds_of, replayed
from cognition.mechanisms.night_order import FACTOR, Stage
from cognition.mechanisms.replay import priority_key
from cognition.mechanisms.synapses import LEARNED, WEIGHT_MIN, kept, key, learned_key, potentiate, strength
from cognition.ports.stores import Stores
from schemas.association import Association
from schemas.memory import Memory
from schemas.sleep import PlannedWork, SleepReport, SleepStage, UndoEntry

REPLAYED_AT_ONCE = 16
"""Memories of one step: one read, and one write each."""

EMOTIONAL_FIRST = 64
"""Memories that are linked before all others of a mind that is gone through: those that moved most."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a step did, in counts; where the next one begins, and whether there is one. `acted` says by the
    name of a mechanism how often it did something, where that is not the sum of the counts."""

    did: Mapping[str, int] = field(default_factory=dict)
    offset: str = ""
    more: bool = False
    notes: Sequence[str] = ()
    downscaled: float = 1.0
    acted: Mapping[str, int] = field(default_factory=dict)


class Work(Protocol):
    """One kind of work."""

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        """The next step of this piece, from `report.cursor.offset` on."""
        ...


class Replaying:
    """Replay: what was lived is gone through once more, and lasts longer for it. Memories of one episode
    are bound to each other as far as they are alike and near: forwards to what came after, in reverse
    to what came before."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal, *, binds: bool = True) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal
        self._binds = binds

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        ids = planned.memory_ids[begin : begin + REPLAYED_AT_ONCE]
        async with self._minds.sleeping(report.mind, epoch=epoch):
            bonds = await self._bonds(report.mind, ids) if self._binds else {}
            memories = await self._journal.pending(report.mind, report, ids)
            changes = [
                after_replay(m, planned.stage, report.started_at, bonds.get(m.id, {})) for m in memories
            ]
            did = await self._journal.change(report.mind, report, changes, epoch=epoch)
        end = begin + REPLAYED_AT_ONCE
        acted = {"replay": did.get("replayed", 0), "co_replay": did.get("formed", 0)}
        return Done(did, str(end), more=end < len(planned.memory_ids), acted=acted)

    async def _bonds(self, mind: str, ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Who is bound to whom by this sweep, and how strongly; each end by itself."""
        traces = await self._stores.memories.get_traces(mind, ids)
        episodes: dict[str, list[str]] = {}
        for i in ids:
            if i in traces and traces[i].memory.episode_id:
                episodes.setdefault(traces[i].memory.episode_id, []).append(i)
        found: dict[str, dict[str, float]] = {}
        for members in episodes.values():
            if len(members) > 1:
                vectors = np.stack([traces[i].context for i in members])
                for one, other, evidence in bonds_of(members, vectors):
                    found.setdefault(one, {})[other] = evidence
                    found.setdefault(other, {})[one] = evidence
        return found


def after_replay(memory: Memory, stage: SleepStage, at: float, bonds: Mapping[str, float]) -> Change:
    """A memory after a replay in this stage at that time, with whom it was replayed."""
    since = max(memory.last_accessed, memory.last_replayed or 0.0)
    after = replayed(
        memory.consolidation_strength,
        memory.stability_s,
        factor=FACTOR[Stage(stage.value)],
        elapsed_s=at - since,
        arousal=memory.arousal,
        tag=memory.consolidation_tag,
    )
    fields: dict[str, Any] = {
        "consolidation_strength": after.strength,
        "consolidation_tag": after.tag,
        "replay_count": memory.replay_count + 1,
        "last_replayed": at,
        "stability_s": after.stability_s,
        "replay_priority_key": priority_key(
            memory.emotional_intensity, memory.connection_relevance, after.tag, memory.occurred_at
        ),
    }
    did = {
        "replayed": 1,
        "strengthened": int(after.strength > memory.consolidation_strength),
        "consolidated": int(memory.consolidation_strength < CONSOLIDATED <= after.strength),
    }
    if bonds:
        array = bound(memory.associations, bonds, at)
        fields["associations"] = array
        did["formed"] = max(0, len(array) - len(memory.associations))
        did["pruned"] = dropped(memory.associations, array, at)
    return Change(memory, fields, did)


def bound(array: Sequence[Association], bonds: Mapping[str, float], at: float) -> list[Association]:
    """An array after its memory was replayed with others: what binds it to them is potentiated."""
    synapses = {key(a): a for a in array}
    for target, evidence in bonds.items():
        old = synapses.get(learned_key(target)) or Association(
            target_id=target, weight=0.0, type=LEARNED, last_coactivated=at
        )
        synapses[learned_key(target)] = msgspec.structs.replace(
            old,
            weight=min(1.0, potentiate(strength(old, at), evidence, rate=CO_REPLAY_RATE)),
            last_coactivated=max(at, old.last_coactivated),
            coactivation_count=old.coactivation_count + 1,
        )
    return kept(list(synapses.values()), at)


def dropped(before: Sequence[Association], after: Sequence[Association], at: float) -> int:
    """How many of an array had faded and are gone from it."""
    left = {key(a) for a in after}
    return sum(key(a) not in left and strength(a, at) < WEIGHT_MIN for a in before)


class Linking:
    """Associate: memories that are not linked yet come to know which others they speak of."""

    def __init__(self, stores: Stores, minds: Minds, associating: Associating, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._associating = associating
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        if not report.cursor.offset:
            await self._first_what_moved(report.mind, epoch)
        did = await self._journal.told(report)

        async def witness(
            changes: Sequence[tuple[str, int, Sequence[Association], Sequence[Association]]],
        ) -> None:
            entries = [
                UndoEntry(
                    memory_id=i,
                    rev=rev,
                    before={"associations": msgspec.to_builtins(list(array))},
                    after={"associations": digest(msgspec.to_builtins(list(new)))},
                    did={"formed": max(0, len(new) - len(array))},
                )
                for i, rev, array, new in changes
            ]
            did.update(await self._journal.note(report.mind, report, entries, epoch=epoch))

        more = await self._associating.step(report.mind, epoch=epoch, witness=witness)
        # What is linked is written down with each step: after a crash the same step goes on where its page
        # of undo ends, and nothing is counted twice, nor done again with other words in the lexicon.
        await self._associating.settle(durable=False)
        return Done(did, "on", more=more)

    async def _first_what_moved(self, name: str, epoch: int) -> None:
        """New memories wait in the order in which they came; those that moved most go to the front."""
        moving = await self._stores.replay.moving(name, limit=EMOTIONAL_FIRST)
        async with self._minds.sleeping(name, epoch=epoch) as mind:
            pending = set(mind.linking.pending)
            first = [i for i in moving if i in pending]
            mind.linking.pending = [*first, *(i for i in mind.linking.pending if i not in set(first))]


class Indexing:
    """Index: what has grown beyond a scan is indexed, while reads and writes go on."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        rebuilt = await self._stores.optimise()
        notes = [f"indexed {each.points:,} points of {each.collection}" for each in rebuilt]
        return Done(notes=notes, acted={"index": len(rebuilt)})
