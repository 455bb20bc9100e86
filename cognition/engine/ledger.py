"""The ledger of one batch: what it will write, and in what order that is safe to repeat.

It fills while entries are folded, without a look at the store, and is written while the next batch is:
whoever needs a memory that it touches waits until it is `written`. It must not know what an entry means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.arrivals import Entry
from cognition.errors import UnavailableError
from cognition.ports.stores import Revision, Stores, Trace
from schemas.association import Association, AssociationType
from schemas.episode import Episode
from schemas.events import Receipt
from schemas.memory import Memory

Dense = NDArray[np.float32]
LOW_SALIENCE = "low_salience"
"""Why a percept is archived at once (schema, section 3)."""
EpochOf = Callable[[str], int]
"""The lease epoch under which a mind is written."""

T = TypeVar("T")

INSERTED_AT_ONCE = 32
"""New memories in one round trip (about 250 KB): what is read meanwhile waits behind no more than these."""

INSERTED_AT_ONCE_BESIDE = 128
"""The same where reads go on beside writes, as on a server, which takes 100 us less for a memory of 256 at
once than of 32 (2 cores: 232 us for 335)."""


@dataclass(slots=True)
class Committed:
    """What became of a batch: receipts in order, further ones of memories that moved to another episode,
    and what must go to the dead letters."""

    receipts: list[tuple[int, Receipt]] = field(default_factory=list)
    moved: list[tuple[int, Receipt]] = field(default_factory=list)
    rejected: list[tuple[Entry, str]] = field(default_factory=list)
    touched: dict[str, int] = field(default_factory=dict)
    closed: list[Episode] = field(default_factory=list)
    opened: list[tuple[str, str]] = field(default_factory=list)
    encoded: int = 0
    strengthened: int = 0
    context: Counter[str] = field(default_factory=Counter)
    related: int = 0
    archived: int = 0
    passed_by: int = 0


@dataclass(slots=True)
class Ledger:
    """What one batch will write: new memories, what they changed of the vectors of earlier ones, fields
    of memories by mind (each with the memory as it was read), which memories move to which place, episodes,
    and which fine ones written before move to which coarse one (`parents`).
    `known` are the memories that the batch has met, `buried` those in the archive that it has met and that
    attention passed by, `dormant` those that were awake before they came there, `archive` what goes there at
    `archived_at` without having been a memory, `unbound` those that left an episode, with who came along.
    `epochs` are those of the leases by partition, `held` by mind, as far as it was met; `before` are batches
    that may still be on their way into the store, `written` is set once it is there; `at_once` new memories
    go there in one trip; `handed` are memories that were handed over to be inserted, of which `parts` tell
    when they are; `outdated` those
    by mind that another superseded."""

    epochs: dict[int, int]
    before: Sequence[Ledger] = ()
    at_once: int = INSERTED_AT_ONCE
    held: dict[str, int] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    patches: dict[str, dict[str, tuple[Memory, dict[str, Any]]]] = field(default_factory=dict)
    episodes: dict[str, tuple[Episode, Dense | None]] = field(default_factory=dict)
    parents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    moves: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    unbound: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    known: dict[str, Memory] = field(default_factory=dict)
    buried: dict[str, Memory] = field(default_factory=dict)
    dormant: dict[str, Memory] = field(default_factory=dict)
    archive: dict[str, Trace] = field(default_factory=dict)
    archived_at: float = 0.0
    handed: set[str] = field(default_factory=set)
    outdated: dict[str, set[str]] = field(default_factory=dict)
    parts: list[anyio.Event] = field(default_factory=list)
    written: anyio.Event = field(default_factory=anyio.Event)

    def hold(self, mind: str, episode: str, parent: str) -> None:
        """This coarse episode holds that fine one now."""
        if episode in self.episodes:
            record, centroid = self.episodes[episode]
            self.episodes[episode] = msgspec.structs.replace(record, parent_id=parent), centroid
        else:
            self.parents.setdefault(mind, {})[episode] = {"parent_id": parent}

    @property
    def touched(self) -> set[str]:
        """Every memory that it writes."""
        found = {*self.handed, *self.traces, *self.revisions, *self.archive}
        for changes in (self.patches, self.moves, self.unbound):
            for held in changes.values():
                found.update(held)
        return found

    async def after(self, memory_ids: Iterable[str]) -> None:
        """Return once these can be read as the batches before this one left them."""
        asked = set(memory_ids)
        for each in self.before:
            if not each.touched.isdisjoint(asked):
                await each.written.wait()

    async def settle(self, stores: Stores) -> None:
        """Return once every memory of this batch so far, and of those before, can be read back."""
        for each in self.before:
            await each.written.wait()
        await self._insert(stores)
        self.handed.update(self.traces)
        self.traces.clear()

    def hand_over(self) -> list[Trace]:
        """The first of its new memories, for somebody else to insert, who says so in `parts`."""
        part = [self.traces.pop(memory_id) for memory_id in list(self.traces)[: self.at_once]]
        self.handed.update(each.memory.id for each in part)
        return part

    async def _insert(self, stores: Stores) -> None:
        """All of its new memories are in the store."""
        traces = list(self.traces.values())
        for start in range(0, len(traces), self.at_once):
            await stores.memories.insert(traces[start : start + self.at_once], epoch=self.held)
        for part in self.parts:
            await part.wait()

    async def write(self, stores: Stores) -> None:
        """Write and empty it: memories, revisions, patches, episodes. Safe to repeat. Raises
        `UnavailableError` when somebody else has changed a memory since it was read: take all of it anew.
        """
        epoch_of = self.held.__getitem__
        await self._insert(stores)
        passed_by = list(self.archive.values())
        await stores.archive.deposit(passed_by, reason=LOW_SALIENCE, at=self.archived_at, epoch=self.held)
        self.archive.clear()
        for epoch, revisions in group(self.revisions.values(), lambda r: epoch_of(r.mind)):
            await stores.memories.revise(revisions, epoch=epoch)
        for mind, patches in self.patches.items():
            await amend(stores, mind, patches, epoch_of(mind))
        for mind, places in self.moves.items():
            await stores.memories.patch(mind, places, epoch=epoch_of(mind))
        for mind, kept in self.unbound.items():
            await unbind(stores, mind, kept, epoch_of(mind))
        await stores.episodes.save(list(self.episodes.values()), epoch=self.held)
        for mind, parents in self.parents.items():
            await stores.episodes.patch(mind, parents, epoch=epoch_of(mind))
        for written in (self.traces, self.revisions, self.patches, self.moves, self.unbound, self.handed):
            written.clear()
        self.parts.clear()
        self.episodes.clear()
        self.parents.clear()


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch that its minds have taken in and the store has not: what is to be written, what is to be told,
    and how far each mind has come (`reached`)."""

    ledger: Ledger
    done: Committed
    reached: dict[str, str]


