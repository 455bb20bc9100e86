"""The `unconscious`: whole memories that left awake memory, over any vector backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cognition.ports.stores import Epoch, Found, Probe, Revision, Trace
from cognition.stores import payloads, times
from cognition.stores.backend import Hit, Match, Not, VectorBackend
from cognition.stores.collections import UNCONSCIOUS
from cognition.stores.memories import VECTORS, VectorMemories, point, trace
from cognition.stores.tenancy import epoch_of, fenced, for_mind, not_newer, owned, paired, payload_of
from schemas.memory import Memory


class VectorArchive:
    """`Archive` over a `VectorBackend`. A memory's payload, with why and when it was archived."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend
        self._searched = VectorMemories(backend, collection=UNCONSCIOUS.name)

    async def probe(self, mind: str, probe: Probe, *, limit: int) -> Found:
        return await self._searched.probe(mind, [probe], limit=limit)

    async def deposit(self, traces: Sequence[Trace], *, reason: str, at: float, epoch: Epoch) -> None:
        if not traces:
            return
        points = [
            point(
                each,
                {
                    "archived_at": times.to_text(at),
                    "archive_reason": reason,
                    "original_salience": each.memory.composite_salience,
                    "surface_count": 0,
                    "epoch": epoch_of(epoch, each.memory.mind),
                },
            )
            for each in traces
        ]
        condition = fenced(epoch, (each.memory.mind for each in traces), not_newer)
        await self._backend.upsert(UNCONSCIOUS.name, points, condition=condition)

    async def get(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Memory]:
        hits = await self._backend.retrieve(UNCONSCIOUS.name, memory_ids, owner=mind)
        mine = owned(mind, hits)
        return {i: payloads.decode(Memory, i, payload_of(hit)) for i, hit in mine.items()}

    async def get_traces(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Trace]:
        hits = await self._backend.retrieve(UNCONSCIOUS.name, memory_ids, with_vectors=VECTORS, owner=mind)
        return {i: trace(hit) for i, hit in owned(mind, hits).items()}

    async def walk(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[list[tuple[Memory, str]], str | None]:
        page = await self._backend.scroll(
            UNCONSCIOUS.name, condition=for_mind(mind), limit=limit, offset=offset
        )
        return [_archived(hit) for hit in page.hits], page.next_offset

    async def within(self, mind: str, episode_id: str, *, but: str, limit: int) -> list[str]:
        condition = for_mind(mind, Match("episode_id", episode_id), Not(Match("archive_reason", but)))
        page = await self._backend.scroll(
            UNCONSCIOUS.name, condition=condition, limit=limit, with_payload=False
        )
        return [hit.id for hit in page.hits]

    async def find(self, wanted: Sequence[tuple[str, str]]) -> dict[str, tuple[Memory, str]]:
        owners = {memory_id: mind for mind, memory_id in wanted}
        hits = paired(wanted, await self._backend.retrieve(UNCONSCIOUS.name, list(owners), owner=owners))
        return {i: _archived(hit) for i, hit in hits.items()}

    async def revise(self, revisions: Sequence[Revision], *, epoch: int) -> None:
        await self._searched.revise(revisions, epoch=epoch)

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        await self._searched.patch(mind, patches, epoch=epoch)

    async def erase(self, mind: str, memory_ids: Sequence[str], *, epoch: int | None = None) -> None:
        await self._searched.erase(mind, memory_ids, epoch=epoch)


def _archived(hit: Hit) -> tuple[Memory, str]:
    payload = payload_of(hit)
    return payloads.decode(Memory, hit.id, payload), payload.get("archive_reason", "")
