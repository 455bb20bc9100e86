"""Arrays: the associations of memories written anew within a step of a night, and how that is undone.

An array has no mark of the step that wrote it: its revision tells. Must not know why an array changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cognition.engine.minds import Minds
from cognition.engine.night_journal import Journal, digest
from cognition.errors import LeaseLostError, UnavailableError
from cognition.ports.stores import Spoken, Stores
from schemas.association import Association
from schemas.sleep import SleepReport, UndoEntry

Arrays = Mapping[str, Sequence[Association]]


class ArrayJournal:
    """Writes arrays down before it changes them. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def read(self, mind: str, ids: Sequence[str], *, epoch: int) -> dict[str, Spoken]:
        """These memories with their arrays; raises `LeaseLostError` where a later holder of the lease has
        written one of them."""
        spoken = await self._stores.associations.read(mind, ids)
        newest = max((each.epoch for each in spoken.values()), default=epoch)
        if newest > epoch:
            raise LeaseLostError(f"memories are under epoch {newest}, ours is {epoch}")
        return spoken

    async def rewrite(
        self, report: SleepReport, spoken: Mapping[str, Spoken], arrays: Arrays, *, did: str, epoch: int
    ) -> dict[str, int]:
        """Give these memories these arrays, each only over what was read; what the step has done in all.
        `did` names what a change of length counts as: ``formed`` or ``pruned``."""
        entries = [entry_of(i, spoken[i], array, did) for i, array in arrays.items()]
        done = await self._journal.note(report.mind, report, entries, epoch=epoch)
        revised = {i: (spoken[i].rev, array) for i, array in arrays.items()}
        written = await self._stores.associations.write(report.mind, revised, epoch=epoch)
        self._minds.facts.relate(report.mind, {i: arrays[i] for i in written})
        if missed := arrays.keys() - written:
            self._minds.facts.drop(report.mind, missed)
            other = f"memory {min(missed)} of mind {report.mind!r}"
            raise UnavailableError(f"{other} was changed by another hand")
        return done


def entry_of(memory_id: str, before: Spoken, after: Sequence[Association], did: str) -> UndoEntry:
    """What undoes this change of an array."""
    longer = len(after) - len(before.associations)
    return UndoEntry(
        memory_id=memory_id,
        rev=before.rev,
        before={"associations": msgspec.to_builtins(list(before.associations))},
        after={"associations": digest(msgspec.to_builtins(list(after)))},
        did={did: max(0, longer if did == "formed" else -longer)},
    )