async def amend(
    stores: Stores, mind: str, patches: Mapping[str, tuple[Memory, dict[str, Any]]], epoch: int
) -> None:
    """Change memories only as they were read: what another holder of the lease has learned stays."""
    changes = {i: (read.rev, fields) for i, (read, fields) in patches.items()}
    sure = {i for i, (read, _) in patches.items() if read.epoch == epoch}
    written = await stores.memories.amend(mind, changes, epoch=epoch, sure=sure)
    if missed := changes.keys() - written:
        raise UnavailableError(f"memory {min(missed)} of mind {mind!r} was changed by another hand meanwhile")


async def unbind(stores: Stores, mind: str, kept: Mapping[str, frozenset[str]], epoch: int) -> None:
    """Take away what bound memories to those of the episode that they left, as they were read."""
    arrays = {}
    for memory_id, held in (await stores.associations.read(mind, list(kept))).items():
        bound = unbound(held.associations, kept[memory_id])
        if len(bound) < len(held.associations):
            arrays[memory_id] = (held.rev, bound)
    if missed := arrays.keys() - await stores.associations.write(mind, arrays, epoch=epoch):
        raise UnavailableError(f"memory {min(missed)} of mind {mind!r} was changed by another hand meanwhile")


def unbound(associations: Sequence[Association], kept: Collection[str]) -> list[Association]:
    """What a memory holds once it came to another episode: it did not follow who is not among `kept` within
    one episode. What was given or used since stays."""
    return [
        a
        for a in associations
        if a.type is not AssociationType.TEMPORAL or a.given or a.coactivation_count or a.target_id in kept
    ]


def group(items: Iterable[T], key: Callable[[T], int]) -> list[tuple[int, list[T]]]:
    """Items by key, keys in order of first appearance."""
    groups: dict[int, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.items())
