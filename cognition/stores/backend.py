"""The port that every vector engine stands behind: few verbs over neutral values.

A backend knows collections, points, conditions and hits. It does not know what a
memory is. All verbs are safe to repeat: identifiers come from the caller.

The words point, payload, collection, condition, upsert and scroll belong here and
nowhere above `cognition.stores`.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.quantization import PLAIN, Quantization, QuantizationKind

Payload = dict[str, Any]
Owner = str | Mapping[str, str] | None
"""Whose the points of some ids are: one mind's, or for each id a mind; None: that is not known."""

Dense = NDArray[np.float32]


class FieldType(enum.StrEnum):
    """How a payload field is indexed."""

    KEYWORD = "keyword"
    TENANT = "tenant"
    INTEGER = "integer"
    FLOAT = "float"
    DATETIME = "datetime"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: strictly increasing indices (u32) and their weights, same length."""

    indices: NDArray[np.uint32]
    values: NDArray[np.float32]


Vector = Dense | Sparse


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """What a collection holds: dense vectors (name -> size, cosine), sparse vectors, indexes.

    `kept` names dense vectors that are only given back, never searched: an engine keeps them in
    half precision, on disk, without an index.

    `opaque` names top-level fields that no condition ever looks at (one that does is refused),
    so that an engine may keep them in whatever form is cheapest for it. `apart` are those of them
    that are often read without the others; one that is empty (null, 0, no element) may be left out.

    `quantization` says how the vectors that are searched are kept; without a kind: as they are stored.
    `by_mind`: every point names its mind in the field `mind`, for good, and an engine may keep those of each
    mind together. `maps` names maps of text whose entries conditions look at: which entries there are nobody
    knows, an engine may be told which to index.
    """

    name: str
    dense: Mapping[str, int] = field(default_factory=dict)
    sparse: Sequence[str] = ()
    indexes: Mapping[str, FieldType] = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()
    kept: frozenset[str] = field(default=frozenset(), kw_only=True)
    apart: frozenset[str] = frozenset()
    quantization: Quantization = field(default=Quantization(), kw_only=True)
    by_mind: bool = field(default=False, kw_only=True)
    maps: Sequence[str] = field(default=(), kw_only=True)

    @property
    def searched(self) -> list[str]:
        """The dense vectors that are searched."""
        return [name for name in self.dense if name not in self.kept]


@dataclass(frozen=True, slots=True)
class Point:
    """One stored thing: a UUID, a JSON payload, named vectors."""

    id: str
    payload: Payload
    vectors: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of a query, a retrieve or a scroll. `score` is 0 where nothing was scored."""

    id: str
    score: float = 0.0
    payload: Payload | None = None
    vectors: Mapping[str, Vector] | None = None


# --- conditions -----------------------------------------------------------------------


