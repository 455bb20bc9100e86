"""The journal of a cycle: what was there before each step, written before it is changed.

A step writes its page, then its changes. After a crash the same step is done again: what has its mark, or
the revision that the change made of it, is done already and keeps its place on the page. Undoing goes
by the pages alone: a memory whose fields are still as the cycle left them gets back what it was, and one
that somebody has touched since stays, and is named. Must not know what a step is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cognition.engine.minds import Minds
from cognition.engine.succession import CURRENT
from cognition.errors import LeaseLostError, UnavailableError
from cognition.ports.stores import Stores
from schemas.abstraction import Abstraction
from schemas.memory import Memory
from schemas.sleep import Retold, SleepReport, UndoEntry, UndoPage

PAGES_AT_ONCE = 64
"""Pages that are read together: some megabytes at most."""

RESTORED_AT_ONCE = 64
"""Memories that get back what they were before anybody else gets a turn."""

ATTEMPTS_MAX = 5
"""How often a step is taken anew because another hand has changed what it read."""


@dataclass(frozen=True, slots=True)
class Change:
    """A memory as it was read, the fields that it is to have, and what that does, in counts."""

    memory: Memory
    fields: Mapping[str, Any]
    did: Mapping[str, int] = field(default_factory=dict)


def mark_of(report: SleepReport) -> str:
    """What a memory says of the step that changed it last."""
    return f"{report.night}:{report.nth}/{report.cursor.step}"


class Journal:
    """Writes pages and changes. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores, minds: Minds) -> None:
        self._stores = stores
        self._minds = minds

    async def pending(self, mind: str, report: SleepReport, ids: Sequence[str]) -> list[Memory]:
        """Those of these memories that there are and that the current step has not changed yet."""
        mark = mark_of(report)
        found = await self._stores.memories.get(mind, ids)
        return [found[i] for i in ids if i in found and found[i].slept_through != mark]

    async def change(
        self, mind: str, report: SleepReport, changes: Sequence[Change], *, epoch: int
    ) -> dict[str, int]:
        """Write the page of the current step and then the changes, each only over what was read; what the
        step has done in all, its earlier attempts included. Raises `UnavailableError` when somebody
        else has changed one meanwhile: take the step anew."""
        mark = mark_of(report)
        entries = [entry_of(change, mark) for change in changes]
        done = await self.note(mind, report, entries, epoch=epoch)
        fenced([c.memory for c in changes], epoch)
        patches = {c.memory.id: (c.memory.rev, {**c.fields, "slept_through": mark}) for c in changes}
        if patches:
            written = await self._stores.memories.amend(mind, patches, epoch=epoch)
            self._minds.facts.drop(mind, patches)
            if missed := patches.keys() - written:
                raise UnavailableError(f"memory {min(missed)} of mind {mind!r} was changed by another hand")
        return done

    async def note(
        self,
        mind: str,
        report: SleepReport,
        entries: Sequence[UndoEntry],
        *,
        archived: Sequence[str] = (),
        derived: Sequence[UndoEntry] = (),
        retold: Sequence[Retold] = (),
        concept: bytes = b"",
        turned: bytes = b"",
        epoch: int,
    ) -> dict[str, int]:
        """Write down what is about to be changed, beside what an earlier attempt of this step wrote down;
        the counts of both."""
        step = report.cursor.step
        before = (await self._stores.cycles.pages(mind, report.id, [step])).get(step)
        page = UndoPage(
            mind=mind,
            cycle_id=report.id,
            step=step,
            entries=merged(before.entries if before else [], entries),
            archived=list(dict.fromkeys([*(before.archived if before else []), *archived])),
            derived=merged(before.derived if before else [], derived),
            retold=told_again(before.retold if before else [], retold),
            concept=(before.concept if before else b"") or concept,
            turned=turned or (before.turned if before else b""),
        )
        if page.entries or page.archived or page.derived or page.retold or page.concept:
            await self._stores.cycles.keep(page, epoch=epoch)
        told = {"retold": len(page.retold)} if page.retold else {}
        return {**tally([*page.entries, *page.derived]), **told}

    async def concept(self, report: SleepReport) -> bytes:
        """The self as an earlier attempt of the current step found it, if there was one."""
        found = await self._stores.cycles.pages(report.mind, report.id, [report.cursor.step])
        return found[report.cursor.step].concept if found else b""

    async def told(self, report: SleepReport) -> dict[str, int]:
        """What an earlier attempt of the current step has written down that it does, in counts."""
        found = await self._stores.cycles.pages(report.mind, report.id, [report.cursor.step])
        return tally(found[report.cursor.step].entries) if found else {}

    async def pages(self, report: SleepReport) -> list[UndoPage]:
        """All that a cycle has written down, in the order of its steps."""
        found: dict[int, UndoPage] = {}
        steps = range(report.cursor.step + 1)
        for start in range(0, len(steps), PAGES_AT_ONCE):
            some = steps[start : start + PAGES_AT_ONCE]
            found |= await self._stores.cycles.pages(report.mind, report.id, some)
        return [found[step] for step in sorted(found)]

    async def restore(
        self, mind: str, chains: Mapping[str, Sequence[UndoEntry]], *, epoch: int
    ) -> tuple[int, list[str]]:
        """Give memories back what they were before these entries; how many have it, and which were left
        since they were touched after the cycle, or are gone. What superseded one and was erased since, does
        so no more."""
        found = await self._stores.memories.get(mind, list(chains))
        firsts = {i: first_of(chains[i]) for i in found}
        named = {by for fields in firsts.values() if (by := fields.get("superseded_by")) is not None}
        buried = await self._stores.tombstones.among([(mind, by) for by in sorted(named)])
        restored, left = 0, [i for i in chains if i not in found]
        patches: dict[str, tuple[int, Mapping[str, Any]]] = {}
        for i, memory in found.items():
            fields = {**firsts[i], **(CURRENT if firsts[i].get("superseded_by") in buried else {})}
            if fields == fields_of(memory, fields):
                restored += 1
            elif untouched(chains[i], memory):
                patches[i] = (memory.rev, fields)
            else:
                left.append(i)
        fenced(found.values(), epoch)
        written = await self._stores.memories.amend(mind, patches, epoch=epoch) if patches else set()
        self._minds.facts.drop(mind, patches)
        return restored + len(written), [*left, *(i for i in patches if i not in written)]


