"""What ranking needs to know of a mind's memories, kept at hand between cues.

A bounded cache of `Facts`. Filled from what recall reads; the mind's one writer drops what it has
changed, so that nothing here is ever older than the store. Must not know how facts are used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cognition.ports.stores import Facts
from schemas.association import Association
from schemas.memory import Memory


class FactsCache:
    """Facts by mind and memory id.

    Parameters
    ----------
    entries_max : of all minds together, about 300 bytes each. Beyond it the minds that were asked
        longest ago go first, whole; a mind that is larger than that keeps what came first.
    """

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._minds: OrderedDict[str, dict[str, Facts]] = OrderedDict()
        self._sufficed: dict[str, bool] = {}
        self._entries = 0
        self.changes = 0
        """How often something was dropped so far."""

    def __len__(self) -> int:
        return self._entries

    def of(self, mind: str) -> Mapping[str, Facts]:
        """What is known of this mind's memories."""
        known = self._minds.get(mind)
        if known is None:
            return {}
        self._minds.move_to_end(mind)
        return known

    def sufficed(self, mind: str) -> bool | None:
        """Whether all that the mind's last cue found was at hand; None where there was no cue yet."""
        return self._sufficed.get(mind)

    def found(self, mind: str, missing: int) -> None:
        """A cue has found candidates, so many of which were not at hand."""
        if mind in self._minds:
            self._sufficed[mind] = not missing

    def add(self, mind: str, facts: Mapping[str, Facts], *, since: int) -> None:
        """Keep these as far as there is room. `since` is the value of `changes` from before they were
        read: what was read while something changed is not kept."""
        if since != self.changes:
            return
        known = self._minds.setdefault(mind, {})
        self._minds.move_to_end(mind)
        before = len(known)
        known.update(facts)
        self._entries += len(known) - before
        while self._entries > self._entries_max and len(self._minds) > 1:
            name, gone = self._minds.popitem(last=False)
            self._sufficed.pop(name, None)
            self._entries -= len(gone)
        while self._entries > self._entries_max:
            known.popitem()
            self._entries -= 1

    def note(self, memory: Memory) -> None:
        """Keep what is known of a memory that its writer has just formed."""
        facts = Facts(
            episode_id=memory.episode_id,
            actor=memory.actor,
            subject=memory.subject,
            valence=memory.valence,
            arousal=memory.arousal,
            context=memory.context,
            occurred_at=memory.occurred_at,
            associations=tuple(a for a in memory.associations if a.spreads),
        )
        self.add(memory.mind, {memory.id: facts}, since=self.changes)

    def relate(self, mind: str, arrays: Mapping[str, Sequence[Association]]) -> None:
        """The association arrays of these have changed; the rest of what is known of them stays."""
        if not arrays:
            return
        self.changes += 1
        known = self._minds.get(mind, {})
        for memory_id, array in arrays.items():
            if memory_id in known:
                spreading = tuple(each for each in array if each.spreads)
                known[memory_id] = replace(known[memory_id], associations=spreading)

    def move(self, mind: str, memory_ids: Iterable[str], episode_id: str) -> None:
        """These belong to this episode now; the rest of what is known of them stays."""
        self.changes += 1
        known = self._minds.get(mind, {})
        for memory_id in memory_ids:
            if memory_id in known:
                known[memory_id] = replace(known[memory_id], episode_id=episode_id)

    def drop(self, mind: str, memory_ids: Iterable[str]) -> None:
        """These have changed or are gone."""
        self.changes += 1
        known = self._minds.get(mind)
        if known is not None:
            for memory_id in memory_ids:
                self._entries -= known.pop(memory_id, None) is not None

    def forget(self, mind: str) -> None:
        """Whatever is known of this mind may be out of date."""
        self.changes += 1
        self._sufficed.pop(mind, None)
        self._entries -= len(self._minds.pop(mind, ()))

    def clear(self) -> None:
        """Whatever is known may be out of date."""
        self.changes += 1
        self._minds.clear()
        self._sufficed.clear()
        self._entries = 0