class _Condition(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of every condition: a value that travels to another process as it is."""


class Match(_Condition, frozen=True):
    """The field equals the value, or one element of an array field does. Booleans, whole
    numbers and text are different values: neither 1.0 nor True equals 1.

    A key is a path through maps: ``place`` or ``context."any name"`` (see `conditions.path`).
    """

    key: str
    value: str | int | bool


class MatchAny(_Condition, frozen=True):
    """The field equals one of the values. No values match nothing."""

    key: str
    values: tuple[str | int, ...]


class Range(_Condition, frozen=True):
    """The number lies in the range; a missing or non-numeric field does not match.

    Give whole bounds for a field with an integer index: the engine cuts fractions off.
    """

    key: str
    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None


class TimeRange(_Condition, frozen=True):
    """The RFC 3339 field lies in the range, given in epoch seconds (both ends inclusive)."""

    key: str
    gte: float | None = None
    lte: float | None = None


class IsNull(_Condition, frozen=True):
    """The field is absent, null, or an empty array."""

    key: str


class HasId(_Condition, frozen=True):
    """The point is one of these."""

    ids: tuple[str, ...]


class Not(_Condition, frozen=True):
    """The condition does not hold."""

    condition: Condition


class Either(_Condition, frozen=True):
    """At least one of the conditions holds. No conditions match nothing."""

    conditions: tuple[Condition, ...]


class Both(_Condition, frozen=True):
    """All of the conditions hold. No conditions match everything."""

    conditions: tuple[Condition, ...]


Condition = Match | MatchAny | Range | TimeRange | IsNull | HasId | Not | Either | Both


# --- requests -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """The `limit` points of highest score: cosine for a dense vector, dot for a sparse one.

    Equal scores come in any order. `exact` asks for a full scan, `uncompressed` for a search as always,
    but by the originals of vectors that are kept compressed too. A sparse query
    answers only points that share at least one index with it. `with_payload` may name
    the top-level fields that are wanted.
    """

    using: str
    vector: Vector
    limit: int
    condition: Condition | None = None
    exact: bool = False
    with_payload: bool | tuple[str, ...] = False
    with_vectors: tuple[str, ...] = ()
    uncompressed: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """One way in which a `Gather` finds points: the `limit` best by the vector that is called
    `using`, where the condition holds."""

    using: str
    limit: int
    condition: Condition | None = None


class Within(msgspec.Struct, frozen=True, array_like=True):
    """What every point of a `Gather` satisfies, and the vector by which that is looked at: every point has
    it, and each search by it has a condition that implies this one."""

    using: str
    condition: Condition


class Ahead(msgspec.Struct, frozen=True, array_like=True):
    """Which points are likely to be read next: the `limit` of highest sum of weight times score over
    the vectors that have a weight."""

    limit: int
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Gather:
    """Find points by several searches and score all of them exactly by every vector.

    `vectors` (name -> the vector to compare with) serves the searches and the scoring. What a search
    without a condition finds and is not `within` is left out. With
    `with_payload` these top-level fields of everything found come along. `ahead` names points that an
    engine may read, whole, while the caller looks at what was found.
    """

    vectors: Mapping[str, Vector]
    searches: Sequence[Search]
    within: Within
    with_payload: tuple[str, ...] = ()
    ahead: Ahead | None = None


ReadAhead = Callable[[Sequence[str]], Awaitable[list[Hit]]]
"""Those points, of these ids, that were read while the caller looked at what was found."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The union of what was found, (n,) ids without duplicates, and its exact scores, (n,) for each
    vector: 0 where a sparse vector shares nothing, or where a point has no such vector."""

    ids: list[str]
    scores: Mapping[str, NDArray[np.float32]]
    payloads: list[Payload] | None = None
    ahead: ReadAhead | None = None
    """The points that were likely to be read next, where the engine reads them by itself."""


class WriteMode(enum.StrEnum):
    """What a write does with points that exist and points that do not."""

    UPSERT = "upsert"
    INSERT_ONLY = "insert_only"
    UPDATE_ONLY = "update_only"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a scroll; `next_offset` is None at the end."""

    hits: list[Hit]
    next_offset: str | None


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """How full a collection is, how much of it the index covers, and how its searched vectors are to be kept.
    Until it was optimised they are still kept as they were `before`."""

    points: int
    indexed: int
    segments: int
    needs_optimising: bool
    quantization: Quantization = PLAIN
    before: QuantizationKind | None = None
    change_due: bool = False


class VectorBackend(Protocol):
    """A store of points. All methods raise `StoreUnavailableError` when it cannot be reached
    or its disk is full (safe to repeat), and `StoreRefusedError` when the request itself is wrong.

    A completed write is visible to every later read. Writes on one collection are applied
    in the order in which they were awaited. Durability against the death of the process is
    given when the write returns; against loss of power when `flush` returns.
    """

    async def ensure(self, spec: CollectionSpec) -> None:
        """Create the collection and its indexes if absent. Idempotent.

        Raises `SchemaDriftError` when it exists with another vector size.
        """
        ...

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        """Write whole points. With a condition an existing point is replaced only where its
        *stored* payload satisfies it; absent points are inserted unless `UPDATE_ONLY`.
        Of points with the same id in one call the last one stands, in every mode.
        """
        ...

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        """Set these top-level fields on existing points that satisfy the condition; a field
        that is set to None is removed. Never inserts."""
        ...

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        """`set_payload` with a patch of its own for each id, in one round trip."""
        ...

    async def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        """Replace these vectors (id -> name -> vector) of existing points that satisfy the condition,
        in one round trip; vectors that are not named stay. Never inserts."""
        ...

    async def delete(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        owner: Owner = None,
        condition: Condition | None = None,
    ) -> None:
        """Delete points by id, with a condition those that satisfy it. Absent ids are ignored. Where it is
        known whose they are, `owner` says so: an engine that keeps minds apart then goes there alone."""
        ...

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
        owner: Owner = None,
    ) -> list[Hit]:
        """Points by id, in any order; absent ids are left out. `owner` as of `delete`: it is a hint where to
        look and no condition."""
        ...

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer all queries in one round trip, each best first."""
        ...

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        """Find by several searches and score the union exactly; a point that is deleted meanwhile may
        be among the ids, with what was known of it. As few round trips as the engine allows."""
        ...

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
        """A page in id order; with `order_by` (an indexed field) the first `limit` in that order
        and no further page. Points without the field are left out of an ordered scroll."""
        ...

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        """The exact number of points that satisfy the condition."""
        ...

    async def info(self, collection: str) -> CollectionInfo:
        """Size and index coverage."""
        ...

    async def flush(self, collection: str) -> None:
        """Make everything written so far durable against loss of power."""
        ...

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        """Have the searched vectors kept so: it is written down now, and done with the next `optimise` (or by
        the engine itself), while reads and writes go on. The originals stay. Idempotent.

        Raises `StoreRefusedError` where the collection has no such vectors or the engine no such kind.
        """
        ...

    async def optimise(self, collection: str) -> float:
        """Build indexes and drop deleted points; reads and writes go on meanwhile.

        Returns the longest pause in seconds that a read or write had to wait for it.
        """
        ...

    async def close(self) -> None:
        """Flush and release. Further calls are programmer errors. Idempotent."""
        ...
