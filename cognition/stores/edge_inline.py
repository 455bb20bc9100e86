"""Qdrant Edge in this very process: for tests, tools and as the bare part of measurements.

Every verb blocks the event loop while the engine works, and optimising blocks it for as
long as that takes: a daemon uses `edge` instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.lowlevel

from cognition.stores.backend import (
    CollectionInfo,
    CollectionSpec,
    Condition,
    Gather,
    Gathered,
    Hit,
    Owner,
    Page,
    Payload,
    Point,
    Query,
    Vector,
    WriteMode,
)
from cognition.stores.edge_lock import held
from cognition.stores.qdrant_edge import EdgeShards
from schemas.quantization import Quantization


class InlineEdge:
    """`VectorBackend` over shards in this process. Made by `edge.open_inline`."""

    def __init__(self, shards: EdgeShards) -> None:
        self._shards = shards

    async def ensure(self, spec: CollectionSpec) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.ensure(spec)

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.upsert(collection, points, mode=mode, condition=condition)

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.set_payload(collection, ids, payload, condition=condition)

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.set_payloads(collection, patches, condition=condition)

    async def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.update_vectors(collection, changes, condition=condition)

    async def delete(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        owner: Owner = None,
        condition: Condition | None = None,
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.delete(collection, ids, condition)

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
        owner: Owner = None,
    ) -> list[Hit]:
        await anyio.lowlevel.checkpoint()
        return self._shards.retrieve(collection, ids, with_payload=with_payload, with_vectors=with_vectors)

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        await anyio.lowlevel.checkpoint()
        return self._shards.query(collection, queries)

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        await anyio.lowlevel.checkpoint()
        return self._shards.gather(collection, asked)

    async def scroll(
        self,
        collection: str,
        *,
        condition: Condition | None = None,
        limit: int = 256,
        offset: str | None = None,
        order_by: str | None = None,
        descending: bool = False,
        with_payload: bool | tuple[str, ...] = True,
        with_vectors: tuple[str, ...] = (),
    ) -> Page:
        await anyio.lowlevel.checkpoint()
        return self._shards.scroll(
            collection,
            condition=condition,
            limit=limit,
            offset=offset,
            order_by=order_by,
            descending=descending,
            with_payload=with_payload,
            with_vectors=with_vectors,
        )

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        await anyio.lowlevel.checkpoint()
        return self._shards.count(collection, condition=condition)

    async def info(self, collection: str) -> CollectionInfo:
        await anyio.lowlevel.checkpoint()
        return self._shards.info(collection)

    async def flush(self, collection: str) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.flush(collection)

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        await anyio.lowlevel.checkpoint()
        self._shards.quantize(collection, quantization)

    async def optimise(self, collection: str) -> float:
        await anyio.lowlevel.checkpoint()
        return self._shards.optimise(collection)

    async def close(self) -> None:
        self._shards.close()


@asynccontextmanager
async def inline_edge(
    directory: Path, *, started_at: float, role: str, patience_s: float
) -> AsyncIterator[InlineEdge]:
    """The shards of a directory, held and closed again."""
    async with held(directory, started_at=started_at, role=role, patience_s=patience_s):
        backend = InlineEdge(EdgeShards(directory))
        try:
            yield backend
        finally:
            await backend.close()
