"""Neutral points, queries and conditions as qdrant-client's values, and its answers as ours.

Pure. Must not know how they are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from cognition.stores import packing, times
from cognition.stores.backend import (
    Both,
    CollectionSpec,
    Condition,
    Either,
    HasId,
    Hit,
    IsNull,
    Match,
    MatchAny,
    Not,
    Point,
    Query,
    Range,
    Sparse,
    TimeRange,
    Vector,
)
from cognition.stores.server_routing import Selector

NUMBER_BYTES = 12
"""A number of a vector as JSON; over gRPC it is 4. The larger bounds a batch either way."""


def points_in(points: Iterable[Point]) -> list[models.PointStruct]:
    return [models.PointStruct(id=p.id, vector=vectors_in(p.vectors), payload=p.payload) for p in points]


def vectors_in(vectors: Mapping[str, Vector]) -> dict[str, Any]:
    return {name: vector_in(vector) for name, vector in vectors.items()}


def vector_in(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    return vector.tolist()


def size_of(vectors: Mapping[str, Vector]) -> int:
    """Bytes of these vectors on the way, at most."""
    return NUMBER_BYTES * sum(
        2 * v.indices.size if isinstance(v, Sparse) else v.size for v in vectors.values()
    )


def batches(sizes: Sequence[int], bytes_max: int, count_max: int) -> Iterator[slice]:
    """Consecutive places that stay below both bounds together; one that is larger alone stands alone."""
    first = weight = 0
    for place, size in enumerate(sizes):
        if place > first and (weight + size > bytes_max or place - first >= count_max):
            yield slice(first, place)
            first, weight = place, 0
        weight += size
    if first < len(sizes):
        yield slice(first, len(sizes))


def query_in(
    asked: Query, spec: CollectionSpec, params: models.SearchParams | None, at: Selector
) -> models.QueryRequest:
    return models.QueryRequest(
        query=vector_in(asked.vector),
        using=asked.using,
        limit=asked.limit,
        filter=filter_or_none(asked.condition),
        with_payload=payload_in(asked.with_payload, spec),
        with_vector=list(asked.with_vectors) or False,
        params=params,
        shard_key=at,
    )


def payload_in(wanted: bool | tuple[str, ...], spec: CollectionSpec) -> bool | list[str]:
    return packing.stored_as(spec, wanted) if isinstance(wanted, tuple) else wanted


def hit(
    found: Any,
    spec: CollectionSpec,
    with_payload: bool | tuple[str, ...],
    with_vectors: tuple[str, ...],
    score: float = 0.0,
) -> Hit:
    payload, vectors = found.payload, vectors_out(found.vector or {}) if with_vectors else None
    if payload is not None:
        payload = packing.unpacked(spec, payload, with_payload if isinstance(with_payload, tuple) else None)
    return Hit(str(found.id), score, payload, vectors)


def vectors_out(found: Mapping[str, Any]) -> dict[str, Vector]:
    return {
        name: Sparse(np.array(vector.indices, np.uint32), np.array(vector.values, np.float32))
        if isinstance(vector, models.SparseVector)
        else np.array(vector, np.float32)
        for name, vector in found.items()
    }


# --- conditions -------------------------------------------------------------------------------


def filter_or_none(condition: Condition | None) -> models.Filter | None:
    return None if condition is None else models.Filter(must=[_part(condition)])


def with_ids(ids: Sequence[str], condition: Condition | None) -> models.Filter:
    rest = [] if condition is None else [_part(condition)]
    return models.Filter(must=[models.HasIdCondition(has_id=list(ids)), *rest])


def _part(condition: Condition) -> models.Condition:
    match condition:
        case Both(conditions):
            return models.Filter(must=[_part(each) for each in conditions])
        case Either(()) | MatchAny(_, ()):
            return models.HasIdCondition(has_id=[])
        case Either(conditions):
            return models.Filter(should=[_part(each) for each in conditions])
        case Not(inner):
            return models.Filter(must_not=[_part(inner)])
        case HasId(ids):
            return models.HasIdCondition(has_id=list(ids))
        case IsNull(key):
            return models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
        case Match(key, value):
            return models.FieldCondition(key=key, match=models.MatchValue(value=value))
        case MatchAny(key, values):
            return _any_of(key, values)
        case Range(key, gte, gt, lte, lt):
            return models.FieldCondition(key=key, range=models.Range(gte=gte, gt=gt, lte=lte, lt=lt))
        case TimeRange(key, gte, lte):
            first, last = (None if t is None else times.to_text(times.clamped(t)) for t in (gte, lte))
            bounds: Any = {"gte": first, "lte": last}
            return models.FieldCondition(key=key, range=models.DatetimeRange(**bounds))


def _any_of(key: str, values: Sequence[str | int]) -> models.Condition:
    """A list in a match is of one kind: texts or whole numbers."""
    texts = [v for v in values if isinstance(v, str)]
    numbers = [v for v in values if not isinstance(v, str)]
    parts: list[models.Condition] = [
        models.FieldCondition(key=key, match=models.MatchAny(any=kind)) for kind in (texts, numbers) if kind
    ]
    return parts[0] if len(parts) == 1 else models.Filter(should=parts)
