"""What a mind knows of its own use: how far reports are folded in, and what it was asked in them.

State of the mind's one writer, kept with its checkpoint. Must not know what a report does to memories.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from cognition.mechanisms.plasticity import CueWords

REPORTED_MAX = 1_024
"""Named memories of the latest reports that are known again, so that a report that is published twice,
or completed later, teaches nothing twice; 9 bytes each in the checkpoint."""


class SavedUsage(msgspec.Struct, array_like=True):
    """The checkpoint of it."""

    through: str
    reports: int
    words: bytes
    reported: list[int]


@dataclass(slots=True)
class Usage:
    """`through` is the last entry of `dream` that is folded in; `reports` how many reports were."""

    through: str = ""
    reports: int = 0
    words: CueWords = field(default_factory=CueWords)
    reported: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def copy(self) -> Usage:
        """The same, to go on with and to keep only if what followed from it was written."""
        return Usage(self.through, self.reports, self.words.copy(), OrderedDict(self.reported))

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
        return SavedUsage(self.through, self.reports, self.words.snapshot(), list(self.reported))

    @classmethod
    def restore(cls, saved: SavedUsage) -> Usage:
        """From a checkpoint. Raises `msgspec.DecodeError` if it is damaged."""
        words = CueWords.restore(saved.words)
        return cls(saved.through, saved.reports, words, OrderedDict.fromkeys(saved.reported))


def _digest(*parts: str) -> int:
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
