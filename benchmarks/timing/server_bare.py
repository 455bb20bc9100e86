"""The bare part on a server: `AsyncQdrantClient` as its documentation shows it, with nothing of ours around.

A second collection of the same shape takes the same points; the same cues are asked of our own one.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Sequence
from typing import Any

from qdrant_client import AsyncQdrantClient, models

from cognition.settings import load
from cognition.stores.backend import Point, Sparse, Vector
from cognition.stores.server_addresses import addresses_of, authority_of, key_of
from cognition.stores.server_options import ServerOptions

BATCH = 256
"""Points an upsert; larger batches were not faster."""

PREFETCH = 30
"""Candidates of each vector in the hybrid query, as many as recall takes."""

RRF = models.FusionQuery(fusion=models.Fusion.RRF)
Where = models.Filter | None


def reached(url: str, **more: Any) -> ServerOptions:
    """The server at this address, with the key and the authority that the settings name."""
    chosen = load(environment=os.environ).settings.store
    return ServerOptions(
        url=url, api_key=chosen.api_key, api_key_file=chosen.api_key_file, ca_file=chosen.ca_file, **more
    )


def bare_client(options: ServerOptions, *, grpc: bool) -> AsyncQdrantClient:
    """The vendor's client of the first node that they name. Versions are looked at where ours is opened."""
    address, authority = addresses_of(options)[0], authority_of(options)
    more: dict[str, Any] = {}
    if authority is not None:
        more["grpc_options"] = {"root_certificates": authority}
        more["verify"] = ssl.create_default_context(cadata=authority.decode("ascii"))
    return AsyncQdrantClient(
        url=address.url,
        grpc_port=address.grpc_port,
        prefer_grpc=grpc,
        api_key=key_of(options),
        timeout=round(options.timeout_s),
        check_compatibility=False,
        **more,
    )


async def made_like(client: AsyncQdrantClient, name: str, model: str, *, shards: int | None = None) -> None:
    """A collection of this name with the vectors, shards, replicas and indexes that the other has, but for
    its `shards` where they are given."""
    found = await client.get_collection(model)
    params = found.config.params
    await client.create_collection(
        name,
        vectors_config=params.vectors,
        sparse_vectors_config=params.sparse_vectors,
        shard_number=shards or params.shard_number,
        replication_factor=params.replication_factor,
        write_consistency_factor=params.write_consistency_factor,
        on_disk_payload=params.on_disk_payload,
        quantization_config=found.config.quantization_config,
    )
    for field, kind in found.payload_schema.items():
        await client.create_payload_index(name, field, kind.params or kind.data_type)


async def upsert(client: AsyncQdrantClient, name: str, points: Sequence[Point]) -> float:
    """Write these points in batches, one after the other; seconds."""
    began = time.perf_counter()
    for start in range(0, len(points), BATCH):
        part = [
            models.PointStruct(id=p.id, vector=_vectors(p), payload=p.payload)
            for p in points[start : start + BATCH]
        ]
        await client.upsert(name, part, wait=True)
    return time.perf_counter() - began


async def hybrid(
    client: AsyncQdrantClient, name: str, dense: Any, terms: Sparse, where: Where, limit: int
) -> tuple[float, list[str]]:
    """One hybrid query (two prefetches, fused by rank) with payload, from the vectors at hand to the answer;
    milliseconds, and the ids."""
    began = time.perf_counter()
    sparse = models.SparseVector(indices=terms.indices.tolist(), values=terms.values.tolist())
    stages = [
        models.Prefetch(query=dense.tolist(), using="context", limit=PREFETCH, filter=where),
        models.Prefetch(query=sparse, using="lexical", limit=PREFETCH, filter=where),
    ]
    found = await client.query_points(name, prefetch=stages, query=RRF, limit=limit, with_payload=True)
    took = (time.perf_counter() - began) * 1e3
    return took, [str(point.id) for point in found.points]


async def nearest(
    client: AsyncQdrantClient,
    name: str,
    dense: Any,
    where: Where,
    limit: int,
    *,
    params: models.SearchParams | None,
) -> list[str]:
    """Ids of the points nearest by meaning, searched in this way."""
    found = await client.query_points(
        name,
        query=dense.tolist(),
        using="context",
        limit=limit,
        query_filter=where,
        with_payload=False,
        search_params=params,
    )
    return [str(point.id) for point in found.points]


def _vectors(point: Point) -> dict[str, Any]:
    return {name: _vector(vector) for name, vector in point.vectors.items()}


def _vector(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    return vector.tolist()
