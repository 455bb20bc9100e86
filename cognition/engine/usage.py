"""What a mind knows of its own use: how far reports are folded in, and what it was asked in them.

State of the mind's one writer, kept with its checkpoint. Must not know what a report does to memories.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import numpy as np

from cognition.mechanisms.plasticity import CueWords

REPORTED_MAX = 1_024
"""Named memories of the latest reports that are known again, so that a report that is published twice,
or completed later, teaches nothing twice; 9 bytes each in the checkpoint."""

FOLDED_KEPT = 8_192
"""Entries folded in lately that are known by name, 8 bytes each in the checkpoint: more than are in hand
between two acknowledgements (`consolidation.UNSETTLED_MAX` and a batch), and than come in the seconds that
a stream server may lose."""

_PLACE_MAX = 2**63 - 1


class SavedUsage(msgspec.Struct, array_like=True):
    """The checkpoint of it."""

    through: str
    reports: int
    words: bytes
    reported: list[int]
    folded: bytes | None = None
    floor: int = -1


@dataclass(slots=True)
class Usage:
    """`through` is the last entry of `dream` that is folded in; `reports` how many reports were.

    `folded` are the places of the entries after `floor` that were; an entry that is delivered late, after
    later ones, is told from one that comes again by them.
    """

    through: str = ""
    reports: int = 0
    words: CueWords = field(default_factory=CueWords)
    reported: OrderedDict[int, None] = field(default_factory=OrderedDict)
    folded: dict[int, None] = field(default_factory=dict)
    floor: int = -1

    def copy(self) -> Usage:
        """The same, to go on with and to keep only if what followed from it was written."""
        words, reported = self.words.copy(), OrderedDict(self.reported)
        return Usage(self.through, self.reports, words, reported, self.folded, self.floor)

    def take_in(self, entries: Iterable[str]) -> None:
        """Know these as folded in; the oldest beyond `FOLDED_KEPT` are not known by name any more."""
        known = list(dict.fromkeys([*self.folded, *map(place, entries)]))
        gone, kept = known[:-FOLDED_KEPT], known[-FOLDED_KEPT:]
        self.folded = dict.fromkeys(kept)
        self.floor = max(self.floor, *gone) if gone else self.floor

    def passed_by(self, entry: str) -> bool:
        """Whether an entry that is not after `through` was not folded in."""
        return place(entry) > self.floor and place(entry) not in self.folded

    def too_old(self, entry: str) -> bool:
        """Whether it is not known any more if this entry was folded in."""
        return place(entry) <= self.floor and place(entry) not in self.folded

    def first(self, showing: str, memory_id: str = "") -> bool:
        """Whether this memory (none: anything) was not yet reported for this recollection, see
        `lessons.showing_of`; it is from now on."""
        key = _digest(showing, memory_id)
        known = key in self.reported
        self.reported[key] = None
        while len(self.reported) > REPORTED_MAX:
            self.reported.popitem(last=False)
        return not known

    def new(self, showing: str, memory_ids: Iterable[str]) -> list[str]:
        """Those that were not yet reported for this recollection."""
        return [i for i in dict.fromkeys(memory_ids) if self.first(showing, i)]

    def saved(self) -> SavedUsage:
        folded = np.fromiter(self.folded, "<i8").tobytes()
        words, reported = self.words.snapshot(), list(self.reported)
        return SavedUsage(self.through, self.reports, words, reported, folded, self.floor)

    @classmethod
    def restore(cls, saved: SavedUsage) -> Usage:
        """From a checkpoint. Raises `msgspec.DecodeError` if it is damaged."""
        words, reported = CueWords.restore(saved.words), OrderedDict.fromkeys(saved.reported)
        if saved.folded is None:
            floor = place(saved.through) if saved.through else -1
            return cls(saved.through, saved.reports, words, reported, floor=floor)
        folded = dict.fromkeys(np.frombuffer(saved.folded, "<i8").tolist())
        return cls(saved.through, saved.reports, words, reported, folded, saved.floor)


def place(entry: str) -> int:
    """The place of an entry ``milliseconds-sequence`` among others, as one number of 64 bits."""
    head, _, tail = entry.partition("-")
    return min((int(head) << 20) + int(tail or 0), _PLACE_MAX)


def _digest(*parts: str) -> int:
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
