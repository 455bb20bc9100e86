"""Archiving: memories leave awake memory for the archive, whole, and come back from there.

The copy is written before the original goes, so that a crash between them leaves both, and doing it again
leaves one. Must not know why a memory leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from cognition.engine.minds import Minds
from cognition.ports.stores import Stores, Trace

ARCHIVED_AT_ONCE = 64
"""Memories of one round: half a megabyte of vectors."""

DECAY, DISPLACEMENT = "decay", "displacement"
"""Reasons, as they are stored (schema, section 3)."""


class Archiving:
    """Moves memories between awake memory and the archive. The caller holds the lock of the mind's writer."""

    def __init__(self, stores: Stores, minds: Minds) -> None:
        self._stores = stores
        self._minds = minds

    async def archive(self, mind: str, memory_ids: Sequence[str], *, reason: str, at: float) -> list[str]:
        """Those of these memories that there were and that are in the archive now. Repeating is harmless."""
        gone: list[str] = []
        for start in range(0, len(memory_ids), ARCHIVED_AT_ONCE):
            page = list(dict.fromkeys(memory_ids[start : start + ARCHIVED_AT_ONCE]))
            traces = await self._stores.memories.get_traces(mind, page)
            if traces:
                await self._stores.archive.deposit(list(traces.values()), reason=reason, at=at)
                await self._stores.memories.erase(mind, list(traces))
                self._minds.facts.drop(mind, traces)
            gone += traces
        return gone

    async def restore(self, mind: str, memory_ids: Sequence[str], *, epoch: int) -> list[str]:
        """Those of these archived memories that are awake again, as they were. Repeating is harmless."""
        back: list[str] = []
        for start in range(0, len(memory_ids), ARCHIVED_AT_ONCE):
            page = list(dict.fromkeys(memory_ids[start : start + ARCHIVED_AT_ONCE]))
            traces: dict[str, Trace] = await self._stores.archive.get_traces(mind, page)
            if traces:
                await self._stores.memories.insert(list(traces.values()), epoch=epoch)
                await self._stores.archive.erase(mind, list(traces))
                self._minds.facts.drop(mind, traces)
            back += traces
        return back
