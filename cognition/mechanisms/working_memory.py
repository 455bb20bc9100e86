"""Working memory: the few memories that are active now.

Knows what was admitted; no store and no mirror of itself elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.vectors import DIMENSION, Dense

CAPACITY = 7
CAPACITY_MIN = 3
CAPACITY_MAX = 9
"""Seven, plus or minus two (Miller 1956); down to 3 for the stricter count of Cowan 2001."""

KEPT_AT_BOUNDARY = 3
"""One in this many survives an event boundary (the doorway effect, softly: Radvansky 2011)."""

PREVIEW_LENGTH_MAX = 160
"""Characters of content that an active memory carries."""


class Active(NamedTuple):
    """One active memory. `vector` (d,) has unit length; `at` is event time in seconds; `position` its
    order in its episode."""

    memory_id: str
    vector: Dense
    salience: float
    at: float
    actor: str = ""
    preview: str = ""
    episode_id: str = ""
    position: int = 0
    valence: float = 0.0
    arousal: float = 0.5


class WorkingMemory:
    """At most `capacity` active memories, of which the weakest gives way.

    .. math:: keep_i = \\tfrac12 salience_i + \\tfrac12 (1 - rank_i / capacity)

    where rank 0 is the one admitted last. The newest never gives way to itself.

    Parameters
    ----------
    capacity : 3..9.

    Invariant: no more than `capacity` memories, each once.
    """

    __slots__ = ("_active", "_matrix", "_recent", "capacity")

    def __init__(self, capacity: int = CAPACITY, dimension: int = DIMENSION) -> None:
        if not CAPACITY_MIN <= capacity <= CAPACITY_MAX:
            raise ValueError(f"capacity {capacity} is not within {CAPACITY_MIN}..{CAPACITY_MAX}")
        self.capacity = capacity
        self._active: list[Active] = []
        self._recent: list[int] = []
        self._matrix: NDArray[np.float32] = np.zeros((capacity, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._active)

    @property
    def items(self) -> list[Active]:
        """What is active, the newest last."""
        return [self._active[slot] for slot in self._recent]

    def vectors(self) -> NDArray[np.float32]:
        """(k, d) vectors of what is active, in no particular order; a view, valid until the next change."""
        return self._matrix[: len(self._active)]

    def admit(self, item: Active) -> Active | None:
        """Make a memory active; returns the one that gave way. One already active is refreshed."""
        gone = None
        slot = self._find(item.memory_id)
        if slot is None and len(self._active) < self.capacity:
            slot = len(self._active)
            self._active.append(item)
        else:
            if slot is None:
                slot = self._weakest()
                gone = self._active[slot]
            self._active[slot] = item
            self._recent.remove(slot)
        self._recent.append(slot)
        self._matrix[slot] = item.vector
        return gone

    def forget(self, memory_id: str) -> bool:
        """Make a memory inactive at once; whether it was active."""
        if self._find(memory_id) is None:
            return False
        self._fill([item for item in self.items if item.memory_id != memory_id])
        return True

    def at_boundary(self, moved: Mapping[str, tuple[str, int]] | None = None) -> None:
        """Keep the most salient third, rounded up; among equals the newer. Those that came after the
        boundary all stay: `moved` is their episode now and their position in it."""
        after = moved or {}
        items = [item for item in self.items if item.memory_id not in after]
        keep = -(-len(items) // KEPT_AT_BOUNDARY)
        ranked = sorted(range(len(items)), key=lambda rank: (-items[rank].salience, -rank))
        kept = [items[rank] for rank in sorted(ranked[:keep])]
        for item in self.items:
            if item.memory_id in after:
                episode, position = after[item.memory_id]
                kept.append(item._replace(episode_id=episode, position=position))
        self._fill(kept)

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        items = [[i.memory_id, i.vector.astype("<f4").tobytes(), *i[2:]] for i in self._active]
        return {"capacity": self.capacity, "recent": list(self._recent), "items": items}

    @classmethod
    def restore(cls, state: Mapping[str, Any], dimension: int = DIMENSION) -> WorkingMemory:
        """What `snapshot` wrote."""
        memory = cls(state["capacity"], dimension)
        memory._fill(
            [
                Active(memory_id, np.frombuffer(vector, "<f4").astype(np.float32), *rest)
                for memory_id, vector, *rest in state["items"]
            ]
        )
        memory._recent = list(state["recent"])
        return memory

    def _find(self, memory_id: str) -> int | None:
        for slot, held in enumerate(self._active):
            if held.memory_id == memory_id:
                return slot
        return None

    def _weakest(self) -> int:
        """The slot of the least kept; among equals the older."""
        chosen, least = 0, 2.0
        for older, slot in enumerate(self._recent):
            keep = 0.5 * self._active[slot].salience + 0.5 * older / self.capacity
            if keep < least:
                chosen, least = slot, keep
        return chosen

    def _fill(self, items: list[Active]) -> None:
        self._active = items
        self._recent = list(range(len(items)))
        for slot, item in enumerate(items):
            self._matrix[slot] = item.vector
