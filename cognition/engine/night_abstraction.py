"""Abstraction: in sleep what came up in several episodes becomes a memory of its own, apart from the others.

Around memories that are replayed, and around a page of the others: one search each, whatever the number of
memories. What is there is derived anew rather than added to. A step writes down what each abstraction was,
without its words: those follow from its sources. Must not know what is answered with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from cognition.engine.deriving import Derived, Deriving, Group, save
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.night_journal import Journal, digest, first_of, untouched
from cognition.engine.night_works import Done
from cognition.errors import LeaseLostError
from cognition.mechanisms.abstraction import abstracted, known_as
from cognition.ports.stores import Stores
from schemas.abstraction import Abstraction
from schemas.sleep import PlannedWork, SleepReport, UndoEntry

SEEDS_AT_ONCE = 8
"""Memories of one step: one search each, in one round trip, and more where something recurs. Long messages
take some .4 ms each to be read for words, and nobody else writes meanwhile."""

NAMED_MAX = 256
"""Abstractions that the memories of one step, or of one group, are sources of."""

_APART = ("id", "mind", "content", "epoch", "rev")
"""What a page does not keep: names, words, and what orders the writes."""

_TIMED = (*_APART, "formed_at", "derived_at")


class Abstracting:
    """Abstract: derives what recurs around the planned memories."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal, deriving: Deriving) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal
        self._deriving = deriving

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        end = begin + SEEDS_AT_ONCE
        async with self._minds.sleeping(report.mind, epoch=epoch) as mind:
            changed = await self._changed(mind, planned.memory_ids[begin:end], report.started_at)
            fenced([before for before, _ in changed.values() if before is not None], epoch)
            entries = [entry_of(before, derived.abstraction) for before, derived in changed.values()]
            did = await self._journal.note(report.mind, report, [], derived=entries, epoch=epoch)
            for _, derived in changed.values():
                await save(self._stores, derived, epoch)
            if end >= len(planned.memory_ids):
                mind.sleep.abstracted_to = planned.onward
                await self._minds.write_down()
        return Done(did, str(end), more=end < len(planned.memory_ids))

    async def _changed(
        self, mind: Mind, seeds: Sequence[str], at: float
    ) -> dict[str, tuple[Abstraction | None, Derived]]:
        """What is to be written of abstractions around these memories, each with what it was."""
        held = await self._stores.abstractions.naming(mind.name, seeds, limit=NAMED_MAX) if seeds else []
        known = {a.id: a for a in held}
        changed: dict[str, tuple[Abstraction | None, Derived]] = {}
        starts = {owner.source_id if (owner := owner_of(i, known)) is not None else i for i in seeds}
        near = await self._deriving.near(mind, sorted(starts))
        looked: set[str] = set()
        for seed in seeds:
            owner = owner_of(seed, known)
            start = owner.source_id if owner is not None else seed
            if start in looked:
                continue
            looked.add(start)
            found = await self._around(mind, start, near.get(start, []), owner, known, at)
            if found is not None:
                before, derived = found
                first = changed[derived.abstraction.id][0] if derived.abstraction.id in changed else before
                changed[derived.abstraction.id] = first, derived
                known[derived.abstraction.id] = derived.abstraction
        return changed

    async def _around(
        self,
        mind: Mind,
        start: str,
        near: Sequence[str],
        owner: Abstraction | None,
        known: Mapping[str, Abstraction],
        at: float,
    ) -> tuple[Abstraction | None, Derived] | None:
        """What recurs around this memory where that is news, and what was known of it."""
        beside = owner.derived_from if owner is not None else ()
        group = await self._deriving.found(mind, start, near, beside)
        if group is None:
            return await self._outdated(mind, owner, at) if owner is not None else None
        before = await self._known(mind, group, known)
        derived = self._deriving.composed(mind.name, group, at=at, known=before)
        if before is None:
            buried = await self._stores.tombstones.among([(mind.name, derived.abstraction.id)])
            return None if buried else (None, derived)
        if before.source_id != derived.abstraction.source_id and not greater(derived.abstraction, before):
            return None
        same = kept(before, _TIMED) == kept(derived.abstraction, _TIMED)
        return None if same else (before, derived)

    async def _known(self, mind: Mind, group: Group, known: Mapping[str, Abstraction]) -> Abstraction | None:
        """The abstraction that these contents made before, if they did."""
        made = abstracted(group.members)
        named = await self._stores.abstractions.naming(mind.name, made.derived_from, limit=NAMED_MAX)
        there = {**{a.id: a for a in named}, **known}
        found = known_as(made.derived_from, {i: a.derived_from for i, a in there.items()})
        if found is not None:
            return there[found]
        own = self._deriving.composed(mind.name, group, at=0.0).abstraction.id
        return there.get(own) or (await self._stores.abstractions.get(mind.name, [own])).get(own)

    async def _outdated(
        self, mind: Mind, owner: Abstraction, at: float
    ) -> tuple[Abstraction, Derived] | None:
        """Where what an abstraction says was superseded, it says how it was; else it stays as it is."""
        sources = await self._deriving.sources(mind.name, owner.derived_from)
        said = sources.get(owner.source_id)
        if said is None or said.memory.superseded_at in (None, owner.superseded_at):
            return None
        contents = await self._deriving.contents(mind.name, owner.derived_from)
        fresh = replace(owner, superseded_at=said.memory.superseded_at, derived_at=at, rev=owner.rev + 1)
        return owner, self._deriving.derived(fresh, abstracted(contents).vector)


