"""The `abstractions` of all minds over any vector backend: what recurs, apart from what was lived."""

from __future__ import annotations

from collections.abc import Sequence

from cognition.ports.stores import Dense, Found, Probe, Terms
from cognition.stores import payloads, vectors
from cognition.stores.backend import Either, MatchAny, Point, Vector, VectorBackend
from cognition.stores.collections import ABSTRACTIONS, CONTEXT, LEXICAL
from cognition.stores.memories import VectorMemories
from cognition.stores.tenancy import for_mind, not_newer, owned, payload_of
from schemas.abstraction import Abstraction


class VectorAbstractions:
    """`AbstractionStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend
        self._searched = VectorMemories(backend, collection=ABSTRACTIONS.name)

    async def get(self, mind: str, ids: Sequence[str]) -> dict[str, Abstraction]:
        hits = owned(mind, await self._backend.retrieve(ABSTRACTIONS.name, ids))
        return {i: payloads.decode(Abstraction, i, payload_of(hit)) for i, hit in hits.items()}

    async def naming(self, mind: str, memory_ids: Sequence[str], *, limit: int) -> list[Abstraction]:
        ids = tuple(memory_ids)
        named = Either((MatchAny("derived_from", ids), MatchAny("conflicts", ids)))
        page = await self._backend.scroll(ABSTRACTIONS.name, condition=for_mind(mind, named), limit=limit)
        return [payloads.decode(Abstraction, hit.id, payload_of(hit)) for hit in page.hits]

    async def page(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[list[Abstraction], str | None]:
        page = await self._backend.scroll(
            ABSTRACTIONS.name, condition=for_mind(mind), limit=limit, offset=offset
        )
        found = [payloads.decode(Abstraction, hit.id, payload_of(hit)) for hit in page.hits]
        return found, page.next_offset

    async def save(self, abstraction: Abstraction, centroid: Dense, terms: Terms, *, epoch: int) -> None:
        whose = f"abstraction {abstraction.id}"
        found: dict[str, Vector] = {CONTEXT: vectors.dense(centroid, whose)}
        if terms:
            found[LEXICAL] = vectors.sparse(terms, abstraction.mind, whose)
        point = Point(abstraction.id, {**payloads.encode(abstraction), "epoch": epoch}, found)
        condition = for_mind(abstraction.mind, not_newer(epoch))
        await self._backend.upsert(ABSTRACTIONS.name, [point], condition=condition)

    async def erase(self, mind: str, ids: Sequence[str]) -> None:
        hits = await self._backend.retrieve(ABSTRACTIONS.name, ids)
        await self._backend.delete(ABSTRACTIONS.name, list(owned(mind, hits)))

    async def probe(self, mind: str, probe: Probe, *, limit: int) -> Found:
        return await self._searched.probe(mind, [probe], limit=limit, with_facts=False)

    async def count(self, mind: str) -> int:
        return await self._backend.count(ABSTRACTIONS.name, condition=for_mind(mind))
