"""A cue's search on a server that is reached over HTTP alone, in the client's own classes: one round trip, as
over gRPC where that searches once for each vector (`server_searching`). Must not know what a memory is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from qdrant_client import AsyncQdrantClient, models

from cognition.stores import packing
from cognition.stores.backend import CollectionSpec, Gather, Gathered
from cognition.stores.gathering import Row, tabled
from cognition.stores.server_routing import Selector
from cognition.stores.server_values import filter_or_none, vectors_in

_EXACT: Final = models.SearchParams(exact=True)


async def gather(
    client: AsyncQdrantClient,
    name: str,
    spec: CollectionSpec,
    asked: Gather,
    params: Mapping[str, models.SearchParams | None],
    *,
    at: Selector,
    shards: int,
    consistency: models.ReadConsistencyType | None,
) -> Gathered:
    """For each vector a query over all that the searches find, scored exactly by it."""
    vectors = vectors_in(asked.vectors)
    searches = [
        models.Prefetch(
            query=vectors[search.using],
            using=search.using,
            limit=search.limit,
            filter=filter_or_none(search.condition),
            params=params[search.using],
        )
        for search in asked.searches
        if search.limit
    ]
    if not searches:
        return tabled(asked, {using: [] for using in vectors}, shards=shards)
    total = shards * sum(search.limit for search in asked.searches)
    names = packing.stored_as(spec, asked.with_payload)
    requests = [
        models.QueryRequest(
            shard_key=at,
            prefetch=searches,
            query=vector,
            using=using,
            limit=total,
            params=_EXACT,
            filter=filter_or_none(asked.within.condition) if using == asked.within.using else None,
            with_payload=(names or False) if using == asked.within.using else False,
        )
        for using, vector in vectors.items()
    ]
    answers = await client.query_batch_points(name, requests, consistency=consistency)
    rows = [[Row(str(p.id), p.score, p.payload or {}) for p in each.points] for each in answers]
    read = partial(packing.unpacked, spec, names=asked.with_payload)
    return tabled(asked, dict(zip(vectors, rows, strict=True)), shards=shards, payload=read)
