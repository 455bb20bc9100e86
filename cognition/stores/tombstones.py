"""What was erased and may not return, over any vector backend."""

from __future__ import annotations

from collections.abc import Sequence

from cognition.stores import payloads
from cognition.stores.backend import Point, VectorBackend, WriteMode
from cognition.stores.collections import TOMBSTONES
from cognition.stores.tenancy import paired, payload_of
from schemas.memory import Tombstone


class VectorTombstones:
    """`TombstoneStore` over a `VectorBackend`. The first burial of a memory stands."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend

    async def bury(self, tombstones: Sequence[Tombstone]) -> None:
        if not tombstones:
            return
        points = [Point(stone.id, payloads.encode(stone)) for stone in tombstones]
        await self._backend.upsert(TOMBSTONES.name, points, mode=WriteMode.INSERT_ONLY)

    async def among(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Tombstone]:
        ids = list(dict.fromkeys(memory_id for _, memory_id in wanted))
        hits = paired(wanted, await self._backend.retrieve(TOMBSTONES.name, ids))
        return {i: payloads.decode(Tombstone, i, payload_of(hit)) for i, hit in hits.items()}