class Unabstracting:
    """Gives abstractions back what they were. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores, deriving: Deriving) -> None:
        self._stores = stores
        self._deriving = deriving

    async def restore(
        self, mind: str, chains: Mapping[str, Sequence[UndoEntry]], *, epoch: int
    ) -> tuple[int, list[str]]:
        """As `Journal.restore`: how many are what they were, and which were left."""
        found = await self._stores.abstractions.get(mind, list(chains))
        fenced(found.values(), epoch)
        left = []
        for i, chain in chains.items():
            if not await self._restored(mind, i, chain, found.get(i), epoch):
                left.append(i)
        return len(chains) - len(left), left

    async def _restored(
        self, mind: str, name: str, chain: Sequence[UndoEntry], now: Abstraction | None, epoch: int
    ) -> bool:
        fields = first_of(chain) if chain[0].before else {}
        if (now is None and not fields) or (now is not None and fields and kept(now) == fields):
            return True
        if now is not None and not untouched(chain, now):
            return False
        if not fields:
            await self._stores.abstractions.erase(mind, [name])
            return True
        before = await self._before(mind, name, fields, now)
        if before is not None:
            await save(self._stores, before, epoch)
        return before is not None

    async def _before(
        self, mind: str, name: str, fields: Mapping[str, Any], now: Abstraction | None
    ) -> Derived | None:
        """An abstraction as it was; None where a source is gone, or where it was itself erased."""
        sources = await self._deriving.sources(mind, fields["derived_from"])
        asked = [(mind, i) for i in (name, *fields["conflicts"])]
        buried = await self._stores.tombstones.among(asked)
        if name in buried or len(sources) < len(fields["derived_from"]):
            return None
        contents = await self._deriving.contents(mind, fields["derived_from"])
        said = sources[fields["source_id"]].memory.content
        conflicts = [i for i in fields["conflicts"] if i not in buried]
        whole = {
            **fields,
            "conflicts": conflicts,
            "id": name,
            "mind": mind,
            "content": said,
            "rev": now.rev + 1 if now else 0,
        }
        abstraction = msgspec.convert(whole, Abstraction)
        return self._deriving.derived(abstraction, abstracted(contents).vector)


def owner_of(memory_id: str, known: Mapping[str, Abstraction]) -> Abstraction | None:
    """The abstraction of which this memory is a source."""
    owners = [a for a in known.values() if memory_id in a.derived_from]
    return min(owners, key=lambda a: a.id, default=None)


def greater(one: Abstraction, other: Abstraction) -> bool:
    """Whether more speaks for the one than for the other."""
    return (one.episodes, len(one.derived_from)) > (other.episodes, len(other.derived_from))


def kept(abstraction: Abstraction, apart: Sequence[str] = _APART) -> dict[str, Any]:
    """An abstraction as plain values, without these fields."""
    return {name: value for name, value in msgspec.to_builtins(abstraction).items() if name not in apart}


def entry_of(before: Abstraction | None, after: Abstraction) -> UndoEntry:
    """What undoes a change of an abstraction: nothing of its words."""
    return UndoEntry(
        memory_id=after.id,
        rev=before.rev if before is not None else -1,
        before=kept(before) if before is not None else {},
        after={name: digest(value) for name, value in kept(after).items()},
        did={"abstracted": 1},
    )


def fenced(abstractions: Iterable[Abstraction], epoch: int) -> None:
    """Raise `LeaseLostError` where a later holder of the lease has written any of these."""
    for each in abstractions:
        if each.epoch > epoch:
            raise LeaseLostError(f"mind {each.mind!r} is under epoch {each.epoch}, ours is {epoch}")
