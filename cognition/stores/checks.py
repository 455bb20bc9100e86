"""What every backend refuses before it reaches an engine.

An engine writes a request to its log before it looks at it, applies part of a bad batch,
or takes NaN silently; so the shape of each request is checked here first. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from cognition.errors import StoreRefusedError
from cognition.stores.backend import (
    Both,
    CollectionSpec,
    Condition,
    Dense,
    Either,
    FieldType,
    Gather,
    HasId,
    IsNull,
    Match,
    MatchAny,
    Not,
    Payload,
    Point,
    Query,
    Range,
    Sparse,
    TimeRange,
    Vector,
)

ORDERED: Final = (FieldType.DATETIME, FieldType.INTEGER, FieldType.FLOAT)
"""Index types that a scroll can be ordered by."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def ids(collection: str, wanted: Iterable[str]) -> None:
    """Every id is a UUID in its canonical form, which all engines print alike."""
    for each in wanted:
        if not _UUID.match(each):
            raise StoreRefusedError(f"{collection}: the id {each!r} is not a lower-case UUID")


def quantizable(spec: CollectionSpec) -> None:
    """There is a vector that is searched."""
    if not spec.searched:
        raise StoreRefusedError(
            f"{spec.name} has no vector that is searched, so none to compress",
            remedy="Name a collection with searched vectors, for example memories.",
        )


def points(spec: CollectionSpec, given: Sequence[Point]) -> list[Point]:
    """The points that a write stores: the last one of each id, all of them sound."""
    kept = {point.id: point for point in given}
    ids(spec.name, kept)
    for point in kept.values():
        vectors(spec, point.id, point.vectors)
    return list(kept.values())


def vectors(spec: CollectionSpec, whose: str, given: Mapping[str, Vector]) -> None:
    """Every vector is one of the collection's, of its kind and size, and sound."""
    for name, vector in given.items():
        _vector(spec, name, vector, whose)


def query(spec: CollectionSpec, asked: Query) -> None:
    """The query names a vector of the collection and brings one of its kind and size."""
    _vector(spec, asked.using, asked.vector, "the query")
    if asked.using in spec.kept:
        raise StoreRefusedError(f"{spec.name}: {asked.using!r} is only kept, it cannot be searched")
    condition(spec, asked.condition)
    if asked.limit < 0:
        raise StoreRefusedError(f"{spec.name}: limit {asked.limit} is negative")


def gather(spec: CollectionSpec, asked: Gather) -> None:
    """Its vectors are the collection's, and its searches use them."""
    for name, vector in asked.vectors.items():
        _vector(spec, name, vector, "the query")
    for search in asked.searches:
        if search.using not in asked.vectors:
            raise StoreRefusedError(f"{spec.name}: a search by {search.using!r}, of which no vector is given")
        if search.limit < 1:
            raise StoreRefusedError(f"{spec.name}: a search for {search.limit} points")
        condition(spec, search.condition)
        if search.condition is None and search.using == asked.within.using:
            raise StoreRefusedError(f"{spec.name}: a search by {search.using!r} needs a condition")
    condition(spec, asked.within.condition)
    if asked.within.using not in asked.vectors:
        raise StoreRefusedError(f"{spec.name}: within by {asked.within.using!r}, of which no vector is given")
    if asked.ahead is not None and (strangers := asked.ahead.weights.keys() - asked.vectors.keys()):
        raise StoreRefusedError(f"{spec.name}: a weight of {min(strangers)!r}, of which no vector is given")


def page(spec: CollectionSpec, limit: int) -> None:
    """A page holds at least one point, or a walk over pages would not end."""
    if limit < 1:
        raise StoreRefusedError(f"{spec.name}: a page of {limit} points", remedy="Ask for at least 1.")


def order(spec: CollectionSpec, order_by: str) -> None:
    """The field has an index that knows an order."""
    if spec.indexes.get(order_by) not in ORDERED:
        raise StoreRefusedError(
            f"{spec.name}: cannot order by {order_by!r}",
            remedy="Order by a field with a datetime, integer or float index.",
        )


def payload(collection: str, given: Payload) -> int:
    """The payload is JSON, in Unicode; for engines that would find out too late. How many bytes it has. In
    packed text what is not finite would become null, and no memory could be read from it."""
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise StoreRefusedError(f"{collection}: the payload is not JSON: {name} is {value}")
    try:
        return len(_ENCODER.encode(given))
    except (TypeError, UnicodeEncodeError, OverflowError) as error:
        raise StoreRefusedError(f"{collection}: the payload is not JSON: {error}") from error


def condition(spec: CollectionSpec, asked: Condition | None) -> None:
    """The ids that a condition names are ids, and it looks at no opaque field."""
    match asked:
        case HasId(wanted):
            ids(spec.name, wanted)
        case Not(inner):
            condition(spec, inner)
        case Either(parts) | Both(parts):
            for part in parts:
                condition(spec, part)
        case Match(key) | MatchAny(key) | Range(key) | TimeRange(key) | IsNull(key):
            if spec.opaque and key.partition(".")[0] in spec.opaque:
                raise StoreRefusedError(f"{spec.name}: no condition may look at {key!r}, it is opaque")


def _vector(spec: CollectionSpec, name: str, vector: Vector, whose: str) -> None:
    if isinstance(vector, Sparse):
        if name not in spec.sparse:
            raise StoreRefusedError(f"{spec.name}: no sparse vector is called {name!r} ({whose})")
        problem = _sparse_problem(vector)
    elif name not in spec.dense:
        raise StoreRefusedError(f"{spec.name}: no dense vector is called {name!r} ({whose})")
    else:
        problem = _dense_problem(vector, spec.dense[name])
    if problem:
        raise StoreRefusedError(f"{spec.name}.{name}: {problem} ({whose})")


def _dense_problem(vector: Dense, size: int) -> str:
    if vector.shape != (size,):
        return f"a vector of shape {vector.shape}, expected ({size},)"
    return "" if np.isfinite(vector @ vector) else "a vector that is not finite"


def _sparse_problem(vector: Sparse) -> str:
    if vector.indices.shape != vector.values.shape:
        return f"{vector.indices.size} indices with {vector.values.size} values"
    if not np.isfinite(vector.values).all():
        return "a weight that is not finite"
    rising = vector.indices[1:] > vector.indices[:-1]
    return "" if rising.all() else "indices that do not increase"
