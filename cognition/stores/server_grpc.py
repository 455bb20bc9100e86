"""The messages of gRPC themselves: points on their way in, and the two reads that a cue makes.

The client converts each value twice, into its own classes and out of them; of a hybrid query that was half of
the time (a server of 15,000 memories, two busy cores: 18 ms by the client's classes, 10 ms so). Only
for nodes that speak gRPC; others go the client's way. Must not know what a memory is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient, grpc, models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from cognition.stores.backend import Condition, Gather, Gathered, Hit, Payload, Point, Sparse, Vector
from cognition.stores.server_values import filter_or_none

Found = Sequence[grpc.ScoredPoint]

_EXACT: Final = grpc.SearchParams(exact=True)


def upsert_in(
    name: str, points: Iterable[Point], where: models.Filter | None, how: models.UpdateMode | None
) -> grpc.UpsertPoints:
    """These points on their way in, without their order among writes."""
    return grpc.UpsertPoints(
        collection_name=name,
        wait=True,
        points=[
            grpc.PointStruct(
                id=grpc.PointId(uuid=p.id),
                payload=RestToGrpc.convert_payload(p.payload),
                vectors=grpc.Vectors(
                    vectors=grpc.NamedVectors(vectors={n: _stored(v) for n, v in p.vectors.items()})
                ),
            )
            for p in points
        ],
        update_filter=None if where is None else RestToGrpc.convert_filter(where),
        update_mode=None if how is None else RestToGrpc.convert_update_mode(how),  # type: ignore[arg-type]
    )


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
    )
    answer = await client.grpc_points.Get(request, timeout=timeout_s)
    return [Hit(point.id.uuid, 0.0, _payload(point.payload), None) for point in answer.result]


def gathers(asked: Gather) -> bool:
    """Whether one query can answer: all vectors but the one by which points are looked at are sparse."""
    return all(
        isinstance(vector, Sparse) != (using == asked.within.using) for using, vector in asked.vectors.items()
    )


async def gather(
    client: AsyncQdrantClient,
    name: str,
    asked: Gather,
    params: Mapping[str, models.SearchParams | None],
    *,
    shards: int,
    consistency: models.ReadConsistencyType | None,
    timeout_s: float,
) -> Gathered:
    """One query: all that the searches find, scored exactly by the dense vector. The sparse vectors come
    along, some twenty numbers each, and are compared here: to have the server do so, it would search twice.
    Each of the `shards` searches by itself, so that more may be found than was asked for.
    """
    searches = [
        grpc.PrefetchQuery(
            query=grpc.Query(nearest=_asked(asked.vectors[search.using])),
            using=search.using,
            limit=search.limit,
            filter=_filter(search.condition),
            params=_params(params[search.using]),
        )
        for search in asked.searches
        if search.limit
    ]
    if not searches:
        return _table(asked, [], None)
    using = asked.within.using
    fields = grpc.PayloadIncludeSelector(fields=list(asked.with_payload))
    sparse = grpc.VectorsSelector(names=[each for each in asked.vectors if each != using])
    request = grpc.QueryPoints(
        collection_name=name,
        prefetch=searches,
        query=grpc.Query(nearest=_asked(asked.vectors[using])),
        using=using,
        filter=_filter(asked.within.condition),
        limit=shards * sum(search.limit for search in searches),
        params=_EXACT,
        with_payload=grpc.WithPayloadSelector(include=fields) if asked.with_payload else _NONE,
        with_vectors=grpc.WithVectorsSelector(include=sparse) if sparse.names else None,
        read_consistency=_consistency(consistency),
    )
    answer = await client.grpc_points.Query(request, timeout=timeout_s)
    limits = {search.using: search.limit for search in asked.searches}
    split = shards > 1 and len(limits) == len(asked.searches)
    return _table(asked, answer.result, limits if split else None)


_NONE: Final = grpc.WithPayloadSelector(enable=False)


def _table(asked: Gather, found: Found, limits: Mapping[str, int] | None) -> Gathered:
    """Everything that was found, with its score by each vector. With `limits` what one shard would have
    found: the best so many by each."""
    scores = {using: _scores(asked, using, found) for using in asked.vectors}
    if limits is not None:
        best = np.zeros(len(found), bool)
        for using, limit in limits.items():
            first = np.argsort(-scores[using], kind="stable")[:limit]
            shared = isinstance(asked.vectors[using], Sparse)
            best[first[scores[using][first] > 0.0] if shared else first] = True
        found = [point for point, kept in zip(found, best.tolist(), strict=True) if kept]
        scores = {using: each[best] for using, each in scores.items()}
    payloads = [_payload(point.payload) for point in found] if asked.with_payload else None
    return Gathered([point.id.uuid for point in found], scores, payloads)


def _scores(asked: Gather, using: str, found: Found) -> NDArray[np.float32]:
    """Scores by this vector: 0 where a sparse one shares nothing."""
    vector = asked.vectors[using]
    if not isinstance(vector, Sparse):
        return np.array([point.score for point in found], np.float32)
    weights = dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))
    return np.array([_dot(weights, point.vectors.vectors.vectors, using) for point in found], np.float32)


def _dot(weights: Mapping[int, float], vectors: Mapping[str, grpc.VectorOutput], using: str) -> float:
    if using not in vectors:
        return 0.0
    stored = vectors[using]
    told = stored.HasField("sparse")
    indices = stored.sparse.indices if told else stored.indices.data
    values = stored.sparse.values if told else stored.data
    return float(sum(weights[i] * v for i, v in zip(indices, values, strict=True) if i in weights))


def _stored(vector: Vector) -> grpc.Vector:
    if isinstance(vector, Sparse):
        return grpc.Vector(sparse=_sparse(vector))
    return grpc.Vector(dense=grpc.DenseVector(data=vector.tolist()))


def _asked(vector: Vector) -> grpc.VectorInput:
    if isinstance(vector, Sparse):
        return grpc.VectorInput(sparse=_sparse(vector))
    return grpc.VectorInput(dense=grpc.DenseVector(data=vector.tolist()))


def _sparse(vector: Sparse) -> grpc.SparseVector:
    return grpc.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def _filter(condition: Condition | None) -> grpc.Filter | None:
    where = filter_or_none(condition)
    return None if where is None else RestToGrpc.convert_filter(where)


def _params(params: models.SearchParams | None) -> grpc.SearchParams | None:
    return None if params is None else RestToGrpc.convert_search_params(params)


def _consistency(kind: models.ReadConsistencyType | None) -> grpc.ReadConsistency | None:
    return None if kind is None else RestToGrpc.convert_read_consistency(kind)


def _payload(fields: Any) -> Payload:
    return GrpcToRest.convert_payload(fields)
