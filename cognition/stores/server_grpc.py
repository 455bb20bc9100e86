"""The messages of gRPC themselves: points on their way in, and the two reads that a cue makes.

The client converts each value twice, into its own classes and out of them; of a hybrid query that was half of
the time (a server of 15,000 memories, two busy cores: 18 ms by the client's classes, 10 ms so). Only
for nodes that speak gRPC; others go the client's way. Must not know what a memory is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from qdrant_client import AsyncQdrantClient, grpc, models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc, value_to_json

from cognition.stores.backend import (
    Condition,
    Gather,
    Gathered,
    Hit,
    Payload,
    Point,
    ReadAhead,
    Vector,
)
from cognition.stores.gathering import Row, tabled
from cognition.stores.server_messages import put_point, put_vector
from cognition.stores.server_routing import Selector
from cognition.stores.server_values import filter_or_none

_EXACT: Final = grpc.SearchParams(exact=True)

WHOLE_MAX: Final = 80
"""Points of which payloads come whole with a search, at most: of twice as many, as where a filter by mood
looks wider, what nobody reads outweighs a trip."""


def upsert_in(
    name: str,
    points: Iterable[Point],
    where: models.Filter | None,
    how: models.UpdateMode | None,
    at: Selector,
) -> grpc.UpsertPoints:
    """These points on their way in, without their order among writes."""
    request = grpc.UpsertPoints(
        collection_name=name,
        wait=True,
        update_filter=None if where is None else RestToGrpc.convert_filter(where),
        update_mode=None if how is None else RestToGrpc.convert_update_mode(how),  # type: ignore[arg-type]
        shard_key_selector=_place(at),
    )
    for point in points:
        put_point(request.points.add(), point)
    return request


async def upsert(
    client: AsyncQdrantClient,
    request: grpc.UpsertPoints,
    ordering: models.WriteOrdering,
    *,
    timeout_s: float,
) -> None:
    """Write them, and wait until they are applied."""
    request.ordering.CopyFrom(RestToGrpc.convert_write_ordering(ordering))
    await client.grpc_points.Upsert(request, timeout=timeout_s)


async def retrieve(
    client: AsyncQdrantClient,
    name: str,
    ids: Sequence[str],
    *,
    at: Selector,
    consistency: models.ReadConsistencyType | None,
    timeout_s: float,
) -> list[Hit]:
    """Points by id with their whole payload."""
    request = grpc.GetPoints(
        collection_name=name,
        ids=[grpc.PointId(uuid=i) for i in ids],
        with_payload=grpc.WithPayloadSelector(enable=True),
        with_vectors=grpc.WithVectorsSelector(enable=False),
        read_consistency=_consistency(consistency),
        shard_key_selector=_place(at),
    )
    answer = await client.grpc_points.Get(request, timeout=timeout_s)
    return [Hit(point.id.uuid, 0.0, _payload(point.payload), None) for point in answer.result]


async def gather(
    client: AsyncQdrantClient,
    name: str,
    asked: Gather,
    params: Mapping[str, models.SearchParams | None],
    *,
    at: Selector,
    shards: int,
    consistency: models.ReadConsistencyType | None,
    timeout_s: float,
) -> Gathered:
    """One round trip: for each vector a query over all that the searches find, scored exactly by it. Each of
    the `shards` searches by itself, so that more may be found than was asked for. Where fields come along and
    a read is likely to follow, payloads come whole: whoever is read has been.

    The searches are made once for each vector. To make them once, read the sparse vectors of what was found
    and compare them here was slower (10,000 memories: p50 20 ms a cue for 14), but for cues with filters that
    no index serves (35 for 46).
    """
    queries = {using: _asked(vector) for using, vector in asked.vectors.items()}
    searches = [
        grpc.PrefetchQuery(
            query=queries[search.using],
            using=search.using,
            limit=search.limit,
            filter=_filter(search.condition),
            params=_params(params[search.using]),
        )
        for search in asked.searches
        if search.limit
    ]
    if not searches:
        return tabled(asked, {using: [] for using in queries}, shards=shards)
    total = shards * sum(search.limit for search in searches)
    request = grpc.QueryBatchPoints(
        collection_name=name,
        query_points=[
            grpc.QueryPoints(
                collection_name=name,
                prefetch=searches,
                query=query,
                using=using,
                limit=total,
                params=_EXACT,
                shard_key_selector=_place(at),
                **(_within(asked) if using == asked.within.using else _BARE),
            )
            for using, query in queries.items()
        ],
        read_consistency=_consistency(consistency),
    )
    answer = await client.grpc_points.QueryBatch(request, timeout=timeout_s)
    rows = {
        using: [Row(p.id.uuid, p.score, p.payload) for p in each.result]
        for using, each in zip(queries, answer.result, strict=True)
    }
    if not _whole(asked):
        return tabled(asked, rows, shards=shards, payload=_payload)
    found = tabled(asked, rows, shards=shards, payload=partial(_fields, asked.with_payload))
    return replace(found, ahead=_reader(rows[asked.within.using]))


_BARE: Final[dict[str, Any]] = {"with_payload": grpc.WithPayloadSelector(enable=False)}


def _within(asked: Gather) -> dict[str, Any]:
    """The one query that says what is left out, and brings the fields."""
    if _whole(asked):
        chosen = grpc.WithPayloadSelector(enable=True)
    elif asked.with_payload:
        fields = grpc.PayloadIncludeSelector(fields=list(asked.with_payload))
        chosen = grpc.WithPayloadSelector(include=fields)
    else:
        chosen = _BARE["with_payload"]
    return {"filter": _filter(asked.within.condition), "with_payload": chosen}


def _whole(asked: Gather) -> bool:
    """A node reads payloads whole, and what is left out of the answer it has read all the same: a second trip
    for the few that answer cost more (10,000 memories, 52 found: 5.0 ms for 5.6)."""
    few = sum(search.limit for search in asked.searches) <= WHOLE_MAX
    return few and bool(asked.with_payload) and asked.ahead is not None


def _reader(rows: Iterable[Row]) -> ReadAhead:
    """What is turned into a payload when it is read, not before: one takes 60 us."""
    held = {row.id: row.payload for row in rows}

    async def read(ids: Sequence[str]) -> list[Hit]:
        return [Hit(i, 0.0, _payload(held[i]), None) for i in ids if i in held]

    return read


def _asked(vector: Vector) -> grpc.Query:
    query = grpc.Query()
    put_vector(query.nearest, vector)
    return query


def _filter(condition: Condition | None) -> grpc.Filter | None:
    where = filter_or_none(condition)
    return None if where is None else RestToGrpc.convert_filter(where)


def _params(params: models.SearchParams | None) -> grpc.SearchParams | None:
    return None if params is None else RestToGrpc.convert_search_params(params)


def _place(at: Selector) -> grpc.ShardKeySelector | None:
    return None if at is None else RestToGrpc.convert_shard_key_selector(at)


def _consistency(kind: models.ReadConsistencyType | None) -> grpc.ReadConsistency | None:
    return None if kind is None else RestToGrpc.convert_read_consistency(kind)


def _payload(fields: Any) -> Payload:
    return GrpcToRest.convert_payload(fields)


def _fields(names: Iterable[str], fields: Any) -> Payload:
    """Those of these that a payload has."""
    return {name: value_to_json(fields[name]) for name in names if name in fields}