def entry_of(change: Change, mark: str) -> UndoEntry:
    """What undoes a change: the fields that it sets, as they were, and its mark."""
    fields = {**change.fields, "slept_through": mark}
    return UndoEntry(
        memory_id=change.memory.id,
        rev=change.memory.rev,
        before=fields_of(change.memory, fields),
        after={name: digest(msgspec.to_builtins(value)) for name, value in fields.items()},
        did=dict(change.did),
    )


def digest(value: Any) -> str:
    """A short name of a plain value. Numbers count to nine digits: a store may change the last bit."""
    plain = msgspec.json.encode(_rounded(value), order="deterministic")
    return hashlib.blake2b(plain, digest_size=8).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return value


def fields_of(memory: Memory | Abstraction, names: Iterable[str]) -> dict[str, Any]:
    """These fields of a memory as plain values."""
    return {name: msgspec.to_builtins(getattr(memory, name)) for name in names}


def merged(before: Sequence[UndoEntry], now: Sequence[UndoEntry]) -> list[UndoEntry]:
    """The entries of a step that is done again. What an earlier attempt did and nobody touched since
    keeps what was there before it; what it only meant to do, and what another hand has changed since, is
    written down as it is read now."""
    entries = {entry.memory_id: entry for entry in before}
    for entry in now:
        old = entries.get(entry.memory_id)
        if old is not None and _done(old, entry):
            fresh = {name: value for name, value in entry.before.items() if name not in old.after}
            did = {n: old.did.get(n, 0) + entry.did.get(n, 0) for n in {**old.did, **entry.did}}
            entry = msgspec.structs.replace(
                entry, before={**fresh, **old.before}, after={**old.after, **entry.after}, did=did
            )
        entries[entry.memory_id] = entry
    return list(entries.values())


def _done(old: UndoEntry, now: UndoEntry) -> bool:
    """Whether what is read now is what the old entry meant to make; a later revision may be another's."""
    there = now.before
    made = all(name in there and digest(there[name]) == after for name, after in old.after.items())
    return now.rev > old.rev and made


def told_again(before: Sequence[Retold], now: Sequence[Retold]) -> list[Retold]:
    """The episodes of a step that is done again: one that an earlier attempt has told anew keeps who told of
    it before that."""
    known = {each.episode_id: each for each in before}
    for each in now:
        old = known.get(each.episode_id)
        done = old is not None and old.after == each.before
        known[each.episode_id] = msgspec.structs.replace(each, before=old.before) if old and done else each
    return list(known.values())


def tally(entries: Iterable[UndoEntry]) -> dict[str, int]:
    """What these did, summed up."""
    counts: dict[str, int] = {}
    for entry in entries:
        for name, count in entry.did.items():
            counts[name] = counts.get(name, 0) + count
    return counts


def chains_of(entries: Iterable[UndoEntry]) -> dict[str, list[UndoEntry]]:
    """What a cycle did with each memory, in order."""
    chains: dict[str, list[UndoEntry]] = {}
    for entry in entries:
        chains.setdefault(entry.memory_id, []).append(entry)
    return dict(sorted(chains.items()))


def first_of(chain: Sequence[UndoEntry]) -> dict[str, Any]:
    """Each field as it was before the first entry that set it."""
    fields: dict[str, Any] = {}
    for entry in chain:
        fields = {**entry.before, **fields}
    return fields


def untouched(chain: Sequence[UndoEntry], memory: Memory | Abstraction) -> bool:
    """Whether each field that these entries set is still what the last of them made of it."""
    left: dict[str, str] = {}
    for entry in chain:
        left |= entry.after
    return all(digest(value) == left[name] for name, value in fields_of(memory, left).items())


def fenced(memories: Iterable[Memory], epoch: int) -> None:
    """Raise `LeaseLostError` where a later holder of the lease has written any of these."""
    for memory in memories:
        if memory.epoch > epoch:
            raise LeaseLostError(f"mind {memory.mind!r} is under epoch {memory.epoch}, ours is {epoch}")
