"""How far a mind has come in forming its mention associations.

A small state beside the mind's other state, written down in its checkpoint. It must not know stores.
"""

from __future__ import annotations

import msgspec

from schemas.memory import Memory

PENDING_MIN = 64
PENDING_MAX = 1_024
PENDING_SHARE = 0.25
"""New memories kept by name: a quarter of the mind's, within 64 to 1,024. Beyond it all are gone through:
one query each, where a new one costs two and looks at what others say."""

SWEEP_MIN = 64
"""Memories from which on associations are formed anew whenever a mind has doubled: by then the idf that
weighs them has moved by ln 2 at most for what stayed as rare as it was."""


class Linking(msgspec.Struct):
    """What is still to be linked. A fold over the mind's memories, so that it survives a crash with it.

    `subjects` : memories with a subject, counted as they come and exactly by each sweep; 0 means that
    no memory can be named, and nothing is done or kept. `pending` : new memories, in order.
    `sweeping` : all memories are due to be gone through, and have been up to `offset`; `counted`
    subjects among them. `swept` : memories when that was last finished.
    """

    subjects: int = 0
    pending: list[str] = []
    sweeping: bool = False
    offset: str | None = None
    counted: int = 0
    swept: int = 0

    def note(self, memory: Memory, memories: int) -> None:
        """A memory was formed, of a mind that now has so many."""
        if memory.subject:
            self.subjects += 1
        if not self.subjects:
            return
        self.pending.append(memory.id)
        if len(self.pending) > min(PENDING_MAX, max(PENDING_MIN, PENDING_SHARE * memories)):
            self.sweep()

    def grown(self, memories: int) -> bool:
        """Whether the mind has doubled since its idf last weighed all of its associations."""
        return self.subjects > 0 and not self.sweeping and memories >= 2 * max(self.swept, SWEEP_MIN // 2)

    def sweep(self) -> None:
        """Go through all memories, from the beginning: that does what was pending too."""
        self.pending, self.sweeping, self.offset, self.counted = [], True, None, 0

    def passed(self, subjects: int, offset: str | None, memories: int) -> None:
        """One page of a sweep is done, with so many subjects on it; the last one has no offset."""
        self.counted += subjects
        self.offset = offset
        if offset is None:
            self.sweeping, self.swept, self.subjects = False, memories, self.counted

    def done(self, memory_ids: list[str]) -> None:
        """These are linked."""
        gone = set(memory_ids)
        self.pending = [i for i in self.pending if i not in gone]

    def owe(self, memory_ids: list[str]) -> None:
        """These are to be linked once more."""
        known = set(self.pending)
        self.pending += [i for i in memory_ids if i not in known]


def unknown(memories: int) -> Linking:
    """Of a mind that was written down before there were associations: all of it is due, if there is any."""
    return Linking(subjects=1, sweeping=True) if memories else Linking()
